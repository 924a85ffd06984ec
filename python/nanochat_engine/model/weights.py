"""From a checkpoint's tensors, by upstream's names, to a built Transformer on a device.

The model is made of pieces, its own tensors: some are several of the checkpoint's, one above the other. `kept/` keeps
pieces on disk, so that a later start maps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nanochat_engine.model.architecture import Architecture
from nanochat_engine.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class Piece:
    """A tensor of the built model: the checkpoint's `sources`, one above the other.

    exact: stays float32 whatever the model's dtype is, since it becomes Python floats.
    matrix: a linear layer's weight, which kernels may want in an order or in numbers of their own.
    """

    name: str
    sources: tuple[str, ...]
    exact: bool = False
    matrix: bool = False

    def dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The dtype that the piece has in a model of `dtype`."""
        return torch.float32 if self.exact else dtype


def pieces(architecture: Architecture) -> list[Piece]:
    """Every piece of the model, in the order in which they are built."""
    a = architecture
    found = [Piece("embedding", ("transformer.wte.weight",)), Piece("head", ("lm_head.weight",), matrix=True)]
    if a.smear:
        found += [Piece("smear_gate", ("smear_gate.weight",)), Piece("smear_lambda", ("smear_lambda",), exact=True)]
    if a.backout:
        found.append(Piece("backout_lambda", ("backout_lambda",), exact=True))
    if a.residual_lambdas:
        found.append(Piece("residual_lambdas", ("resid_lambdas",), exact=True))
        found.append(Piece("embedding_lambdas", ("x0_lambdas",), exact=True))
    for layer in range(a.n_layer):
        prefix = f"transformer.h.{layer}"
        found += [
            Piece(f"{layer}.qkv", tuple(f"{prefix}.attn.{name}.weight" for name in ("c_q", "c_k", "c_v")), matrix=True),
            Piece(f"{layer}.attention_out", (f"{prefix}.attn.c_proj.weight",), matrix=True),
            Piece(f"{layer}.mlp_in", (f"{prefix}.mlp.c_fc.weight",), matrix=True),
            Piece(f"{layer}.mlp_out", (f"{prefix}.mlp.c_proj.weight",), matrix=True),
        ]
        if layer in a.value_embedding_layers:
            found.append(Piece(f"{layer}.value_embedding", (f"value_embeds.{layer}.weight",)))
            found.append(Piece(f"{layer}.value_gate", (f"{prefix}.attn.ve_gate.weight",)))
    return found


def assemble(architecture: Architecture, built: Mapping[str, Tensor], device: torch.device) -> Transformer:
    """The model over its pieces, by name; those that are on `device` already are not copied, gates excepted."""

    def fill(module: nn.Linear | nn.Embedding, name: str) -> None:
        module.weight = nn.Parameter(built[name].to(device), requires_grad=False)

    with torch.device("meta"):
        model = Transformer(architecture)
    fill(model.embedding, "embedding")
    fill(model.head, "head")
    if model.smear_gate is not None:
        model.smear_gate.set_weight(built["smear_gate"].to(device))
        model.smear_lambda = float(built["smear_lambda"])
    if architecture.backout:
        model.backout_lambda = float(built["backout_lambda"])
    if architecture.residual_lambdas:
        model.residual_lambdas = built["residual_lambdas"].tolist()
        model.embedding_lambdas = built["embedding_lambdas"].tolist()
    for layer, block in enumerate(model.layers()):
        fill(block.qkv, f"{layer}.qkv")
        fill(block.attention_out, f"{layer}.attention_out")
        fill(block.mlp_in, f"{layer}.mlp_in")
        fill(block.mlp_out, f"{layer}.mlp_out")
        if block.value_embedding is not None and block.value_gate is not None:
            fill(block.value_embedding, f"{layer}.value_embedding")
            block.value_gate.set_weight(built[f"{layer}.value_gate"].to(device))
    model.prepare(device)
    return model.eval()
