"""transformers' NanoChat of the same shape with random weights: its fastest of eager and sdpa, dynamic and static cache, both dtypes.

Greedy decoding in a plain loop, so that nothing of generate() counts against it. Runs in the bench's own environment.
"""

from __future__ import annotations

import functools
import time
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import DynamicCache, NanoChatConfig, NanoChatForCausalLM, StaticCache

from bench.worker import serve

_ROOM = 256
# A dtype whose product takes this many times longer than float32's is emulated, and not tried.
_EMULATED = 4.0

_models: dict[str, Any] = {}
_best: dict[int, tuple[str, str, str]] = {}
_notes: list[str] = []


def load(layers: int, vocab: int, cache: str) -> str:
    """Build the model in float32 and in bfloat16."""
    heads = max(1, -(-layers * 64 // 128))
    config = NanoChatConfig(
        vocab_size=vocab,
        hidden_size=heads * 128,
        intermediate_size=4 * heads * 128,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=2048,
    )
    torch.manual_seed(0)
    with torch.device("cpu"):
        _models["float32"] = NanoChatForCausalLM(config).eval()
    _models["bfloat16"] = NanoChatForCausalLM(config).to(torch.bfloat16).eval()
    if not _competes("bfloat16", 16):
        _notes.append("bfloat16 is emulated on this processor: tried only at the numbers of rows where it keeps up")
    return f"transformers {transformers.__version__}, {', '.join(_models)}"


def about() -> dict[str, Any]:
    """Versions, notes, and which configuration was the fastest at each number of streams."""
    return {
        "version": transformers.__version__,
        "torch": torch.__version__,
        "dtypes": list(_models),
        "notes": _notes,
        "best": {str(streams): " ".join(chosen) for streams, chosen in _best.items()},
    }


@torch.inference_mode()
def decode(streams: int, prompt: int, min_tokens: int, min_seconds: float) -> float:
    """Tokens a second of a batch after its prompt, in the configuration that was the fastest at first."""
    if streams not in _best:
        ways = [(d, a, c) for d in _dtypes(streams) for a in ("eager", "sdpa") for c in ("dynamic", "static")]
        tried = {way: _decode(streams, prompt, 4, 0.0, *way) for way in ways}
        _best[streams] = max(tried, key=lambda way: tried[way])
    return _decode(streams, prompt, min_tokens, min_seconds, *_best[streams])


@torch.inference_mode()
def prefill(length: int) -> float:
    """Tokens a second of one prompt, the last position's logits computed; the fastest way at first, as decode."""
    ways = [(dtype, attention, "dynamic") for dtype in _dtypes(length) for attention in ("eager", "sdpa")]
    if -length not in _best:
        tried = {way: _prefill(length, *way) for way in ways}
        _best[-length] = max(tried, key=lambda way: tried[way])
    return _prefill(length, *_best[-length])


def _dtypes(rows: int) -> list[str]:
    return [dtype for dtype in _models if dtype == "float32" or _competes(dtype, rows)]


def _decode(
    streams: int, prompt: int, min_tokens: int, min_seconds: float, dtype: str, attention: str, kind: str
) -> float:
    model = _models[dtype]
    model.set_attn_implementation(attention)
    cache = _cache(model, kind, prompt + _ROOM)
    ids = torch.randint(0, model.config.vocab_size, (streams, prompt))
    # Where many rows would take minutes, the prompt goes in as single tokens.
    size = prompt if dtype == "float32" or _competes(dtype, streams * prompt) else 1
    for start in range(0, prompt, size):
        after = _step(model, ids[:, start : start + size], cache)
    ids = _step(model, after, cache)
    begun, steps = time.perf_counter(), 0
    while (steps < min_tokens or time.perf_counter() - begun < min_seconds) and steps < _ROOM - 2:
        ids = _step(model, ids, cache)
        steps += 1
    return streams * steps / (time.perf_counter() - begun)


def _prefill(length: int, dtype: str, attention: str, kind: str) -> float:
    model = _models[dtype]
    model.set_attn_implementation(attention)
    ids = torch.randint(0, model.config.vocab_size, (1, length))
    begun = time.perf_counter()
    _step(model, ids, _cache(model, kind, length + 1))
    return length / (time.perf_counter() - begun)


def _cache(model: Any, kind: str, room: int) -> Any:
    return StaticCache(model.config, max_cache_len=room) if kind == "static" else DynamicCache(config=model.config)


def _step(model: Any, ids: Tensor, cache: Any) -> Tensor:
    logits: Tensor = model(input_ids=ids, cache=cache, use_cache=True, logits_to_keep=1).logits
    return logits[:, -1].argmax(-1, keepdim=True)


@functools.cache
def _competes(dtype: str, rows: int) -> bool:
    """Whether a product of so many rows is no emulated one."""
    return _product_seconds(dtype, rows) <= _EMULATED * _product_seconds("float32", rows)


def _product_seconds(dtype: str, rows: int) -> float:
    kind = getattr(torch, dtype)
    a, b = torch.randn(rows, 1024).to(kind), torch.randn(1024, 1024).to(kind)
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        torch.nn.functional.linear(a, b)
        taken.append(time.perf_counter() - begun)
    return min(taken)


if __name__ == "__main__":
    serve({"load": load, "about": about, "decode": decode, "prefill": prefill})
