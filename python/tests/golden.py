"""The golden checkpoints, kept as data beside the tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.cache.store import BlockStore
from nanochat_engine.checkpoint.loader import load_checkpoint
from nanochat_engine.checkpoint.tokenizer_file import read_tokenizer
from nanochat_engine.config import Settings
from nanochat_engine.model.transformer import Transformer
from nanochat_engine.model.weights import build_transformer
from nanochat_engine.tokenizer.tokenizer import Tokenizer

GOLDEN = Path(__file__).parent / "fixtures" / "golden"
NAMES = ("2025-10", "2025-12", "2026-01-11a", "2026-01-11b", "2026-01-17", "2026-03-02", "2026-03-09", "2026-03-14")


@cache
def golden_tokenizer() -> Tokenizer:
    """The tokenizer that all golden checkpoints share: 331 ids."""
    return read_tokenizer(GOLDEN / "2026-03-14" / "tokenizer.pkl")


@dataclass(frozen=True)
class Reference:
    """What nanochat's own code of the date gave: logits at some positions of `tokens`, and the greedy continuation."""

    tokens: list[int]
    positions: list[int]
    logits: torch.Tensor
    continuation: list[int]


def reference(name: str) -> Reference:
    values = json.loads((GOLDEN / name / "golden.json").read_text())
    return Reference(
        values["tokens"], values["positions"], torch.tensor(values["logits"]), values["greedy_continuation"]
    )


def settings_of(name: str, **changes: Any) -> Settings:
    """Settings that serve a golden checkpoint; 2026-03-02 can't be told from its keys, so its softcap is set."""
    softcap = 20.0 if name == "2026-03-02" else None
    return replace(Settings(GOLDEN / name, name, model_softcap=softcap, dtype="float32", device="cpu"), **changes)


def golden_model(name: str) -> tuple[Transformer, BlockStore]:
    """A golden model in float32 with a cache of 64 blocks."""
    checkpoint = load_checkpoint(settings_of(name))
    cpu = torch.device("cpu")
    model = build_transformer(checkpoint.architecture, checkpoint.tensors, cpu, torch.float32)
    return model, BlockStore(checkpoint.architecture, 64, 64, torch.float32, cpu)
