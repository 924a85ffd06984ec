"""Reads config.json of transformers' NanoChatForCausalLM: the sizes in bounds, and nothing in it that we would not compute.

Every field that changes the forward pass is either taken or refused by name; code of the repository's own is never run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanochat_engine.checkpoint.meta import MAX_BYTES, ModelConfig, checked_sizes
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported

ARCHITECTURE = "NanoChatForCausalLM"
MODEL_TYPE = "nanochat"
SIZES = {
    "sequence_len": "max_position_embeddings",
    "vocab_size": "vocab_size",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_kv_head": "num_key_value_heads",
    "n_embd": "hidden_size",
}
# What each field must be where it is given; transformers' own default is the first.
FIXED: dict[str, tuple[Any, ...]] = {
    "hidden_act": ("relu2",),
    "attention_bias": (False,),
    "tie_word_embeddings": (False,),
    "quantization_config": (None,),
    "rope_scaling": (None,),
}
# nanochat takes the dtype's own epsilon (1.2e-7 in float32); up to here the difference is below 1e-4 in a logit.
MAX_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class TransformersConfig:
    """sizes: as nanochat's own meta would give them. softcap and rope_base: what the config says beyond them."""

    sizes: ModelConfig
    softcap: float
    rope_base: float


def read_transformers_config(path: Path) -> TransformersConfig:
    """Raises CheckpointCorrupt for what is no config, CheckpointUnsafe for sizes out of bounds, CheckpointUnsupported for
    another architecture, code of its own (auto_map), or a field that would change the forward pass."""
    config = _read(path)
    if config.get("model_type") != MODEL_TYPE and config.get("architectures") != [ARCHITECTURE]:
        raise CheckpointUnsupported(
            f"{path} describes {str(config.get('architectures') or config.get('model_type'))[:100]}, not {ARCHITECTURE}"
        )
    if config.get("auto_map"):
        raise CheckpointUnsupported(
            f"{path} has auto_map: its model is code in the repository, which is never run; only transformers' own {ARCHITECTURE} is read"
        )
    for name, allowed in FIXED.items():
        if config.get(name, allowed[0]) not in allowed:
            raise CheckpointUnsupported(f"{path}: {name} is {str(config[name])[:100]}, but nanochat needs {allowed[0]}")
    given = {ours: config.get(theirs) for ours, theirs in SIZES.items() if theirs in config}
    if given.get("n_kv_head") is None and "n_head" in given:
        given["n_kv_head"] = given["n_head"]
    sizes = checked_sizes(given, path, "config", SIZES)
    if config.get("intermediate_size") != 4 * sizes["n_embd"]:
        raise CheckpointUnsupported(f"{path}: intermediate_size is not 4 * hidden_size, as nanochat's is")
    if config.get("head_dim") not in (None, sizes["n_embd"] // sizes["n_head"]):
        raise CheckpointUnsupported(f"{path}: head_dim is not hidden_size / num_attention_heads, as nanochat's is")
    _number(config, "rms_norm_eps", 1e-6, 0.0, MAX_EPSILON, path)
    softcap = _number(config, "final_logit_softcapping", 15.0, 0.1, 1e4, path)
    return TransformersConfig(ModelConfig(**sizes, window_pattern=None), softcap, _rope_base(config, path))


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointUnsafe(f"{path} is larger than {MAX_BYTES} bytes")
    try:
        config = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{path} is not readable JSON: {type(error).__name__}") from error
    if not isinstance(config, dict):
        raise CheckpointCorrupt(f"{path} is no config")
    return config


def _rope_base(config: dict[str, Any], path: Path) -> float:
    """rope_parameters of transformers 5, else rope_theta as its releases before wrote it."""
    rope = config.get("rope_parameters")
    if rope is None:
        return _number(config, "rope_theta", 10_000.0, 1.0, 1e9, path)
    if not isinstance(rope, dict) or rope.get("rope_type", "default") != "default":
        raise CheckpointUnsupported(f"{path}: rope_parameters is not of the type default, which is nanochat's")
    unknown = sorted(set(rope) - {"rope_type", "rope_theta", "partial_rotary_factor"})
    if unknown or rope.get("partial_rotary_factor", 1.0) not in (None, 1):
        raise CheckpointUnsupported(f"{path}: rope_parameters holds more than nanochat's rope_theta")
    return _number(rope, "rope_theta", 10_000.0, 1.0, 1e9, path)


def _number(config: dict[str, Any], name: str, default: float, low: float, high: float, path: Path) -> float:
    value = config.get(name, default)
    if type(value) not in (int, float) or not low <= value <= high:
        raise CheckpointUnsupported(f"{path}: {name} is {str(value)[:100]}, outside {low:g} to {high:g}")
    return float(value)
