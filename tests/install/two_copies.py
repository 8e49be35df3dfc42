#!/usr/bin/env python3
"""Several copies of the library in one process generate the same tokens.

    two_copies.py CC LIBRARY.so (STATIC.a | -) INCLUDE WORK MODEL

A copy is the library as built, stripped under another name, and, where there is one, the static
library inside of a program that shows its symbols to everybody.
"""

import pathlib
import shutil
import sys

from trial import HERE, run


def answers(program, model, *libraries):
    said = {}
    for line in run(program, model, *libraries).splitlines():
        number, token = line.split()
        said.setdefault(number, []).append(int(token))
    return list(said.values())


def main(cc, shared, static, include, work, model):
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    copies = [work / "first.so", work / "elsewhere" / "libminnow.so.0"]
    copies[1].parent.mkdir()
    shutil.copyfile(shared, copies[0])
    run("strip", "--strip-unneeded", "-o", copies[1], shared)

    build = [cc, "-std=c99", "-I", include, HERE / "consumer/two_copies.c"]
    run(*build, "-o", work / "loaded", "-ldl")
    found = answers(work / "loaded", model, *copies)
    if static != "-":
        run(*build, "-DMINNOW_LINKED", "-rdynamic", "-o", work / "linked", static, "-lstdc++", "-lm",
            "-pthread", "-ldl")
        with_linked = answers(work / "linked", model, *copies)
        assert len(with_linked) == 3, with_linked
        found += with_linked
    assert len(found) >= 2 and all(len(answer) == 16 for answer in found), found
    assert all(answer == found[0] for answer in found), found
    print(f"{len(found)} copies, the same tokens: {found[0]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
