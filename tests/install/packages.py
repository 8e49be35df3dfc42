#!/usr/bin/env python3
"""Packs a build as .deb and .tar.gz, looks into both, and uses what they hold.

    packages.py BUILD CC WORK MODEL
"""

import pathlib
import re
import shutil
import sys

from trial import HERE, library_path, out_of_reach, run, tokens

EXPECTED = ["bin/minnow", "include/minnow/minnow.h", "include/minnow/minnow.hpp",
            "lib/libminnow.a", "lib/libminnow.so", "lib/libminnow.so.0", "lib/pkgconfig/minnow.pc",
            "lib/cmake/minnow/minnow-config.cmake", "share/doc/minnow/LICENSE"]


def use(root, cc, work, model):
    """A program of C built against the unpacked files, and the command-line program."""
    program = work / "generate"
    run(cc, "-std=c99", "-I", out_of_reach(work), "-I", root / "include",
        HERE / "consumer/generate.c", "-o", program, "-L", root / "lib", "-lminnow")
    made = tokens(program, model, env=library_path(root / "lib"))
    told = run(root / "bin/minnow", "tokenize", model, "--text", "Hello", "--json")
    assert re.fullmatch(r"\[[\d,]+\]\s*", told), told
    size = (root / "lib/libminnow.so.0").resolve().stat().st_size
    print(f"{root}: libminnow.so.0 has {size:,} bytes; tokens {made}")


def main(build, cc, work, model):
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    run("cpack", "--config", pathlib.Path(build) / "CPackConfig.cmake", "-B", work)
    (deb,), (archive,) = work.glob("*.deb"), work.glob("*.tar.gz")

    listing = run("dpkg-deb", "--contents", deb)
    print(listing)
    missing = [name for name in EXPECTED if f"./usr/{name}" not in listing]
    assert not missing, f"not in {deb.name}: {missing}"
    assert not re.search(r"nlohmann|xsimd|gtest|CLI11", listing), "dependencies were packed"
    control = run("dpkg-deb", "--field", deb)
    print(control)
    needs = re.search(r"^Depends: (.*)$", control, re.M).group(1)
    assert "libc6" in needs and "libstdc++6" in needs, needs
    run("dpkg-deb", "--extract", deb, work / "deb")
    use(work / "deb/usr", cc, work, model)

    (work / "archive").mkdir()
    run("tar", "-xzf", archive, "-C", work / "archive")
    (root,) = (work / "archive").iterdir()
    use(root, cc, work, model)


if __name__ == "__main__":
    main(*sys.argv[1:])
