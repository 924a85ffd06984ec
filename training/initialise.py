"""First values of a model's parameters, after upstream's recipe."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from training.model import Nanochat


@torch.no_grad()
def initialise(model: Nanochat, seed: int) -> None:
    """Embeddings of unit variance, uniform inputs, zero outputs, lambdas near the identity."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    bound = (3.0 / config.n_embd) ** 0.5
    cast("nn.Embedding", model.transformer["wte"]).weight.normal_(0, 0.8, generator=generator)
    model.lm_head.weight.normal_(0, 0.001, generator=generator)
    for block in model.blocks:
        for matrix in (block.attn.c_q, block.attn.c_k, block.attn.c_v):
            matrix.weight.uniform_(-bound, bound, generator=generator)
        block.attn.c_proj.weight.zero_()
        block.mlp.c_fc.weight.uniform_(-0.4 * bound, 0.4 * bound, generator=generator)
        block.mlp.c_proj.weight.zero_()
        if hasattr(block.attn, "ve_gate"):
            block.attn.ve_gate.weight.uniform_(0.0, 0.02, generator=generator)
    for table in model.value_embeds.values():
        cast("nn.Embedding", table).weight.uniform_(-bound, bound, generator=generator)
    model.smear_gate.weight.uniform_(0.0, 0.02, generator=generator)
    for i in range(config.n_layer):
        share = i / max(config.n_layer - 1, 1)
        model.resid_lambdas[i] = 1.15 - 0.1 * share
        model.x0_lambdas[i] = 0.2 - 0.15 * share
    model.smear_lambda.zero_()
    model.backout_lambda.fill_(0.2)
