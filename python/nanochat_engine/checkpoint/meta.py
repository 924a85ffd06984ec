"""Reads meta_*.json: the sizes that a checkpoint claims, each in bounds before anything is computed from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported

MAX_BYTES = 4 << 20

# Far above any nanochat, far below what would overflow or allocate without bound.
BOUNDS = {
    "sequence_len": (16, 1 << 20),
    "vocab_size": (265, 1 << 20),
    "n_layer": (1, 512),
    "n_head": (1, 1024),
    "n_kv_head": (1, 1024),
    "n_embd": (2, 1 << 16),
}


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """model_config of a checkpoint. window_pattern: text of S and L, or None where the checkpoint records none."""

    sequence_len: int
    vocab_size: int
    n_layer: int
    n_head: int
    n_kv_head: int
    n_embd: int
    window_pattern: str | None


def read_meta(path: Path) -> ModelConfig:
    """Raises CheckpointCorrupt for what is no meta file, CheckpointUnsafe for sizes out of bounds, CheckpointUnsupported
    for a key that no known generation has."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CheckpointUnsafe(f"{path} has {size} bytes; a meta file has at most {MAX_BYTES}")
    try:
        meta = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{path} is not readable JSON: {type(error).__name__}") from error
    config = meta.get("model_config") if isinstance(meta, dict) else None
    if not isinstance(config, dict):
        raise CheckpointCorrupt(f"{path} has no model_config")
    unknown = sorted(set(config) - set(BOUNDS) - {"window_pattern"})
    if unknown:
        raise CheckpointUnsupported(
            f"{path}: model_config holds {', '.join(unknown)[:200]}, which no known generation has"
        )
    sizes = checked_sizes(config, path, "model_config")
    return ModelConfig(**sizes, window_pattern=_pattern(config.get("window_pattern"), path))


def checked_sizes(
    config: dict[str, Any], path: Path, place: str, shown: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Every size of BOUNDS, in bounds and fitting each other. place and shown: how the file calls the object and its sizes.

    Raises CheckpointCorrupt, CheckpointUnsafe.
    """
    sizes = {name: _size(config, name, f"{path}: {place}", (shown or {}).get(name, name)) for name in BOUNDS}
    _check_heads(sizes, path)
    return sizes


def _size(config: dict[str, Any], name: str, place: str, shown: str) -> int:
    if name not in config:
        raise CheckpointCorrupt(f"{place} lacks {shown}")
    value = config[name]
    low, high = BOUNDS[name]
    if type(value) is not int:
        raise CheckpointCorrupt(f"{place}.{shown} must be a whole number, not {type(value).__name__}")
    if not low <= value <= high:
        told = value if abs(value) < 1 << 63 else "a larger number"
        raise CheckpointUnsafe(f"{place}.{shown} is {told}, outside {low} to {high}")
    return value


def _check_heads(sizes: dict[str, int], path: Path) -> None:
    n_embd, n_head, n_kv_head = sizes["n_embd"], sizes["n_head"], sizes["n_kv_head"]
    if n_embd % n_head or (n_embd // n_head) % 2:
        raise CheckpointCorrupt(f"{path}: n_embd {n_embd} does not divide into {n_head} heads of an even width")
    if n_head % n_kv_head:
        raise CheckpointCorrupt(f"{path}: n_head {n_head} is no multiple of n_kv_head {n_kv_head}")


def _pattern(value: object, path: Path) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 256 or set(value.upper()) - set("SL"):
        raise CheckpointCorrupt(f"{path}: model_config.window_pattern must be made of S and L")
    return value.upper()
