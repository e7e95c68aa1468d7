"""Writes steps/diffusers_spacings.csv: the lists of diffusers' three spacings as numpy computes them, for every S.

    python3 make_spacings.py      (numpy 1.24 to 1.26 give the same file)

Columns: T, method, S, count, and FNV-1a 64 over the 32-bit words of the first S entries, in sampling order.
trailing is numpy.arange with a float step, which at times has S + 1 entries, the last of them -1.
"""
import csv
import pathlib

import numpy as np


def leading(T, S):
    return (np.arange(0, S) * (T // S)).round()[::-1].astype(np.int64)


def trailing(T, S):
    return np.round(np.arange(T, 0, -T / S)).astype(np.int64) - 1


def linspace(T, S):
    return np.linspace(0, T - 1, S).round()[::-1].astype(np.int64)


def fnv(values):
    h = 0xCBF29CE484222325
    for v in values:
        h = ((h ^ (int(v) & 0xFFFFFFFF)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def main():
    path = pathlib.Path(__file__).parent / "steps" / "diffusers_spacings.csv"
    with path.open("w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["T", "method", "S", "count", "fnv"])
        for T in (1000, 100, 50):
            for rule in (leading, trailing, linspace):
                for S in range(1, T + 1):
                    steps = rule(T, S)
                    out.writerow([T, rule.__name__, S, len(steps), fnv(steps[:S])])


main()
