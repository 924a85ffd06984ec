"""A G0 checkpoint in the layout of transformers: the same logits there, and the same tensors when it is loaded back here."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nanochat_engine.checkpoint.loader import inspect, load_checkpoint
from nanochat_engine.commands.export import export
from nanochat_engine.config import Settings
from nanochat_engine.errors import CheckpointUnsupported, SettingsError
from tests.golden import golden_tokenizer, reference, settings_of

transformers: Any = pytest.importorskip("transformers")

TOLERANCE = 1e-4
TEXTS = (
    "Hello, world! It's 12345 o'clock.",
    "  naïve déjà-vu\n\n\ttabs\r\nand 日本語 🙂",
    "<|bos|> is text here",
    " " * 50 + "x" * 200,
)


@pytest.fixture(scope="module", params=[1, 3], ids=["whole", "sharded"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("export") / "hf"
    export(settings_of("2025-10"), out, shards=request.param)
    return out


@pytest.fixture
def quiet() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def logits_of(directory: Path, name: str) -> torch.Tensor:
    expected = reference(name)
    model = transformers.NanoChatForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([expected.tokens])).logits[0][expected.positions]
    return logits


@pytest.mark.usefixtures("quiet")
def test_transformers_gives_the_golden_logits(exported: Path) -> None:
    assert (logits_of(exported, "2025-10") - reference("2025-10").logits).abs().max() <= TOLERANCE


@pytest.mark.usefixtures("quiet")
def test_with_the_epsilon_of_transformers_the_logits_stay_within_the_tolerance(exported: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(exported, tmp_path / "changed"))
    config = json.loads((changed / "config.json").read_text())
    (changed / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 1e-6}))
    assert (logits_of(changed, "2025-10") - reference("2025-10").logits).abs().max() <= TOLERANCE


@pytest.mark.usefixtures("quiet")
def test_a_padded_vocabulary_is_cropped_to_what_is_ever_read(tmp_path: Path) -> None:
    export(settings_of("2025-12"), tmp_path / "hf")
    assert inspect(Settings(tmp_path / "hf", "x", device="cpu")).architecture.padded_vocab_size == 331
    assert (logits_of(tmp_path / "hf", "2025-12") - reference("2025-12").logits).abs().max() <= TOLERANCE


def test_loaded_back_it_is_the_same_model_bit_by_bit(exported: Path) -> None:
    original = load_checkpoint(settings_of("2025-10"))
    back = load_checkpoint(Settings(exported, "x", device="cpu"))
    assert back.architecture == original.architecture
    assert back.tensors.keys() == original.tensors.keys()
    for name, tensor in original.tensors.items():
        assert back.tensors[name].dtype is tensor.dtype
        assert torch.equal(back.tensors[name], tensor), name
    assert back.step is None


@pytest.mark.usefixtures("quiet")
def test_the_tokenizer_gives_the_same_ids_there_and_back_here(exported: Path) -> None:
    theirs = transformers.AutoTokenizer.from_pretrained(exported)
    back = inspect(Settings(exported, "x", device="cpu")).tokenizer
    for text in TEXTS:
        expected = golden_tokenizer().encode(text)
        assert back.encode(text) == expected
        if "<|" not in text:  # a special token's name inside a text is a token there, by transformers' own rule
            assert theirs.encode(text, add_special_tokens=False) == expected
    assert theirs.encode("<|assistant_end|>", add_special_tokens=False) == [golden_tokenizer().assistant_end_id]


@pytest.mark.usefixtures("quiet")
def test_what_transformers_itself_saves_loads_here(exported: Path, tmp_path: Path) -> None:
    model = transformers.NanoChatForCausalLM.from_pretrained(exported, dtype=torch.float32)
    model.save_pretrained(tmp_path / "saved")
    transformers.AutoTokenizer.from_pretrained(exported).save_pretrained(tmp_path / "saved")
    back = load_checkpoint(Settings(tmp_path / "saved", "x", device="cpu"))
    original = load_checkpoint(settings_of("2025-10"))
    assert torch.equal(back.tensors["lm_head.weight"], original.tensors["lm_head.weight"])
    assert back.tokenizer.encode(TEXTS[0]) == original.tokenizer.encode(TEXTS[0])


def test_later_generations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnsupported, match=r"generation G5; .* computes G0 only"):
        export(settings_of("2026-03-14"), tmp_path / "hf")
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(exported: Path) -> None:
    before = sorted(path.name for path in exported.iterdir())
    with pytest.raises(SettingsError, match="is there already"):
        export(settings_of("2025-10"), exported)
    assert sorted(path.name for path in exported.iterdir()) == before


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = replace(settings_of("2025-10"), model=tmp_path / "nowhere")
    with pytest.raises(Exception, match="is not a folder"):
        export(broken, tmp_path / "hf")
    assert not list(tmp_path.iterdir())
