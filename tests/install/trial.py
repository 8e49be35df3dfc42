"""What the trials of an installed minnow share: running commands, and what every program must do."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE.parent / "capi"  # the chats that the README shows

DEPENDENCIES = ["xsimd/xsimd.hpp", "nlohmann/json.hpp", "nlohmann/json_fwd.hpp", "CLI/CLI.hpp",
                "gtest/gtest.h", "Eigen/Core", "histedit.h"]


def run(*command, **options):
    """Runs a command and returns what it printed; ends the trial with all of it when it failed."""
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}exit code {done.returncode}")
    return done.stdout


def out_of_reach(work):
    """A folder whose headers stand before minnow's dependencies and compile nowhere."""
    folder = pathlib.Path(work) / "out_of_reach"
    for name in DEPENDENCIES:
        header = folder / name
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text(f"#error {name} is out of reach\n")
    return folder


def tokens(program, model, **options):
    """The ids that generate.c or steps.cpp prints."""
    ids = [int(line) for line in run(program, model, **options).split()]
    assert len(ids) == 16 and min(ids) >= 0, f"{program} printed {ids}"
    return ids


def check_programs(folder, model, **options):
    """Runs whichever programs are there: all make the same tokens, all chats answer."""
    folder = pathlib.Path(folder)
    generators = [folder / name for name in ("generate_c99", "steps_cpp20")]
    answers = [tokens(program, model, **options) for program in generators if program.exists()]
    assert answers and all(answer == answers[0] for answer in answers), answers
    for name in ("chat_c99", "chat_cpp17"):
        if (folder / name).exists():
            said = run(folder / name, model, input="Hello\n", **options)
            assert len(said) > 1, f"{name} said nothing"
    return answers[0]


def library_path(folder):
    return dict(os.environ, LD_LIBRARY_PATH=str(folder))
