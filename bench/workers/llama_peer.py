"""llama.cpp on a Llama of the same width, depth, vocabulary and number of weights, random, in f16, q8_0 and q4_0.

Through llama-cpp-python's C interface: one llama_decode a step over all streams, the greedy token of each. Runs in the bench's own environment.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import gguf
import llama_cpp
import numpy as np
from numpy.typing import NDArray

from bench.worker import serve

_KINDS = {
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}
_CONTEXT = 4096
_BATCH = 512
# Every sequence's share of the context has room for as many and its prompt.
_MOST_STEPS = 96

_models: dict[str, Any] = {}
_vocab: list[int] = []


def load(layers: int, vocab: int, cache: str) -> str:
    """Write a file of each kind once, and load them."""
    llama_cpp.llama_backend_init()
    for kind in _KINDS:
        path = Path(cache) / "models" / f"llama-d{layers}-{vocab}-{kind}.gguf"
        if not path.exists():
            _write(path, layers, vocab, kind)
        _models[kind] = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        if not _models[kind]:
            raise RuntimeError(f"llama.cpp does not load its file of {kind}")
    _vocab.append(vocab)
    return f"llama-cpp-python {llama_cpp.__version__}, {', '.join(_models)}"


def about() -> dict[str, Any]:
    return {"version": llama_cpp.__version__, "kinds": list(_models), "notes": []}


def decode(streams: int, prompt: int, min_tokens: int, min_seconds: float, kind: str) -> float:
    """Tokens a second of so many sequences after their prompts."""
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx, settings.n_batch, settings.n_ubatch, settings.n_seq_max = _CONTEXT, _BATCH, _BATCH, streams
    settings.n_threads = settings.n_threads_batch = len(os.sched_getaffinity(0))
    context = llama_cpp.llama_init_from_model(_models[kind], settings)
    batch = llama_cpp.llama_batch_init(_BATCH, 0, 1)
    if not context:
        raise RuntimeError("llama.cpp makes no context")
    try:
        chance = np.random.default_rng(0)
        tokens: NDArray[np.int64] = chance.integers(_vocab[0], size=(streams, prompt))
        after = np.array([_step(context, batch, tokens[n : n + 1], 0, n)[0] for n in range(streams)])
        position, begun, steps = prompt, time.perf_counter(), -2
        while steps < min_tokens or (time.perf_counter() - begun < min_seconds and steps < _MOST_STEPS):
            if steps == 0:
                begun = time.perf_counter()
            after = _step(context, batch, after[:, None], position, 0)
            position, steps = position + 1, steps + 1
        return streams * steps / (time.perf_counter() - begun)
    finally:
        llama_cpp.llama_batch_free(batch)
        llama_cpp.llama_free(context)


def _step(context: Any, batch: Any, tokens: NDArray[np.int64], position: int, first: int) -> NDArray[np.int64]:
    """Compute (sequences, length) tokens from `position` on; the greedy token after each sequence's last."""
    sequences, length = tokens.shape
    batch.n_tokens = sequences * length
    for row, token in enumerate(tokens.reshape(-1)):
        batch.token[row] = int(token)
        batch.pos[row] = position + row % length
        batch.n_seq_id[row] = 1
        batch.seq_id[row][0] = first + row // length
        batch.logits[row] = row % length == length - 1
    if llama_cpp.llama_decode(context, batch):
        raise RuntimeError("llama_decode failed")
    return np.array([_greedy(context, (n + 1) * length - 1) for n in range(sequences)])


def _greedy(context: Any, row: int) -> int:
    logits = llama_cpp.llama_get_logits_ith(context, row)
    values = np.ctypeslib.as_array(ctypes.cast(logits, ctypes.POINTER(ctypes.c_float)), (_vocab[0],))
    return int(values.argmax())


def _write(path: Path, layers: int, vocab: int, kind: str) -> None:
    """The MLP's three matrices are narrower than nanochat's two, so that the number of weights is the same."""
    heads = max(1, -(-layers * 64 // 128))
    width, inner = heads * 128, round(heads * 128 * 8 / 3 / 32) * 32
    kind_of_tensor, kind_of_file = _KINDS[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(128)
    writer.add_vocab_size(vocab)
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(kind_of_file)
    chance = np.random.default_rng(0)

    def add(name: str, rows: int, columns: int) -> None:
        values = (chance.random((rows, columns), dtype=np.float32) - 0.5) * (12 / columns) ** 0.5
        packed = gguf.quants.quantize(values, kind_of_tensor)
        writer.add_tensor(name, packed, raw_dtype=kind_of_tensor)

    add("token_embd.weight", vocab, width)
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", width, width)
        add(f"blk.{layer}.ffn_gate.weight", inner, width)
        add(f"blk.{layer}.ffn_up.weight", inner, width)
        add(f"blk.{layer}.ffn_down.weight", width, inner)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, dtype=np.float32))
    writer.add_tensor("output_norm.weight", np.ones(width, dtype=np.float32))
    add("output.weight", vocab, width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.rename(path)


if __name__ == "__main__":
    serve({"load": load, "about": about, "decode": decode})
