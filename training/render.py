"""Chats to token ids, as nanochat renders them, with the tokens that carry the loss."""

from __future__ import annotations

import pickle
from pathlib import Path

import tiktoken

from training.data.chat import Chat

SPECIALS = (
    "<|bos|>", "<|user_start|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>",
    "<|python_start|>", "<|python_end|>", "<|output_start|>", "<|output_end|>",
)  # fmt: skip


class Renderer:
    """Knows the tokenizer and the order of a chat's tokens."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.encoding = encoding
        self.special = {name: encoding.encode_single_token(name) for name in SPECIALS}

    @classmethod
    def load(cls, path: Path) -> Renderer:
        """Only for a tokenizer.pkl of one's own: unpickling runs what the file says."""
        with path.open("rb") as file:
            return cls(pickle.load(file))

    def text(self, text: str) -> list[int]:
        return self.encoding.encode_ordinary(text)

    def user(self, text: str) -> list[int]:
        """A user's turn, up to where the answer starts."""
        s = self.special
        return [s["<|user_start|>"], *self.text(text), s["<|user_end|>"], s["<|assistant_start|>"]]

    def chat(self, chat: Chat) -> tuple[list[int], list[bool]]:
        """Ids of a chat and, for each, whether the model has to learn it: answers, but no forced output."""
        ids, learn = [self.special["<|bos|>"]], [False]

        def add(tokens: list[int], learnt: bool) -> None:
            ids.extend(tokens)
            learn.extend([learnt] * len(tokens))

        for turn in chat:
            add(self.user(turn.user), False)
            for kind, text in turn.parts:
                if kind == "text":
                    add(self.text(text), True)
                else:
                    start, end = self.special[f"<|{kind}_start|>"], self.special[f"<|{kind}_end|>"]
                    add([start, *self.text(text), end], kind == "python")
            add([self.special["<|assistant_end|>"]], True)
        return ids, learn
