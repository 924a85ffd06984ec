"""Settings are read once, checked, and every problem is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nanochat_engine.config import read_settings
from nanochat_engine.device import choose_device, choose_dtype
from nanochat_engine.errors import SettingsError
from tests.golden import settings_of


def test_what_is_not_given_has_its_default() -> None:
    settings = read_settings({"MODEL": "some/model"})
    assert (settings.model, settings.model_id, settings.port, settings.max_running) == (
        Path("some/model"),
        "model",
        8081,
        16,
    )
    assert (settings.device, settings.dtype, settings.batch_invariant) == ("auto", "auto", "auto")


def test_the_cache_is_sized_by_tokens_or_a_share_of_memory_and_reuse_can_be_switched_off() -> None:
    settings = read_settings({"MODEL": "a", "CACHE_MEMORY_SHARE": "0.5", "PREFIX_CACHE": "off"})
    assert (settings.cache_tokens, settings.cache_memory_share, settings.prefix_cache) == (None, 0.5, False)
    assert read_settings({"MODEL": "a"}).prefix_cache
    assert [read_settings({"MODEL": "a", **of}).device_workers for of in ({}, {"DEVICE_WORKERS": "3"})] == [1, 3]
    for share in ("0", "1", "half"):
        with pytest.raises(SettingsError, match="CACHE_MEMORY_SHARE"):
            read_settings({"MODEL": "a", "CACHE_MEMORY_SHARE": share})


def test_arguments_win_over_the_environment() -> None:
    settings = read_settings({"MODEL": "a", "ENGINE_PORT": "1"}, model="b", port=2)
    assert (settings.model, settings.port) == (Path("b"), 2)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"MAX_RUNNING": "0", "STEP_TOKENS": "many", "DTYPE": "float8", "MODEL_WINDOW_PATTERN": "XYZ"})
    for name in ("MODEL", "MAX_RUNNING", "STEP_TOKENS", "DTYPE", "MODEL_WINDOW_PATTERN"):
        assert name in caught.value.message


@pytest.mark.parametrize("value", ["auto", "cpu", "mps", "cuda", "cuda:0", "CUDA:3"])
def test_a_device_is_taken(value: str) -> None:
    assert read_settings({"MODEL": "a", "DEVICE": value}).device == value.lower()


@pytest.mark.parametrize(
    "value", ["cuda:", "cpu:", "cpu:0", "auto:1", "cuda:128", "cuda:99999999999", "cuda:-1", "tpu"]
)
def test_a_device_that_cannot_be_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="DEVICE"):
        read_settings({"MODEL": "a", "DEVICE": value})


def test_listening_beyond_this_machine_needs_a_token() -> None:
    with pytest.raises(SettingsError, match="ENGINE_TOKEN"):
        read_settings({"MODEL": "a", "ENGINE_HOST": "0.0.0.0"})
    assert read_settings({"MODEL": "a", "ENGINE_HOST": "0.0.0.0", "ENGINE_TOKEN": "t"}).host == "0.0.0.0"


def test_a_device_that_is_not_there_is_named() -> None:
    wanted = f"cuda:{torch.cuda.device_count()}"
    with pytest.raises(SettingsError, match=wanted):
        choose_device(settings_of("2026-03-14", device=wanted))


def test_a_configured_dtype_is_taken_as_it_is() -> None:
    cpu = torch.device("cpu")
    assert choose_dtype(settings_of("2026-03-14", dtype="bfloat16"), cpu, 1, native=False) is torch.bfloat16
    auto = settings_of("2026-03-14", dtype="auto")
    assert choose_dtype(auto, cpu, 500_000_000, native=True) is torch.bfloat16
    assert choose_dtype(auto, cpu, 500_000_000, native=False) in (torch.bfloat16, torch.float32)
    assert choose_dtype(auto, cpu, 4_000_000, native=True) is torch.float32


@pytest.mark.parametrize(
    ("environment", "kept"),
    [
        ({"NANOCHAT_DIR": "/data", "HOME": "/home/a"}, "/data"),
        ({"XDG_CACHE_HOME": "/cache", "HOME": "/home/a"}, "/cache/nanochat-server"),
        ({"XDG_CACHE_HOME": "cache", "HOME": "/home/a"}, "/home/a/.cache/nanochat-server"),
        ({"HOME": "/home/a"}, "/home/a/.cache/nanochat-server"),
        ({}, None),
        ({"NANOCHAT_DIR": "/data", "CONVERTED_COPY": "OFF"}, None),
    ],
)
def test_what_is_kept_goes_to_the_named_folder_or_the_users_cache(
    environment: dict[str, str], kept: str | None
) -> None:
    assert read_settings(environment, model="x").kept_dir == (None if kept is None else Path(kept))


def test_another_word_than_on_or_off_is_refused() -> None:
    with pytest.raises(SettingsError, match="CONVERTED_COPY='maybe' is none of on, off"):
        read_settings({"CONVERTED_COPY": "maybe"}, model="x")


def test_variables_that_choose_kernels_are_noted_in_order() -> None:
    environment = {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2", "OTHER": "1"}
    assert read_settings(environment, model="x").kernel_environment == "MKL_CBWR=AVX2 ONEDNN_MAX_CPU_ISA=AVX2"
