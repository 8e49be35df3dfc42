"""The peers' virtual environments, each with llama-cpp-python built from its source distribution:
bench/.venv for this very CPU, bench/.venv-avx2 for a CPU that has AVX2 and neither AVX-512 nor VNNI.
Building takes some ten minutes of one core; done once per CPU."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PACKAGE = "llama-cpp-python"
# What a peer may use: the environment's folder and the options of its build.
PEERS = {
    "native": (".venv", "-DGGML_NATIVE=ON"),
    "avx2": (".venv-avx2", "-DGGML_NATIVE=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON "
                           "-DGGML_F16C=ON -DGGML_BMI2=ON -DGGML_AVX_VNNI=OFF -DGGML_AVX512=OFF"),
}


def cpu_lines():
    """The model name and flags of the first CPU, as /proc/cpuinfo tells them."""
    lines = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        lines.setdefault(key.strip(), value.strip())
    return lines.get("model name", "unknown CPU"), lines.get("flags", lines.get("Features", ""))


def cmake_args(isa):
    return PEERS[isa][1]


def wanted_stamp(isa):
    _, flags = cpu_lines()
    return {"package": PACKAGE, "cmake_args": cmake_args(isa),
            "cpu_flags": hashlib.sha256(flags.encode()).hexdigest()}


def peer_python(isa="native", say=lambda text: print(text, file=sys.stderr, flush=True)):
    """Path of the environment's Python, after building what is missing. isa: a key of PEERS."""
    folder = FOLDER / PEERS[isa][0]
    python, stamp_path = folder / "bin" / "python", folder / "peer.json"
    try:
        if json.loads(stamp_path.read_text()) == wanted_stamp(isa) and python.exists():
            return str(python)
    except (OSError, ValueError):
        pass
    say(f"building {PACKAGE} from its source distribution in {folder} (once; some ten minutes)")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    environment = dict(os.environ, CMAKE_ARGS=cmake_args(isa))
    log_path = folder / "build.log"
    with open(log_path, "w") as log:
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--no-binary", PACKAGE, "--no-cache-dir", PACKAGE],
            env=environment, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"the build failed; its log is {log_path}")
    stamp_path.write_text(json.dumps(wanted_stamp(isa)))
    return str(python)


if __name__ == "__main__":
    print(peer_python(*sys.argv[1:2]))
