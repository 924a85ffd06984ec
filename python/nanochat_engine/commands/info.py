"""Says what a checkpoint is and what memory it needs, without reading its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from nanochat_engine.cache.store import bytes_per_token
from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.config import Settings

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: of the weights, of the cache for one token, and of both with one full context."""

    weights: int
    cache_per_token: int
    with_one_context: int


def describe(settings: Settings) -> dict[str, Any]:
    """Facts for `info --json`; sizes in bytes, context in tokens. Raises as `checkpoint.loader.inspect` does."""
    inspection = inspect(settings)
    a, files = inspection.architecture, inspection.files
    memory: dict[str, Any] = {}
    for name, dtype in DTYPES.items():
        weights, per_token = inspection.parameters * dtype.itemsize, bytes_per_token(a, dtype)
        memory[name] = asdict(Memory(weights, per_token, weights + a.sequence_len * per_token))
    return {
        "directory": str(files.directory),
        "layout": "transformers" if files.is_transformers else "nanochat",
        "step": files.step,
        "generation": a.generation.value,
        "parameters": inspection.parameters,
        "layers": a.n_layer,
        "heads": a.n_head,
        "kv_heads": a.n_kv_head,
        "width": a.n_embd,
        "context_length": a.sequence_len,
        "vocab_size": a.vocab_size,
        "softcap": a.softcap,
        "size_on_disk": sum(
            path.stat().st_size for path in {*inspection.parts, files.model, files.meta, files.tokenizer}
        ),
        "memory": memory,
    }


def in_words(facts: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        f"{facts['directory']} ({facts['layout']} layout"
        + (f", step {facts['step']})" if facts["step"] is not None else ")"),
        f"generation  {facts['generation']}, {facts['parameters']:,} parameters, {facts['layers']} layers of width {facts['width']}",
        f"context     {facts['context_length']:,} tokens; vocabulary {facts['vocab_size']:,}",
        f"on disk     {facts['size_on_disk'] / 1e9:.2f} GB",
    ]
    for dtype, memory in facts["memory"].items():
        lines.append(
            f"{dtype:<11} {memory['weights'] / 1e9:.2f} GB of weights, {memory['cache_per_token']:,} bytes of cache a token, "
            f"{memory['with_one_context'] / 1e9:.2f} GB with one full context"
        )
    return "\n".join(lines)
