"""Thresholds are judged by what was measured, and a table says what was left out."""

from __future__ import annotations

from typing import Any

import pytest

from bench.goals import goals
from bench.table import report

RUNS = {"min": 0.0, "max": 0.0, "runs": []}


def median(value: float) -> dict[str, Any]:
    return {"median": value, **RUNS}


def result(flags: list[str], **parts: Any) -> dict[str, Any]:
    about = {
        "date": "2026-11-24T12:00Z",
        "commit": "abc",
        "changed": False,
        "machine": {"cores": 2, "processor": "P", "flags": flags},
        "options": {"models": ["d20-g0"], "runs": 5},
    }
    return {"about": about, "parts": {f"{name}/d20-g0": part for name, part in parts.items()}, "skipped": {}}


def decode(**rates: dict[str, Any]) -> dict[str, Any]:
    how = {"dtype": "bfloat16", "kernel": "native", "batch_invariant": False}
    engines = {"none": {**how, "weight_bytes": 1.1e9, "cache_bytes": 1e8}}
    memory = {"none": {"own": 1_300_000_000}}
    return {"tokens_per_second": rates, "engines": engines, "memory": memory, "prompt_tokens": 16}


def verdict(found: dict[str, Any], what: str) -> str:
    return next(goal.verdict for goal in goals(found) if what in goal.what)


@pytest.mark.parametrize(("ours", "expected"), [(37.5, "met"), (37.4, "not met")])
def test_one_stream_is_judged_against_the_peer_of_the_same_run(ours: float, expected: str) -> None:
    rates = {"none": {"1": median(ours)}, "transformers": {"1": median(15.0)}}
    assert verdict(result(["avx512_bf16"], decode=decode(**rates)), "one stream, bfloat16, over") == expected


@pytest.mark.parametrize(("bare", "expected"), [(25.0, "met"), (25.1, "not met")])
def test_eighty_percent_of_the_bare_kernels_meets_a_line_that_a_fast_peer_would_fail(
    bare: float, expected: str
) -> None:
    rates = {"none": {"1": median(20.0)}, "transformers": {"1": median(15.0)}}
    machine = {"bandwidth_bytes_per_second": 50e9, "kernels": {"bfloat16": {"1": bare}}}
    found = result(["avx512_bf16"], decode=decode(**rates), machine=machine)
    assert verdict(found, "one stream, bfloat16, over") == expected


def test_the_floor_is_the_bandwidth_over_the_bytes_of_a_step() -> None:
    rates = {"none": {"1": median(40.0)}}
    machine = {"bandwidth_bytes_per_second": 2 * 477_102_080 * 50.0, "kernels": {}}
    goal = next(g for g in goals(result(["avx512_bf16"], decode=decode(**rates), machine=machine)) if "floor" in g.what)
    assert (goal.measured, goal.verdict) == ("80%", "met")


def test_another_processor_has_its_ratios_reported() -> None:
    rates = {"none": {"1": median(60.0)}, "transformers": {"1": median(15.0)}}
    told = verdict(result(["avx2"], decode=decode(**rates)), "one stream, bfloat16, over")
    assert told == "reported (no AVX-512 bf16 here): met"


def test_memory_is_judged_beyond_weights_and_cache() -> None:
    goal = next(g for g in goals(result(["avx512_bf16"], decode=decode())) if "beyond weights" in g.what)
    assert (goal.measured, goal.verdict) == ("1e+08 bytes", "met")


def test_nothing_measured_is_nothing_met() -> None:
    assert {goal.verdict for goal in goals(result(["avx512_bf16"]))} == {"not measured"}


def test_a_descriptor_left_open_is_not_met() -> None:
    at_rest = {"blocks_used": 0, "running": 0, "waiting": 0, "descriptors": 8}
    soak = {"requests": 1000, "before": at_rest, "after": {**at_rest, "descriptors": 9}, "growth": 0.0}
    found = next(g for g in goals(result(["avx512_bf16"], soak=soak)) if "descriptors" in g.what)
    assert found.verdict == "not met"
    assert "descriptors 8 -> 9" in found.measured


def test_the_report_names_what_was_left_out_and_every_rate() -> None:
    found = result(["avx2"], decode=decode(none={"1": median(7.25), "8": median(31.0)}))
    found["skipped"] = {"d20-g0 int8 engine": "it does not know QUANTIZATION"}
    text = report(found)
    assert "| engine, none (bfloat16, native, not batch invariant) | 7.2 | 31.0 |" in text
    assert "- d20-g0 int8 engine: it does not know QUANTIZATION" in text
