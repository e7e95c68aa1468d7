"""Turns a picture of ddim_digits into a PNG, enlarged, with nothing but Python's standard library.

    python3 pgm_to_png.py FILE.pgm FILE.png [SCALE]
"""
import pathlib
import struct
import sys
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    source, target = sys.argv[1:3]
    scale = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    _, size, _, pixels = pathlib.Path(source).read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    rows = []
    for y in range(height):
        row = bytes(p for p in pixels[y * width:(y + 1) * width] for _ in range(scale))
        rows += [b"\0" + row] * scale
    header = struct.pack(">IIBBBBB", width * scale, height * scale, 8, 0, 0, 0, 0)
    pathlib.Path(target).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                                     chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b""))


main()
