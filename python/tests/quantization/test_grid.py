"""Weights rounded to the grids keep their values to half a level, and what is no number is not hidden."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.quantization.grid import INT4, INT8, Grid

GRIDS = pytest.mark.parametrize("grid", [INT8, INT4], ids=["int8", "int4"])
INPUTS = st.integers(1, 200)
# What bfloat16 rounds a scale by, as a share of it.
SCALE_ROUNDING = 2.0**-8


def weight(outputs: int, inputs: int, seed: int, size: float = 1.0) -> torch.Tensor:
    return torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(seed)) * size


def scales_of_weights(grid: Grid, values: torch.Tensor) -> torch.Tensor:
    """The scale of each weight, (outputs, inputs)."""
    _, scales = grid.round(values)
    return scales.float().repeat_interleave(grid.group, dim=1)[:, : values.shape[1]]


@GRIDS
@settings(deadline=None, max_examples=50)
@given(inputs=INPUTS, seed=st.integers(0, 1000), size=st.floats(1e-6, 1e6))
def test_a_restored_weight_is_at_most_half_a_level_away(grid: Grid, inputs: int, seed: int, size: float) -> None:
    values = weight(3, inputs, seed, size)
    scales = scales_of_weights(grid, values)
    # A scale that was rounded down clips the group's largest weight by that much more.
    bound = scales * (0.5 + grid.top * SCALE_ROUNDING) * 1.0001
    assert ((grid.restore(values) - values).abs() <= bound).all()
    inside = values.abs() <= scales * (grid.top + 0.5)
    assert ((grid.restore(values) - values).abs() <= scales * 0.5001)[inside].all()


@GRIDS
@settings(deadline=None, max_examples=50)
@given(inputs=INPUTS, seed=st.integers(0, 1000))
def test_within_a_group_a_larger_weight_has_no_smaller_level(grid: Grid, inputs: int, seed: int) -> None:
    values = weight(2, inputs, seed)
    levels, _ = grid.round(values)
    for start in range(0, inputs, grid.group):
        end = min(inputs, start + grid.group)
        for row, of_row in zip(values[:, start:end], levels[:, start:end], strict=True):
            assert (of_row[row.argsort()].int().diff() >= 0).all()


@GRIDS
@settings(deadline=None, max_examples=50)
@given(inputs=INPUTS, seed=st.integers(0, 1000))
def test_levels_are_within_the_bits_and_the_padding_is_zero(grid: Grid, inputs: int, seed: int) -> None:
    levels, scales = grid.round(weight(2, inputs, seed))
    assert levels.shape == (2, grid.padded(inputs))
    assert scales.shape == (2, grid.padded(inputs) // grid.group)
    assert levels.abs().max() <= grid.top
    assert not levels[:, inputs:].any()


@GRIDS
def test_what_lies_on_the_grid_is_kept_exactly_and_restoring_changes_it_no_more(grid: Grid) -> None:
    values = torch.arange(-grid.top, grid.top + 1).float().repeat(5)[None, : 2 * grid.group]
    values[0, 0] = values[0, grid.group] = grid.top
    assert torch.equal(grid.restore(values), values)
    once = grid.restore(weight(2, 100, 1))
    assert torch.equal(grid.restore(once), once)


@GRIDS
def test_a_group_of_zeros_stays_zero_beside_one_that_is_not(grid: Grid) -> None:
    values = torch.zeros(1, 2 * grid.group)
    values[0, grid.group :] = 1.0
    restored = grid.restore(values)
    assert not restored[0, : grid.group].any()
    assert (restored[0, grid.group :] - 1.0).abs().max() <= SCALE_ROUNDING


@GRIDS
@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_makes_its_whole_group_none_and_no_other(grid: Grid, broken: float) -> None:
    values = torch.ones(2, 2 * grid.group)
    values[1, 3] = broken
    restored = grid.restore(values)
    assert restored[1, : grid.group].isnan().all()
    assert restored[0].isfinite().all()
    assert restored[1, grid.group :].isfinite().all()


@GRIDS
@given(inputs=st.integers(1, 10_000))
def test_a_row_is_padded_to_the_next_64_inputs(grid: Grid, inputs: int) -> None:
    padded = grid.padded(inputs)
    assert padded % 64 == 0
    assert padded % grid.group == 0
    assert inputs <= padded < inputs + 64
