#!/usr/bin/env python3
"""Draws what compare_peer.py measured: speed against the peer, and over depth and foreign load.

    plot_results.py RESULT.json... [--out docs/plots]

A result with several depths becomes depth.svg, one with several loads load.svg (both relative to its
own first row); the others together become speed.svg, where a later row replaces an earlier one. Needs
matplotlib.
"""

import argparse
import json
import statistics
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402 (the backend is chosen before)

OURS, THEIRS, LIMIT = "#1f6fb4", "#c9a227", "#999999"


def read_rows(path):
    result = json.loads(Path(path).read_text())
    return [dict(row, table=result["cpu"]["table"]) for row in result["rows"]]


def middle(row, name):
    return statistics.median(row[name])


def draw_speed(rows, path):
    """Percent of what the machine can do at most, which fits models of all sizes; ratios above."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4))
    for panel, what in zip(panels, ["prefill", "decode"]):
        shown = [row for row in rows if row["what"] == what]
        for x, row in enumerate(shown):
            heights = [row["minnow_percent_of_limit"], row["llama.cpp_percent_of_limit"]]
            panel.bar(x - 0.2, heights[0], 0.38, color=OURS, label="minnow" if x == 0 else None)
            panel.bar(x + 0.2, heights[1], 0.38, color=THEIRS, label="llama.cpp" if x == 0 else None)
            panel.annotate(f"{row['ratio']:.1f}x", (x - 0.2, heights[0]), ha="center", va="bottom",
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
                panel.set_xticks([row[over] for row in line])
                panel.plot([row[over] for row in line],
                           [100 * threads / (threads + row[over]) for row in line], color=LIMIT,
                           label="fair share" if model == models[0] else None)
        panel.set_ylim(0, 125)
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
    arguments.out.mkdir(parents=True, exist_ok=True)
    single = {}
    for path in arguments.results:
        rows = read_rows(path)
        several = [over for over in ("depth", "load") if len({row[over] for row in rows}) > 1]
        for over in several:
            label = {"depth": "tokens that are there before", "load": "busy processes beside"}[over]
            draw_lines(rows, over, label, arguments.out / f"{over}.svg")
        if not several:
            single.update({(row["table"], row["model"], row["what"]): row for row in rows})
    if single:
        draw_speed(list(single.values()), arguments.out / "speed.svg")


if __name__ == "__main__":
    main()
