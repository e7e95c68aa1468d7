"""Compares torch_cpu_generator with torch.randn: a million values of each of 20 seeds, and calls one after another.

    torch_noise_peer.py COMMAND...    of ddim_torch_noise_dump
"""
import subprocess
import sys

import torch

TOLERANCE = 1e-6  # of log, sin and cos in float32, see torch_noise_test.cpp
MILLION = 1000000
CALLS = [1, 15, 16, 3, 17, 31, 32, 7, 1000, 1, 999983, 5]
SEEDS = [0, 1, 42, 1234, 2**31, 2**32 - 1, 2**32, 2**32 + 42, 2**63, 2**64 - 1] + list(range(7, 77, 7))


def largest_difference(command, seed, counts):
    generator = torch.Generator().manual_seed(seed)
    want = torch.cat([torch.randn(count, generator=generator) for count in counts])
    raw = subprocess.run(command + [str(each) for each in [seed, *counts]], stdout=subprocess.PIPE, check=True).stdout
    got = torch.frombuffer(bytearray(raw), dtype=torch.float32)
    if got.shape != want.shape:
        sys.exit(f"seed {seed}: {got.numel()} values instead of {want.numel()}")
    difference = (got.double() - want.double()).abs()
    return difference.max().item() if bool(torch.isfinite(difference).all()) else float("inf")


def main(command):
    worst = 0.0
    for seed in SEEDS:
        for counts in ([MILLION], CALLS):
            largest = largest_difference(command, seed, counts)
            if largest > TOLERANCE:
                sys.exit(f"seed {seed}, {counts}: off by {largest}")
            worst = max(worst, largest)
    print(f"torch {torch.__version__}: {len(SEEDS)} seeds, at most {worst} apart")


main(sys.argv[1:])
