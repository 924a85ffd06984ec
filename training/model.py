"""A trainable nanochat model of generation G5. Knows tensors only: no files, no text, no cache.

The parameters carry upstream's names, so that `state_dict()` is the checkpoint.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROPE_BASE = 100_000.0
QK_SCALE = 1.2
SOFTCAP = 15.0
SMEAR_CHANNELS = 24
GATE_CHANNELS = 12
VOCAB_MULTIPLE = 64


@dataclass(frozen=True)
class ModelConfig:
    """The `model_config` of a meta file."""

    sequence_len: int
    vocab_size: int
    n_layer: int
    n_head: int
    n_kv_head: int
    n_embd: int
    window_pattern: str = "SSSL"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def has_value_embedding(self, layer: int) -> bool:
        return layer % 2 == (self.n_layer - 1) % 2

    def window(self, layer: int) -> int | None:
        """The reach of a layer in positions, or None where it sees all; the last always does."""
        letter = self.window_pattern[layer % len(self.window_pattern)]
        if letter == "L" or layer == self.n_layer - 1:
            return None
        return math.ceil(self.sequence_len / 4 / 128) * 128


def norm(x: Tensor) -> Tensor:
    return F.rms_norm(x, (x.size(-1),))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the two halves of x (B, T, H, D) by minus theta; cos and sin are (T, 1, D/2)."""
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((x1 * cos + x2 * sin, x2 * cos - x1 * sin), dim=-1)


class Attention(nn.Module):
    """Grouped-query attention with QK norm and, on every other layer, a gated value embedding."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.n_head, self.n_kv_head = config.n_head, config.n_kv_head
        self.head_dim = config.n_embd // config.n_head
        kv = self.n_kv_head * self.head_dim
        self.c_q = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.c_k = nn.Linear(config.n_embd, kv, bias=False)
        self.c_v = nn.Linear(config.n_embd, kv, bias=False)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=False)
        if config.has_value_embedding(layer):
            self.ve_gate = nn.Linear(GATE_CHANNELS, self.n_kv_head, bias=False)

    def forward(self, x: Tensor, ve: Tensor | None, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C); ve (B, T, kv) or None; mask (B, 1, T, T), true where a query may look."""
        b, t, c = x.shape
        q = self.c_q(x).view(b, t, self.n_head, self.head_dim)
        k = self.c_k(x).view(b, t, self.n_kv_head, self.head_dim)
        v = self.c_v(x).view(b, t, self.n_kv_head, self.head_dim)
        if ve is not None:
            gate = 3 * torch.sigmoid(self.ve_gate(x[..., :GATE_CHANNELS]))
            v = v + gate.unsqueeze(-1) * ve.view_as(v)
        q = norm(rotate(q, cos, sin)) * QK_SCALE
        k = norm(rotate(k, cos, sin)) * QK_SCALE
        q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        groups = self.n_head // self.n_kv_head
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.c_proj(y.transpose(1, 2).reshape(b, t, c))
        return out


class MLP(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd, bias=False)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(F.relu(self.c_fc(x)).square())
        return out


class Block(nn.Module):
    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.attn = Attention(config, layer)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, ve: Tensor | None, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attn(norm(x), ve, cos, sin, mask)
        out: Tensor = x + self.mlp(norm(x))
        return out


class Nanochat(nn.Module):
    """The whole model; rows of the embeddings are padded to a multiple of 64."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        rows = math.ceil(config.vocab_size / VOCAB_MULTIPLE) * VOCAB_MULTIPLE
        layers = range(config.n_layer)
        kv = config.n_kv_head * (config.n_embd // config.n_head)
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(rows, config.n_embd),
                "h": nn.ModuleList([Block(config, i) for i in layers]),
            }
        )
        self.lm_head = nn.Linear(config.n_embd, rows, bias=False)
        self.resid_lambdas = nn.Parameter(torch.ones(config.n_layer))
        self.x0_lambdas = nn.Parameter(torch.zeros(config.n_layer))
        self.smear_gate = nn.Linear(SMEAR_CHANNELS, 1, bias=False)
        self.smear_lambda = nn.Parameter(torch.zeros(1))
        self.backout_lambda = nn.Parameter(torch.full((1,), 0.2))
        self.value_embeds = nn.ModuleDict(
            {str(i): nn.Embedding(rows, kv) for i in layers if config.has_value_embedding(i)}
        )

    @property
    def blocks(self) -> list[Block]:
        return list(cast("nn.ModuleList", self.transformer["h"]))  # type: ignore[arg-type]

    def rotary(self, t: int) -> tuple[Tensor, Tensor]:
        """cos and sin, (t, 1, D/2), float32."""
        dim = self.config.n_embd // self.config.n_head
        inverse = 1.0 / ROPE_BASE ** (torch.arange(0, dim, 2).float() / dim)
        angles = torch.outer(torch.arange(t).float(), inverse)
        return angles.cos().unsqueeze(1), angles.sin().unsqueeze(1)

    def hidden(self, idx: Tensor, first: Tensor | None = None, masks: list[Tensor] | None = None) -> Tensor:
        """The normed last hidden state, (B, T, C).

        idx is (B, T); first (B, T) is true where a packed chat begins (default: position 0 only);
        masks has one (B, 1, T, T) mask a layer (default: causal within the layer's window).
        """
        t = idx.size(1)
        if first is None:
            first = torch.zeros_like(idx, dtype=torch.bool)
            first[:, 0] = True
        cos, sin = self.rotary(t)
        masks = masks or [causal_mask(t, self.config.window(i)) for i in range(self.config.n_layer)]
        x = norm(self.transformer["wte"](idx))
        gate = self.smear_lambda * torch.sigmoid(self.smear_gate(x[:, 1:, :SMEAR_CHANNELS]))
        gate = gate.masked_fill(first[:, 1:, None], 0.0)
        x = x0 = torch.cat((x[:, :1], x[:, 1:] + gate * x[:, :-1]), dim=1)
        kept = x
        for i, block in enumerate(self.blocks):
            x = self.resid_lambdas[i] * x + self.x0_lambdas[i] * x0
            ve = self.value_embeds[str(i)](idx) if str(i) in self.value_embeds else None
            x = block(x, ve, cos, sin, masks[i])
            if i == self.config.n_layer // 2:
                kept = x
        return norm(x - self.backout_lambda * kept)

    def head(self, hidden: Tensor) -> Tensor:
        """Float32 logits (..., vocab_size) of hidden states (..., C)."""
        logits = self.lm_head(hidden)[..., : self.config.vocab_size].float()
        capped: Tensor = SOFTCAP * torch.tanh(logits / SOFTCAP)
        return capped

    def forward(self, idx: Tensor) -> Tensor:
        return self.head(self.hidden(idx))


def causal_mask(t: int, window: int | None, chat: Tensor | None = None) -> Tensor:
    """True where a query (row) may see a key (column): not later, row - col <= window, same chat.

    chat (B, T) numbers the packed chats. The result is (1 or B, 1, T, T).
    """
    position = torch.arange(t)
    back = position[:, None] - position[None, :]
    mask = back >= 0
    if window is not None:
        mask &= back <= window
    mask = mask[None, None]
    return mask if chat is None else mask & (chat[:, None, :, None] == chat[:, None, None, :])
