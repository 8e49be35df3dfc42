#!/usr/bin/env python3
"""Makes the reference of the public headers with Doxygen, which may not warn.

    reference.py SOURCE OUTPUT

Everything in minnow.h must be documented. minnow.hpp says once that a call does what the C function
of its name does; only what it does say is checked.
"""

import pathlib
import subprocess
import sys

RUNS = {"c": "INPUT = include/minnow/minnow.h include/minnow/export.h",
        "cpp": "WARN_IF_UNDOCUMENTED = NO"}


def main(source, output):
    settings = pathlib.Path(source, "docs/Doxyfile").read_text()
    for name, setting in RUNS.items():
        folder = pathlib.Path(output, name)
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["doxygen", "-"], cwd=source, capture_output=True, text=True,
                              input=f"{settings}\n{setting}\nOUTPUT_DIRECTORY = {folder}\n")
        print(done.stdout + done.stderr)
        if done.returncode != 0 or "warning:" in done.stderr or "error:" in done.stderr:
            return 1
    page = (pathlib.Path(output) / "c/html/minnow_8h.html").read_text()
    assert "minnow_model_open" in page, "the reference lacks minnow_model_open"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
