"""From arrival times to figures: medians, quantiles, rates, intervals. Times are seconds of one monotonic clock."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from itertools import pairwise

Interval = tuple[float, float]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values don't exceed (nearest rank). Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def summary(values: Sequence[float]) -> dict[str, object]:
    """Median, extremes, and every run, so that a reader sees the spread. Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": list(values)}


def rate(streams: Iterable[Sequence[float]], begin: float, end: float) -> float:
    """Tokens a second that arrived in (begin, end], all streams together. Raises ValueError for an empty window."""
    if end <= begin:
        raise ValueError("an empty window")
    return sum(begin < time <= end for times in streams for time in times) / (end - begin)


def intervals(times: Sequence[float]) -> list[Interval]:
    """From each arrival to the next. Tokens that came with one write are one arrival."""
    return [(before, after) for before, after in pairwise(times) if after > before]


def split_by(spans: Iterable[Interval], window: Interval) -> tuple[list[float], list[float]]:
    """Lengths of the spans that meet the window, and of those that don't."""
    inside: list[float] = []
    outside: list[float] = []
    for begin, end in spans:
        meets = begin < window[1] and end > window[0]
        (inside if meets else outside).append(end - begin)
    return inside, outside


def interval_figures(inside: Sequence[float], outside: Sequence[float]) -> dict[str, float | int]:
    """Seconds between tokens inside and outside the windows, and the ratios to the median outside. Raises ValueError for none."""
    usual = quantile(outside, 0.5)
    return {
        "outside_p50": usual,
        "outside_p99": quantile(outside, 0.99),
        "outside_longest": max(outside),
        "inside_p50": quantile(inside, 0.5),
        "inside_p99": quantile(inside, 0.99),
        "inside_longest": max(inside),
        "p99_over_median": quantile(inside, 0.99) / usual,
        "longest_over_median": max(inside) / usual,
        "inside_count": len(inside),
        "outside_count": len(outside),
    }


def quarters(values: Sequence[float]) -> tuple[float, float]:
    """Medians of the second and of the last quarter. Raises ValueError for fewer than four."""
    if len(values) < 4:
        raise ValueError("fewer than four values")
    size = len(values) // 4
    return statistics.median(values[size : 2 * size]), statistics.median(values[-size:])
