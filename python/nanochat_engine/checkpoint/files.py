"""Finds the files of one checkpoint in any folder that upstream or a Hub repository lays out.

Knows names and folders only; it opens no file.

Where it looks, in this order:
1. the directory itself, when model_*.pt lies in it;
2. upstream's base directory: chatsft_checkpoints, chatrl_checkpoints, mid_checkpoints, base_checkpoints. Upstream's own
   chat starts with the fine-tuned model; its chatrl models are trained on arithmetic alone, and base models can't chat;
3. tags (folders with model_*.pt) right inside the directory: the largest d<N>, else the newest;
4. the layout of transformers: config.json, model.safetensors or the index of its shards, tokenizer.json, in the directory
   or in the one folder inside that holds them. Where both layouts lie side by side, nanochat's own files are the original.
The tokenizer of nanochat's own layout is beside the model, or in tokenizer/, or the same one or two folders up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nanochat_engine.checkpoint.transformers_weights import INDEX_NAME, SINGLE_NAME
from nanochat_engine.errors import CheckpointNotFound, SettingsError

STAGES = ("chatsft_checkpoints", "chatrl_checkpoints", "mid_checkpoints", "base_checkpoints")
CONFIG_NAME = "config.json"

MODEL_NAME = re.compile(r"model_(\d{1,12})\.pt")
META_NAME = re.compile(r"meta_(\d{1,12})\.json")
DEPTH_TAG = re.compile(r"d(\d{1,6})")


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """The three files that are served; directory holds model and meta.

    In the layout of transformers, meta is config.json, model can be the index of shards, and there is no step.
    """

    directory: Path
    model: Path
    meta: Path
    tokenizer: Path
    step: int | None

    @property
    def is_transformers(self) -> bool:
        return self.meta.name == CONFIG_NAME


def find_checkpoint(directory: Path, *, tag: str | None = None, step: int | None = None) -> CheckpointFiles:
    """Choose a checkpoint below `directory`; without `step` the highest.

    Raises CheckpointNotFound naming what is missing and where it was looked for, SettingsError when `tag` or `step` can't apply.
    """
    if not directory.is_dir():
        raise CheckpointNotFound(f"{directory} is not a folder")
    folder = _model_folder(directory, tag)
    if folder is None:
        return _transformers_files(directory, tag, step)
    model, meta, found = _model_and_meta(folder, step)
    return CheckpointFiles(folder, model, meta, _tokenizer(folder), found)


def _steps(folder: Path, pattern: re.Pattern[str]) -> dict[int, Path]:
    matches = [(pattern.fullmatch(path.name), path) for path in sorted(folder.iterdir())]
    return {int(match[1]): path for match, path in matches if match is not None and path.is_file()}


def _model_folder(directory: Path, tag: str | None) -> Path | None:
    """The folder with model_*.pt, or None where there is only the layout of transformers."""
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
    if _transformers_folders(directory):
        return None
    looked = ", ".join(str(place) for place in [directory, *stages])
    wanted = "a folder with model_<step>.pt" if tag is None else f"a folder {tag} with model_<step>.pt"
    raise CheckpointNotFound(
        f"no checkpoint in {directory}: looked for model_<step>.pt in it, and for {wanted} in {looked}; "
        f"nor is {SINGLE_NAME} there, in the layout of transformers"
    )


def _transformers_model(folder: Path) -> Path | None:
    return next((folder / name for name in (SINGLE_NAME, INDEX_NAME) if (folder / name).is_file()), None)


def _transformers_folders(directory: Path) -> list[Path]:
    if _transformers_model(directory):
        return [directory]
    return sorted(folder for folder in directory.iterdir() if folder.is_dir() and _transformers_model(folder))


def _transformers_files(directory: Path, tag: str | None, step: int | None) -> CheckpointFiles:
    folders = _transformers_folders(directory)
    if step is not None:
        raise SettingsError(
            f"MODEL_STEP={step} can't apply: {directory} is in the layout of transformers, without steps"
        )
    if tag is not None:
        folders = [folder for folder in folders if folder.resolve().name == tag]
    if len(folders) != 1:
        found = ", ".join(folder.name for folder in folders[:10]) or "none"
        raise SettingsError(
            f"MODEL_TAG must name one of the models in {directory} in the layout of transformers: {found}"
        )
    folder = folders[0]
    for name in (CONFIG_NAME, "tokenizer.json"):
        if not (folder / name).is_file():
            raise CheckpointNotFound(f"no {name} in {folder}, beside the model in the layout of transformers")
    model = _transformers_model(folder) or folder / SINGLE_NAME
    return CheckpointFiles(folder, model, folder / CONFIG_NAME, folder / "tokenizer.json", None)


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
