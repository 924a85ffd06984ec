"""Byte pairs between tiktoken, which knows ranks alone, and the layout of tokenizer.json, which lists merges and shows bytes as letters.

tiktoken joins two neighbours whenever their bytes together are a token, the lowest rank first. A list of merges says the
same when it holds, for every token, each way to split it in two tokens, in the order of the ranks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def _letters() -> dict[int, str]:
    """GPT-2's letter for each byte: itself where it is printable, else one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in set(printable)]
    return {value: chr(value) for value in printable} | {value: chr(0x100 + i) for i, value in enumerate(others)}


LETTERS = _letters()
BYTES = {letter: value for value, letter in LETTERS.items()}


def to_letters(token: bytes) -> str:
    """The token as tokenizer.json writes it."""
    return "".join([LETTERS[value] for value in token])


def from_letters(text: str) -> bytes:
    """The token's bytes. Raises KeyError for a letter that stands for no byte."""
    return bytes([BYTES[letter] for letter in text])


def merges_of(ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """Every way to split each token in two tokens, by the rank of the token and then of its halves."""
    for token in sorted(ranks, key=lambda one: ranks[one]):
        splits = [(token[:i], token[i:]) for i in range(1, len(token))]
        known = [(left, right) for left, right in splits if left in ranks and right in ranks]
        yield from sorted(known, key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
