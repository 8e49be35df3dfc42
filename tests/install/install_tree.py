#!/usr/bin/env python3
"""Installs a build, moves what was installed, and checks that nothing is missing or knows the past.

    install_tree.py BUILD SOURCE TREE
"""

import pathlib
import shutil
import sys

from trial import run

EXPECTED = ["include/minnow/minnow.h", "include/minnow/minnow.hpp", "include/minnow/export.h",
            "lib/cmake/minnow/minnow-config.cmake", "lib/cmake/minnow/minnow-config-version.cmake",
            "lib/pkgconfig/minnow.pc", "share/doc/minnow/LICENSE", "bin/minnow"]


def main(build, source, tree):
    tree = pathlib.Path(tree)
    first = tree.with_name(tree.name + "_first")
    for folder in (first, tree):
        shutil.rmtree(folder, ignore_errors=True)
    run("cmake", "--install", build, "--prefix", first)
    first.rename(tree)

    files = [file for file in sorted(tree.rglob("*")) if file.is_file()]
    names = [str(file.relative_to(tree)) for file in files]
    print("\n".join(names))
    missing = [name for name in EXPECTED if name not in names]
    assert not missing, f"not installed: {missing}"
    assert any(name.startswith("lib/libminnow.") for name in names), "there is no library"
    strangers = [name for name in names if "minnow" not in name]
    assert not strangers, f"installed as well: {strangers}"

    # The installed program may hold paths of the build's: of the code of its dependencies.
    for file in files:
        content = file.read_bytes()
        for path in (build, source, str(first)):
            assert path.encode() not in content, f"{file} holds {path}"
    print(run(tree / "bin/minnow", "--version").strip())


if __name__ == "__main__":
    main(*sys.argv[1:])
