#!/usr/bin/env python3
"""Compares minnow with llama.cpp on the same file, taking turns round by round.

    compare_peer.py [MODEL...] [--rounds 5] [--threads 1,2] [--prefill 512] [--decode 64]
                    [--depth 0,4096] [--load 0,1,2] [--answer] [--peer-isa avx2]
                    [--ik LLAMA_BENCH] [--ik-options "-rtr 1"]

MODEL is a GGUF file or the name of a fetched model. Both programs run as children that keep the model
open; a round asks one and then the other, so that whatever else the machine does falls on both. Each
counts as llama-bench does: random tokens, no sampling, no text, logits of the last token only. --load
starts that many busy processes beside them. --answer adds what screening of the output head gives:
minnow goes on with a story, each token chosen by its default samplers, while llama.cpp still only
decodes. Prints a table and writes it, as JSON and Markdown, below bench/results. The peer is built once
in bench/.venv (peer_setup.py). --peer-isa avx2 compares as on a CPU without AVX-512 and VNNI: a second
peer built so, in bench/.venv-avx2, and minnow's avx2 table. --ik adds another peer to the same rounds, the
llama-bench of an ik_llama.cpp that you have built; it opens the model anew each time, which is not timed.
"""

import argparse
import datetime
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import peer_setup

ROOT = Path(__file__).resolve().parent.parent
STORY_TOKENS = 96  # of BenchSession in examples/cli, at most
REST_SECONDS = 0.2  # between measurements: threads that spin for more work go to sleep


def say(text):
    print(text, file=sys.stderr, flush=True)


class Child:
    """A program that answers "prefill N DEPTH" and "decode N DEPTH" with seconds; minnow also "answer
    N DEPTH", and "bytes N DEPTH" with what a decoded token reads."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.about = json.loads(self.read_line())

    def read_line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with code {self.process.wait()}")
        return line

    def ask(self, what, n_tokens, depth):
        self.process.stdin.write(f"{what} {n_tokens} {depth}\n")
        self.process.stdin.flush()
        return float(self.read_line())

    def ask_limits(self):
        self.process.stdin.write("limits\n")
        self.process.stdin.flush()
        return json.loads(self.read_line())

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class LlamaBench:
    """ik_llama.cpp, asked as a Child is; only with no tokens before."""

    name = "ik_llama.cpp"

    def __init__(self, path, arguments, n_threads):
        self.command = [arguments.ik, "-m", path, "-t", str(n_threads), "-ngl", "0", "-r", "1", "-o", "json",
                        *shlex.split(arguments.ik_options)]

    def ask(self, what, n_tokens, depth):
        assert depth == 0
        counts = ["-p", str(n_tokens), "-n", "0"] if what == "prefill" else ["-p", "0", "-n", str(n_tokens)]
        done = subprocess.run(self.command + counts, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        return n_tokens / json.loads(done.stdout)[-1]["avg_ts"]

    def end(self):
        pass


class BusyProcesses:
    """Other work on the machine: processes that compute without pause."""

    def __init__(self, n):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                          for _ in range(n)]

    def __enter__(self):
        time.sleep(0.5 if self.processes else 0)
        return self

    def cpu_seconds(self):
        ticks = 0
        for process in self.processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11])  # utime
        return ticks / os.sysconf("SC_CLK_TCK")

    def share(self, cpu_seconds, seconds):
        """Of the CPU time that they would have had alone, in percent; None without any."""
        cores = min(len(self.processes), len(os.sched_getaffinity(0)))
        return 100 * cpu_seconds / (seconds * cores) if cores else None

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


def model_file(name):
    """A path as it is; else a fetched model."""
    if os.path.exists(name):
        return str(name)
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    path = folder / "minnow" / "models" / f"{name}.gguf"
    if not path.exists():
        sys.exit(f"no file {name} and no fetched model of that name; examples/models/fetch.py {name}")
    return str(path)


def warm_page_cache(path):
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass


def machine_limits(arguments):
    command = [arguments.minnow, "cpu", "--json", "--measure", "--threads", str(max(arguments.threads))]
    if arguments.isa:
        command += ["--isa", arguments.isa]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def start_minnow(path, arguments, n_ctx, n_threads, *more):
    command = [arguments.minnow, "bench", path, "--serve", "--ctx-size", str(n_ctx), "--kv-type",
               arguments.kv_type, "--threads", str(n_threads), *more]
    if arguments.isa:
        command += ["--isa", arguments.isa]
    return Child("minnow", command)


def start_peer(path, arguments, n_ctx, n_threads):
    return Child("llama.cpp", [
        arguments.peer_python, str(Path(__file__).with_name("peer_llama.py")), path, "--ctx", str(n_ctx),
        "--kv-type", arguments.kv_type, "--flash-attn", arguments.flash_attn, "--threads",
        str(n_threads)])


def measure(tasks, n_tokens, depth, n_rounds, busy):
    """tasks: name -> (child, what). Tokens per second of each task and what it leaves to busy processes,
    and the machine's limits (the mean of just before and just after minnow's turn), round by round, taking
    turns."""
    rates = {name: [] for name in tasks}
    shares = {name: [] for name in tasks}
    limits = []
    for child, what in tasks.values():
        child.ask(what, min(n_tokens, 16), depth)  # warm-up
    for _ in range(n_rounds):
        for name, (child, what) in tasks.items():
            around = [child.ask_limits()] if name == "minnow" else []
            time.sleep(REST_SECONDS)
            cpu_before, before = busy.cpu_seconds(), time.monotonic()
            rates[name].append(n_tokens / child.ask(what, n_tokens, depth))
            shares[name].append(
                busy.share(busy.cpu_seconds() - cpu_before, time.monotonic() - before))
            if around:
                around.append(child.ask_limits())
                limits.append({key: statistics.mean(one[key] for one in around)
                               for key in around[0]})
    return rates, shares, limits


def limit_rates(what, minnow, n_tokens, depth, limits):
    """Tokens per second that the machine allowed in each round: by its integer peak for prefill, of the
    weights alone, and by its read bandwidth for decode. None for answers, which need not read all of the
    output head."""
    if what == "answer":
        return None
    if what == "prefill":
        return [one["integer_mac_per_s"] / minnow.about["macs_per_prompt_token"] for one in limits]
    n_bytes = minnow.ask("bytes", n_tokens, depth)
    return [one["read_bytes_per_s"] / n_bytes for one in limits]


def percent_of_limit(rates, limits):
    """The median of the rounds."""
    return limits and statistics.median(100 * rate / limit for rate, limit in zip(rates, limits))


def make_row(about, ours, theirs, limits, left_to_busy, at_most, ik=None):
    ratios = [a / b for a, b in zip(ours, theirs)]
    row = about | {
        "minnow": ours, "llama.cpp": theirs, "left_to_busy": left_to_busy,
        "ratio": statistics.median(ours) / statistics.median(theirs),
        "ratio_min": min(ratios), "ratio_max": max(ratios),
        "read_bytes_per_s": [one["read_bytes_per_s"] for one in limits],
        "integer_mac_per_s": [one["integer_mac_per_s"] for one in limits],
        "minnow_percent_of_limit": percent_of_limit(ours, at_most),
        "llama.cpp_percent_of_limit": percent_of_limit(theirs, at_most),
    }
    if ik:
        row |= {"ik_llama.cpp": ik, "ik_llama.cpp_percent_of_limit": percent_of_limit(ik, at_most)}
    return row


def compare_model(name, arguments, n_threads):
    path = model_file(name)
    warm_page_cache(path)
    n_longest = max(arguments.depth) + max(arguments.prefill, arguments.decode + STORY_TOKENS)
    minnow = start_minnow(path, arguments, n_longest, n_threads)
    peer = start_peer(path, arguments, n_longest, n_threads)
    answering = (start_minnow(path, arguments, n_longest, n_threads, "--sample")
                 if arguments.answer else None)
    ik = LlamaBench(path, arguments, n_threads) if arguments.ik else None
    rows = []

    def compare(what, n_tokens, depth, load, busy):
        tasks = {"minnow": (minnow, what), "llama.cpp": (peer, what)}
        if what == "decode" and answering:
            tasks["answer"] = (answering, "answer")
        if ik and depth == 0:
            tasks[ik.name] = (ik, what)
        rates, shares, limits = measure(tasks, n_tokens, depth, arguments.rounds, busy)
        for ours, (child, shown) in tasks.items():
            if child in (peer, ik):
                continue
            rows.append(make_row(
                {"model": Path(path).stem, "what": shown, "n_tokens": n_tokens, "depth": depth,
                 "load": load, "threads": n_threads}, rates[ours], rates["llama.cpp"], limits,
                {"minnow": shares[ours], "llama.cpp": shares["llama.cpp"]},
                limit_rates(shown, minnow, n_tokens, depth, limits), rates.get("ik_llama.cpp")))
            say(table_line(rows[-1]))

    for load in arguments.load:
        with BusyProcesses(load) as busy:
            for depth in arguments.depth:
                compare("prefill", arguments.prefill, depth, load, busy)
                compare("decode", arguments.decode, depth, load, busy)
    about = {child.name: child.about for child in (minnow, peer)}
    for child in filter(None, (minnow, peer, answering, ik)):
        child.end()
    return rows, about


def spread(rates):
    return f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"


def left_to_busy(row):
    if row["load"] == 0:
        return "-"
    ours, theirs = (statistics.median(row["left_to_busy"][name]) for name in ("minnow", "llama.cpp"))
    return f"{ours:.0f} %, {theirs:.0f} %"


def percent(row, name):
    share = row[f"{name}_percent_of_limit"]
    return "-" if share is None else f"{share:.0f} %"


def other_peer(row):
    if "ik_llama.cpp" not in row:
        return "-"
    ratio = statistics.median(row["minnow"]) / statistics.median(row["ik_llama.cpp"])
    return f"{spread(row['ik_llama.cpp'])}, **{ratio:.2f}**"


def table_line(row):
    return (f"| {row['model']} | {row['what']} {row['n_tokens']} | {row['threads']} | {row['depth']} | "
            f"{row['load']} | "
            f"{spread(row['minnow'])} | {spread(row['llama.cpp'])} | **{row['ratio']:.2f}** "
            f"({row['ratio_min']:.2f} to {row['ratio_max']:.2f}) | "
            f"{percent(row, 'minnow')} | {percent(row, 'llama.cpp')} | {left_to_busy(row)} | {other_peer(row)} |")


def markdown(result):
    cpu, limits = result["cpu"], result["limits"]
    lines = [
        f"# minnow and llama.cpp, {result['date']}",
        "",
        f"- CPU: {cpu['name']}, kernel table {cpu['table']}, threads: "
        f"{', '.join(map(str, result['threads']))}",
        f"- CPU flags: {' '.join(cpu['features'])}",
        f"- measured limits: {limits['read_bytes_per_s'] / 1e9:.1f} GB/s read, "
        f"{limits['integer_mac_per_s'] / 1e9:.0f} G integer multiply-adds/s",
        f"- llama.cpp: llama-cpp-python {result['peer']['version']} from its source distribution, "
        f"{peer_setup.cmake_args(result['peer_isa'])}; {result['peer']['system']}",
        f"- load average before: {result['load_average_before']:.1f}",
        f"- KV type {result['kv_type']}, {result['rounds']} rounds, taking turns; tokens per second: "
        "median (least to most); left to the busy: of the CPU time they had alone",
        "",
        "| model | what | threads | depth | busy processes beside | minnow | llama.cpp | ratio | minnow of limit "
        "| llama.cpp of limit | left to the busy, beside minnow and llama.cpp | ik_llama.cpp, minnow's ratio to it |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join(lines + [table_line(row) for row in result["rows"]]) + "\n"


def numbers(text):
    return [int(part) for part in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Compare minnow with llama.cpp, taking turns on the same file.")
    parser.add_argument("models", nargs="*", default=["gemma-3-270m", "qwen2.5-coder-0.5b"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=numbers, default=[len(os.sched_getaffinity(0))])
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--depth", type=numbers, default=[0], help="tokens there before: 0,4096")
    parser.add_argument("--load", type=numbers, default=[0], help="busy processes beside: 0,1,2")
    parser.add_argument("--answer", action="store_true",
                        help="also minnow choosing its tokens, with the output head screened")
    parser.add_argument("--kv-type", choices=["f16", "f32"], default="f16")
    parser.add_argument("--isa", help="force minnow's kernel table")
    parser.add_argument("--peer-isa", choices=list(peer_setup.PEERS), default="native",
                        help="what llama.cpp is built for; avx2 implies --isa avx2")
    parser.add_argument("--flash-attn", choices=["auto", "on", "off"], default="auto",
                        help="llama.cpp's attention (default: its own choice)")
    parser.add_argument("--ik", help="llama-bench of an ik_llama.cpp, to be measured in the same rounds")
    parser.add_argument("--ik-options", default="-fa 1", help="what it is given (default: -fa 1)")
    parser.add_argument("--minnow", default=str(ROOT / "build/release/examples/cli/minnow"))
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.peer_python = peer_setup.peer_python(arguments.peer_isa)
    if arguments.peer_isa != "native" and not arguments.isa:
        arguments.isa = arguments.peer_isa
    load_before = os.getloadavg()[0]
    if load_before > 0.5:
        say(f"warning: the machine is busy (load average {load_before:.1f}); the figures will say "
            "more about that than about the programs")
    machine = machine_limits(arguments)
    limits = machine["limits"]
    result = {"date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
              "cpu": {"name": peer_setup.cpu_lines()[0], "flags": peer_setup.cpu_lines()[1],
                      "features": machine["features"],
                      "table": arguments.isa or machine["table"]},
              "limits": limits, "threads": arguments.threads, "kv_type": arguments.kv_type,
              "peer_isa": arguments.peer_isa,
              "rounds": arguments.rounds, "load_average_before": load_before, "rows": []}
    for name in arguments.models:
        for n_threads in arguments.threads:
            rows, about = compare_model(name, arguments, n_threads)
            result["rows"] += rows
            result["peer"] = about["llama.cpp"]
            result["minnow"] = about["minnow"]
    report = markdown(result)
    print(report)
    arguments.results.mkdir(parents=True, exist_ok=True)
    stem = f"peer-{result['cpu']['table']}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    (arguments.results / f"{stem}.json").write_text(json.dumps(result, indent=1) + "\n")
    (arguments.results / f"{stem}.md").write_text(report)
    say(f"written: {arguments.results / stem}.md and .json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
