"""nanochat's tokenizer as transformers' tokenizer.json describes one."""

from __future__ import annotations

from typing import Any

from nanochat_engine.checkpoint.byte_pairs import merges_of, to_letters
from nanochat_engine.tokenizer.special_tokens import SPECIAL_TOKENS
from nanochat_engine.tokenizer.tokenizer import Tokenizer


def tokenizer_json(tokenizer: Tokenizer) -> dict[str, Any]:
    """A byte-level BPE that gives ordinary text the same ids; unlike here, it also reads special tokens inside a text."""
    first = tokenizer.vocab_size - len(SPECIAL_TOKENS)
    ranks = {tokenizer.token_bytes(token): token for token in range(first)}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": tokenizer.pattern}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": first + i, "content": name} | flags for i, name in enumerate(SPECIAL_TOKENS)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {to_letters(token): rank for token, rank in ranks.items()},
            "merges": [[to_letters(left), to_letters(right)] for left, right in merges_of(ranks)],
        },
    }
