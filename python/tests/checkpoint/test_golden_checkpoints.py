from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from nanochat_engine.checkpoint.loader import inspect, load_checkpoint
from nanochat_engine.model.architecture import Generation
from tests.golden import GOLDEN, NAMES, settings_of

# name: generation, windows of S layers, RoPE base, QK scale, softcap
TABLE = {
    "2025-10": (Generation.G0, None, 10_000, 1.0, 15),
    "2025-12": (Generation.G0P, None, 10_000, 1.0, 15),
    "2026-01-11a": (Generation.G1, None, 10_000, 1.0, 15),
    "2026-01-11b": (Generation.G2, 512, 10_000, 1.0, 15),
    "2026-01-17": (Generation.G3, 512, 10_000, 1.0, 15),
    "2026-03-02": (Generation.G3C, 512, 10_000, 1.0, 20),
    "2026-03-09": (Generation.G4, 384, 100_000, 1.15, 15),
    "2026-03-14": (Generation.G5, 256, 100_000, 1.2, 15),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_checkpoint_is_recognised_with_the_constants_of_its_generation(name: str) -> None:
    architecture = inspect(settings_of(name)).architecture
    generation, short, rope_base, qk_scale, softcap = TABLE[name]
    assert architecture.generation is generation
    assert architecture.windows == (short, short, short, None)
    assert architecture.rope_base == rope_base
    assert architecture.qk_scale == qk_scale
    assert architecture.softcap == softcap
    assert architecture.padded_vocab_size == (331 if name == "2025-10" else 384)
    assert (architecture.sequence_len, architecture.vocab_size, architecture.n_layer) == (1024, 331, 4)
    assert (architecture.n_head, architecture.n_kv_head, architecture.n_embd, architecture.head_dim) == (4, 2, 64, 16)


@pytest.mark.parametrize(
    ("name", "lambdas", "layers", "channels", "scale", "smear"),
    [
        ("2025-10", False, frozenset(), 0, 0.0, False),
        ("2026-01-11a", True, frozenset(), 0, 0.0, False),
        ("2026-01-17", True, frozenset({1, 3}), 32, 2.0, False),
        ("2026-03-09", True, frozenset({1, 3}), 12, 3.0, False),
        ("2026-03-14", True, frozenset({1, 3}), 12, 3.0, True),
    ],
)
def test_parts_of_the_forward_pass_follow_from_the_generation(
    name: str, lambdas: bool, layers: frozenset[int], channels: int, scale: float, smear: bool
) -> None:
    architecture = inspect(settings_of(name)).architecture
    assert architecture.residual_lambdas is lambdas
    assert architecture.value_embedding_layers == layers
    assert (architecture.gate_channels, architecture.gate_scale) == (channels, scale)
    assert architecture.smear is smear
    assert architecture.backout is smear


@pytest.mark.parametrize("name", NAMES)
def test_tensors_equal_bit_by_bit_what_torch_itself_loads(name: str) -> None:
    checkpoint = load_checkpoint(settings_of(name))
    expected: dict[str, Any] = torch.load(GOLDEN / name / "model_000001.pt", weights_only=True)
    assert checkpoint.tensors.keys() == expected.keys()
    for key, tensor in expected.items():
        assert checkpoint.tensors[key].dtype is tensor.dtype
        assert torch.equal(checkpoint.tensors[key], tensor), key
    assert checkpoint.parameters == sum(tensor.numel() for tensor in expected.values())
    assert checkpoint.step == json.loads((GOLDEN / name / "meta_000001.json").read_text())["step"]
    assert checkpoint.directory == GOLDEN / name
    assert checkpoint.model_id == name


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    load_checkpoint(settings_of("2026-03-14"), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
