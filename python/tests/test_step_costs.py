"""Prompt rows beside running streams: as many as keep a step within two and a half plain ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.step_costs import StepCosts

PLAIN = 0.050


def settled(row: float, fixed: float = 0.0, *, least: int = 16, most: int = 512) -> int:
    """The rows that the budget settles at on a machine where a step takes PLAIN + fixed + row a prompt row."""
    costs = StepCosts()
    costs.observe(0, 512, PLAIN + 512 * row)
    costs.observe(4, 0, PLAIN)
    rows = least
    for _ in range(40):
        rows = costs.beside_rows(4, least, most)
        costs.observe(4, rows, PLAIN + fixed + row * rows)
    return rows


def test_nothing_known_is_the_least() -> None:
    assert StepCosts().beside_rows(4, 16, 512) == 16


@given(row=st.floats(1e-5, 1e-2), fixed=st.floats(0, 0.05))
def test_a_step_settles_at_two_and_a_half_plain_ones_within_the_bounds(row: float, fixed: float) -> None:
    rows = settled(row, fixed)
    step = fixed + row * rows
    assert rows == 16 or step <= 1.5 * PLAIN * 1.05
    assert rows == 512 or step + row * rows >= 1.5 * PLAIN * 0.9


def test_a_hiccup_changes_nothing() -> None:
    costs = StepCosts()
    for _ in range(9):
        costs.observe(4, 0, PLAIN)
        costs.observe(4, 64, 2 * PLAIN)
    before = costs.beside_rows(4, 16, 512)
    costs.observe(4, 0, 100 * PLAIN)
    costs.observe(4, 64, 100 * PLAIN)
    assert costs.beside_rows(4, 16, 512) == before


def test_a_few_rows_that_cost_nothing_do_not_lead_to_many() -> None:
    costs = StepCosts()
    costs.observe(4, 0, PLAIN)
    costs.observe(4, 16, PLAIN)
    assert costs.beside_rows(4, 16, 512) == 32


def test_steps_of_one_stream_are_not_taken_for_those_of_many() -> None:
    costs = StepCosts()
    costs.observe(0, 512, 512 * 0.001)
    for _ in range(9):
        costs.observe(1, 0, 0.020)
    costs.observe(16, 0, 0.080)
    assert costs.beside_rows(1, 16, 512) == 30
    assert costs.beside_rows(16, 16, 512) == 120


@given(
    seen=st.lists(st.tuples(st.integers(0, 64), st.integers(0, 4096), st.floats(0, 1e3)), max_size=40),
    decode=st.integers(1, 64),
)
def test_the_bounds_hold_whatever_was_seen(seen: list[tuple[int, int, float]], decode: int) -> None:
    costs = StepCosts()
    for observed in seen:
        costs.observe(*observed)
    assert 16 <= costs.beside_rows(decode, 16, 512) <= 512
