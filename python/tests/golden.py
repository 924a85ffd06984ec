"""The golden checkpoints, kept as data beside the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.cache.store import BlockStore
from nanochat_engine.checkpoint.loader import load_checkpoint
from nanochat_engine.checkpoint.tokenizer_file import read_tokenizer
from nanochat_engine.config import Settings
from nanochat_engine.errors import SettingsError
from nanochat_engine.kernels.library import Library, load_library
from nanochat_engine.kernels.native_model import NativeModel
from nanochat_engine.kernels.native_store import NativeStore
from nanochat_engine.kernels.plan import Plan, build_pieces, shape_of
from nanochat_engine.kernels.recipe import VARIANT_NAMES
from nanochat_engine.model.architecture import Architecture
from nanochat_engine.model.transformer import Transformer
from nanochat_engine.model.weights import assemble, pieces
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


def torch_model(architecture: Architecture, tensors: Mapping[str, torch.Tensor], plan: Plan) -> Transformer:
    """The model on PyTorch's kernels, on the CPU."""
    cpu = torch.device("cpu")
    return assemble(architecture, build_pieces(architecture, tensors, plan, cpu), cpu)


def golden_model(name: str) -> tuple[Transformer, BlockStore]:
    """A golden model in float32 on PyTorch's kernels, with a cache of 64 blocks."""
    checkpoint = load_checkpoint(settings_of(name))
    model = torch_model(checkpoint.architecture, checkpoint.tensors, Plan(torch.float32))
    return model, BlockStore(checkpoint.architecture, 64, 64, torch.float32, torch.device("cpu"))


def native_library(variant: str) -> Library | None:
    """The native kernels of a variant; None where this machine can't run it or they were not built."""
    try:
        return load_library(variant)
    except SettingsError:
        return None


NATIVE = tuple(variant for variant in VARIANT_NAMES if native_library(variant) is not None)


def native_model(
    name: str, variant: str, plan: Plan | None = None, *, threads: int = 2, blocks: int = 64
) -> tuple[NativeModel, NativeStore]:
    """A golden model on the native kernels, in float32 unless the plan says otherwise."""
    library = native_library(variant)
    assert library is not None
    checkpoint = load_checkpoint(settings_of(name))
    architecture, tensors = checkpoint.architecture, checkpoint.tensors
    plan = plan or Plan(torch.float32, packed=True)
    cpu = torch.device("cpu")
    shapes = {key: tensor.shape for key, tensor in tensors.items()}
    packings = {piece.name: plan.packing(piece, shape_of(piece, shapes)) for piece in pieces(architecture)}
    store = NativeStore(architecture, blocks, blocks, plan.dtype, cpu)
    model = NativeModel(
        architecture,
        build_pieces(architecture, tensors, plan, cpu),
        {key: packing for key, packing in packings.items() if packing is not None},
        store,
        plan.dtype,
        library,
        threads,
        rows=64,
    )
    return model, store
