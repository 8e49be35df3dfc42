#!/usr/bin/env python3
"""Draws what compare_peer.py measured: speed against the peers, and over depth, threads and foreign load.

    plot_results.py RESULT.json... [--out docs/plots]

A result with several depths becomes depth.svg, one with several loads load.svg, one with several
numbers of threads threads.svg; the others together become speed.svg, where a later row replaces an
earlier one. Needs matplotlib.
"""

import argparse
import json
import statistics
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402 (the backend is chosen before)
from matplotlib import ticker  # noqa: E402

OURS, THEIRS, IK, LIMIT = "#1f6fb4", "#c9a227", "#7a5195", "#999999"


def read_rows(path):
    result = json.loads(Path(path).read_text())
    return [dict(row, table=result["cpu"]["table"]) for row in result["rows"]]


def middle(row, name):
    return statistics.median(row[name])


def draw_speed(rows, path):
    """Percent of what the machine can do at most, which fits models of all sizes; ratios above."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for panel, what in zip(panels, ["prefill", "decode"]):
        shown = [row for row in rows if row["what"] == what]
        for x, row in enumerate(shown):
            programs = [(name, color) for name, color in
                        (("minnow", OURS), ("ik_llama.cpp", IK), ("llama.cpp", THEIRS)) if name in row]
            width = 0.78 / len(programs)
            for i, (name, color) in enumerate(programs):
                height = row[f"{name}_percent_of_limit"]
                place = x + (i - (len(programs) - 1) / 2) * width
                named = name in panel.get_legend_handles_labels()[1]
                panel.bar(place, height, width, color=color, label=None if named else name)
                if name != "llama.cpp":
                    ratio = middle(row, name) / middle(row, "llama.cpp")
                    panel.annotate(f"{ratio:.1f}x", (place - width / 2, height), va="bottom", fontsize=8,
                                   xytext=(0, 2), textcoords="offset points")
        panel.axhline(100, color=LIMIT, linestyle="--", label="limit of the machine")
        panel.set_xticks(range(len(shown)),
                         [f"{row['model'].replace('-', chr(10), 1)}\n{row['table']}" for row in shown],
                         fontsize=8)
        panel.set_ylim(0, 110)
        panel.set_ylabel("% of the measured limit")
        panel.set_title(f"{what} {shown[0]['n_tokens']}" if shown else what)
    panels[0].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0.0, 0.92))
    save(figure, path)


def lines_of(rows, what, over):
    """(model, line style, its rows from left to right)"""
    models = sorted({row["model"] for row in rows if row["what"] == what})
    for model, style in zip(models, ["-", "--", ":"]):
        yield model, style, sorted((row for row in rows if row["what"] == what and row["model"] == model),
                                   key=lambda row: row[over])


def draw_speeds(rows, over, label, path):
    """Tokens per second of each program and model, and what the machine allows."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for panel, what in zip(panels, ["prefill", "decode"]):
        for model, style, line in lines_of(rows, what, over):
            places = [row[over] for row in line]
            limits = [100 * middle(row, "minnow") / row["minnow_percent_of_limit"] for row in line]
            panel.plot(places, limits, style, color=LIMIT, label=f"limit of the machine, {model}")
            for name, color in (("minnow", OURS), ("llama.cpp", THEIRS)):
                panel.plot(places, [middle(row, name) for row in line], style, marker="o", color=color,
                           label=f"{name}, {model}")
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(ticker.LogLocator(subs=[1, 2, 5]))
        panel.yaxis.set_minor_locator(ticker.NullLocator())
        panel.yaxis.set_major_formatter("{x:g}")
        panel.set_xticks(places)
        panel.set_xlabel(label)
        panel.set_ylabel("tokens per second")
        panel.set_title(what)
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, fontsize=7,
                  ncol=len({row["model"] for row in rows}), loc="outside lower center")
    save(figure, path)


def draw_load(rows, path):
    """Of the speed without busy processes, beside the fair share of all threads."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for panel, what in zip(panels, ["prefill", "decode"]):
        for model, style, line in lines_of(rows, what, "load"):
            places = [row["load"] for row in line]
            for name, color in (("minnow", OURS), ("llama.cpp", THEIRS)):
                start = middle(line[0], name)
                panel.plot(places, [100 * middle(row, name) / start for row in line], style, marker="o",
                           color=color, label=f"{name}, {model}")
        threads = line[0]["threads"]
        panel.plot(places, [100 * threads / (threads + load) for load in places], color=LIMIT,
                   label="fair share")
        panel.set_xticks(places)
        panel.set_ylim(0, 110)
        panel.set_xlabel("busy processes beside")
        panel.set_ylabel("% of the speed at the left")
        panel.set_title(what)
    panels[0].legend(frameon=False, fontsize=7)
    save(figure, path)


def save(figure, path):
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+")
    parser.add_argument("--out", type=Path,
                        default=Path(__file__).resolve().parent.parent / "docs" / "plots")
    arguments = parser.parse_args()
    plt.rcParams["svg.hashsalt"] = "minnow"  # the same bytes for the same figures
    arguments.out.mkdir(parents=True, exist_ok=True)
    single = {}
    for path in arguments.results:
        rows = read_rows(path)
        several = [over for over in ("depth", "load", "threads") if len({row[over] for row in rows}) > 1]
        if "depth" in several:
            draw_speeds(rows, "depth", "tokens that are there before", arguments.out / "depth.svg")
        if "threads" in several:
            draw_speeds(rows, "threads", "threads", arguments.out / "threads.svg")
        if "load" in several:
            draw_load(rows, arguments.out / "load.svg")
        if not several:
            single.update({(row["table"], row["model"], row["what"]): row for row in rows})
    if single:
        draw_speed(list(single.values()), arguments.out / "speed.svg")


if __name__ == "__main__":
    main()
