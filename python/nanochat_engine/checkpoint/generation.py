"""What each generation means for the forward pass, and how one is recognised by its keys and shapes.

A checkpoint's config records none of these constants (docs/generations.md): one table holds them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nanochat_engine.errors import CheckpointUnsupported
from nanochat_engine.model.architecture import Generation

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Constants:
    """short_window: width of an S layer by sequence_len, None where a generation has no windows."""

    softcap: float = 15.0
    rope_base: float = 10_000.0
    qk_scale: float = 1.0
    short_window: Callable[[int], int] | None = None
    residual_lambdas: bool = True
    gate_channels: int = 0
    gate_scale: float = 0.0
    smear: bool = False


def _half(sequence_len: int) -> int:
    return sequence_len // 2


def _part_of(divisor: int) -> Callable[[int], int]:
    """ceil(sequence_len / divisor / 128) * 128"""
    return lambda sequence_len: -(-sequence_len // (divisor * 128)) * 128


_VALUE_EMBEDDINGS = Constants(short_window=_half, gate_channels=32, gate_scale=2.0)

CONSTANTS: dict[Generation, Constants] = {
    Generation.G0: Constants(residual_lambdas=False),
    Generation.G0P: Constants(residual_lambdas=False),
    Generation.G1: Constants(),
    Generation.G2: Constants(short_window=_half),
    Generation.G3: _VALUE_EMBEDDINGS,
    Generation.G3C: Constants(softcap=20.0, short_window=_half, gate_channels=32, gate_scale=2.0),
    Generation.G4: Constants(
        rope_base=100_000.0, qk_scale=1.15, short_window=_part_of(3), gate_channels=12, gate_scale=3.0
    ),
    Generation.G5: Constants(
        rope_base=100_000.0, qk_scale=1.2, short_window=_part_of(4), gate_channels=12, gate_scale=3.0, smear=True
    ),
}

# Generations whose files can't be told apart by their keys: a setting may choose within a row, never across rows.
FAMILIES = (
    frozenset({Generation.G0, Generation.G0P}),
    frozenset({Generation.G1, Generation.G2}),
    frozenset({Generation.G3, Generation.G3C}),
    frozenset({Generation.G4}),
    frozenset({Generation.G5}),
)

EXPERIMENTAL_NAMES = frozenset({"bigram_lambdas", "value_embed_A", "value_embed_B", "value_embed.weight", "v0_lambdas"})
EXPERIMENTAL_PREFIXES = ("bigram_embed.", "value_embed_A.", "value_embed_B.")
SMEAR_NAMES = ("smear_gate.weight", "smear_lambda", "backout_lambda")
WTE = "transformer.wte.weight"


def recognise(shapes: Shapes, *, vocab_size: int, window_pattern: str | None) -> Generation:
    """The generation that a file's tensors belong to; where keys can't tell, the one that upstream's dates make likeliest.

    Raises CheckpointUnsupported for short-lived experiments and unknown gates, naming the key.
    """
    for name in shapes:
        if name in EXPERIMENTAL_NAMES or name.startswith(EXPERIMENTAL_PREFIXES):
            raise CheckpointUnsupported(
                f"{name[:100]} belongs to a short-lived experiment of nanochat's that is not served"
            )
    if "resid_lambdas" not in shapes:
        rows = shapes[WTE][0] if shapes.get(WTE) else vocab_size
        return Generation.G0P if rows > vocab_size else Generation.G0
    if any(name in shapes for name in SMEAR_NAMES):
        return Generation.G5
    gates = sorted(name for name in shapes if name.endswith(".attn.ve_gate.weight"))
    if not gates:
        return Generation.G1 if window_pattern is None else Generation.G2
    channels = shapes[gates[0]][-1] if shapes[gates[0]] else 0
    if channels == CONSTANTS[Generation.G3].gate_channels:
        return Generation.G3
    if channels == CONSTANTS[Generation.G4].gate_channels:
        return Generation.G4
    raise CheckpointUnsupported(f"{gates[0][:100]} has {channels} channels; known generations have 32 or 12")
