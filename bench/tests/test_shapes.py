"""Sizes by name, and the bytes that a step has to read."""

from __future__ import annotations

import pytest

from bench.shapes import parse_shape, step_bytes, step_operations


def test_d20_has_the_sizes_of_nanochats_561_million_parameters() -> None:
    shape = parse_shape("d20-g0")
    assert (shape.layers, shape.width, shape.heads, shape.generation) == (20, 1280, 10, "G0")
    assert shape.matrix_weights + shape.vocab * shape.width == 560_988_160
    assert shape.name == "d20-g0"


def test_the_floor_reads_every_matrix_once_in_the_bytes_of_its_kind() -> None:
    shape = parse_shape("d20-g5")
    weights = shape.matrix_weights
    assert step_bytes(shape, "none", "bfloat16") == 2 * weights
    assert step_bytes(shape, "none", "float32") == 4 * weights
    assert step_bytes(shape, "int8", "float32") == weights
    assert step_bytes(shape, "int4", "bfloat16") == weights / 2


def test_a_prompt_multiplies_the_head_for_one_row_only() -> None:
    shape = parse_shape("d4-g0")
    assert step_operations(shape, 1) == 2 * shape.matrix_weights
    assert step_operations(shape, 101) - step_operations(shape, 1) == 200 * (
        shape.matrix_weights - shape.vocab * shape.width
    )


@pytest.mark.parametrize("name", ["d20", "20-g0", "d0-g0", "d20-g9", "d20-g0 ", "d200-g0", ""])
def test_another_name_is_an_error_that_shows_one(name: str) -> None:
    with pytest.raises(ValueError, match="d20-g0"):
        parse_shape(name)
