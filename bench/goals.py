"""The thresholds that the speed work was given (issue 5, "Done when"), beside what a run measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.shapes import Shape, parse_shape, step_bytes

# Ratios hold on a processor with these instructions; elsewhere they are reported.
_NEEDS = "avx512_bf16"
_ELSEWHERE = "reported (no AVX-512 bf16 here)"
# A line of 1 or 2 also counts as met at this share of the best bare kernel for the same products.
_BARE_SHARE = 0.8
_MEMORY_BEYOND = 400e6


@dataclass(frozen=True, slots=True)
class Goal:
    """One threshold. measured: in words; verdict: met, not met, not measured, or reported."""

    line: str
    what: str
    measured: str
    wanted: str
    verdict: str


class Figures:
    """Medians of a result; None for what was not measured."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result
        self.model = result["about"]["options"]["models"][0]
        self.shape: Shape = parse_shape(self.model)

    def part(self, name: str) -> dict[str, Any]:
        parts = self.result["parts"]
        found: dict[str, Any] = parts.get(f"{name}/{self.model}", {})
        return found

    def rate(self, part: str, contender: str, count: int) -> float | None:
        """Median tokens a second of a contender at a number of streams, or of a prompt's length."""
        found = self.part(part).get("tokens_per_second", {}).get(contender, {}).get(str(count))
        return None if found is None else float(found["median"])

    def dtype(self, quantization: str) -> str:
        return str(self.part("decode").get("engines", {}).get(quantization, {}).get("dtype") or "float32")

    def bandwidth(self) -> float | None:
        found: float | None = self.part("machine").get("bandwidth_bytes_per_second")
        return found

    def floor(self, quantization: str) -> float | None:
        """Steps a second at the measured bandwidth: every weight read once."""
        rate = self.bandwidth()
        return None if rate is None else rate / step_bytes(self.shape, quantization, self.dtype(quantization))

    def bare(self, quantization: str, rows: int) -> float | None:
        """Tokens a second of torch's best bare kernel for the products of one step; unquantized in either dtype."""
        kernels = self.part("machine").get("kernels", {})
        kinds = ("float32", "bfloat16") if quantization == "none" else (quantization,)
        return max((kernels[kind][str(rows)] for kind in kinds if str(rows) in kernels.get(kind, {})), default=None)


def goals(result: dict[str, Any]) -> list[Goal]:
    """Every threshold that the bench measures, in the order of the issue."""
    figures = Figures(result)
    judge = _judge(_NEEDS in result["about"]["machine"]["flags"])
    peer = {count: figures.rate("decode", "transformers", count) for count in (1, 8, 16)}
    ours = {q: {n: figures.rate("decode", q, n) for n in (1, 8, 16)} for q in ("none", "int8", "int4")}
    told: list[Goal] = []

    def against_peer(line: str, quantization: str, streams: int, wanted: float, what: str) -> None:
        rate = ours[quantization][streams]
        bare = _ratio(rate, figures.bare(quantization, streams))
        beside = "" if bare is None else f", {bare:.0%} of the bare kernels"
        ratio = _ratio(rate, peer[streams])
        met = None if ratio is None and bare is None else (ratio or 0) >= wanted or (bare or 0) >= _BARE_SHARE
        told.append(Goal(line, what, _words(ratio, "{:.2f} times") + beside, f"{wanted:g} times", judge(met)))

    full = figures.dtype("none")
    against_peer("1", "none", 1, 2.5, f"one stream, {full}, over transformers' best")
    share = _ratio(ours["none"][1], figures.floor("none"))
    told.append(_at_least(judge, "1", f"one stream, {full}, of the memory's floor", share, 0.7, "{:.0%}"))
    against_peer("1", "int8", 1, 4.0, "one stream, int8, over transformers' best")
    against_peer("1", "int4", 1, 6.0, "one stream, int4, over transformers' best")
    against_peer("2", "none", 8, 2.5, f"8 streams, {full}, over transformers' batch of 8")
    better = max(("none", "int8"), key=lambda q: ours[q][16] or 0)
    against_peer("2", better, 16, 3.5, f"16 streams, {full if better == 'none' else better}, over its batch of 16")
    prefill = _ratio(figures.rate("prefill", "none", 512), figures.rate("prefill", "transformers", 512))
    told.append(_at_least(judge, "3", "prefill of 512 tokens over transformers'", prefill, 1.0, "{:.2f} times"))
    first = figures.part("prefill").get("first_token_seconds", {}).get("none", {})
    warm = _ratio(_median(first, "cached_prefix"), _median(first, "cold"))
    told.append(
        _at_most(judge, "3", "first token after a cached prefix of 1,500, of the cold time", warm, 0.1, "{:.1%}")
    )
    told += _arrival_goals(figures, judge)
    loss = figures.part("gateway").get("bursts", {}).get("none", {}).get("16", {}).get("loss")
    told.append(_at_most(judge, "5", "lost through the gateway, 16 streams", loss, 0.05, "{:.1%}"))
    return told + _memory_goals(figures, judge) + _quality_goals(figures)


def _arrival_goals(figures: Figures, judge: Callable[[bool | None], str]) -> list[Goal]:
    part = figures.part("arrivals")
    spans = part.get("intervals_seconds", {}).get("none", {})
    share = part.get("newcomer_tokens_per_second", {}).get("none", {}).get("share")
    p99, longest = spans.get("p99_over_median"), spans.get("longest_over_median")
    return [
        _at_most(judge, "4", "p99 between tokens while a prompt arrives, of the usual", p99, 4, "{:.1f} times"),
        _at_most(judge, "4", "the longest of them", longest, 10, "{:.1f} times"),
        _at_least(judge, "4", "the newcomer's prefill, of its rate alone", share, 0.5, "{:.0%}"),
    ]


def _memory_goals(figures: Figures, judge: Callable[[bool | None], str]) -> list[Goal]:
    own = figures.part("decode").get("memory", {}).get("none", {}).get("own")
    about = figures.part("decode").get("engines", {}).get("none", {})
    beyond = None
    if own is not None and about.get("weight_bytes") and about.get("cache_bytes"):
        beyond = own - about["weight_bytes"] - about["cache_bytes"]
    soak = figures.part("soak")
    left = soak.get("growth")
    before, after = soak.get("before"), soak.get("after")
    names = ("blocks_used", "running", "waiting", "descriptors")
    back = None if before is None or after is None else all(after[name] == before[name] for name in names)
    return [
        _at_most(judge, "6", "own memory beyond weights and cache", beyond, _MEMORY_BEYOND, "{:.3g} bytes"),
        Goal(
            "6",
            f"after {soak.get('requests', 'the')} requests blocks, requests and descriptors are back",
            "not measured"
            if back is None
            else ", ".join(f"{n} {before[n]} -> {after[n]}" for n in names if before and after),
            "all",
            judge(back),
        ),
        _at_most(judge, "6", "memory of the last quarter over the second", left, 0.03, "{:+.2%}"),
    ]


def _quality_goals(figures: Figures) -> list[Goal]:
    """These hold on any processor."""
    ways, judge = figures.part("quality").get("ways", {}), _judge(holds_here=True)
    what = "perplexity of {} over bfloat16's"
    return [
        _at_most(
            judge, "quality", what.format(kind), ways.get(kind, {}).get("answer_perplexity_change"), most, "{:+.2%}"
        )
        for kind, most in (("int8", 0.005), ("int4", 0.03))
    ]


def _judge(holds_here: bool) -> Callable[[bool | None], str]:
    def verdict(met: bool | None) -> str:
        if met is None:
            return "not measured"
        word = "met" if met else "not met"
        return word if holds_here else f"{_ELSEWHERE}: {word}"

    return verdict


def _at_least(
    judge: Callable[[bool | None], str], line: str, what: str, value: float | None, bound: float, form: str
) -> Goal:
    met = None if value is None else value >= bound
    return Goal(line, what, _words(value, form), f"at least {form.format(bound)}", judge(met))


def _at_most(
    judge: Callable[[bool | None], str], line: str, what: str, value: float | None, bound: float, form: str
) -> Goal:
    met = None if value is None else value <= bound
    return Goal(line, what, _words(value, form), f"at most {form.format(bound)}", judge(met))


def _words(value: float | None, form: str) -> str:
    return "not measured" if value is None else form.format(value)


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _median(values: dict[str, Any], key: str) -> float | None:
    return float(values[key]["median"]) if key in values else None
