#!/usr/bin/env python3
"""Checks that object files of one ISA's kernels define nothing that a linker could give to others.

    kernel_symbols.py ISA OBJECT...

A weak symbol of an object compiled for AVX2 may become the copy that every CPU runs. So an object
may define only symbols of namespace minnow::ISA and the ISA's table, none of them weak; and what it
calls is either minnow's or a memory function of C: no libm, no C++ library.
"""

import re
import subprocess
import sys

WEAK = set("WwVvu")
CALLS = re.compile(
    r"_ZN6minnow|mem(cpy|set|move|cmp)$|_GLOBAL_OFFSET_TABLE_$|__stack_chk_fail$"
    r"|__(asan|ubsan|tsan|sanitizer|gcov|llvm)_")


def own_symbols(isa):
    namespace = re.escape(f"_ZN6minnow{len(isa)}{isa}")
    table = f"k{isa.title().replace('_', '')}Table"
    return re.compile(rf"{namespace}|_ZN6minnow{len(table)}{table}E$")


def faults(isa, path):
    listing = subprocess.run(["nm", "--no-demangle", path], check=True, capture_output=True,
                             text=True).stdout
    own = own_symbols(isa)
    for line in listing.splitlines():
        kind, name = line.split()[-2:]
        if kind in WEAK:
            yield f"{name} is weak ({kind})"
        elif kind == "U":
            if not CALLS.match(name):
                yield f"{name} is called"
        elif kind.isupper() and not own.match(name):
            yield f"{name} is visible outside ({kind})"


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    isa, paths = arguments[0], arguments[1:]
    found = [f"{path}: {fault}" for path in paths for fault in faults(isa, path)]
    print("\n".join(found) if found else f"{len(paths)} object files of {isa}: nothing leaks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
