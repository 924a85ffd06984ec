"""Writes a randomly initialised checkpoint of a named shape and generation, in upstream's own files and dtypes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import torch

from nanochat_engine.checkpoint.generation import CONSTANTS
from nanochat_engine.checkpoint.headers import TensorHeader, read_headers
from nanochat_engine.checkpoint.layout import expected_shapes
from nanochat_engine.checkpoint.meta import ModelConfig
from nanochat_engine.checkpoint.recognition import PADDING, architecture_of
from nanochat_engine.commands.new_folder import new_folder
from nanochat_engine.commands.synthetic_tokenizer import SMALLEST, write_synthetic_tokenizer
from nanochat_engine.errors import SettingsError
from nanochat_engine.model.architecture import Architecture, Generation

SHAPE = re.compile(r"d([1-9]\d?)")
WIDTH_A_LAYER = 64
HEAD_DIM = 128
CONTEXT = 2048
PIECE = 4 << 20
WINDOW_PATTERN = "SSSL"
# What upstream sets its scalars to before training.
SCALARS = {"resid_lambdas": 1.0, "x0_lambdas": 0.1, "smear_lambda": 0.1, "backout_lambda": 0.2}


def initialise(shape: str, generation: str, out: Path, *, seed: int = 0, vocab_size: int = 65_536) -> None:
    """Write model_000000.pt, meta_000000.json and tokenizer.pkl. Embeddings are bf16, all else float32, as upstream stores them.

    Raises SettingsError for a shape, generation or vocabulary that can't be, or where `out` is there already.
    """
    config, architecture = _architecture(shape, generation, vocab_size)
    with new_folder(out) as folder:
        write_synthetic_tokenizer(folder / "tokenizer.pkl", vocab_size)
        (folder / "meta_000000.json").write_text(json.dumps({"step": 0, "model_config": config}, indent=2))
        _write_model(folder / "model_000000.pt", architecture, seed)


def _architecture(shape: str, generation: str, vocab_size: int) -> tuple[dict[str, object], Architecture]:
    match = SHAPE.fullmatch(shape)
    if match is None:
        raise SettingsError(f"--shape {shape} is not d followed by the number of layers, such as d20")
    if not SMALLEST <= vocab_size <= 500_000:
        raise SettingsError(f"--vocab-size {vocab_size} is outside {SMALLEST} to 500000")
    layers = int(match[1])
    # Upstream's rule: 64 channels a layer, in heads of 128.
    heads = max(1, -(-layers * WIDTH_A_LAYER // HEAD_DIM))
    sizes = ModelConfig(CONTEXT, vocab_size, layers, heads, heads, heads * HEAD_DIM, None)
    kind = Generation(generation)
    pattern = WINDOW_PATTERN if CONSTANTS[kind].short_window else None
    padded = vocab_size if kind is Generation.G0 else -(-vocab_size // PADDING) * PADDING
    config: dict[str, object] = {
        name: getattr(sizes, name)
        for name in ("sequence_len", "vocab_size", "n_layer", "n_head", "n_kv_head", "n_embd")
    }
    return config | ({"window_pattern": pattern} if pattern else {}), architecture_of(kind, sizes, padded, pattern)


def _write_model(path: Path, architecture: Architecture, seed: int) -> None:
    """torch.save writes the archive around the numbers, which it leaves out; they are then filled in piece by piece."""
    empty = {name: torch.empty(shape, dtype=_dtype(name)) for name, shape in expected_shapes(architecture).items()}
    with torch.serialization.skip_data():
        torch.save(empty, path)
    del empty
    generator = torch.Generator().manual_seed(seed)
    with path.open("r+b") as file:
        for name, header in read_headers(path).items():
            file.seek(header.record.offset)
            for start in range(0, math.prod(header.shape), PIECE):
                count = min(PIECE, math.prod(header.shape) - start)
                file.write(_numbers(name, header, count, generator).view(torch.uint8).numpy().data)


def _dtype(name: str) -> torch.dtype:
    is_embedding = name == "transformer.wte.weight" or name.startswith("value_embeds.")
    return torch.bfloat16 if is_embedding else torch.float32


def _numbers(name: str, header: TensorHeader, count: int, generator: torch.Generator) -> torch.Tensor:
    """Embeddings of deviation 1; matrices uniform with deviation 1 / sqrt(width), so that rows keep their size."""
    if name in SCALARS:
        return torch.full((count,), SCALARS[name], dtype=header.dtype)
    if header.dtype is torch.bfloat16:
        return torch.randn(count, generator=generator).to(header.dtype)
    bound = math.sqrt(3 / header.shape[-1])
    return torch.empty(count, dtype=header.dtype).uniform_(-bound, bound, generator=generator)
