"""Says how many digits of a grid written by ddim_digits are recognised as the digit that was asked for.

    build/host/bin/ddim_digits --digit all --count 100 --steps 10 --out grid.pgm
    python3 tests/examples/digits/judge.py grid.pgm ...

The judge is a support vector machine trained on real digits only (digits_data.py); it is right about 99 % of the real
digits that were held out. A grid holds ten rows of 10 x 10 cells: a row for each class, in each cell an 8 x 8 digit
within a border of one pixel. Needs the packages of requirements.txt beside it.
"""
import pathlib
import sys

import numpy as np
from sklearn.svm import SVC

import digits_data

CELL = 10


def read_grid(path):
    """Pixels [class, sample, 64] in [-1, 1]."""
    magic, size, limit, pixels = pathlib.Path(path).read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    if magic != b"P5" or limit != b"255" or height != 10 * CELL or width % CELL:
        raise SystemExit(f"{path} is no grid of ten classes")
    cells = np.frombuffer(pixels, np.uint8).reshape(10, CELL, width // CELL, CELL)[:, 1:-1, :, 1:-1]
    return cells.transpose(0, 2, 1, 3).reshape(10, -1, 64) / 127.5 - 1.0


def main():
    train_x, test_x, train_y, test_y = digits_data.split()
    judge = SVC(gamma=0.02, C=10).fit(train_x, train_y)
    print(f"held-out real digits: {100 * judge.score(test_x, test_y):.1f} % recognised")
    for path in sys.argv[1:]:
        grid = read_grid(path)
        label = np.repeat(np.arange(10), grid.shape[1])
        right = judge.predict(grid.reshape(-1, 64)) == label
        print(f"{path}: {right.sum()} of {right.size}, {100 * right.mean():.1f} %")


if __name__ == "__main__":
    main()
