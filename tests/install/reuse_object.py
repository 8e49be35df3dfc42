#!/usr/bin/env python3
"""A compiler launcher: takes an object that was made by the same command, instead of making it again.

    reuse_object.py OBJECTS.json COMPILER ARGUMENT...

OBJECTS.json: {"file": {"command", "folder"}}, the commands of another build. Whatever differs by more
than where the object and its list of dependencies go is compiled, and its file written down in
OBJECTS.json.compiled.
"""

import json
import os
import pathlib
import shlex
import shutil
import sys


def split(words):
    """A command's meaning, the object it makes and the source it reads."""
    words = list(words)
    while words and os.path.basename(words[0]) in ("ccache", "sccache"):
        del words[0]
    result, source = None, None
    kept = []
    at = 0
    while at < len(words):
        if words[at] in ("-o", "-MT", "-MF"):
            result = words[at + 1] if words[at] == "-o" else result
            at += 2
            continue
        if words[at] == "-c":
            source = words[at + 1]
        if words[at] not in ("-MD", "-MMD"):
            kept.append(words[at])
        at += 1
    return kept, result, source


def main(objects, *command):
    meaning, result, source = split(command)
    known = json.loads(pathlib.Path(objects).read_text()).get(source)
    if known:
        other, made, _ = split(shlex.split(known["command"]))
        made = pathlib.Path(known["folder"]) / made
        if other == meaning and made.exists():
            shutil.copyfile(made, result)
            return
    with open(f"{objects}.compiled", "a", encoding="utf-8") as log:
        log.write(f"{source}\n")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
