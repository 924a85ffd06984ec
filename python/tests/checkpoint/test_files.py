from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from nanochat_engine.checkpoint.files import find_checkpoint
from nanochat_engine.errors import CheckpointNotFound, SettingsError


def make(folder: Path, *steps: int, meta: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for step in steps:
        (folder / f"model_{step:06d}.pt").touch()
        if meta:
            (folder / f"meta_{step:06d}.json").touch()
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Upstream's base directory with a tokenizer and no checkpoint yet."""
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.pkl").touch()
    return tmp_path


def test_a_flat_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, 650)
    (tmp_path / "tokenizer.pkl").touch()
    files = find_checkpoint(tmp_path)
    assert files.directory == tmp_path
    assert files.model.name == "model_000650.pt"
    assert files.meta.name == "meta_000650.json"
    assert files.tokenizer == tmp_path / "tokenizer.pkl"
    assert files.step == 650


@pytest.mark.parametrize(
    ("stages", "chosen"),
    [
        (["base", "mid", "chatrl", "chatsft"], "chatsft"),
        (["base", "mid", "chatrl"], "chatrl"),
        (["base", "mid"], "mid"),
        (["base"], "base"),
    ],
)
def test_the_fine_tuned_stage_is_served_before_earlier_ones(base: Path, stages: list[str], chosen: str) -> None:
    for stage in stages:
        make(base / f"{stage}_checkpoints" / "d20", 1)
    files = find_checkpoint(base)
    assert files.directory == base / f"{chosen}_checkpoints" / "d20"
    assert files.tokenizer == base / "tokenizer" / "tokenizer.pkl"


def test_a_stage_without_a_finished_checkpoint_is_passed_over(base: Path) -> None:
    (base / "chatsft_checkpoints" / "d20").mkdir(parents=True)
    make(base / "base_checkpoints" / "d12", 1)
    assert find_checkpoint(base).directory == base / "base_checkpoints" / "d12"


def test_the_deepest_tag_is_taken_by_number_and_not_by_letters(base: Path) -> None:
    for tag in ("d4", "d20", "d100", "zebra"):
        make(base / "chatsft_checkpoints" / tag, 1)
    assert find_checkpoint(base).directory.name == "d100"


def test_the_newest_tag_is_taken_when_none_is_a_depth(base: Path) -> None:
    for age, tag in enumerate(("newest", "older", "oldest")):
        folder = make(base / "chatsft_checkpoints" / tag, 1)
        os.utime(folder, (10_000 - age, 10_000 - age))
    assert find_checkpoint(base).directory.name == "newest"


def test_a_tag_chooses_the_folder_also_in_a_later_stage(base: Path) -> None:
    make(base / "chatsft_checkpoints" / "d20", 1)
    make(base / "base_checkpoints" / "d12", 1)
    assert find_checkpoint(base, tag="d12").directory == base / "base_checkpoints" / "d12"


def test_a_tag_folder_given_directly_finds_its_tokenizer_two_folders_up(base: Path) -> None:
    folder = make(base / "chatsft_checkpoints" / "d20", 1)
    assert find_checkpoint(folder).tokenizer == base / "tokenizer" / "tokenizer.pkl"


def test_a_stage_folder_given_directly_is_searched_for_tags(base: Path) -> None:
    make(base / "chatsft_checkpoints" / "d20", 1)
    assert find_checkpoint(base / "chatsft_checkpoints").directory.name == "d20"


def test_a_repository_with_the_files_under_a_depth_folder_is_found(tmp_path: Path) -> None:
    folder = make(tmp_path / "d20", 650)
    (folder / "tokenizer.pkl").touch()
    assert find_checkpoint(tmp_path).directory == folder


def test_the_highest_step_is_taken_by_number(tmp_path: Path) -> None:
    make(tmp_path, 999_999, 1_000_000, 5)
    (tmp_path / "tokenizer.pkl").touch()
    assert find_checkpoint(tmp_path).step == 1_000_000
    assert find_checkpoint(tmp_path, step=5).model.name == "model_000005.pt"


def test_other_files_are_not_taken_for_models(tmp_path: Path) -> None:
    make(tmp_path, 5)
    for name in ("model_000009_backup.pt", "model_000010.pt.partial", "optim_000011_rank0.pt", "tokenizer.pkl"):
        (tmp_path / name).touch()
    assert find_checkpoint(tmp_path).step == 5


def test_a_missing_step_is_named_with_those_that_exist(tmp_path: Path) -> None:
    make(tmp_path, 5, 7)
    with pytest.raises(CheckpointNotFound, match=r"no model_000006\.pt .* the steps 5, 7"):
        find_checkpoint(tmp_path, step=6)


def test_model_and_meta_of_different_steps_are_both_named(tmp_path: Path) -> None:
    make(tmp_path, 650, meta=False)
    (tmp_path / "meta_000700.json").touch()
    with pytest.raises(CheckpointNotFound, match=r"model_000650\.pt has no meta_000650\.json beside it: .* 700"):
        find_checkpoint(tmp_path)


def test_a_missing_tokenizer_is_told_with_every_place_looked_at(base: Path) -> None:
    (base / "tokenizer" / "tokenizer.pkl").unlink()
    folder = make(base / "chatsft_checkpoints" / "d20", 1)
    with pytest.raises(CheckpointNotFound) as caught:
        find_checkpoint(base)
    for place in (folder / "tokenizer.pkl", base / "tokenizer" / "tokenizer.pkl"):
        assert str(place) in caught.value.message


@pytest.mark.parametrize("tag", [None, "d12"])
def test_an_empty_folder_is_told_with_what_was_looked_for(tmp_path: Path, tag: str | None) -> None:
    with pytest.raises(CheckpointNotFound, match=rf"model_<step>\.pt.*{re.escape(str(tmp_path))}"):
        find_checkpoint(tmp_path, tag=tag)


def make_transformers(folder: Path, model: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json", model):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("model", ["model.safetensors", "model.safetensors.index.json"])
def test_the_layout_of_transformers_is_found_whole_or_in_shards(tmp_path: Path, model: str) -> None:
    files = find_checkpoint(make_transformers(tmp_path, model))
    assert files.is_transformers
    assert (files.model.name, files.meta.name, files.tokenizer.name) == (model, "config.json", "tokenizer.json")
    assert files.step is None


def test_the_layout_of_transformers_is_found_one_folder_down(tmp_path: Path) -> None:
    folder = make_transformers(tmp_path / "hf")
    assert find_checkpoint(tmp_path).directory == folder


def test_several_models_of_transformers_need_a_tag(tmp_path: Path) -> None:
    make_transformers(tmp_path / "one")
    two = make_transformers(tmp_path / "two")
    with pytest.raises(SettingsError, match=r"MODEL_TAG must name one of .* one, two"):
        find_checkpoint(tmp_path)
    assert find_checkpoint(tmp_path, tag="two").directory == two


def test_nanochats_own_files_win_over_those_of_transformers_beside_them(tmp_path: Path) -> None:
    make(make_transformers(tmp_path), 5)
    (tmp_path / "tokenizer.pkl").touch()
    assert not find_checkpoint(tmp_path).is_transformers


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_missing_file_beside_the_model_of_transformers_is_named(tmp_path: Path, name: str) -> None:
    (make_transformers(tmp_path) / name).unlink()
    with pytest.raises(CheckpointNotFound, match=name):
        find_checkpoint(tmp_path)


def test_a_step_can_not_be_asked_of_the_layout_of_transformers(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MODEL_STEP=5"):
        find_checkpoint(make_transformers(tmp_path), step=5)


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound, match="is not a folder"):
        find_checkpoint(tmp_path / "nowhere")


def test_a_tag_that_can_not_apply_is_not_ignored(tmp_path: Path) -> None:
    make(tmp_path, 5)
    with pytest.raises(SettingsError, match="MODEL_TAG=d12"):
        find_checkpoint(tmp_path, tag="d12")
