#!/usr/bin/env python3
"""Holds the tree to its rules: layers, file names, sizes, forbidden calls.

    layers.py ROOT

 - An #include of src or kernels names only what the folder's line in src/layers.txt allows; examples
   and tests/capi see only include/minnow.
 - No two source files have the same name (READMEs, CMake lists and files of Python packages aside).
 - No source file is longer than 500 lines (tables that a script wrote aside).
 - The library never ends the process, prints, reads the environment or opens a socket.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

SOURCES = {".c", ".h", ".cpp", ".hpp", ".inc"}
LIBRARY = ("src", "kernels", "include")
MOST_LINES = 500
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s"]*)\((?:.*?)\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
FORBIDDEN = re.compile(
    r"(?<![\w.>:])(?:std::|::)?(abort|exit|_exit|quick_exit|printf|fprintf|puts|fputs|putchar|perror"
    r"|getenv|secure_getenv|setenv|system|popen|socket|connect|setlocale|set_terminate|terminate"
    r"|signal)\s*\(|\bstd::(c(?:out|err|log)|regex|locale)\b|#\s*include\s*<(iostream|regex|locale)>"
    r"|(?<![\w])(throw)\b")


def files_below(root, folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SOURCES and ".venv" not in path.parts:
                yield path


def read_layers(path):
    """{folder: folders it may include}, itself among them."""
    layers = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            name, _, allowed = line.partition(":")
            layers[name.strip()] = {name.strip(), *allowed.split()}
    return layers


def layer_of(name, layers):
    """The layer that a path relative to src (or, for kernels, to the root) belongs to."""
    fitting = [layer for layer in layers if name.startswith(layer + "/")]
    return max(fitting, key=len, default=None)


def include_faults(root):
    layers = read_layers(root / "src/layers.txt")
    for path in files_below(root, ("src", "kernels")):
        name = path.relative_to(root).as_posix()
        own = layer_of(name.removeprefix("src/"), layers)
        if own is None:
            yield f"{name}: its folder has no line in src/layers.txt"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match is None:
                continue
            target = layer_of(match[1], layers)
            if target is None and match[1].startswith("minnow/"):
                if own not in ("capi",) and match[1] != "minnow/export.h":
                    yield f"{name}:{number}: only capi includes {match[1]}"
            elif target is None:
                yield f"{name}:{number}: '{match[1]}' is not below a layer"
            elif target not in layers[own]:
                yield f"{name}:{number}: {own} may not include {target} ({match[1]})"


def guest_faults(root):
    """Programs of users see the public headers and their own files."""
    for folder in ("examples", "tests/capi"):
        for path in files_below(root, (folder,)):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if match is None or match[1].startswith("minnow/"):
                    continue
                if not (path.parent / match[1]).exists():
                    name = path.relative_to(root).as_posix()
                    yield f"{name}:{number}: '{match[1]}' is neither public nor its own"


def name_faults(root):
    found = defaultdict(list)
    for path in files_below(root, (*LIBRARY, "examples", "tests", "bench")):
        found[path.name].append(path.relative_to(root).as_posix())
    for name, places in found.items():
        if len(places) > 1:
            yield f"{name} is the name of more than one file: {', '.join(places)}"


def is_generated(text):
    return re.search(r"generated|written by|made by", text[:600], re.I) is not None


def length_faults(root):
    for path in files_below(root, (*LIBRARY, "examples")):
        text = path.read_text()
        n_lines = text.count("\n")
        if n_lines > MOST_LINES and not is_generated(text):
            yield f"{path.relative_to(root).as_posix()}: {n_lines} lines, more than {MOST_LINES}"


def without_comments_and_texts(text):
    """The code alone, with the same line breaks."""
    def blank(match):
        piece = match[0]
        # Angle-bracket includes have no quotes; a quoted include keeps its line.
        return '""' + "\n" * piece.count("\n") if piece[0] in "\"R'" else "\n" * piece.count("\n")
    return COMMENT_OR_TEXT.sub(blank, text)


def call_faults(root):
    for path in files_below(root, ("src", "kernels")):
        code = without_comments_and_texts(path.read_text())
        for match in FORBIDDEN.finditer(code):
            word = next(group for group in match.groups() if group)
            line = code.count("\n", 0, match.start()) + 1
            # capi/guard.hpp alone catches; nobody throws but a pmr resource, which must.
            if word == "throw" and path.name == "memory.cpp":
                continue
            yield f"{path.relative_to(root).as_posix()}:{line}: '{word}' is not for the library"


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(arguments[0])
    n_files = sum(1 for _ in files_below(root, LIBRARY))
    if n_files < 100:
        print(f"{root}: only {n_files} files found; not the root of the tree?")
        return 1
    rules = (include_faults, guest_faults, name_faults, length_faults, call_faults)
    found = [fault for rule in rules for fault in rule(root)]
    print("\n".join(found) if found else f"{n_files} files keep the rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
