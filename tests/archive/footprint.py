#!/usr/bin/env python3
"""What the archives cost: bytes of code and data, of the public types, of the stack, of arenas; registers.

    footprint.py measure --budget FILE ...   an archive against its committed budget; --update writes the budget anew
    footprint.py device --budget FILE ...    the same for the GPU's code
    footprint.py table                       prints the budgets as the tables of README.md; --in FILE checks them there

The first two exit with 0 where every figure is within 3 % of the budget, with 1 where one is not, and with 77 (skipped)
where the compiler or its flags are not those that the budget was measured with. Needs nothing but Python's own library.
"""
import argparse
import csv
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 0.03
SKIPPED = 77
SECTIONS = {  # what of a section's name counts as what
    "text": (".text",),
    "rodata": (".rodata", ".data.rel.ro"),
    "data": (".data", ".tdata"),
    "bss": (".bss", ".tbss"),
    "unwind": (".eh_frame", ".ARM.exidx", ".ARM.extab"),
}
MACHINES = ("x86-64", "aarch64", "cortex-m55", "cortex-m7")
CUDA_MACHINES = ("x86-64", "aarch64")
GPUS = ("sm_87", "sm_110")
ENTRIES = ("init", "run", "begin", "next", "commit")
# Where the sampler's function pointers lead, by the words of the call. The stack of the caller's model, hooks and
# observer is the caller's.
POINTERS = {
    "host": {
        "backend.prepare(": "_ZN4ddim6detail12host_prepareEPvRKNS_11prepare_jobE",
        "backend.step(": "_ZN4ddim6detail9host_stepEPvRKNS_8step_jobE",
        "backend.check(": None,
        "backend.load(": None,
        ".function(": None,
        "copy_(": None,
    },
    "cuda": {
        "backend.prepare(": "_ZN4ddim6detail12cuda_prepareEPvRKNS_11prepare_jobE",
        "backend.step(": "_ZN4ddim6detail9cuda_stepEPvRKNS_8step_jobE",
        "backend.check(": "_ZN4ddim6detail10cuda_checkEPvPKv",
        "backend.load(": "_ZN4ddim6detail9cuda_loadEPvRKNS_8load_jobE",
        ".function(": None,
        "copy_(": None,
    },
}


def run(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(done.args)}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Compiler:
    """The compilers of a build, with the flags that the build gives to the core's and a backend's sources."""

    def __init__(self, options):
        self.commands = {}
        folders = options.root / "lib", options.root / "platform" / options.backend
        for entry in json.loads(options.compile_commands.read_text()):
            source = pathlib.Path(entry["file"])
            if any(folder in source.parents for folder in folders):
                self.commands[source] = flags_of(shlex.split(entry["command"]), entry["file"])
        if not self.commands:
            sys.exit(f"{options.compile_commands}: compiles nothing of {folders[1]}")
        self.cxx = next(command for source, command in self.commands.items() if source.suffix == ".cpp")
        self.nvcc = [command[0] for source, command in self.commands.items() if source.suffix == ".cu"][:1]

    def version(self):
        said = f"{run(self.cxx[0], '-dumpmachine').strip()} {run(self.cxx[0], '-dumpfullversion').strip()}"
        if self.nvcc:
            said += ", nvcc " + re.search(r"V([\d.]+)", run(*self.nvcc, "--version"))[1]
        return said

    def is_gcc(self):
        return "Free Software Foundation" in run(self.cxx[0], "--version")

    def call_graph(self, source, folder):
        """The call graph of one source, each function with its frame."""
        flags = ["-fcallgraph-info=su"]
        if source.suffix == ".cu":  # of the host's code: to compile the GPU's too would take most of the time
            flags = ["-Xcompiler=-fcallgraph-info=su", "--generate-code=arch=compute_87,code=compute_87"]
        run(*self.without_gpus(source), *flags, "-o", folder / f"{source.stem}.o", "-c", source)
        return (folder / f"{source.stem}.ci").read_text()

    def without_gpus(self, source):
        return [word for word in self.commands[source] if not word.startswith("--generate-code")]

    def compile(self, source, output, *flags):
        run(*self.cxx, *flags, "-O2", "-o", output, "-c", source)

    def link(self, output, *inputs):
        """A relocatable object: needs no C library, and no start-up code is counted in."""
        machine = [word for word in self.cxx if word.startswith("-m")]
        run(self.cxx[0], *machine, "-r", "-nostdlib", "-o", output, *inputs)

    def include_flags(self):
        """Of every source: CUDA's headers are not known to the core."""
        words = [word for command in self.commands.values() for word in include_words(command)]
        return list(dict.fromkeys(words))


def flags_of(command, source):
    """A compile command without its input and output."""
    at = command.index("-o")
    return [word for word in command[:at] + command[at + 2 :] if word not in ("-c", source)]


def include_words(command):
    pairs = zip(command, [*command[1:], ""])
    joined = (f"{word}{after}" if word == "-isystem" else word for word, after in pairs)
    return [word.replace("-isystem=", "-isystem") for word in joined if re.match("-I.|-isystem.", word)]


def section_sizes(objdump, file):
    sizes = dict.fromkeys(SECTIONS, 0)
    for name, size in re.findall(r"^ *\d+ (\.\S+) +([0-9a-f]+) ", run(objdump, "-h", file), re.M):
        # The longest prefix wins: .data.rel.ro is not .data.
        kind = max(((len(prefix), kind) for kind, prefixes in SECTIONS.items()
                    for prefix in prefixes if name.startswith(prefix)), default=(0, None))[1]
        if kind:
            sizes[kind] += int(size, 16)
    return sizes


def symbol_sizes(nm, file):
    rows = (line.split() for line in run(nm, "-P", "-t", "d", file).splitlines())
    return {row[0]: int(row[3]) for row in rows if len(row) == 4}


def mangled(name):
    return f"_ZN4ddim7sampler{len(name)}{name}E"


class CallGraph:
    """The worst stack of each function, from gcc's -fcallgraph-info=su."""

    def __init__(self, pointers):
        self.pointers = pointers
        self.frames = {}
        self.calls = {}

    def add(self, text):
        for title, label in re.findall(r'^node: \{ title: "([^"]+)" label: "([^"]*)"', text, re.M):
            frame = re.search(r"\\n(\d+) bytes \(([^)]*)\)", label)
            if frame and "static" not in frame[2] and "bounded" not in frame[2]:
                sys.exit(f"{title}: a frame of unbounded size")
            if frame:
                self.frames[title] = int(frame[1])
        edge = r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]*)")?'
        for source, target, place in re.findall(edge, text, re.M):
            if target == "__indirect_call":
                target = self.follow(source, place)
            if target:
                self.calls.setdefault(source, set()).add(target)

    def follow(self, source, place):
        file, line, _ = place.rsplit(":", 2)
        code = pathlib.Path(file).read_text().splitlines()[int(line) - 1]
        for words, target in self.pointers.items():
            if words in code:
                return target
        sys.exit(f"{place}: {source} calls through a pointer that is not in POINTERS")

    def worst(self, function, callers=()):
        """The largest stack below a call of the function, and the functions on the way there."""
        if function in callers:
            sys.exit("recursion: " + " -> ".join([*callers, function]))
        # Not in the graph are memcpy and its like: their frames are the C library's.
        below = [self.worst(target, (*callers, function)) for target in self.calls.get(function, ())]
        deepest, path = max(below, default=(0, []))
        return self.frames.get(function, 0) + deepest, [function, *path]

    def find(self, prefix):
        found = [name for name in self.frames if name.startswith(prefix)]
        if len(found) != 1:
            sys.exit(f"the call graph has {len(found)} functions {prefix}...")
        return found[0]


def measure_archive(options, compiler):
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for kind, size in section_sizes(options.objdump, options.archive).items():
            figures[f"archive {kind}"] = size
        if options.backend == "host":
            figures.update(linked_sizes(options, compiler, folder))
        figures.update(public_sizes(options, compiler, folder))
        figures.update(stacks(options, compiler, folder))
    return figures


def linked_sizes(options, compiler, folder):
    """Everything, without the copies of inline functions that a linker merges; and what one plain program takes."""
    compiler.link(folder / "all.o", "-Wl,--whole-archive", options.archive, "-Wl,--no-whole-archive")
    program, linked = folder / "program.o", folder / "constant.o"
    compiler.compile(HERE / "constant_plan.cpp", program)
    compiler.link(linked, "-Wl,--gc-sections,--entry=sample_with_constant_plan", program, options.archive)
    if options.list:
        for function, size in sorted(symbol_sizes(options.nm, linked).items(), key=lambda item: -item[1]):
            print(f"{size:8} {function}")
    own = symbol_sizes(options.nm, program)["sample_with_constant_plan"]
    merged = section_sizes(options.objdump, folder / "all.o")
    return {
        **{f"linked all {kind}": merged[kind] for kind in ("text", "rodata", "unwind")},
        "linked constant_plan text": section_sizes(options.objdump, linked)["text"] - own,
    }


def public_sizes(options, compiler, folder):
    """Of types and of arenas, which the program states as the sizes of arrays."""
    compiler.compile(HERE / f"sizes_{options.backend}.cpp", folder / "sizes.o", *compiler.include_flags())
    sizes = symbol_sizes(options.nm, folder / "sizes.o")
    return {symbol.replace("_of_", " ", 1): sizes[symbol] for symbol in sorted(sizes, reverse=True)}


def stacks(options, compiler, folder):
    graph = CallGraph(POINTERS[options.backend])
    for source in compiler.commands:
        graph.add(compiler.call_graph(source, folder))
    for function in graph.frames:
        graph.worst(function)  # for recursion anywhere
    figures = {}
    for entry in ENTRIES:
        figures[f"stack {entry}"], path = graph.worst(graph.find(mangled(entry)))
        if options.list:
            print(f"the worst stack of {entry}:", *(f"\n{graph.frames.get(name, 0):8} {name}" for name in path))
    return figures


def measure_device(options, compiler):
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        for source in sorted(source for source in compiler.commands if source.suffix == ".cu"):
            cubin = pathlib.Path(name) / f"{source.stem}.cubin"
            flags = f"-arch={options.arch}", "-Xptxas=-v", "-cubin"
            said = run(*compiler.without_gpus(source), *flags, "-o", cubin, source)
            figures[f"cubin {source.stem}"] = cubin.stat().st_size
            figures[f"registers {source.stem}"] = max(map(int, re.findall(r"Used (\d+) registers", said)))
            spills = re.findall(r"(\d+) bytes (?:stack frame|spill stores|spill loads)", said)
            figures[f"spilled {source.stem}"] = sum(map(int, spills))
    return figures


def read_budget(file):
    with open(file, newline="") as lines:
        return {row["figure"]: row["value"] for row in csv.DictReader(lines)}


def write_budget(file, figures):
    with open(file, "w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(("figure", "value"))
        writer.writerows(figures.items())


def compare(figures, budget):
    """The number of figures that are out of bounds: more is a cost, less is a budget to write anew."""
    errors = 0
    for name in sorted(figures.keys() | budget.keys()):
        if name not in figures or name not in budget:
            print(f"{name}: {'only in the budget' if name in budget else 'not in the budget'}")
            errors += 1
            continue
        value, limit = figures[name], int(budget[name])
        is_within = abs(value - limit) <= TOLERANCE * limit
        errors += not is_within
        print(f"{name:36} {value:9} {limit:9}{'' if is_within else '  more than 3 % off'}")
    return errors


def judge(options):
    compiler = Compiler(options)
    if not compiler.is_gcc():
        print("SKIPPED: the stack is read from gcc's call graph")
        return SKIPPED
    measured_with = {"compiler": compiler.version(), "flags": options.flags}
    measure = measure_archive if options.mode == "measure" else measure_device
    if options.update:
        write_budget(options.budget, {**measured_with, **measure(options, compiler)})
        return 0
    budget = read_budget(options.budget)
    for name, here in measured_with.items():
        if budget.pop(name) != here:
            print(f"SKIPPED: the budget is not of {name} '{here}'")
            return SKIPPED
    errors = compare(measure(options, compiler), budget)
    if errors:
        print(f"{errors} figures are off. If that is meant: tests/archive/README.md says what to do.")
    return 1 if errors else 0


def markdown(heads, rows):
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value):
    return f"{int(value):,}".replace(",", " ")


def archive_rows(columns, budgets):
    rows = []
    for name, budget in budgets.items():
        figures = [sum(int(budget[figure]) for figure in figures.split(" + ")) for figures in columns.values()]
        rows.append([name, *map(number, figures)])
    return markdown(["bytes", *columns], rows)


def size_figures(budget):
    """Types first, then arenas, each from small to large."""
    figures = [figure for figure in budget if figure.startswith(("size", "arena"))]
    return sorted(figures, key=lambda figure: (figure.startswith("arena"), int(budget[figure])))


def size_row(figure, budgets):
    kind, _, what = figure.partition(" ")
    type_name = re.sub(r"_(\d+)$", r"<\1>", what)  # plan_50 is plan<50>
    name = f"`{type_name}`" if kind == "size" else "arena of " + what.replace("_", " ")
    return [name, *(number(budget[figure]) for budget in budgets)]


def tables():
    """Those of README.md: archives, the GPU's code, types and arenas."""
    budgets = {name: read_budget(HERE / "budget" / f"{name}.csv")
               for name in (*MACHINES, *(f"{name}-cuda" for name in CUDA_MACHINES), *GPUS)}
    stack = {f"stack of `{entry}`": f"stack {entry}" for entry in ("init", "run", "next", "commit")}
    host = {
        "code": "linked all text",
        "code with constant plans only": "linked constant_plan text",
        "constants": "linked all rodata",
        "data and bss": "archive data + archive bss",
        "unwind tables": "linked all unwind",
        **stack,
    }
    cuda = {
        "code": "archive text",
        "constants": "archive rodata",
        "data and bss": "archive data + archive bss",
        "unwind tables": "archive unwind",
        **stack,
    }
    gpu_rows = [[name, *(number(value) for figure, value in budgets[name].items()
                         if figure.startswith(("cubin", "registers")))] for name in GPUS]
    gpu_heads = [figure.replace("registers", "registers of").replace("cubin", "bytes of")
                 for figure in budgets[GPUS[0]] if figure.startswith(("cubin", "registers"))]
    sizes = [size_row(figure, [budgets[machine] for machine in MACHINES]) for figure in size_figures(budgets["x86-64"])]
    cuda_machines = [budgets[f"{machine}-cuda"] for machine in CUDA_MACHINES]
    cuda_sizes = [size_row(figure, cuda_machines) for figure in size_figures(cuda_machines[0])]
    return "\n\n".join((
        "`libddim.a`\n\n" + archive_rows(host, {name: budgets[name] for name in MACHINES}),
        "`libddim_cuda.a`\n\n" + archive_rows(cuda, {name: budgets[f"{name}-cuda"] for name in CUDA_MACHINES}),
        "The GPU's code in it\n\n" + markdown(["", *gpu_heads], gpu_rows),
        "Types and arenas\n\n" + markdown(["bytes", *MACHINES], sizes),
        "And with CUDA, where the arena holds the plan\n\n" + markdown(["bytes", *CUDA_MACHINES], cuda_sizes)))


def table(options):
    text = tables()
    if options.page is None:
        print(text)
        return 0
    missing = [line for line in text.splitlines() if line not in options.page.read_text().splitlines()]
    for line in missing:
        print(f"{options.page} lacks the line\n{line}")
    return 1 if missing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    measuring, device = modes.add_parser("measure"), modes.add_parser("device")
    for mode in (measuring, device):
        mode.add_argument("--root", type=pathlib.Path, required=True, help="the top of the repository")
        mode.add_argument("--compile-commands", type=pathlib.Path, required=True)
        mode.add_argument("--flags", default="", help="what CMake's variables of flags hold")
        mode.add_argument("--budget", type=pathlib.Path, required=True)
        mode.add_argument("--update", action="store_true")
    measuring.add_argument("--backend", choices=POINTERS, required=True)
    measuring.add_argument("--archive", type=pathlib.Path, required=True)
    measuring.add_argument("--nm", required=True)
    measuring.add_argument("--objdump", required=True)
    measuring.add_argument("--list", action="store_true", help="also name the functions behind the figures")
    device.set_defaults(backend="cuda")
    device.add_argument("--arch", required=True, help="sm_87, say")
    printing = modes.add_parser("table")
    printing.add_argument("--in", dest="page", type=pathlib.Path)
    options = parser.parse_args()
    sys.exit(table(options) if options.mode == "table" else judge(options))


if __name__ == "__main__":
    main()
