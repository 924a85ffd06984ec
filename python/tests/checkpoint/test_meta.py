from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nanochat_engine.checkpoint.meta import MAX_BYTES, read_meta
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported

D20 = {"sequence_len": 2048, "vocab_size": 65536, "n_layer": 20, "n_head": 10, "n_kv_head": 10, "n_embd": 1280}


def write(path: Path, config: Any) -> Path:
    path.write_text(json.dumps({"step": 1, "model_config": config}))
    return path


def test_sizes_and_an_absent_pattern_are_read(tmp_path: Path) -> None:
    config = read_meta(write(tmp_path / "meta.json", D20))
    assert (config.n_layer, config.n_embd, config.vocab_size, config.window_pattern) == (20, 1280, 65536, None)


def test_a_pattern_is_read_in_capitals(tmp_path: Path) -> None:
    assert read_meta(write(tmp_path / "meta.json", {**D20, "window_pattern": "sSsl"})).window_pattern == "SSSL"


@pytest.mark.parametrize("key", sorted(D20))
@pytest.mark.parametrize("value", [10**9 + 1, 10**12, 10**400, 0, -1, -(10**30)])
def test_absurd_sizes_are_refused_by_name(tmp_path: Path, key: str, value: int) -> None:
    with pytest.raises(CheckpointUnsafe, match=rf"model_config\.{key} is "):
        read_meta(write(tmp_path / "meta.json", {**D20, key: value}))


@pytest.mark.parametrize("key", sorted(D20))
@pytest.mark.parametrize("value", [20.0, "20", True, None, [20], {"a": 1}, float("nan"), float("inf")])
def test_sizes_that_are_no_whole_numbers_are_refused_by_name(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(CheckpointCorrupt, match=rf"model_config\.{key} must be a whole number"):
        read_meta(write(tmp_path / "meta.json", {**D20, key: value}))


@pytest.mark.parametrize("key", sorted(D20))
def test_a_missing_size_is_refused_by_name(tmp_path: Path, key: str) -> None:
    config = {name: value for name, value in D20.items() if name != key}
    with pytest.raises(CheckpointCorrupt, match=f"lacks {key}"):
        read_meta(write(tmp_path / "meta.json", config))


def test_an_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnsupported, match="n_expert"):
        read_meta(write(tmp_path / "meta.json", {**D20, "n_expert": 8}))


@pytest.mark.parametrize("pattern", ["", "SXL", 5, ["S"], "S" * 257])
def test_a_pattern_of_other_letters_is_refused(tmp_path: Path, pattern: object) -> None:
    with pytest.raises(CheckpointCorrupt, match="window_pattern"):
        read_meta(write(tmp_path / "meta.json", {**D20, "window_pattern": pattern}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_head": 7}, "does not divide"),
        ({"n_head": 256, "n_kv_head": 256}, "even width"),
        ({"n_kv_head": 4}, "no multiple of n_kv_head"),
        ({"n_kv_head": 20}, "no multiple of n_kv_head"),
    ],
)
def test_heads_that_do_not_divide_are_refused(tmp_path: Path, change: dict[str, int], said: str) -> None:
    with pytest.raises(CheckpointCorrupt, match=said):
        read_meta(write(tmp_path / "meta.json", {**D20, **change}))


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"model_config": ' * 50_000, "\x00", "1" * 10_000, "[]", "3", '{"a": 1}']
)
def test_what_is_no_meta_file_is_corrupt(tmp_path: Path, text: str) -> None:
    path = tmp_path / "meta.json"
    path.write_text(text)
    with pytest.raises(CheckpointCorrupt, match=r"meta\.json"):
        read_meta(path)


def test_bytes_that_are_no_text_are_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_bytes(b"\xff\xfe\xff\xff\xff")
    with pytest.raises(CheckpointCorrupt):
        read_meta(path)


def test_a_huge_meta_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CheckpointUnsafe, match="bytes"):
        read_meta(path)
