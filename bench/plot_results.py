#!/usr/bin/env python3
"""Draws what compare_peer.py measured: speed against the peer, and over depth and foreign load.

    plot_results.py RESULT.json... [--out docs/plots]

Rows of several results are put together; a later one wins. Needs matplotlib. Writes speed.svg, and
depth.svg and load.svg where the results have several depths or loads.
"""

import argparse
import json
import statistics
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402 (the backend is chosen before)

OURS, THEIRS, LIMIT = "#1f6fb4", "#c9a227", "#999999"


def read_rows(paths):
    rows = {}
    for path in paths:
        result = json.loads(Path(path).read_text())
        for row in result["rows"]:
            row["table"] = result["cpu"]["table"]
            rows[row["table"], row["model"], row["what"], row["n_tokens"], row["depth"], row["load"]] = row
    return list(rows.values())


def middle(row, name):
    return statistics.median(row[name])


def limit_of(row):
    """Tokens per second at 100 % of the limit, weights (and keys and values) alone."""
    return middle(row, "minnow") * 100 / row["minnow_percent_of_limit"]


def whiskers(row, name):
    center = middle(row, name)
    return [[center - min(row[name])], [max(row[name]) - center]]


def draw_speed(rows, path):
    whats = ["prefill", "decode"]
    idle = [row for row in rows if row["depth"] == 0 and row["load"] == 0]
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    for panel, what in zip(panels, whats):
        shown = [row for row in idle if row["what"] == what]
        for x, row in enumerate(shown):
            panel.bar(x - 0.2, middle(row, "minnow"), 0.38, color=OURS, yerr=whiskers(row, "minnow"),
                      label="minnow" if x == 0 else None)
            panel.bar(x + 0.2, middle(row, "llama.cpp"), 0.38, color=THEIRS,
                      yerr=whiskers(row, "llama.cpp"), label="llama.cpp" if x == 0 else None)
            panel.plot([x - 0.45, x + 0.45], [limit_of(row)] * 2, color=LIMIT, linestyle="--",
                       label="limit of the machine" if x == 0 else None)
            panel.annotate(f"{row['ratio']:.1f}x", (x - 0.2, middle(row, "minnow")), ha="center",
                           va="bottom", xytext=(0, 8), textcoords="offset points")
        panel.set_xticks(range(len(shown)),
                         [f"{row['model']}\n{row['table']}" for row in shown], fontsize=8)
        panel.set_ylabel("tokens/s")
        panel.set_title(f"{what} {shown[0]['n_tokens']}" if shown else what)
    panels[0].legend(frameon=False, fontsize=8)
    save(figure, path)


def draw_lines(rows, over, label, path):
    """One panel for each thing measured; a line for each program and model, relative to the start."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.8))
    for panel, what in zip(panels, ["prefill", "decode"]):
        models = sorted({row["model"] for row in rows if row["what"] == what})
        for model, style in zip(models, ["-", "--", ":"]):
            line = sorted((row for row in rows if row["what"] == what and row["model"] == model),
                          key=lambda row: row[over])
            for name, color in (("minnow", OURS), ("llama.cpp", THEIRS)):
                start = middle(line[0], name)
                panel.plot([row[over] for row in line],
                           [100 * middle(row, name) / start for row in line], style, marker="o",
                           color=color, label=f"{name}, {model}")
            if over == "load":
                threads = 2
                panel.plot([row[over] for row in line],
                           [100 * threads / (threads + row[over]) for row in line], color=LIMIT,
                           label="fair share" if model == models[0] else None)
        panel.set_ylim(0, 110)
        panel.set_xlabel(label)
        panel.set_ylabel("% of the speed at the left")
        panel.set_title(what)
    panels[0].legend(frameon=False, fontsize=7)
    save(figure, path)


def save(figure, path):
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
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
    rows = read_rows(arguments.results)
    arguments.out.mkdir(parents=True, exist_ok=True)
    draw_speed(rows, arguments.out / "speed.svg")
    for over, label in (("depth", "tokens that are there before"), ("load", "busy processes beside")):
        other = "load" if over == "depth" else "depth"
        line = [row for row in rows if row[other] == 0]
        if len({row[over] for row in line}) > 1:
            draw_lines(line, over, label, arguments.out / f"{over}.svg")


if __name__ == "__main__":
    main()
