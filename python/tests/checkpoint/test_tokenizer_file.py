from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiktoken

from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.checkpoint.tokenizer_file import KNOWN_PATTERNS, MAX_BYTES, read_tokenizer
from nanochat_engine.errors import CheckpointCorrupt, CheckpointError, CheckpointUnsafe, CheckpointUnsupported
from nanochat_engine.tokenizer.special_tokens import SPECIAL_TOKENS
from tests.checkpoint.forge import hostile_pickle, settings
from tests.golden import GOLDEN

PATTERN = next(pattern for pattern in KNOWN_PATTERNS if "{1,2}" in pattern)
BYTES: dict[Any, Any] = {bytes([value]): value for value in range(256)}


def state(**changes: Any) -> dict[str, Any]:
    ranks = changes.get("mergeable_ranks", BYTES)
    first = len(ranks) if isinstance(ranks, dict) else 256
    special = {name: first + index for index, name in enumerate(SPECIAL_TOKENS)}
    return {"name": "rustbpe", "pat_str": PATTERN, "mergeable_ranks": ranks, "special_tokens": special} | changes


def write(path: Path, forged: object, protocol: int = 4) -> Path:
    """A pickle of Encoding with the state given: GLOBAL, empty arguments, NEWOBJ, the state's own pickle, BUILD."""
    body = pickle.dumps(forged, protocol)
    body = body[2:-1]  # without PROTO and STOP
    if protocol >= 4 and body[:1] == b"\x95":
        body = body[9:]
    # The class comes first and takes no place in the memo, so the state's own memo indices stay right.
    path.write_bytes(b"\x80" + bytes([protocol]) + b"ctiktoken.core\nEncoding\n)\x81" + body + b"b.")
    return path


def golden_encoding() -> tiktoken.Encoding:
    return pickle.loads((GOLDEN / "2025-10" / "tokenizer.pkl").read_bytes())  # type: ignore[no-any-return]


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_an_encoding_pickled_by_tiktoken_encodes_alike(tmp_path: Path, protocol: int) -> None:
    original = golden_encoding()
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(pickle.dumps(original, protocol))
    tokenizer = read_tokenizer(path)
    text = "Hello, 1234567 Grüße 世界 🌍\n\n\tit's  <|bos|>"
    assert tokenizer.encode(text) == original.encode_ordinary(text)
    assert tokenizer.vocab_size == original.n_vocab


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("pattern", sorted(KNOWN_PATTERNS))
def test_both_patterns_that_nanochat_trains_with_are_read(tmp_path: Path, pattern: str, protocol: int) -> None:
    tokenizer = read_tokenizer(write(tmp_path / "tokenizer.pkl", state(pat_str=pattern), protocol))
    assert tokenizer.decode(tokenizer.encode("12345 naïve")) == "12345 naïve"


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_does_not_run_and_is_named(tmp_path: Path, protocol: int) -> None:
    path, marker = tmp_path / "tokenizer.pkl", tmp_path / "marker"
    path.write_bytes(hostile_pickle(os.system, f"touch {marker}", protocol=protocol))
    with pytest.raises(CheckpointError) as caught:
        read_tokenizer(path)
    assert not marker.exists()
    if protocol > 1:
        assert isinstance(caught.value, CheckpointUnsafe)
        assert f"{path} asks for {os.system.__module__}.system" in caught.value.message


def test_code_in_the_state_does_not_run(tmp_path: Path) -> None:
    path, marker = tmp_path / "tokenizer.pkl", tmp_path / "marker"
    inner = hostile_pickle(os.system, f"touch {marker}")[2:-1]
    path.write_bytes(b"\x80\x02ctiktoken.core\nEncoding\n)\x81" + inner + b"b.")
    with pytest.raises(CheckpointUnsafe, match="system"):
        read_tokenizer(path)
    assert not marker.exists()


def test_an_encoding_called_with_arguments_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(b"\x80\x02ctiktoken.core\nEncoding\nX\x01\x00\x00\x00a\x85R.")
    with pytest.raises(CheckpointCorrupt, match="does not hold a tiktoken Encoding"):
        read_tokenizer(path)


def test_a_registered_encoding_named_only_is_refused_and_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnsupported, match="names a tokenizer"):
        read_tokenizer(write(tmp_path / "tokenizer.pkl", "cl100k_base"))


@pytest.mark.parametrize("pattern", ["(a+)+$", "", r"\w+|.", PATTERN + " "])
def test_a_pattern_that_is_not_nanochats_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(CheckpointUnsupported, match="pattern"):
        read_tokenizer(write(tmp_path / "tokenizer.pkl", state(pat_str=pattern)))


@pytest.mark.parametrize(
    ("ranks", "said"),
    [
        ({}, "must hold 256"),
        ([1, 2], "must hold 256"),
        ({key: value for key, value in BYTES.items() if value}, "must hold 256"),
        ({**BYTES, b"ab": 257}, "not 0 to 256, each once"),
        ({**BYTES, b"ab": 3}, "not 0 to 256, each once"),
        ({**BYTES, b"ab": -1}, "not 0 to 256, each once"),
        ({**{bytes([value]): value for value in range(255)}, b"ab": 255}, "single byte is missing"),
        ({**BYTES, b"ab": 256.0}, "whole numbers"),
        ({**BYTES, b"ab": True}, "whole numbers"),
        ({**BYTES, "ab": 256}, "whole numbers"),
        ({**BYTES, b"": 256}, "whole numbers"),
        ({**BYTES, b"a" * 2000: 256}, "whole numbers"),
    ],
)
def test_ranks_that_could_not_encode_every_text_are_refused(tmp_path: Path, ranks: Any, said: str) -> None:
    with pytest.raises(CheckpointCorrupt, match=said):
        read_tokenizer(write(tmp_path / "tokenizer.pkl", state(mergeable_ranks=ranks)))


@pytest.mark.parametrize(
    "special",
    [
        {},
        [],
        {name: 256 + index for index, name in enumerate(SPECIAL_TOKENS[:-1])},
        {name: 257 + index for index, name in enumerate(SPECIAL_TOKENS)},
        {name: 256 + index for index, name in enumerate(reversed(SPECIAL_TOKENS))},
        {name: float(256 + index) for index, name in enumerate(SPECIAL_TOKENS)},
        {name: 256 + index for index, name in enumerate((*SPECIAL_TOKENS, "<|other|>"))},
    ],
)
def test_other_special_tokens_are_refused(tmp_path: Path, special: Any) -> None:
    with pytest.raises(CheckpointUnsupported, match="special tokens"):
        read_tokenizer(write(tmp_path / "tokenizer.pkl", state(special_tokens=special)))


@pytest.mark.parametrize("forged", [{}, {**state(), "more": 1}, {"name": "a"}, None, 5, ()])
def test_a_state_of_other_fields_is_corrupt(tmp_path: Path, forged: object) -> None:
    with pytest.raises(CheckpointCorrupt):
        read_tokenizer(write(tmp_path / "tokenizer.pkl", forged))


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.pkl"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CheckpointUnsafe, match="bytes"):
        read_tokenizer(path)


@pytest.mark.parametrize("keep", [0, 1, 20, 1000, 2519])
def test_a_truncated_file_is_corrupt(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes((GOLDEN / "2025-10" / "tokenizer.pkl").read_bytes()[:keep])
    with pytest.raises(CheckpointCorrupt, match=r"tokenizer\.pkl"):
        read_tokenizer(path)


def test_a_tokenizer_of_another_model_is_refused_with_both_numbers(golden_copy: Callable[[str], Path]) -> None:
    directory = golden_copy("2025-10")
    write(directory / "tokenizer.pkl", state())
    with pytest.raises(CheckpointCorrupt, match=r"265 tokens.*vocab_size 331"):
        inspect(settings(directory))
