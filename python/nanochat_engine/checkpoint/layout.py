"""The tensors that an Architecture needs, by upstream's names, and the check that a file holds exactly them."""

from __future__ import annotations

from nanochat_engine.checkpoint.generation import Shapes
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsupported
from nanochat_engine.model.architecture import Architecture

SMEAR_CHANNELS = 24
SHOWN = 5


def expected_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor of the state dict. Value embeddings are given their padded rows."""
    a = architecture
    rows, keys = a.padded_vocab_size, a.n_kv_head * a.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (rows, a.n_embd),
        "lm_head.weight": (rows, a.n_embd),
    }
    if a.residual_lambdas:
        shapes["resid_lambdas"] = shapes["x0_lambdas"] = (a.n_layer,)
    if a.smear:
        shapes["smear_gate.weight"] = (1, SMEAR_CHANNELS)
        shapes["smear_lambda"] = (1,)
    if a.backout:
        shapes["backout_lambda"] = (1,)
    for layer in range(a.n_layer):
        block = f"transformer.h.{layer}"
        shapes[f"{block}.attn.c_q.weight"] = (a.n_embd, a.n_embd)
        shapes[f"{block}.attn.c_k.weight"] = (keys, a.n_embd)
        shapes[f"{block}.attn.c_v.weight"] = (keys, a.n_embd)
        shapes[f"{block}.attn.c_proj.weight"] = (a.n_embd, a.n_embd)
        shapes[f"{block}.mlp.c_fc.weight"] = (4 * a.n_embd, a.n_embd)
        shapes[f"{block}.mlp.c_proj.weight"] = (a.n_embd, 4 * a.n_embd)
        if layer in a.value_embedding_layers:
            shapes[f"{block}.attn.ve_gate.weight"] = (a.n_kv_head, a.gate_channels)
            shapes[f"value_embeds.{layer}.weight"] = (rows, keys)
    return shapes


def check_layout(architecture: Architecture, shapes: Shapes, source: str) -> None:
    """Raises CheckpointCorrupt for missing tensors or wrong shapes, CheckpointUnsupported for tensors that no one would read."""
    expected = expected_shapes(architecture)
    missing = [name for name in expected if name not in shapes]
    if missing:
        raise CheckpointCorrupt(f"{source} lacks {_listed(missing)}, which {_sizes(architecture)} needs")
    unknown = [name for name in shapes if name not in expected]
    if unknown:
        raise CheckpointUnsupported(f"{source} holds {_listed(unknown)}, which {_sizes(architecture)} does not know")
    for name, shape in expected.items():
        if shapes[name] != shape and not _is_unpadded_value_embedding(architecture, name, shapes[name]):
            raise CheckpointCorrupt(
                f"{source}: {name} is {list(shapes[name])}, but {_sizes(architecture)} needs {list(shape)}"
            )
    for channels, name in (
        (architecture.gate_channels, "ve_gate"),
        (SMEAR_CHANNELS if architecture.smear else 0, "smear_gate"),
    ):
        if channels > architecture.n_embd:
            raise CheckpointCorrupt(f"{source}: {name} reads {channels} channels, but n_embd is {architecture.n_embd}")


def _is_unpadded_value_embedding(architecture: Architecture, name: str, shape: tuple[int, ...]) -> bool:
    """Upstream padded wte and lm_head first and value embeddings later; rows past vocab_size are never read."""
    return name.startswith("value_embeds.") and shape == (
        architecture.vocab_size,
        architecture.n_kv_head * architecture.head_dim,
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(name[:100] for name in names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def _sizes(a: Architecture) -> str:
    return (
        f"the {a.generation.value} model of model_config (n_layer {a.n_layer}, n_embd {a.n_embd}, n_head {a.n_head}, "
        f"n_kv_head {a.n_kv_head}, vocab_size {a.vocab_size})"
    )
