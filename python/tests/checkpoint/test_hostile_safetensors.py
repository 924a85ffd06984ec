"""A safetensors file that lies about itself is refused before anything is allocated."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nanochat_engine.checkpoint.mapping import map_tensors
from nanochat_engine.checkpoint.safetensors_file import MAX_HEADER, read_safetensors_header
from nanochat_engine.errors import CheckpointCorrupt, CheckpointError, CheckpointUnsafe, CheckpointUnsupported

DATA = bytes(range(48))
A = {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]}
B = {"dtype": "BF16", "shape": [8], "data_offsets": [32, 48]}


def file_of(path: Path, header: Any, data: bytes = DATA) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def test_a_good_file_is_read_with_its_metadata(path: Path) -> None:
    headers, metadata = read_safetensors_header(file_of(path, {"__metadata__": {"format": "pt"}, "a": A, "b": B}))
    assert metadata == {"format": "pt"}
    assert (headers["a"].dtype, headers["a"].shape) == (torch.float32, (2, 4))
    tensors = map_tensors(path, headers)
    assert tensors["b"].view(torch.uint8).tolist() == list(DATA[32:])


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({"a": A | {"data_offsets": [0, 48]}}, CheckpointUnsafe),
        ({"a": A | {"shape": [1 << 30, 1 << 30]}, "b": B}, CheckpointUnsafe),
        ({"a": A, "b": B | {"data_offsets": [16, 32]}}, CheckpointUnsafe),
        ({"a": A, "b": B | {"data_offsets": [0, 16]}}, CheckpointUnsafe),
        ({"a": A}, CheckpointCorrupt),
        ({"b": B}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": [16], "data_offsets": [32, 64]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"data_offsets": [48, 32]}}, CheckpointUnsafe),
        ({"a": A, "b": B | {"data_offsets": [-16, 0]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": [-8]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": [8.0]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": [True, 8]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": [1, 1, 1, 1, 8]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": "8"}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"shape": [0], "data_offsets": [32, 32]}}, CheckpointCorrupt),
        ({"a": A, "b": B | {"dtype": "I64", "shape": [2]}}, CheckpointUnsupported),
        ({"a": A, "b": B | {"dtype": ["BF16"]}}, CheckpointUnsupported),
        ({"a": A, "b": B | {"more": 1}}, CheckpointCorrupt),
        ({"a": A, "b": [1]}, CheckpointCorrupt),
        ({"a": A, "b": B, "__metadata__": {"x": 1}}, CheckpointCorrupt),
        ({"a": A, "b": B, "__metadata__": []}, CheckpointCorrupt),
        ([], CheckpointCorrupt),
        (b"{", CheckpointCorrupt),
        (b"[" * 100_000, CheckpointCorrupt),
        (b"\xff\xfe", CheckpointCorrupt),
        (b'{"a": {}, "a": {}}', CheckpointCorrupt),
        (b'{"a": ' + b"9" * 5000 + b"}", CheckpointCorrupt),
    ],
)
def test_a_header_that_does_not_fit_the_file_is_refused(path: Path, header: Any, error: type[CheckpointError]) -> None:
    with pytest.raises(error, match=r"model\.safetensors"):
        read_safetensors_header(file_of(path, header))


@pytest.mark.parametrize(
    ("contents", "error"),
    [
        (b"", CheckpointCorrupt),
        (b"\x00" * 7, CheckpointCorrupt),
        ((1 << 40).to_bytes(8, "little"), CheckpointUnsafe),
        (b"\xff" * 8, CheckpointUnsafe),
        ((MAX_HEADER).to_bytes(8, "little") + b"{}", CheckpointCorrupt),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", CheckpointCorrupt),
    ],
)
def test_a_file_that_is_none_is_refused_without_reading_what_it_claims(
    path: Path, contents: bytes, error: type[CheckpointError]
) -> None:
    path.write_bytes(contents)
    tracemalloc.start()
    with pytest.raises(error):
        read_safetensors_header(path)
    assert tracemalloc.get_traced_memory()[1] < 2 * MAX_HEADER
    tracemalloc.stop()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 250), st.binary(min_size=1, max_size=3))
def test_changed_bytes_of_the_header_never_end_in_anything_but_a_typed_error(
    path: Path, position: int, change: bytes
) -> None:
    whole = file_of(path, {"a": A, "b": B}).read_bytes()
    path.write_bytes(whole[:position] + change + whole[position + len(change) :])
    try:
        headers, _ = read_safetensors_header(path)
    except CheckpointError:
        return
    assert sum(header.record.size for header in headers.values()) == len(DATA)
