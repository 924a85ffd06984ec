"""Builds the Architecture of a checkpoint: its config, its tensors' shapes, and what the settings override."""

from __future__ import annotations

from dataclasses import replace

from nanochat_engine.checkpoint.generation import CONSTANTS, FAMILIES, WTE, Shapes, recognise
from nanochat_engine.checkpoint.meta import ModelConfig
from nanochat_engine.config import Settings
from nanochat_engine.errors import SettingsError
from nanochat_engine.model.architecture import Architecture, Generation

PADDING = 64
G3C_SOFTCAP = 20.0


def build_architecture(config: ModelConfig, shapes: Shapes, settings: Settings) -> Architecture:
    """Every size and constant of the forward pass.

    Raises SettingsError when an override contradicts the tensors, CheckpointUnsupported for what is not served.
    The shapes themselves are checked against the result by `layout.check_layout`.
    """
    pattern = settings.model_window_pattern or config.window_pattern
    generation = _overridden(recognise(shapes, vocab_size=config.vocab_size, window_pattern=pattern), settings, pattern)
    constants = CONSTANTS[generation]
    if settings.model_window_pattern is not None and constants.short_window is None:
        raise SettingsError(
            f"MODEL_WINDOW_PATTERN={settings.model_window_pattern} can't apply: {generation.value} has no windows"
        )
    architecture = architecture_of(generation, config, _padded(config.vocab_size, shapes), pattern)
    return architecture if settings.model_softcap is None else replace(architecture, softcap=settings.model_softcap)


def architecture_of(
    generation: Generation, config: ModelConfig, padded_vocab_size: int, pattern: str | None
) -> Architecture:
    """The sizes of a config with the constants of a generation; pattern: letters S and L, None for all L."""
    constants = CONSTANTS[generation]
    short = constants.short_window(config.sequence_len) if constants.short_window else None
    has_values = constants.gate_channels > 0
    return Architecture(
        generation=generation,
        sequence_len=config.sequence_len,
        vocab_size=config.vocab_size,
        padded_vocab_size=padded_vocab_size,
        n_layer=config.n_layer,
        n_head=config.n_head,
        n_kv_head=config.n_kv_head,
        n_embd=config.n_embd,
        windows=_windows(config.n_layer, pattern or "L", short),
        rope_base=constants.rope_base,
        qk_scale=constants.qk_scale,
        softcap=constants.softcap,
        residual_lambdas=constants.residual_lambdas,
        value_embedding_layers=frozenset(
            i for i in range(config.n_layer) if has_values and i % 2 == (config.n_layer - 1) % 2
        ),
        gate_channels=constants.gate_channels,
        gate_scale=constants.gate_scale,
        smear=constants.smear,
        backout=constants.smear,
    )


def _overridden(found: Generation, settings: Settings, pattern: str | None) -> Generation:
    """MODEL_GENERATION chooses among generations with the same keys; MODEL_SOFTCAP=20 alone makes a G3 a G3c."""
    softcap = settings.model_softcap
    if settings.model_generation is None:
        return Generation.G3C if found is Generation.G3 and softcap == G3C_SOFTCAP else found
    names = {generation.value.lower(): generation for generation in Generation}
    wanted = names.get(settings.model_generation.strip().lower())
    if wanted is None:
        raise SettingsError(
            f"MODEL_GENERATION={settings.model_generation!r} is none of {', '.join(g.value for g in Generation)}"
        )
    if not any(found in family and wanted in family for family in FAMILIES):
        raise SettingsError(
            f"MODEL_GENERATION={wanted.value} contradicts the checkpoint, whose tensors are those of {found.value}"
        )
    if wanted is Generation.G0 and found is Generation.G0P:
        raise SettingsError("MODEL_GENERATION=G0 contradicts the checkpoint, whose vocabulary is padded as from G0p on")
    if wanted is Generation.G1 and pattern is not None:
        raise SettingsError(f"MODEL_GENERATION=G1 contradicts the window pattern {pattern}, which came with G2")
    if (
        softcap is not None
        and (wanted is Generation.G3C) != (softcap == G3C_SOFTCAP)
        and wanted in (Generation.G3, Generation.G3C)
    ):
        raise SettingsError(f"MODEL_GENERATION={wanted.value} contradicts MODEL_SOFTCAP={softcap:g}")
    return wanted


def _padded(vocab_size: int, shapes: Shapes) -> int:
    """Rows of wte: vocab_size itself or the next multiple of 64. Any other count fails the check of shapes."""
    padded = -(-vocab_size // PADDING) * PADDING
    return padded if shapes.get(WTE, (0,))[:1] == (padded,) else vocab_size


def _windows(n_layer: int, pattern: str, short: int | None) -> tuple[int | None, ...]:
    """The pattern tiled over the layers; the last layer always sees everything."""
    tiled = [short if pattern[layer % len(pattern)] == "S" else None for layer in range(n_layer)]
    return (*tiled[:-1], None)
