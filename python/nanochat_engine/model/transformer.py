"""nanochat's forward pass, every generation, as plain mathematics over a flat batch of rows.

The source of every formula is nanochat's gpt.py of the generation's date; docs/generations.md has the table.
Linear layers are ordinary modules, so that `quantization/` can put others in their place.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nanochat_engine.model.architecture import Architecture
from nanochat_engine.model.attention import KeyValueStore, attend, first_key, segment_masks
from nanochat_engine.model.batch import Batch
from nanochat_engine.model.gate import Gate
from nanochat_engine.model.rotary import rotary_table, rotate


def rms_norm(x: Tensor) -> Tensor:
    """x / sqrt(mean(x^2) + eps) over the last dimension, no weight; eps is the dtype's own (arXiv 1910.07467)."""
    return F.rms_norm(x, (x.shape[-1],))


def _embedding(rows: int, width: int) -> nn.Embedding:
    """An embedding yet to be filled: drawing initial values, even on the meta device, imports torch's compiler for seconds."""
    return nn.Embedding(rows, width, _weight=torch.empty(rows, width))


class Block(nn.Module):
    """One layer's weights. qkv holds the q, k and v projections one above the other, so that one product reads them."""

    def __init__(self, architecture: Architecture, index: int) -> None:
        super().__init__()
        a = architecture
        kv_width = a.n_kv_head * a.head_dim
        self.qkv = nn.Linear(a.n_embd, a.n_embd + 2 * kv_width, bias=False)
        self.attention_out = nn.Linear(a.n_embd, a.n_embd, bias=False)
        self.mlp_in = nn.Linear(a.n_embd, 4 * a.n_embd, bias=False)
        self.mlp_out = nn.Linear(4 * a.n_embd, a.n_embd, bias=False)
        self.value_embedding: nn.Embedding | None = None
        self.value_gate: Gate | None = None
        if index in a.value_embedding_layers:
            self.value_embedding = _embedding(a.padded_vocab_size, kv_width)
            self.value_gate = Gate(a.gate_channels, a.n_kv_head)


class Transformer(nn.Module):
    """The model. Parameters are on the meta device until `weights.build_transformer` fills them."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        self.architecture = a
        self.embedding = _embedding(a.padded_vocab_size, a.n_embd)
        self.blocks = nn.ModuleList(Block(a, i) for i in range(a.n_layer))
        self.head = nn.Linear(a.n_embd, a.padded_vocab_size, bias=False)
        self.smear_gate = Gate(24, 1) if a.smear else None
        # Scalars of the residual stream, kept as Python floats: they multiply whole rows and never need a kernel of their own.
        self.residual_lambdas: list[float] = [1.0] * a.n_layer
        self.embedding_lambdas: list[float] = [0.0] * a.n_layer
        self.smear_lambda = 0.0
        self.backout_lambda = 0.0
        self.rotary = rotary_table(0, a.head_dim, a.rope_base, torch.device("cpu"))

    def prepare(self, device: torch.device) -> None:
        """Compute what every step reads and no checkpoint holds: the rotary table, in float32."""
        a = self.architecture
        self.rotary = rotary_table(a.sequence_len, a.head_dim, a.rope_base, device)

    def layers(self) -> list[Block]:
        """The blocks in order, typed."""
        return [block for block in self.blocks if isinstance(block, Block)]

    @torch.inference_mode()
    def forward(self, batch: Batch, store: KeyValueStore, beat: Callable[[], None] = lambda: None) -> Tensor:
        """Logits (len(batch.logit_rows), vocab_size) in float32; keys and values of every row go to `store`.

        `beat` is called at every layer, so that a watchdog can tell a long step from a hang.
        """
        a = self.architecture
        cos, sin = (table[batch.positions].unsqueeze(1) for table in self.rotary)
        masks = segment_masks(batch.segments, set(a.windows), batch.positions.device)
        x = self._embed(batch)
        first = x
        kept: Tensor | None = None
        for layer, block in enumerate(self.layers()):
            beat()
            if a.residual_lambdas:
                x = self.residual_lambdas[layer] * x + self.embedding_lambdas[layer] * first
            x = x + self._attention(block, layer, rms_norm(x), batch, store, cos, sin, masks)
            hidden = block.mlp_in(rms_norm(x))
            x = x + block.mlp_out(F.relu(hidden).square())
            if a.backout and layer == a.backout_layer:
                kept = x
        if kept is not None:
            x = x - self.backout_lambda * kept
        logits: Tensor = self.head(rms_norm(x[batch.logit_rows]))
        if batch.scored_rows is not None:
            # A product of its own, so that the rows that tokens are drawn from are computed as ever.
            logits = torch.cat((logits, self.head(rms_norm(x[batch.scored_rows]))))
        return softcap(logits[:, : a.vocab_size].float(), a.softcap)

    def _embed(self, batch: Batch) -> Tensor:
        """Normed embeddings (rows, n_embd); with smear, a share of the token before: recomputed from its id, never cached."""
        x = rms_norm(self.embedding(batch.token_ids))
        if self.smear_gate is None:
            return x
        share = self.smear_lambda * self.smear_gate(x) * (batch.positions > 0).unsqueeze(1)
        smeared: Tensor = x + share.to(x.dtype) * rms_norm(self.embedding(batch.previous_ids))
        return smeared

    def _attention(
        self,
        block: Block,
        layer: int,
        x: Tensor,
        batch: Batch,
        store: KeyValueStore,
        cos: Tensor,
        sin: Tensor,
        masks: dict[tuple[int, int | None], Tensor],
    ) -> Tensor:
        a = self.architecture
        window = a.windows[layer]
        heads = block.qkv(x).unflatten(-1, (a.n_head + 2 * a.n_kv_head, a.head_dim))
        q, k, v = heads.split((a.n_head, a.n_kv_head, a.n_kv_head), dim=1)
        if block.value_embedding is not None and block.value_gate is not None:
            gate = (a.gate_scale * block.value_gate(x)).to(x.dtype).unsqueeze(-1)
            v = v + gate * block.value_embedding(batch.token_ids).view_as(v)
        # Angles are float32, so the turn and the norm are too; the cache keeps the model's dtype.
        q = (a.qk_scale * rms_norm(rotate(q.float(), cos, sin))).to(x.dtype)
        k = (a.qk_scale * rms_norm(rotate(k.float(), cos, sin))).to(x.dtype)
        store.write(layer, batch.slots if window is None else batch.windowed_slots, k, v)
        out = torch.zeros_like(x)
        for number, segment in enumerate(batch.segments):
            end = segment.row + segment.length
            blocks = segment.blocks if window is None else segment.windowed
            keys, values = store.read(layer, blocks, first_key(segment.start, window), segment.start + segment.length)
            out[segment.row : end] = attend(q[segment.row : end], keys, values, masks.get((number, window)))
        return block.attention_out(out)  # type: ignore[no-any-return]


def softcap(logits: Tensor, cap: float) -> Tensor:
    """cap * tanh(logits / cap), row by row: torch takes another tanh for the elements left over at a thread's end."""
    scaled = logits / cap
    for row in scaled:
        row.tanh_()
    return scaled.mul_(cap)
