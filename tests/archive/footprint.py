#!/usr/bin/env python3
"""What the archive costs: bytes of code and data, of the public types, of the stack, of arenas.

    footprint.py measure --budget FILE ...   compares with the committed budget; --update writes it anew
    footprint.py table BUDGET ...            prints the budgets as the README's tables; --in README checks them there

`measure` exits with 0 where every figure is within 3 % of the budget, with 1 where one is not, and with 77 (skipped)
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
ENTRIES = ("init", "run", "begin", "next", "commit")
# Where the sampler's function pointers lead on a CPU, by the words of the call. The stack of the caller's model, hooks
# and observer is the caller's.
POINTERS = {
    "platform.begin(": "_ZN4ddim6detail10host_beginEPvRKNS_9begin_jobE",
    "platform.step(": "_ZN4ddim6detail9host_stepEPvRKNS_8step_jobE",
    "platform.check(": None,
    "platform.load(": None,
    ".function(": None,
}


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout


class Compiler:
    """The compiler of a build, with the flags that the build gives to each of the library's sources."""

    def __init__(self, compile_commands, root):
        self.commands = {}
        for entry in json.loads(compile_commands.read_text()):
            source = pathlib.Path(entry["file"])
            if root / "lib" in source.parents or root / "platform" in source.parents:
                words = shlex.split(entry["command"])
                self.commands[source] = words[: words.index("-o")]
        if not self.commands:
            sys.exit(f"{compile_commands}: compiles nothing of {root}")
        self.program = next(iter(self.commands.values()))[0]

    def version(self):
        return f"{run(self.program, '-dumpmachine').strip()} {run(self.program, '-dumpfullversion').strip()}"

    def is_gcc(self):
        return "Free Software Foundation" in run(self.program, "--version")

    def call_graph(self, source, folder):
        """The call graph of one source, each function with its frame."""
        run(*self.commands[source], "-fcallgraph-info=su", "-o", folder / f"{source.stem}.o", "-c", source)
        return (folder / f"{source.stem}.ci").read_text()

    def compile(self, source, output):
        run(*next(iter(self.commands.values())), "-O2", "-o", output, "-c", source)

    def link(self, output, *inputs):
        """A relocatable object: needs no C library, and no start-up code is counted in."""
        run(self.program, *self.machine_flags(), "-r", "-nostdlib", "-o", output, *inputs)

    def machine_flags(self):
        return [word for word in next(iter(self.commands.values())) if word.startswith("-m")]


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

    def __init__(self):
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

    @staticmethod
    def follow(source, place):
        file, line, _ = place.rsplit(":", 2)
        code = pathlib.Path(file).read_text().splitlines()[int(line) - 1]
        for words, target in POINTERS.items():
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


def measure_all(options, compiler):
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for kind, size in section_sizes(options.objdump, options.archive).items():
            figures[f"archive {kind}"] = size

        # Everything, without the copies of inline functions that a linker merges; and what one plain program takes.
        compiler.link(folder / "all.o", "-Wl,--whole-archive", options.archive, "-Wl,--no-whole-archive")
        figures["linked all text"] = section_sizes(options.objdump, folder / "all.o")["text"]
        compiler.compile(HERE / "constant_plan.cpp", folder / "program.o")
        compiler.link(folder / "constant.o", "-Wl,--gc-sections,--entry=sample_with_constant_plan",
                      folder / "program.o", options.archive)
        own = symbol_sizes(options.nm, folder / "program.o")["sample_with_constant_plan"]
        taken = section_sizes(options.objdump, folder / "constant.o")
        figures["linked constant_plan text"] = taken["text"] - own
        if options.list:
            print_functions(symbol_sizes(options.nm, folder / "constant.o"))

        compiler.compile(HERE / "sizes.cpp", folder / "sizes.o")
        for symbol, size in sorted(symbol_sizes(options.nm, folder / "sizes.o").items(), reverse=True):
            kind, what = symbol.split("_of_")
            figures[f"{kind} {what}"] = size

        graph = CallGraph()
        for source in compiler.commands:
            graph.add(compiler.call_graph(source, folder))
        for function in graph.frames:
            graph.worst(function)  # for recursion anywhere
        for entry in ENTRIES:
            figures[f"stack {entry}"], path = graph.worst(graph.find(mangled(entry)))
            if options.list:
                print(f"the worst stack of {entry}:", *(f"\n{graph.frames.get(name, 0):8} {name}" for name in path))
    return figures


def print_functions(sizes):
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size:8} {name}")


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


def measure(options):
    compiler = Compiler(options.compile_commands, options.root)
    if not compiler.is_gcc():
        print("SKIPPED: the stack is read from gcc's call graph")
        return SKIPPED
    measured_with = {"compiler": compiler.version(), "flags": options.flags}
    if options.update:
        write_budget(options.budget, {**measured_with, **measure_all(options, compiler)})
        return 0
    budget = read_budget(options.budget)
    for name, here in measured_with.items():
        if budget.pop(name) != here:
            print(f"SKIPPED: the budget is not of {name} '{here}'")
            return SKIPPED
    errors = compare(measure_all(options, compiler), budget)
    if errors:
        print(f"{errors} figures are off. If that is meant: the same command with --update, and the README's tables.")
    return 1 if errors else 0


def markdown(heads, rows):
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value):
    return f"{int(value):,}".replace(",", " ")


def tables(budgets):
    """Two tables: bytes of the archive and the stack by target, and the sizes of types and arenas by target."""
    columns = {
        "text": "linked all text",
        "with constant plans only": "linked constant_plan text",
        "rodata": "archive rodata",
        "data + bss": None,
        "unwind tables": "archive unwind",
        "stack of `init`": "stack init",
        "`run`": "stack run",
        "`next`": "stack next",
        "`commit`": "stack commit",
    }
    by_target = []
    for target, budget in budgets.items():
        empty = int(budget["archive data"]) + int(budget["archive bss"])
        cells = [number(empty if figure is None else budget[figure]) for figure in columns.values()]
        by_target.append([target, *cells])
    first = next(iter(budgets.values()))
    by_size = []
    for figure in first:
        kind, _, what = figure.partition(" ")
        if kind in ("size", "arena"):
            type_name = re.sub(r"_(\d+)$", r"<\1>", what)  # plan_50 is plan<50>
            name = f"`{type_name}`" if kind == "size" else "arena of " + what.replace("_", " ")
            by_size.append([name, *(number(budget[figure]) for budget in budgets.values())])
    return markdown(["bytes", *columns], by_target) + "\n\n" + markdown(["bytes", *budgets], by_size)


def table(options):
    text = tables({file.stem: read_budget(file) for file in options.budgets})
    if options.readme is None:
        print(text)
        return 0
    missing = [line for line in text.splitlines() if line not in options.readme.read_text().splitlines()]
    for line in missing:
        print(f"{options.readme} lacks the line\n{line}")
    return 1 if missing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    measuring = modes.add_parser("measure")
    measuring.add_argument("--root", type=pathlib.Path, required=True, help="the top of the repository")
    measuring.add_argument("--compile-commands", type=pathlib.Path, required=True)
    measuring.add_argument("--archive", type=pathlib.Path, required=True)
    measuring.add_argument("--nm", required=True)
    measuring.add_argument("--objdump", required=True)
    measuring.add_argument("--flags", default="", help="what CMAKE_CXX_FLAGS holds")
    measuring.add_argument("--budget", type=pathlib.Path, required=True)
    measuring.add_argument("--update", action="store_true")
    measuring.add_argument("--list", action="store_true", help="also name the functions behind the figures")
    printing = modes.add_parser("table")
    printing.add_argument("budgets", type=pathlib.Path, nargs="+")
    printing.add_argument("--in", dest="readme", type=pathlib.Path)
    options = parser.parse_args()
    sys.exit({"measure": measure, "table": table}[options.mode](options))


if __name__ == "__main__":
    main()
