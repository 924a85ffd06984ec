"""How often each part runs, and that a run on the machine it was made for is foretold to be short."""

from __future__ import annotations

import pytest

from bench.options import Options, parse
from bench.plan import Estimate
from bench.shapes import Shape, parse_shape


def on_two_cores(options: Options, shape: Shape) -> Estimate:
    return Estimate(options, shape, dtype="bfloat16", bandwidth=27e9, matrix_rate=160e9)


def foretold_minutes(options: Options) -> float:
    def kinds(shape: Shape) -> tuple[str, ...]:
        return options.quantizations if shape == options.shapes[0] else ("none",)

    parts = [
        (p, s) for s in options.shapes for p in options.parts if s == options.shapes[0] or p in ("decode", "prefill")
    ]
    return sum(on_two_cores(options, shape).seconds(part, kinds(shape)) for part, shape in parts) / 60


@pytest.mark.parametrize(("arguments", "minutes"), [([], 40), (["--quick"], 6.5)])
def test_a_whole_run_leaves_room_for_the_starts_of_engines(arguments: list[str], minutes: float) -> None:
    assert 1 < foretold_minutes(parse(arguments)) < minutes


def test_the_main_figures_are_measured_in_full_and_what_stands_beside_them_three_times() -> None:
    options = parse(["--model", "d20-g0,d20-g5", "--runs", "7"])
    first, second = options.shapes
    assert [options.runs_of("decode", first, kind) for kind in ("none", "int8")] == [7, 7]
    assert [options.runs_of("prefill", first, kind) for kind in ("none", "int8")] == [7, 3]
    assert [options.runs_of("arrivals", first, kind) for kind in ("none", "int4")] == [10, 3]
    assert options.runs_of("decode", second, "none") == 3


def test_a_prompt_costs_more_than_a_step_and_int4_steps_less_than_wide_ones() -> None:
    estimate = on_two_cores(parse([]), parse_shape("d20-g0"))
    assert estimate.prompt(512) > estimate.step("none", 1) > estimate.step("int8", 1) > estimate.step("int4", 1)
