"""Packs rendered chats into rows of a fixed length; a chat never sees another in its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from training.data.chat import Chat
from training.model import ModelConfig, causal_mask
from training.render import Renderer


@dataclass(frozen=True)
class Batch:
    """idx and target (B, T); learn (B, T): where the loss counts; first (B, T): where a chat begins."""

    idx: Tensor
    target: Tensor
    learn: Tensor
    first: Tensor
    chat: Tensor

    def masks(self, config: ModelConfig) -> list[Tensor]:
        """One attention mask a layer; equal windows share a tensor."""
        t = self.idx.size(1)
        windows = [config.window(i) for i in range(config.n_layer)]
        windows = [None if w is None or w >= t else w for w in windows]
        made = {w: causal_mask(t, w, self.chat) for w in set(windows)}
        return [made[w] for w in windows]


class Packer:
    """Greedy packing with a small stock of rendered chats, so that rows are nearly full."""

    def __init__(self, stream: Iterator[Chat], renderer: Renderer, row: int, stock: int = 64) -> None:
        self.stream, self.renderer, self.row, self.size = stream, renderer, row, stock
        self.stock: list[tuple[list[int], list[bool]]] = []

    def refill(self) -> None:
        """Chats that are longer than a row are left out."""
        while len(self.stock) < self.size:
            ids, learn = self.renderer.chat(next(self.stream))
            if len(ids) <= self.row + 1:
                self.stock.append((ids, learn))

    def one_row(self) -> list[tuple[list[int], list[bool]]]:
        """The oldest chat, then the largest that still fit."""
        self.refill()
        chosen = [self.stock.pop(0)]
        room = self.row - len(chosen[0][0]) + 1
        while fitting := [c for c in self.stock if len(c[0]) - 1 <= room]:
            best = max(fitting, key=lambda c: len(c[0]))
            self.stock.remove(best)
            chosen.append(best)
            room -= len(best[0]) - 1
        return chosen

    def batch(self, rows: int) -> Batch:
        """Each chat of n tokens fills n - 1 places, as the last token is only a target."""
        shape = (rows, self.row)
        idx, target = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        learn, first = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.bool)
        chat = torch.zeros(shape, dtype=torch.long)
        for r in range(rows):
            at = 0
            for number, (ids, mask) in enumerate(self.one_row(), 1):
                end = at + len(ids) - 1
                idx[r, at:end] = torch.tensor(ids[:-1])
                target[r, at:end] = torch.tensor(ids[1:])
                learn[r, at:end] = torch.tensor(mask[1:])
                chat[r, at:end] = number
                first[r, at] = True
                at = end
        return Batch(idx, target, learn, first, chat)
