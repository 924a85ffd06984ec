"""A valid tokenizer of any size, made up: the single bytes, then letter merges. For checkpoints that no one has trained."""

from __future__ import annotations

import itertools
import pickle
import string
from collections.abc import Iterator
from pathlib import Path

import tiktoken

from nanochat_engine.checkpoint.tokenizer_file import KNOWN_PATTERNS
from nanochat_engine.errors import SettingsError
from nanochat_engine.tokenizer.special_tokens import SPECIAL_TOKENS

LETTERS = [letter.encode() for letter in string.ascii_lowercase]
SMALLEST = 256 + len(SPECIAL_TOKENS)


def write_synthetic_tokenizer(path: Path, vocab_size: int) -> None:
    """Pickle a tiktoken Encoding of vocab_size ids, as upstream does. Raises SettingsError for a size it can't have."""
    made = vocab_size - SMALLEST
    tokens = [bytes([value]) for value in range(256)] + list(itertools.islice(_merged(), max(0, made)))
    if made < 0 or len(tokens) != vocab_size - len(SPECIAL_TOKENS):
        raise SettingsError(f"--vocab-size {vocab_size} is outside {SMALLEST} to 500000")
    ranks = {token: rank for rank, token in enumerate(tokens)}
    special = {name: len(tokens) + index for index, name in enumerate(SPECIAL_TOKENS)}
    encoding = tiktoken.Encoding(
        name="rustbpe", pat_str=max(KNOWN_PATTERNS), mergeable_ranks=ranks, special_tokens=special
    )
    path.write_bytes(pickle.dumps(encoding))


def _merged() -> Iterator[bytes]:
    """Each is two earlier ones joined: a space and a letter, two letters, three, four."""
    pairs = [a + b for a, b in itertools.product(LETTERS, repeat=2)]
    yield from (b" " + letter for letter in LETTERS)
    yield from pairs
    yield from (a + b for a, b in itertools.product(pairs, LETTERS))
    yield from (a + b for a, b in itertools.product(pairs, repeat=2))
