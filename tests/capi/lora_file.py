#!/usr/bin/env python3
"""Writes a small random LoRA for a tiny model and runs a program with it.

    lora_file.py PROGRAM MODEL

The program is started as PROGRAM MODEL ADAPTER FOLDER and has to end with 0.
"""

import pathlib
import random
import struct
import subprocess
import sys
import tempfile

STRING, FLOAT32, GGML_F32 = 8, 6, 0


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def entry(key, kind, payload):
    return text(key) + struct.pack("<I", kind) + payload


def write_lora(path, architecture, tensors):
    """tensors: [(name, (row length, rows), values)]."""
    entries = [
        entry("general.architecture", STRING, text(architecture)),
        entry("general.type", STRING, text("adapter")),
        entry("adapter.type", STRING, text("lora")),
        entry("adapter.lora.alpha", FLOAT32, struct.pack("<f", 8.0)),
    ]
    directory, data = b"", b""
    for name, dims, values in tensors:
        data += b"\0" * (-len(data) % 32)
        directory += text(name) + struct.pack("<IQQIQ", 2, *dims, GGML_F32, len(data))
        data += struct.pack(f"<{len(values)}f", *values)
    front = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries) + directory
    pathlib.Path(path).write_bytes(front + b"\0" * (-len(front) % 32) + data)


def main(program, model):
    draw = random.Random(3)
    rank, n_embd = 4, 64
    matrix = lambda n: [draw.gauss(0, 0.2) for _ in range(n)]
    base = "blk.0.attn_output.weight"
    tensors = [
        (f"{base}.lora_a", (n_embd, rank), matrix(n_embd * rank)),
        (f"{base}.lora_b", (rank, n_embd), matrix(n_embd * rank)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        adapter = f"{folder}/adapter.gguf"
        write_lora(adapter, "qwen2", tensors)
        done = subprocess.run([program, model, adapter, folder], timeout=300)
        assert done.returncode == 0, done


if __name__ == "__main__":
    main(*sys.argv[1:])
