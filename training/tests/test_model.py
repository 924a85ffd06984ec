"""The trainable model computes what generation G5 computes."""

from __future__ import annotations

from pathlib import Path

import torch

from training.check_forward import largest_difference
from training.initialise import initialise
from training.model import ModelConfig, Nanochat, causal_mask

GOLDEN = Path(__file__).parents[2] / "python" / "tests" / "fixtures" / "golden" / "2026-03-14"


def test_logits_match_the_reference_to_1e_4() -> None:
    assert largest_difference(GOLDEN) < 1e-4


def test_a_packed_chat_is_computed_as_if_it_were_alone() -> None:
    model = Nanochat(ModelConfig(256, 64, 2, 4, 2, 64))
    initialise(model, seed=1)
    with torch.no_grad():
        model.smear_lambda.fill_(0.5)
        for block in model.blocks:
            block.attn.c_proj.weight.normal_()
        idx = torch.randint(0, 64, (1, 20))
        chat = torch.tensor([[1] * 8 + [2] * 12])
        first = torch.zeros(1, 20, dtype=torch.bool)
        first[0, [0, 8]] = True
        packed = model.hidden(idx, first, [causal_mask(20, None, chat)] * 2)[:, 8:]
        alone = model.hidden(idx[:, 8:])
    assert torch.allclose(packed, alone, atol=1e-4)
