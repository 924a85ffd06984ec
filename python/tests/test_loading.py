"""A start on what an earlier start has kept: the same model, without measuring again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from nanochat_engine import loading
from nanochat_engine.cache.manager import BlockManager, CacheSize
from nanochat_engine.config import Settings
from nanochat_engine.errors import SettingsError
from nanochat_engine.kept.copies import Copies
from nanochat_engine.loading import LoadedModel, load
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.scheduler import Scheduler
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import take_step
from nanochat_engine.warm_up import WarmUp
from tests.golden import reference, settings_of

NAME = "2026-03-14"


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedModel]:
    """Load with a folder to keep things in, as if the golden model were a large one."""
    small = partial(Copies, smallest=0, background=lambda work: work())
    monkeypatch.setattr(loading, "Copies", small)
    monkeypatch.setattr(loading, "_WORTH_KEEPING", 0)
    settings = replace(settings_of(NAME, threads=1, cache_tokens=2048), kept_dir=tmp_path)

    def start(**changes: object) -> LoadedModel:
        changed: Settings = replace(settings, **changes)  # type: ignore[arg-type]
        return load(changed, lambda: None, lambda state, phase, progress: None)

    return start


def continuation(loaded: LoadedModel) -> list[int]:
    expected = reference(NAME)
    tokens = len(expected.continuation)
    params = SamplingParams(seed=0, temperature=0.0, max_tokens=tokens, ignore_eos=True)
    sequence = Sequence(
        GenerateRequest("a", tuple(expected.tokens), params, calculator=False), 0, tokens, loaded.tokenizer
    )
    scheduler = Scheduler(BlockManager(loaded.cache), max_running=1, max_waiting=1, step_tokens=512)
    scheduler.add([sequence])
    while not scheduler.idle:
        take_step(scheduler, loaded.runner)
    return sequence.ids[len(expected.tokens) :]


@pytest.mark.parametrize("kernels", ["torch", "auto"])
def test_a_second_start_maps_measures_nothing_and_serves_the_same(
    ready: Callable[..., LoadedModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels: str
) -> None:
    first = ready(kernels=kernels)
    assert (tmp_path / "measurements.json").is_file()
    assert len(list((tmp_path / "converted").glob("*.safetensors"))) == 1
    assert continuation(first) == reference(NAME).continuation

    def never(*arguments: object) -> float:
        raise AssertionError("measured again")

    monkeypatch.setattr(WarmUp, "run", never)
    monkeypatch.setattr(WarmUp, "cost", never)
    monkeypatch.setattr(loading, "build_pieces", never)
    second = ready(kernels=kernels)
    assert second.kernel == first.kernel
    assert second.runner.quantum == first.runner.quantum
    assert second.batch_invariant == first.batch_invariant
    assert second.longest_step_seconds == first.longest_step_seconds
    assert continuation(second) == reference(NAME).continuation


@pytest.mark.parametrize("kernels", ["torch", "auto"])
def test_each_quantization_keeps_a_copy_of_its_own_that_later_starts_map(
    ready: Callable[..., LoadedModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels: str
) -> None:
    def copies() -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in (tmp_path / "converted").glob("*.safetensors")}

    kinds = ("none", "int8", "int4")
    first = [continuation(ready(kernels=kernels, quantization=kind)) for kind in kinds]
    written = copies()
    assert len(written) == len(kinds)

    def never(*arguments: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(loading, "build_pieces", never)
    assert [continuation(ready(kernels=kernels, quantization=kind)) for kind in kinds] == first
    assert copies() == written


def test_other_conditions_are_measured_anew(ready: Callable[..., LoadedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    ready(batch_invariant="off", kernels="torch")
    measured: list[int] = []
    run = WarmUp.run
    monkeypatch.setattr(WarmUp, "run", lambda *arguments: (measured.append(1), run(*arguments))[1])
    assert ready(batch_invariant="on", kernels="torch").batch_invariant
    assert measured == [1]


def test_switched_off_nothing_is_written(ready: Callable[..., LoadedModel], tmp_path: Path) -> None:
    assert continuation(ready(kept_dir=None)) == reference(NAME).continuation
    assert not list(tmp_path.iterdir())


def test_the_cache_follows_its_tokens_else_its_share_of_memory(ready: Callable[..., LoadedModel]) -> None:
    # The golden model sees 256 positions back in all layers but one: four blocks, and the two that they begin and end in.
    assert ready(cache_tokens=64 * 100, max_running=2, step_tokens=64).cache == CacheSize(100, 2 * 2 * 6 + 1, 256)
    assert ready(cache_tokens=64, max_running=2, step_tokens=64).cache == CacheSize(1, 1, 256)
    small = ready(cache_tokens=None, cache_memory_share=0.01).cache
    large = ready(cache_tokens=None, cache_memory_share=0.03).cache
    # The free memory itself moves a little between two starts.
    assert 2 * small.blocks < large.blocks < 4 * small.blocks
    third = ready(cache_tokens=None, cache_memory_share=0.03, device_workers=3).cache
    assert 2 * third.blocks < large.blocks < 4 * third.blocks


def test_a_cache_larger_than_the_memory_is_refused(ready: Callable[..., LoadedModel]) -> None:
    with pytest.raises(SettingsError, match="CACHE_TOKENS"):
        ready(cache_tokens=1 << 32)
