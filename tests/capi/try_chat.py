#!/usr/bin/env python3
"""Talks to the streaming chat program: an answer comes as UTF-8, errors name the thing.

    try_chat.py PROGRAM MODEL
"""

import subprocess
import sys


def run(program, model, text):
    return subprocess.run([program, model], input=text.encode(), capture_output=True, timeout=300)


def main(program, model):
    answer = run(program, model, "Hello\n")
    assert answer.returncode == 0, answer
    assert len(answer.stdout.decode("utf-8")) > 1, "there is no answer"
    assert not answer.stderr, answer.stderr.decode()

    # More turns than the context of this tiny model holds: said so, after the first answers.
    many = run(program, model, "Hello\n" * 200)
    assert many.returncode == 0, many
    assert len(many.stdout.decode("utf-8")) > 1
    assert b"n_ctx" in many.stderr, many.stderr.decode()

    silent = run(program, model, "")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, b"", b""), silent

    missing = run(program, "/no/such/model.gguf", "Hello\n")
    assert missing.returncode == 0 and not missing.stdout, missing
    assert b"/no/such/model.gguf" in missing.stderr, missing.stderr.decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
