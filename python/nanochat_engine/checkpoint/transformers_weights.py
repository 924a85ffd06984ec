"""The weights of transformers' NanoChatForCausalLM: one file, or shards with an index, under nanochat's own names.

transformers' rotate_half is written with the sign reversed, so that it turns by minus theta just as nanochat does: q and k
are taken as they are. Tested against transformers itself.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from nanochat_engine.checkpoint.headers import TensorHeader
from nanochat_engine.checkpoint.safetensors_file import read_safetensors_header
from nanochat_engine.errors import CheckpointCorrupt, CheckpointNotFound, CheckpointUnsafe, CheckpointUnsupported

Parts = dict[Path, dict[str, TensorHeader]]

INDEX_NAME = "model.safetensors.index.json"
SINGLE_NAME = "model.safetensors"
MAX_INDEX_BYTES = 4 << 20
MAX_SHARDS = 1000

SHARD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.safetensors")
LAYER_NAME = re.compile(r"model\.layers\.(\d{1,4})\.(.+)")
OUTER_NAMES = {"model.embed_tokens.weight": "transformer.wte.weight", "lm_head.weight": "lm_head.weight"}
LAYER_NAMES = {
    "self_attn.q_proj.weight": "attn.c_q.weight",
    "self_attn.k_proj.weight": "attn.c_k.weight",
    "self_attn.v_proj.weight": "attn.c_v.weight",
    "self_attn.o_proj.weight": "attn.c_proj.weight",
    "mlp.fc1.weight": "mlp.c_fc.weight",
    "mlp.fc2.weight": "mlp.c_proj.weight",
}
THEIR_LAYER_NAMES = {ours: theirs for theirs, ours in LAYER_NAMES.items()}


def nanochat_name(name: str) -> str | None:
    """nanochat's name of a tensor of transformers', None where it has none."""
    match = LAYER_NAME.fullmatch(name)
    if match is None:
        return OUTER_NAMES.get(name)
    inner = LAYER_NAMES.get(match[2])
    return None if inner is None else f"transformer.h.{int(match[1])}.{inner}"


def transformers_name(name: str) -> str:
    """transformers' name of a G0 tensor of nanochat's. Raises KeyError for a tensor that only later generations have."""
    for theirs, ours in OUTER_NAMES.items():
        if name == ours:
            return theirs
    layer, _, inner = name.removeprefix("transformer.h.").partition(".")
    return f"model.layers.{layer}.{THEIR_LAYER_NAMES[inner]}"


def read_weights(model: Path) -> Parts:
    """The tensors of each file by nanochat's names; `model` is model.safetensors or the index of the shards.

    Raises CheckpointNotFound for a missing shard, CheckpointUnsupported for tensors that nanochat has not,
    CheckpointCorrupt where the index and its shards differ, CheckpointUnsafe, OSError.
    """
    if model.name != INDEX_NAME:
        return {model: _renamed(read_safetensors_header(model)[0], model)}
    placed = _read_index(model)
    parts: Parts = {}
    for shard in sorted(set(placed.values())):
        path = model.parent / shard
        if not path.is_file():
            raise CheckpointNotFound(f"{model} names {shard}, which is not beside it")
        headers, _ = read_safetensors_header(path)
        if set(headers) != {name for name, place in placed.items() if place == shard}:
            raise CheckpointCorrupt(f"{path} does not hold exactly the tensors that {model.name} places in it")
        parts[path] = _renamed(headers, path)
    return parts


def _renamed(headers: dict[str, TensorHeader], path: Path) -> dict[str, TensorHeader]:
    renamed: dict[str, TensorHeader] = {}
    for name, header in headers.items():
        ours = nanochat_name(name)
        if ours is None:
            raise CheckpointUnsupported(f"{path} holds {name[:100]}, which NanoChatForCausalLM does not know")
        if ours in renamed:
            raise CheckpointCorrupt(f"{path} holds {ours} twice")
        renamed[ours] = header
    return renamed


def _read_index(path: Path) -> dict[str, str]:
    if path.stat().st_size > MAX_INDEX_BYTES:
        raise CheckpointUnsafe(f"{path} is larger than {MAX_INDEX_BYTES} bytes")
    try:
        index = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{path} is not readable JSON: {type(error).__name__}") from error
    placed = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(placed, dict) or not placed:
        raise CheckpointCorrupt(f"{path} has no weight_map")
    for shard in placed.values():
        # A name with a folder in it could lead out of the checkpoint.
        if not isinstance(shard, str) or not SHARD_NAME.fullmatch(shard):
            raise CheckpointUnsafe(f"{path} names a shard that is no plain file name: {str(shard)[:100]!r}")
    if len(set(placed.values())) > MAX_SHARDS:
        raise CheckpointUnsafe(f"{path} names more than {MAX_SHARDS} shards")
    return placed
