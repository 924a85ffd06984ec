"""A result as markdown: what README shows and the terminal prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.goals import Figures, goals

Rows = list[list[str]]


def report(result: dict[str, Any]) -> str:
    """The whole result, one section a part; what was not measured has no section."""
    figures = Figures(result)
    about, machine = result["about"], result["about"]["machine"]
    state = f"commit {about['commit']}" + (", with changes not committed" if about["changed"] else "")
    flags = ", ".join(machine["flags"]) or "none of those that matter here"
    sections = [
        f"# Speed, {about['date'][:10]}\n\n{state}; {machine['cores']} x {machine['processor']} ({flags}); medians of"
        f" {about['options']['runs']} interleaved runs.",
        _machine(figures),
    ]
    for name, part in result["parts"].items():
        kind, _, model = name.partition("/")
        if kind in _SECTIONS and part and "skipped" not in part:
            sections.append(_SECTIONS[kind](model, part, figures if model == figures.model else None))
    if result.get("skipped"):
        sections.append("## Left out\n\n" + "\n".join(f"- {name}: {why}" for name, why in result["skipped"].items()))
    sections.append(_goals(result))
    return "\n\n".join(section for section in sections if section) + "\n"


def markdown(head: Sequence[str], rows: Rows) -> str:
    """A table whose first column is text and whose others are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def _machine(figures: Figures) -> str:
    part = figures.part("machine")
    if not part:
        return ""
    rates = "; ".join(
        f"{threads} threads " + ", ".join(f"{way} {rate / 1e9:.1f}" for way, rate in ways.items())
        for threads, ways in part["read_bytes_per_second"].items()
    )
    matrix = ", ".join(f"{dtype} {rate / 1e9:.0f}" for dtype, rate in part["matrix_rate"].items())
    skipped = "".join(f"\n\n{kind}: {v['skipped']}" for kind, v in part["kernels"].items() if "skipped" in v)
    return (
        f"## Machine\n\nRead bandwidth in GB/s: {rates}. Matrix rate in GFLOP/s: {matrix}."
        f" torch {part['torch']}, {part['capability']}, {part['threads']} threads.{skipped}"
    )


def _decode(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rates = part["tokens_per_second"]
    counts = sorted({int(n) for rungs in rates.values() for n in rungs})
    rows: Rows = []
    for name, rungs in rates.items():
        label = f"engine, {name}{_mode(part, name)}" if name in part["engines"] else f"{name}, {_way(part, name)}"
        rows.append([label, *(_number(rungs, n) for n in counts)])
    if figures is not None:
        for name in part["engines"]:
            bare = [figures.bare(name, n) for n in counts]
            if any(bare):
                rows.append([f"bare torch kernels, {name}", *("" if rate is None else f"{rate:.1f}" for rate in bare)])
            floor = figures.floor(name)
            if floor is not None:
                rows.append([f"memory's floor, {name}", f"{floor:.1f}", *("" for _ in counts[1:])])
    client = part.get("client_share_of_a_processor")
    beside = f" The measuring client took at most {client:.1%} of one processor." if client is not None else ""
    notes = "".join(
        f" {name}: {note}." for name, peer in part.get("peers", {}).items() for note in peer.get("notes", ())
    )
    table = markdown([f"decode, tokens/s of all streams ({model})", *(str(n) for n in counts)], rows)
    memory = _memory(part)
    return f"## Decode, {model}\n\n{table}\n\nPrompts of {part['prompt_tokens']} tokens.{beside}{notes}\n\n{memory}"


def _memory(part: dict[str, Any]) -> str:
    if not any(part["memory"].values()):
        return ""
    kinds = ("own", "RssAnon", "RssShmem", "RssFile")
    rows = [[name, *(_mib(m.get(kind)) for kind in kinds), _mib(part["engines"][name].get("weight_bytes")),
             _mib(part["engines"][name].get("cache_bytes"))] for name, m in part["memory"].items()]  # fmt: skip
    return markdown(["peak memory, MiB", *kinds, "weights", "cache configured"], rows)


def _prefill(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rates = part["tokens_per_second"]
    lengths = sorted({int(n) for values in rates.values() for n in values})
    rows = [[name, *(_number(values, n) for n in lengths)] for name, values in rates.items()]
    table = markdown([f"prefill, tokens/s ({model})", *(f"{n} tokens" for n in lengths)], rows)
    first = [
        [
            name,
            *(f"{values[key]['median']:.3f}" for key in ("cold", "cached_prefix")),
            f"{values['cached_tokens']['median']:.0f}",
        ]
        for name, values in part["first_token_seconds"].items()
    ]
    head = [
        f"seconds to the first token, {lengths[-1] if lengths else ''} tokens",
        "cold",
        "same prefix again",
        "tokens cached",
    ]
    return f"## Prefill, {model}\n\n{table}\n\n{markdown(head, first)}"


def _arrivals(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows = []
    for name, spans in part["intervals_seconds"].items():
        rate = part["newcomer_tokens_per_second"][name]
        keys = ("outside_p50", "outside_p99", "inside_p50", "inside_p99", "inside_longest")
        cells = [f"{spans[key] * 1e3:.0f}" for key in keys]
        ratios = [f"{spans['p99_over_median']:.1f}", f"{spans['longest_over_median']:.1f}"]
        rows.append([name, *cells, *ratios, f"{rate['beside']:.0f}", f"{rate['alone']:.0f}", f"{rate['share']:.0%}"])
    head = ["ms between tokens", "usual p50", "usual p99", "meanwhile p50", "p99", "longest"]
    more = ["p99 / usual", "longest / usual", "newcomer tokens/s", "alone", "share"]
    counts = ", ".join(f"{count} ({name})" for name, count in part["arrivals"].items())
    text = (
        f"Prompts of {part['prompt_tokens']} tokens, one at a time, beside {part['streams']} running streams: {counts}."
    )
    if not rows:
        return ""
    return f"## A long prompt arrives, {model}\n\n{text}\n\n{markdown([*head, *more], rows)}"


def _invariance(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows, counts = (
        [],
        sorted({int(n) for modes in part["tokens_per_second"].values() for m in modes.values() for n in m}),
    )
    for name, modes in part["tokens_per_second"].items():
        for mode, rungs in modes.items():
            rows.append([f"{name}, {mode}", *(_number(rungs, n) for n in counts)])
        if {"on", "off"} <= modes.keys():
            costs = [1 - modes["on"][str(n)]["median"] / modes["off"][str(n)]["median"] for n in counts]
            rows.append([f"{name}, cost of on", *(f"{cost:.1%}" for cost in costs)])
    if not rows:
        return ""
    return f"## BATCH_INVARIANT, {model}\n\n{markdown(['decode, tokens/s', *(str(n) for n in counts)], rows)}"


def _gateway(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows = [
        [
            f"{name}, {count} streams",
            *(f"{pair[side]['median']:.1f}" for side in ("engine", "gateway")),
            f"{pair['loss']:.1%}",
        ]
        for name, counts in part["bursts"].items()
        for count, pair in counts.items()
    ]
    head = ["tokens/s of a burst", "engine", "through the gateway", "lost (median of pairs)"]
    return f"## Gateway, {model}\n\n{markdown(head, rows)}" if rows else ""


def _step(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows = [
        [
            f"{name}, {count} streams",
            *(f"{v[key]:.2f}" for key in ("step_ms", "forward_ms", "outside_ms")),
            f"{v['outside_share']:.1%}",
        ]
        for name, counts in part["shares"].items()
        for count, v in counts.items()
    ]
    head = ["ms of a decode step", "whole", "forward pass", "the rest", "share of the rest"]
    return f"## A step, {model}\n\n{markdown(head, rows)}" if rows else ""


def _constraint(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows = [
        [
            f"{name}, {one['streams']} streams",
            *(f"{one[key]:.2f}" for key in ("free_ms", "constrained_ms", "mask_ms", "take_ms")),
            f"{one['added_share']:+.1%}",
            f"{one['mask_share']:.1%}",
        ]
        for name, one in part["constrained"].items()
    ]
    head = ["ms of a decode step", "free", "JSON schema", "its masks", "its paths", "added", "share of masks"]
    return f"## A constrained step, {model}\n\n{markdown(head, rows)}" if rows else ""


def _soak(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows = [[name, str(part["before"][name]), str(part["after"][name])] for name in part["before"]]
    growth = part["growth"]
    text = (
        f"{part['requests']} requests of mixed length, {part['quantization']}: own memory of the last quarter"
        f" {_mib(part['last_quarter_bytes'])} MiB, of the second {_mib(part['second_quarter_bytes'])} MiB"
        + (f" ({growth:+.2%})." if growth is not None else ".")
    )
    return f"## Soak, {model}\n\n{text}\n\n{markdown(['at rest', 'before', 'after'], rows)}"


def _quality(model: str, part: dict[str, Any], figures: Figures | None) -> str:
    rows = [
        [
            f"{name}, {one['kernel']}",
            f"{one['answer_perplexity']:.5f}",
            f"{one['answer_perplexity_change']:+.3%}",
            f"{one['perplexity_change']:+.3%}",
            f"{one['same_token_share']:.2%}",
            f"{one['same_answer_share']:.1%}",
        ]
        for name, one in part["ways"].items()
    ]
    head = [part["model"], "perplexity of answers", "over bfloat16", "of whole chats, over bfloat16"]
    head += ["same likeliest token", "same greedy answer"]
    one = next(iter(part["ways"].values()))
    text = f"{one['answer_tokens']} tokens of answers, {one['tokens']} in all, {one['answers']} greedy answers."
    return f"## Quality, {part['model']}\n\n{text}\n\n{markdown(head, rows)}"


def _goals(result: dict[str, Any]) -> str:
    rows = [[goal.line, goal.what, goal.measured, goal.wanted, goal.verdict] for goal in goals(result)]
    lines = [
        "| " + " | ".join(row) + " |" for row in (["line", "what", "measured", "wanted", "verdict"], ["---"] * 5, *rows)
    ]
    return "## Goals\n\n" + "\n".join(lines)


_SECTIONS = {
    "decode": _decode,
    "prefill": _prefill,
    "arrivals": _arrivals,
    "invariance": _invariance,
    "gateway": _gateway,
    "step": _step,
    "constraint": _constraint,
    "soak": _soak,
    "quality": _quality,
}


def _mode(part: dict[str, Any], name: str) -> str:
    about = part["engines"][name]
    invariant = "" if about["batch_invariant"] else "not "
    return f" ({about['dtype']}, {about['kernel']}, {invariant}batch invariant)"


def _way(part: dict[str, Any], name: str) -> str:
    best = part.get("peers", {}).get(name, {}).get("best", {})
    return "; ".join(f"{n}: {way}" for n, way in best.items() if not n.startswith("-")) or "random weights"


def _number(rungs: dict[str, Any], count: int) -> str:
    found = rungs.get(str(count))
    return "" if found is None else f"{found['median']:.1f}"


def _mib(value: float | None) -> str:
    return "" if value is None else f"{value / 2**20:.0f}"


def totals(seconds: Iterable[float]) -> str:
    """Seconds in words, for what is printed in advance."""
    return f"{sum(seconds) / 60:.0f} minutes"
