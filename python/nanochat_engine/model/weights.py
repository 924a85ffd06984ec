"""From a checkpoint's tensors, by upstream's names, to a built Transformer on a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from nanochat_engine.model.architecture import Architecture
from nanochat_engine.model.transformer import Transformer


def build_transformer(
    architecture: Architecture,
    tensors: Mapping[str, Tensor],
    device: torch.device,
    dtype: torch.dtype,
    progress: Callable[[float], None] = lambda share: None,
) -> Transformer:
    """Build the model in `dtype` on `device`, tensor by tensor, so that the peak is one tensor above the model.

    tensors: every name that the generation has, of the right shape; `checkpoint/` has checked that.
    """

    def take(*names: str) -> Tensor:
        parts = [tensors[name].to(device=device, dtype=dtype) for name in names]
        # A copy of our own: a mapped file's pages could be changed under us, and its alignment is the file's.
        return torch.cat(parts) if len(parts) > 1 else parts[0].clone(memory_format=torch.contiguous_format)

    def fill(module: nn.Linear | nn.Embedding, *names: str) -> None:
        module.weight = nn.Parameter(take(*names), requires_grad=False)

    with torch.device("meta"):
        model = Transformer(architecture)
    fill(model.embedding, "transformer.wte.weight")
    fill(model.head, "lm_head.weight")
    if model.smear_gate is not None:
        model.smear_gate.set_weight(take("smear_gate.weight"))
        model.smear_lambda = float(tensors["smear_lambda"])
    if architecture.backout:
        model.backout_lambda = float(tensors["backout_lambda"])
    if architecture.residual_lambdas:
        model.residual_lambdas = tensors["resid_lambdas"].float().tolist()
        model.embedding_lambdas = tensors["x0_lambdas"].float().tolist()
    for index, block in enumerate(model.layers()):
        prefix = f"transformer.h.{index}"
        fill(block.qkv, *(f"{prefix}.attn.{name}.weight" for name in ("c_q", "c_k", "c_v")))
        fill(block.attention_out, f"{prefix}.attn.c_proj.weight")
        fill(block.mlp_in, f"{prefix}.mlp.c_fc.weight")
        fill(block.mlp_out, f"{prefix}.mlp.c_proj.weight")
        if block.value_embedding is not None and block.value_gate is not None:
            fill(block.value_embedding, f"value_embeds.{index}.weight")
            block.value_gate.set_weight(take(f"{prefix}.attn.ve_gate.weight"))
        progress((index + 1) / architecture.n_layer)
    model.prepare(device)
    return model.eval()
