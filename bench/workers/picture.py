"""Draws throughput over streams with the memory's floor: python -m bench.workers.picture RESULT.json PICTURE.png."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from bench.goals import Figures

_COLOURS = {"none": "#1f77b4", "int8": "#2ca02c", "int4": "#d62728", "transformers": "#7f7f7f"}


def draw(result: dict[str, Any], path: Path) -> bool:
    """Write the picture; False where decode was not measured."""
    figures = Figures(result)
    part = figures.part("decode")
    if not part:
        return False
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    counts = sorted({int(n) for rungs in part["tokens_per_second"].values() for n in rungs})
    for name, rungs in part["tokens_per_second"].items():
        streams = sorted(int(n) for n in rungs)
        ours = name in part["engines"]
        label = f"engine, {figures.dtype('none') if name == 'none' else name}" if ours else name
        medians = [rungs[str(n)]["median"] for n in streams]
        axes.plot(streams, medians, marker="o" if ours else "s", color=_COLOURS.get(name), label=label)
        floor = figures.floor(name) if ours else None
        if floor is not None:
            line = [floor * n for n in counts]
            axes.plot(
                counts,
                line,
                linestyle=":",
                color=_COLOURS.get(name),
                label=f"one read of the weights a step, {label[8:]}",
            )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(counts, [str(n) for n in counts])
    axes.set_xlabel("streams at once")
    axes.set_ylabel("tokens a second, all streams together")
    machine = result["about"]["machine"]
    axes.set_title(
        f"{figures.model}, {machine['cores']} x {machine['processor']}, commit {result['about']['commit']}", fontsize=10
    )
    axes.grid(which="both", alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    return True


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
