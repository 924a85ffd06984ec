"""Finds the files of one checkpoint in any folder that upstream or a Hub repository lays out.

Knows names and folders only; it opens no file.

Where it looks, in this order:
1. the directory itself, when model_*.pt lies in it;
2. upstream's base directory: chatsft_checkpoints, chatrl_checkpoints, mid_checkpoints, base_checkpoints. Upstream's own
   chat starts with the fine-tuned model; its chatrl models are trained on arithmetic alone, and base models can't chat;
3. tags (folders with model_*.pt) right inside the directory: the largest d<N>, else the newest.
The tokenizer is beside the model, or in tokenizer/, or the same one or two folders up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nanochat_engine.errors import CheckpointNotFound, CheckpointUnsupported, SettingsError

STAGES = ("chatsft_checkpoints", "chatrl_checkpoints", "mid_checkpoints", "base_checkpoints")
TRANSFORMERS_NAMES = ("model.safetensors", "model.safetensors.index.json")

MODEL_NAME = re.compile(r"model_(\d{1,12})\.pt")
META_NAME = re.compile(r"meta_(\d{1,12})\.json")
DEPTH_TAG = re.compile(r"d(\d{1,6})")


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """The three files that are served; directory holds model and meta."""

    directory: Path
    model: Path
    meta: Path
    tokenizer: Path
    step: int


def find_checkpoint(directory: Path, *, tag: str | None = None, step: int | None = None) -> CheckpointFiles:
    """Choose a checkpoint below `directory`; without `step` the highest.

    Raises CheckpointNotFound naming what is missing and where it was looked for, CheckpointUnsupported for the layout of
    transformers, SettingsError when `tag` can't apply.
    """
    if not directory.is_dir():
        raise CheckpointNotFound(f"{directory} is not a folder")
    folder = _model_folder(directory, tag)
    model, meta, found = _model_and_meta(folder, step)
    return CheckpointFiles(folder, model, meta, _tokenizer(folder), found)


def _steps(folder: Path, pattern: re.Pattern[str]) -> dict[int, Path]:
    matches = [(pattern.fullmatch(path.name), path) for path in sorted(folder.iterdir())]
    return {int(match[1]): path for match, path in matches if match is not None and path.is_file()}


def _model_folder(directory: Path, tag: str | None) -> Path:
    if _steps(directory, MODEL_NAME):
        if tag is not None and tag != directory.resolve().name:
            raise SettingsError(
                f"MODEL_TAG={tag} can't apply: {directory} holds a checkpoint itself, not folders of them"
            )
        return directory
    stages = [directory / stage for stage in STAGES if (directory / stage).is_dir()]
    for place in [*stages, directory]:
        tags = [
            folder
            for folder in place.iterdir()
            if folder.is_dir() and folder not in stages and _steps(folder, MODEL_NAME)
        ]
        if tag is not None:
            tags = [folder for folder in tags if folder.name == tag]
        if tags:
            return max(tags, key=_preference)
    if any((directory / name).is_file() for name in TRANSFORMERS_NAMES):
        raise CheckpointUnsupported(
            f"{directory} is in the layout of transformers; nanochat's own model_<step>.pt is read"
        )
    looked = ", ".join(str(place) for place in [directory, *stages])
    wanted = "a folder with model_<step>.pt" if tag is None else f"a folder {tag} with model_<step>.pt"
    raise CheckpointNotFound(
        f"no checkpoint in {directory}: looked for model_<step>.pt in it, and for {wanted} in {looked}"
    )


def _preference(folder: Path) -> tuple[int, float, str]:
    """The deepest d<N> first, then the newest."""
    match = DEPTH_TAG.fullmatch(folder.name)
    return (int(match[1]) if match else -1, folder.stat().st_mtime, folder.name)


def _model_and_meta(folder: Path, step: int | None) -> tuple[Path, Path, int]:
    models, metas = _steps(folder, MODEL_NAME), _steps(folder, META_NAME)
    if step is None:
        step = max(models)
    elif step not in models:
        raise CheckpointNotFound(f"no model_{step:06d}.pt in {folder}: it holds the steps {_listed(models)}")
    if step not in metas:
        raise CheckpointNotFound(
            f"{models[step]} has no meta_{step:06d}.json beside it: {folder} holds meta of {_listed(metas)}"
        )
    return models[step], metas[step], step


def _listed(steps: dict[int, Path]) -> str:
    shown = [str(step) for step in sorted(steps)[-10:]]
    return ", ".join(shown) if shown else "no step"


def _tokenizer(folder: Path) -> Path:
    folder = folder.absolute()
    places = [folder, *list(folder.parents)[:2]]
    candidates = [
        candidate for place in places for candidate in (place / "tokenizer.pkl", place / "tokenizer" / "tokenizer.pkl")
    ]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise CheckpointNotFound(f"no tokenizer: looked for {', '.join(str(candidate) for candidate in candidates)}")
