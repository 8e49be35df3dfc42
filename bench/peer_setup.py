"""The peer's virtual environment: bench/.venv with llama-cpp-python built from its source
distribution for this very CPU. Building takes some ten minutes of one core; done once per CPU."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / ".venv"
PACKAGE = "llama-cpp-python"
CMAKE_ARGS = "-DGGML_NATIVE=ON"


def cpu_lines():
    """The model name and flags of the first CPU, as /proc/cpuinfo tells them."""
    lines = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        lines.setdefault(key.strip(), value.strip())
    return lines.get("model name", "unknown CPU"), lines.get("flags", lines.get("Features", ""))


def wanted_stamp():
    _, flags = cpu_lines()
    return {"package": PACKAGE, "cmake_args": CMAKE_ARGS,
            "cpu_flags": hashlib.sha256(flags.encode()).hexdigest()}


def peer_python(say=lambda text: print(text, file=sys.stderr, flush=True)):
    """Path of the environment's Python, after building what is missing."""
    python, stamp_path = FOLDER / "bin" / "python", FOLDER / "peer.json"
    try:
        if json.loads(stamp_path.read_text()) == wanted_stamp() and python.exists():
            return str(python)
    except (OSError, ValueError):
        pass
    say(f"building {PACKAGE} from its source distribution in {FOLDER} (once; some ten minutes)")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    environment = dict(os.environ, CMAKE_ARGS=CMAKE_ARGS)
    log_path = FOLDER / "build.log"
    with open(log_path, "w") as log:
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--no-binary", PACKAGE, "--no-cache-dir", PACKAGE],
            env=environment, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"the build failed; its log is {log_path}")
    stamp_path.write_text(json.dumps(wanted_stamp()))
    return str(python)


if __name__ == "__main__":
    print(peer_python())
