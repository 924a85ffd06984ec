from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nanochat_engine.checkpoint.generation import CONSTANTS, recognise
from nanochat_engine.checkpoint.loader import inspect, load_checkpoint
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsupported, SettingsError
from nanochat_engine.model.architecture import Generation
from tests.checkpoint.forge import change_config, change_tensors, settings
from tests.golden import settings_of

Golden = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "override", "generation"),
    [
        ("2025-10", "g0", Generation.G0),
        ("2025-12", "G0P", Generation.G0P),
        ("2026-01-11a", "G1", Generation.G1),
        ("2026-01-11a", "g2", Generation.G2),
        ("2026-01-17", "G3", Generation.G3),
        ("2026-03-02", "g3C", Generation.G3C),
        ("2026-03-09", "G4", Generation.G4),
        ("2026-03-14", "G5", Generation.G5),
    ],
)
def test_a_generation_set_in_any_case_is_taken_when_the_keys_allow_it(
    name: str, override: str, generation: Generation
) -> None:
    assert inspect(settings_of(name, model_generation=override)).architecture.generation is generation


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("2025-10", "G1"),
        ("2025-12", "G0"),
        ("2026-01-11a", "G0"),
        ("2026-01-11b", "G1"),
        ("2026-01-17", "G4"),
        ("2026-03-09", "G3"),
        ("2026-03-09", "G5"),
        ("2026-03-14", "G4"),
    ],
)
def test_a_generation_that_contradicts_the_keys_is_refused(name: str, override: str) -> None:
    with pytest.raises(SettingsError, match=f"MODEL_GENERATION={override} contradicts"):
        inspect(settings_of(name, model_generation=override))


def test_an_unknown_generation_is_refused_with_those_known() -> None:
    with pytest.raises(SettingsError, match=r"'G9' is none of G0, G0p, G1, G2, G3, G3c, G4, G5"):
        inspect(settings_of("2025-10", model_generation="G9"))


@pytest.mark.parametrize(
    ("generation", "softcap", "expected", "value"),
    [
        (None, None, Generation.G3, 15.0),
        (None, 15.0, Generation.G3, 15.0),
        (None, 20.0, Generation.G3C, 20.0),
        ("G3c", None, Generation.G3C, 20.0),
        ("G3c", 20.0, Generation.G3C, 20.0),
        (None, 30.0, Generation.G3, 30.0),
    ],
)
def test_softcap_and_generation_tell_g3_from_g3c(
    generation: str | None, softcap: float | None, expected: Generation, value: float
) -> None:
    architecture = inspect(settings_of("2026-03-02", model_generation=generation, model_softcap=softcap)).architecture
    assert architecture.generation is expected
    assert architecture.softcap == value


@pytest.mark.parametrize(("generation", "softcap"), [("G3", 20.0), ("G3c", 15.0)])
def test_a_softcap_that_contradicts_the_generation_is_refused(generation: str, softcap: float) -> None:
    with pytest.raises(SettingsError, match="MODEL_SOFTCAP"):
        inspect(settings_of("2026-03-02", model_generation=generation, model_softcap=softcap))


@pytest.mark.parametrize("name", ["2025-10", "2026-03-14"])
def test_a_softcap_is_overridden_in_any_generation(name: str) -> None:
    assert inspect(settings_of(name, model_softcap=30.0)).architecture.softcap == 30.0


def test_a_lost_window_pattern_is_full_context_until_a_setting_gives_it(golden_copy: Golden) -> None:
    directory = golden_copy("2026-01-17")
    change_config(directory, window_pattern=...)
    assert inspect(settings(directory)).architecture.windows == (None, None, None, None)
    assert inspect(settings(directory, model_window_pattern="SL")).architecture.windows == (512, None, 512, None)


def test_a_window_pattern_set_for_a_g1_makes_it_a_g2() -> None:
    architecture = inspect(settings_of("2026-01-11a", model_window_pattern="SSSL")).architecture
    assert architecture.generation is Generation.G2
    assert architecture.windows == (512, 512, 512, None)


def test_a_window_pattern_set_wins_over_the_recorded_one_and_the_last_layer_sees_everything() -> None:
    assert inspect(settings_of("2026-03-14", model_window_pattern="S")).architecture.windows == (256, 256, 256, None)


def test_a_window_pattern_can_not_apply_to_a_generation_without_windows() -> None:
    with pytest.raises(SettingsError, match="MODEL_WINDOW_PATTERN=SL can't apply"):
        inspect(settings_of("2025-10", model_window_pattern="SL"))


@pytest.mark.parametrize(
    ("generation", "sequence_len", "expected"),
    [
        (Generation.G2, 2048, 1024),
        (Generation.G3, 2048, 1024),
        (Generation.G3C, 2048, 1024),
        (Generation.G4, 2048, 768),
        (Generation.G4, 384, 128),
        (Generation.G4, 385, 256),
        (Generation.G5, 2048, 512),
        (Generation.G5, 2049, 640),
        (Generation.G5, 1, 128),
    ],
)
def test_the_short_window_follows_from_the_generation(generation: Generation, sequence_len: int, expected: int) -> None:
    short = CONSTANTS[generation].short_window
    assert short is not None
    assert short(sequence_len) == expected


@pytest.mark.parametrize(
    "key",
    [
        "bigram_embed.weight",
        "bigram_lambdas",
        "value_embed_A",
        "value_embed_B",
        "value_embed_A.weight",
        "value_embed.weight",
        "v0_lambdas",
    ],
)
def test_short_lived_experiments_are_refused_by_name(golden_copy: Golden, key: str) -> None:
    directory = golden_copy("2026-01-11b")
    change_tensors(directory, lambda tensors: tensors.update({key: torch.zeros(4)}))
    with pytest.raises(CheckpointUnsupported, match=f"{key} belongs to a short-lived experiment"):
        load_checkpoint(settings(directory))


def test_a_gate_of_unknown_width_is_refused() -> None:
    shapes = {"resid_lambdas": (4,), "transformer.h.1.attn.ve_gate.weight": (2, 16)}
    with pytest.raises(CheckpointUnsupported, match="16 channels"):
        recognise(shapes, vocab_size=331, window_pattern=None)


@pytest.mark.parametrize("name", ["2025-10", "2026-03-14"])
def test_each_missing_tensor_is_named(golden_copy: Golden, name: str) -> None:
    directory = golden_copy(name)
    whole = dict(torch.load(directory / "model_000001.pt", weights_only=True))
    for key in whole:
        torch.save({other: tensor for other, tensor in whole.items() if other != key}, directory / "model_000001.pt")
        # Without resid_lambdas a file looks like a G0, so the rest is unknown to it.
        with pytest.raises(
            (CheckpointCorrupt, CheckpointUnsupported), match=key if key != "resid_lambdas" else "x0_lambdas"
        ):
            load_checkpoint(settings(directory))


@pytest.mark.parametrize("name", ["2025-10", "2026-03-14"])
def test_each_tensor_of_another_shape_is_named(golden_copy: Golden, name: str) -> None:
    directory = golden_copy(name)
    whole = dict(torch.load(directory / "model_000001.pt", weights_only=True))
    for key, tensor in whole.items():
        if key.endswith("ve_gate.weight"):
            continue  # its width decides the generation
        torch.save({**whole, key: torch.zeros(*tensor.shape, 1)}, directory / "model_000001.pt")
        with pytest.raises(CheckpointCorrupt, match=rf"{key} is \[.*needs \["):
            load_checkpoint(settings(directory))


def test_an_unknown_tensor_is_named(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    change_tensors(directory, lambda tensors: tensors.update({"transformer.h.0.moe.router.weight": torch.zeros(4)}))
    with pytest.raises(CheckpointUnsupported, match=r"transformer\.h\.0\.moe\.router\.weight"):
        load_checkpoint(settings(directory))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("n_layer", 5, r"lacks .*transformer\.h\.4.*n_layer 5"),
        ("n_layer", 2, r"holds .*transformer\.h\.2.*n_layer 2"),
        ("n_layer", 512, r"lacks .* more, which the G5 model of model_config \(n_layer 512"),
        ("n_embd", 128, r"is \[.*64\].*n_embd 128"),
        ("n_kv_head", 4, r"n_kv_head 4"),
        ("vocab_size", 300, r"wte\.weight is \[384, 64\].*vocab_size 300"),
        ("vocab_size", 330, r"331 tokens, but .* says vocab_size 330"),
    ],
)
def test_a_config_that_contradicts_the_tensors_is_told_with_both_sides(
    golden_copy: Golden, key: str, value: int, said: str
) -> None:
    directory = golden_copy("2026-03-14")
    change_config(directory, **{key: value})
    with pytest.raises((CheckpointCorrupt, CheckpointUnsupported), match=said):
        load_checkpoint(settings(directory))


def test_value_embeddings_saved_before_their_padding_are_read(golden_copy: Golden) -> None:
    directory = golden_copy("2026-01-17")

    def crop(tensors: dict[str, torch.Tensor]) -> None:
        for layer in (1, 3):
            tensors[f"value_embeds.{layer}.weight"] = tensors[f"value_embeds.{layer}.weight"][:331].clone()

    change_tensors(directory, crop)
    assert load_checkpoint(settings(directory)).tensors["value_embeds.1.weight"].shape == (331, 32)


def test_a_model_that_can_never_fit_is_refused_before_it_is_read(
    golden_copy: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = golden_copy("2026-03-14")
    monkeypatch.setattr("nanochat_engine.checkpoint.loader.total_memory", lambda: 600_000)
    assert inspect(settings(directory, dtype="bfloat16")).parameters == 254_034
    with pytest.raises(CheckpointUnsupported, match="GiB"):
        inspect(settings(directory, dtype="float32"))
