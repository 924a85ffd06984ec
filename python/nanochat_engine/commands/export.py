"""Writes a G0 checkpoint in the layout of transformers' NanoChatForCausalLM, each tensor in the dtype it is stored in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.checkpoint.loader import Inspection, inspect
from nanochat_engine.checkpoint.mapping import map_parts
from nanochat_engine.checkpoint.safetensors_writer import (
    Layout,
    in_file_order,
    safetensors_header,
    size_of,
    write_tensor,
)
from nanochat_engine.checkpoint.transformers_config import ARCHITECTURE, MODEL_TYPE
from nanochat_engine.checkpoint.transformers_weights import INDEX_NAME, SINGLE_NAME, transformers_name
from nanochat_engine.commands.export_tokenizer import tokenizer_json
from nanochat_engine.commands.new_folder import new_folder
from nanochat_engine.config import Settings
from nanochat_engine.errors import CheckpointUnsupported, SettingsError
from nanochat_engine.model.architecture import Architecture, Generation
from nanochat_engine.tokenizer.tokenizer import Tokenizer

MAX_SHARDS = 100
# Rows of these past vocab_size are G0p's padding; no logit of theirs is ever read.
PADDED = ("transformer.wte.weight", "lm_head.weight")


def export(settings: Settings, out: Path, *, shards: int = 1) -> None:
    """Write config.json, tokenizer.json and model.safetensors (or shards with their index) into the new folder `out`.

    Raises CheckpointUnsupported for generations after G0p, which transformers can't compute; SettingsError; as `inspect` does.
    """
    if not 1 <= shards <= MAX_SHARDS:
        raise SettingsError(f"--shards {shards} is outside 1 to {MAX_SHARDS}")
    inspection = inspect(settings)
    a = inspection.architecture
    if a.generation not in (Generation.G0, Generation.G0P):
        raise CheckpointUnsupported(
            f"{inspection.files.model} is of generation {a.generation.value}; transformers' {ARCHITECTURE} computes G0 only"
        )
    with new_folder(out) as folder:
        config = _config(a, inspection.tokenizer)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(inspection.tokenizer), ensure_ascii=False))
        _write_weights(inspection, folder, shards)


def _config(a: Architecture, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "architectures": [ARCHITECTURE],
        "model_type": MODEL_TYPE,
        "hidden_size": a.n_embd,
        "intermediate_size": 4 * a.n_embd,
        "num_hidden_layers": a.n_layer,
        "num_attention_heads": a.n_head,
        "num_key_value_heads": a.n_kv_head,
        "max_position_embeddings": a.sequence_len,
        "vocab_size": a.vocab_size,
        "hidden_act": "relu2",
        "attention_bias": False,
        # nanochat's own is the dtype's, 1.2e-7 in float32: written as it is, so that nothing differs.
        "rms_norm_eps": torch.finfo(torch.float32).eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": a.rope_base},
        "final_logit_softcapping": a.softcap,
        "tie_word_embeddings": False,
        "bos_token_id": tokenizer.bos_id,
        "eos_token_id": tokenizer.assistant_end_id,
        "pad_token_id": tokenizer.assistant_end_id,
        "dtype": "float32",
    }


def _write_weights(inspection: Inspection, folder: Path, shards: int) -> None:
    a = inspection.architecture
    headers, tensors = inspection.headers, map_parts(inspection.parts)
    layout: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {}
    for name, header in headers.items():
        layout[name] = (header.dtype, (a.vocab_size, a.n_embd) if name in PADDED else header.shape)
    groups = _groups(layout, shards)
    placed: dict[str, str] = {}
    for number, names in enumerate(groups, 1):
        file_name = SINGLE_NAME if len(groups) == 1 else f"model-{number:05d}-of-{len(groups):05d}.safetensors"
        part = {transformers_name(name): layout[name] for name in names}
        ours = {transformers_name(name): name for name in names}
        placed |= dict.fromkeys(part, file_name)
        with (folder / file_name).open("wb") as file:
            file.write(safetensors_header(part, {"format": "pt"}))
            for theirs in in_file_order(part):
                dtype, shape = part[theirs]
                write_tensor(file, tensors[ours[theirs]][: shape[0]], dtype)
    if len(groups) > 1:
        total = sum(size_of(*entry) for entry in layout.values())
        index = {"metadata": {"total_size": total}, "weight_map": placed}
        (folder / INDEX_NAME).write_text(json.dumps(index, indent=2) + "\n")


def _groups(layout: Layout, shards: int) -> list[list[str]]:
    """At most `shards` runs of neighbouring tensors, of about the same size in bytes."""
    total, done = sum(size_of(*entry) for entry in layout.values()), 0
    groups: dict[int, list[str]] = {}
    for name, entry in layout.items():
        groups.setdefault(done * shards // total, []).append(name)
        done += size_of(*entry)
    return list(groups.values())
