"""What a checkpoint's weights mean: its sizes, and the constants that follow from its generation.

Knows nothing of files: `checkpoint/` recognises a generation and builds an Architecture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Generation(str, Enum):
    """nanochat's generations by what changed in the forward pass (docs/generations.md)."""

    G0 = "G0"
    G0P = "G0p"
    G1 = "G1"
    G2 = "G2"
    G3 = "G3"
    G3C = "G3c"
    G4 = "G4"
    G5 = "G5"


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes and constants of one model. Every field is decided before a tensor is allocated.

    windows: per layer, how many positions back a query sees (row - col <= window), or None for all.
    padded_vocab_size: rows of wte and lm_head; logits are cropped to vocab_size.
    gate_scale, gate_channels: v += gate_scale * sigmoid(ve_gate(x[:, :gate_channels])) * value embedding;
    gate_channels is 0 where the generation has no value embeddings.
    value_embedding_layers: layers that carry a value embedding.
    """

    generation: Generation
    sequence_len: int
    vocab_size: int
    padded_vocab_size: int
    n_layer: int
    n_head: int
    n_kv_head: int
    n_embd: int
    windows: tuple[int | None, ...]
    rope_base: float
    qk_scale: float
    softcap: float
    residual_lambdas: bool
    value_embedding_layers: frozenset[int]
    gate_channels: int
    gate_scale: float
    smear: bool
    backout: bool

    @property
    def head_dim(self) -> int:
        return self.n_embd // self.n_head

    @property
    def backout_layer(self) -> int:
        """The block after which x is kept for backout."""
        return self.n_layer // 2
