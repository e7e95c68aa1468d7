"""The guided DDIM step in PyTorch, next to ddim_bench_cuda's figures: same card, sizes, guidance and plan.

    python peer_torch.py --bench build/cuda/bin/ddim_bench_cuda    runs it first
    python peer_torch.py --csv FILE                                figures that its --csv wrote, on this card
    python peer_torch.py --device cpu --quick                      shows that the rivals work, without a GPU

A run is 50 steps on float32, batch 1, scale 7.5, without a model: a step takes the two outputs and the state, and ends
with the model's next input, both halves. The rivals:

    eager       the arithmetic of CompVis' p_sample_ddim, with its scalars filled into tensors at each step. They come
                from Python's floats; the reference reads them from the card, and waits there.
    compile     the same through torch.compile, the scalars ready on the card
    graph       50 eager steps as one CUDA graph
    comp.graph  50 compiled steps as one CUDA graph
    diffusers   guidance, DDIMScheduler.step as its pipelines call it, and the next input

Needs what requirements_torch.txt lists; diffusers may be missing.
"""

import argparse
import csv
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

try:
    import diffusers
except ImportError:
    diffusers = None

SIZES = [32, 900, 16 << 10, 1 << 20, 64 << 20]
LARGEST_QUICK_SIZE = 16 << 10
STEPS = 50
TRAIN_STEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012
SCALE = 7.5


def plan_of(eta):
    """Timesteps and rows (a, a_prev, sigma, sqrt(1 - a)) of DDIM with the reference's uniform spacing."""
    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1.0 - betas, 0).tolist()
    timesteps = list(range(1, TRAIN_STEPS + 1, TRAIN_STEPS // STEPS))
    levels = [alphas[0]] + [alphas[t] for t in timesteps]
    rows = []
    for a_prev, a in zip(levels, levels[1:]):
        sigma = eta * ((1 - a_prev) / (1 - a) * (1 - a / a_prev)) ** 0.5
        rows.append((a, a_prev, sigma, (1 - a) ** 0.5))
    return rows[::-1]


def guide(output):
    unconditional, conditional = output.chunk(2)
    return unconditional + SCALE * (conditional - unconditional)


def step(x, output, a, a_prev, sigma, root_one_minus_a):
    """The next state, and the input made of it. Draws noise for every sigma, as the reference does."""
    epsilon = guide(output)
    x0 = (x - root_one_minus_a * epsilon) / a.sqrt()
    direction = (1.0 - a_prev - sigma**2).sqrt() * epsilon
    noise = sigma * torch.randn(x.shape, device=x.device)
    x = a_prev.sqrt() * x0 + direction + noise
    return x, torch.cat([x] * 2)


def scalar(value, device):
    return torch.full((1, 1, 1, 1), value, device=device)


class Rivals:
    """Runs of 50 steps over one state and one pair of outputs."""

    def __init__(self, elements, eta, device):
        self.device = device
        self.eta = eta
        self.rows = plan_of(eta)
        self.tensor_rows = [[scalar(value, device) for value in row] for row in self.rows]
        self.x = torch.randn((1, 1, 1, elements), device=device)
        self.output = torch.randn((2, 1, 1, elements), device=device)

    def eager(self):
        def run():
            x = self.x
            for row in self.rows:
                x, inputs = step(x, self.output, *[scalar(value, self.device) for value in row])
            return x, inputs

        return run

    def compile(self):
        torch.compiler.reset()  # else the second size is compiled for any size
        compiled = torch.compile(step, dynamic=False)

        def run():
            x = self.x
            for row in self.tensor_rows:
                x, inputs = compiled(x, self.output, *row)
            return x, inputs

        return run

    def graph(self):
        return self.captured(self.eager())

    def compiled_graph(self):
        return self.captured(self.compile())

    def captured(self, run):
        if self.device.type != "cuda":
            return None
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(3):
                run()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = run()

        def replay(kept=self):  # whose memory the graph reads
            graph.replay()
            return result

        return replay

    def diffusers(self):
        if diffusers is None:
            return None
        scheduler = diffusers.DDIMScheduler(
            num_train_timesteps=TRAIN_STEPS,
            beta_start=BETA_START,
            beta_end=BETA_END,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        )
        scheduler.set_timesteps(STEPS, device=self.device)

        def run():
            x = self.x
            for timestep in scheduler.timesteps:
                x = scheduler.step(guide(self.output), timestep, x, eta=self.eta).prev_sample
                inputs = torch.cat([x] * 2)
            return x, inputs

        return run


RIVALS = ["eager", "compile", "graph", "compiled_graph", "diffusers"]
TITLES = dict(zip(RIVALS, ["eager", "compile", "graph", "comp.graph", "diffusers"]))
# What a rival is held against: a graph against a graph.
OPPONENTS = {"graph": "run_graph", "compiled_graph": "run_graph"}


def seconds_of(run, device):
    if device.type != "cuda":
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3


def measure(run, device, budget):
    """Best and median of one step, in microseconds."""
    for _ in range(3):
        seconds_of(run, device)
    samples = []
    while len(samples) < 5 or (sum(samples) < budget and len(samples) < 1000):
        samples.append(seconds_of(run, device))
    return [1e6 * value / STEPS for value in (min(samples), statistics.median(samples))]


def check_rivals(device):
    """Without noise all rivals compute the same run, to a few roundings of 50 steps."""
    rivals = Rivals(1000, 0.0, device)
    expected = rivals.eager()()[0]
    for name in RIVALS:
        run = getattr(rivals, name)()
        if run is None:
            continue
        x = run()[0]
        difference = ((x - expected).abs().max() / expected.abs().max()).item()
        if not difference < 1e-4:
            sys.exit(f"{TITLES[name]} computes another run: {difference:.1e} apart")


def measure_rivals(elements, eta, device, budget):
    times = {}
    for name in RIVALS:
        try:
            run = getattr(Rivals(elements, eta, device), name)()
            times[name] = None if run is None else measure(run, device, budget)
        except torch.OutOfMemoryError:
            times[name] = None
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return times


def read_times(path):
    """{(measure, elements): (best, median)} of one step, in microseconds, from ddim_bench_cuda's file."""
    times = {}
    with open(path, newline="") as file:
        for line in csv.DictReader(file):
            if "run_" in line["measure"]:
                values = (float(line[column]) / 1e3 / STEPS for column in ("best_ns", "median_ns"))
                times[line["measure"], int(line["elements"])] = tuple(values)
    return times


def run_bench(program, quick):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "times.csv"
        print(flush=True, end="")
        subprocess.run([program, "--csv", str(path), *(["--quick"] if quick else [])], check=True)
        print()
        return read_times(path)


def print_line(elements, who, times, opponent=None):
    text = f"{elements:>10}  {who:<12}"
    if times is None:
        print(text + f"{'-':>11}")
        return
    ratio = f"{times[0] / opponent[0]:10.1f}" if opponent else ""
    print(text + f"{times[0]:11.2f}{times[1]:11.2f}{ratio}", flush=True)


def print_table(eta, sizes, device, budget, ours):
    print(f"\nGuided step at eta {eta:g}: us, best and median, and how many times ours it takes (of the best; a graph "
          "against our\ngraph, else against our plain launches).")
    print(f"{'elements':>10}  {'':<12}{'best':>11}{'median':>11}{'of ours':>10}")
    prefix = "noisy_" if eta > 0.0 else ""
    for elements in sizes:
        mine = {name: ours.get((prefix + name, elements)) for name in ("run_plain", "run_graph")}
        print_line(elements, "ours, plain", mine["run_plain"])
        print_line("", "ours, graph", mine["run_graph"])
        for name, times in measure_rivals(elements, eta, device, budget).items():
            print_line("", TITLES[name], times, mine[OPPONENTS.get(name, "run_plain")])


def print_machine(device):
    print(f"torch     {torch.__version__}, CUDA {torch.version.cuda}")
    print(f"diffusers {diffusers.__version__ if diffusers else 'missing: not measured'}")
    if device.type == "cuda":
        print(f"card      {torch.cuda.get_device_name()}")
    print(f"device    {device}")
    print(f"command   {shlex.join(sys.argv)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to see that it works")
    parser.add_argument("--quick", action="store_true", help="small sizes, briefly")
    figures = parser.add_mutually_exclusive_group()
    figures.add_argument("--bench", metavar="PROGRAM", help="ddim_bench_cuda, to be run first")
    figures.add_argument("--csv", metavar="FILE", help="what ddim_bench_cuda --csv wrote")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device; --device cpu shows that the rivals work")
    torch.set_grad_enabled(False)

    ours = {}
    if arguments.bench:
        ours = run_bench(arguments.bench, arguments.quick)
    elif arguments.csv:
        ours = read_times(arguments.csv)
    print_machine(device)
    check_rivals(device)
    sizes = [size for size in SIZES if not arguments.quick or size <= LARGEST_QUICK_SIZE]
    for eta in (0.0, 1.0):
        print_table(eta, sizes, device, 0.01 if arguments.quick else 0.5, ours)


if __name__ == "__main__":
    main()
