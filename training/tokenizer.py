"""Trains the tokenizer on generated chats and writes nanochat's `tokenizer.pkl`."""

from __future__ import annotations

import argparse
import pickle
import random
from collections.abc import Iterator
from pathlib import Path

import rustbpe
import tiktoken

from training.data.mix import chats
from training.render import SPECIALS

PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)


def texts(seed: int, count: int) -> Iterator[str]:
    stream = chats(random.Random(seed))
    for _ in range(count):
        for turn in next(stream):
            yield turn.user
            yield from (text for _, text in turn.parts)


def train(vocab_size: int, seed: int, count: int) -> tiktoken.Encoding:
    trainer = rustbpe.Tokenizer()
    trainer.train_from_iterator(texts(seed, count), vocab_size - len(SPECIALS), pattern=PATTERN)
    ranks = {bytes(token): rank for token, rank in trainer.get_mergeable_ranks()}
    special = {name: len(ranks) + i for i, name in enumerate(SPECIALS)}
    return tiktoken.Encoding("rustbpe", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="where tokenizer.pkl goes")
    parser.add_argument("--vocab-size", type=int, default=4096)
    parser.add_argument("--chats", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    encoding = train(options.vocab_size, options.seed, options.chats)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("wb") as file:
        pickle.dump(encoding, file, protocol=4)
    print(f"{encoding.n_vocab} tokens")


if __name__ == "__main__":
    main()
