"""Reads tokenizer.json of transformers (byte-level BPE) into tiktoken, and refuses whatever would give other ids there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tiktoken

from nanochat_engine.checkpoint.byte_pairs import from_letters
from nanochat_engine.checkpoint.tokenizer_file import (
    KNOWN_PATTERNS,
    MAX_BYTES,
    MAX_VOCABULARY,
    checked_ranks,
    checked_special_tokens,
)
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported
from nanochat_engine.tokenizer.special_tokens import SPECIAL_TOKENS
from nanochat_engine.tokenizer.tokenizer import Tokenizer

MAX_MERGES = 16 * MAX_VOCABULARY
# Parts of a BPE model that tiktoken has no counterpart of; each must be absent or one of these.
FIXED: dict[str, tuple[Any, ...]] = {
    "dropout": (None, 0.0),
    "unk_token": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "byte_fallback": (None, False),
}


def read_transformers_tokenizer(path: Path) -> Tokenizer:
    """Raises CheckpointUnsafe above 64 MiB, CheckpointCorrupt for what is no tokenizer.json, CheckpointUnsupported naming
    the part that nanochat's tokenizer has not: a normalizer, another split pattern, merges that are not in the order of
    the ids, other special tokens."""
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointUnsafe(f"{path} is larger than {MAX_BYTES} bytes")
    source = str(path)
    try:
        described = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{source} is not readable JSON: {type(error).__name__}") from error
    model = described.get("model") if isinstance(described, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        raise CheckpointCorrupt(f"{source} has no model with a vocabulary")
    if model.get("type", "BPE") != "BPE":
        raise CheckpointUnsupported(f"{source} is a {str(model['type'])[:50]} model; nanochat's is BPE")
    for name, allowed in FIXED.items():
        if model.get(name) not in allowed:
            raise CheckpointUnsupported(f"{source}: model.{name} is {str(model[name])[:50]}, which nanochat has not")
    if described.get("normalizer") is not None:
        raise CheckpointUnsupported(f"{source} changes text before it is encoded (normalizer); nanochat does not")
    pattern = _pattern(described.get("pre_tokenizer"), source)
    special = _added_tokens(described.get("added_tokens"), source)
    ranks = checked_ranks(_ranks(model["vocab"], special, source), source)
    _check_merges(model.get("merges"), ranks, source)
    checked_special_tokens(special, len(ranks), source)
    return Tokenizer(tiktoken.Encoding(name="nanochat", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special))


def _pattern(value: Any, source: str) -> str:
    """The split pattern of Sequence[Split, ByteLevel], the two steps that tiktoken does in one."""
    steps = value.get("pretokenizers") if isinstance(value, dict) and value.get("type") == "Sequence" else None
    if not isinstance(steps, list) or len(steps) != 2 or not all(isinstance(step, dict) for step in steps):
        raise CheckpointUnsupported(f"{source}: pre_tokenizer is not Split and ByteLevel, as nanochat's is")
    split, level = steps
    pattern = split.get("pattern")
    text = pattern.get("Regex") if isinstance(pattern, dict) else None
    is_split = split.get("type") == "Split" and split.get("behavior") == "Isolated" and split.get("invert") is False
    is_level = (
        level.get("type") == "ByteLevel" and not level.get("add_prefix_space") and level.get("use_regex") is False
    )
    if not is_split or not is_level:
        raise CheckpointUnsupported(f"{source}: pre_tokenizer is not Split and ByteLevel, as nanochat's is")
    if not isinstance(text, str) or text not in KNOWN_PATTERNS:
        raise CheckpointUnsupported(f"{source} splits text by a pattern that is not nanochat's: {str(text)[:200]!r}")
    return text


def _added_tokens(value: Any, source: str) -> dict[str, int]:
    if not isinstance(value, list) or not all(
        isinstance(token, dict) and isinstance(token.get("content"), str) for token in value
    ):
        raise CheckpointCorrupt(f"{source} has no readable added_tokens")
    added = {token["content"]: token.get("id") for token in value}
    unknown = [name[:50] for name in added if name not in SPECIAL_TOKENS]
    if unknown or len(added) != len(value):
        raise CheckpointUnsupported(
            f"{source} adds tokens that nanochat has not, or one twice: {', '.join(unknown[:5])}"
        )
    return added  # ids are checked against the one right answer by checked_special_tokens


def _ranks(vocabulary: dict[str, Any], special: dict[str, int], source: str) -> dict[bytes, Any]:
    ranks: dict[bytes, Any] = {}
    for text, rank in vocabulary.items():
        if special.get(text, ...) == rank:
            continue  # some writers list the special tokens here too
        try:
            token = from_letters(text)
        except KeyError:
            raise CheckpointUnsupported(f"{source}: {text[:50]!r} is no byte-level token") from None
        ranks[token] = rank
    return ranks


def _check_merges(value: Any, ranks: dict[bytes, int], source: str) -> None:
    """Merges give tiktoken's result when they make every token of two or more bytes, in the order of the ids."""
    if not isinstance(value, list) or len(value) > MAX_MERGES:
        raise CheckpointCorrupt(f"{source} has no readable merges")
    made: set[bytes] = set()
    last = -1
    for merge in value:
        halves = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(halves, list) or len(halves) != 2 or not all(isinstance(half, str) for half in halves):
            raise CheckpointCorrupt(f"{source} has no readable merges")
        try:
            left, right = from_letters(halves[0]), from_letters(halves[1])
        except KeyError:
            raise CheckpointCorrupt(f"{source}: the merge {str(merge)[:100]} holds what is no byte") from None
        token = left + right
        if left not in ranks or right not in ranks or token not in ranks:
            raise CheckpointCorrupt(f"{source}: the merge {str(merge)[:100]} joins or makes what is no token")
        if ranks[token] < last:
            raise CheckpointUnsupported(
                f"{source}: the merges are not in the order of the ids, which tiktoken merges by"
            )
        last = ranks[token]
        made.add(token)
    for token in ranks:
        if len(token) > 1 and token not in made:
            raise CheckpointUnsupported(f"{source}: no merge makes token {ranks[token]}; tiktoken would make it")
