"""The commands as programs call them: a made-up checkpoint that upstream's own tools can read, and facts about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.commands.__main__ import main
from nanochat_engine.config import Settings
from tests.golden import GOLDEN

GENERATIONS = ("G0", "G0p", "G1", "G2", "G3", "G4", "G5")


def init(out: Path, *more: str) -> int:
    return main(["init", "--shape", "d2", "--vocab-size", "700", "--out", str(out), *more])


def info(model: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["info", "--json", "--model", str(model), *more]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_made_up_checkpoint_is_recognised_as_its_generation(tmp_path: Path, generation: str) -> None:
    assert init(tmp_path / "new", "--generation", generation) == 0
    architecture = inspect(Settings(tmp_path / "new", "x", device="cpu")).architecture
    assert architecture.generation.value == generation
    assert (architecture.n_layer, architecture.n_embd, architecture.head_dim) == (2, 128, 128)
    assert architecture.vocab_size == 700
    assert architecture.padded_vocab_size == (700 if generation == "G0" else 704)


def test_torch_reads_it_with_embeddings_in_bf16_and_matrices_in_float32(tmp_path: Path) -> None:
    assert init(tmp_path / "new", "--generation", "G5") == 0
    tensors: dict[str, torch.Tensor] = torch.load(tmp_path / "new" / "model_000000.pt", weights_only=True)
    for name, tensor in tensors.items():
        is_embedding = name == "transformer.wte.weight" or name.startswith("value_embeds.")
        assert tensor.dtype is (torch.bfloat16 if is_embedding else torch.float32), name
        assert tensor.float().isfinite().all()
    assert tensors["transformer.wte.weight"].float().std() == pytest.approx(1.0, abs=0.05)
    assert tensors["transformer.h.0.mlp.c_fc.weight"].std() == pytest.approx(128**-0.5, rel=0.05)
    assert tensors["backout_lambda"].item() == pytest.approx(0.2)


def test_the_seed_decides_the_numbers(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert init(tmp_path / name, "--seed", seed) == 0
    a, b, c = ((tmp_path / name / "model_000000.pt").read_bytes() for name in "abc")
    assert a == b != c


def test_its_tokenizer_encodes_any_text(tmp_path: Path) -> None:
    assert init(tmp_path / "new") == 0
    tokenizer = inspect(Settings(tmp_path / "new", "x", device="cpu")).tokenizer
    text = "the quick brown fox, 123 日本"
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text.encode())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--shape", "20"), "d20"),
        (("--vocab-size", "264"), "outside 265 to 500000"),
        (("--vocab-size", "900000"), "outside 265 to 500000"),
        (("--generation", "G9"), "G9"),
    ],
)
def test_what_can_not_be_is_refused_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], reason: str
) -> None:
    assert init(tmp_path / "new", *arguments) == 78
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")
    assert init(tmp_path / "mine") == 78
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "mine"


def test_info_tells_generation_sizes_and_memory_by_dtype(capsys: pytest.CaptureFixture[str]) -> None:
    facts = info(GOLDEN / "2026-03-14", capsys)
    assert (facts["generation"], facts["layout"], facts["step"]) == ("G5", "nanochat", 1)
    assert (facts["context_length"], facts["vocab_size"], facts["layers"]) == (1024, 331, 4)
    files = ("model_000001.pt", "meta_000001.json", "tokenizer.pkl")
    assert facts["size_on_disk"] == sum((GOLDEN / "2026-03-14" / name).stat().st_size for name in files)
    memory = facts["memory"]["bfloat16"]
    assert memory["weights"] == 2 * facts["parameters"]
    # keys and values, 4 layers, 2 heads of 16, 2 bytes
    assert memory["cache_per_token"] == 2 * 4 * 2 * 16 * 2
    assert memory["with_one_context"] == memory["weights"] + 1024 * memory["cache_per_token"]


def test_info_takes_the_settings_that_a_checkpoint_can_not_say(capsys: pytest.CaptureFixture[str]) -> None:
    facts = info(GOLDEN / "2026-03-02", capsys, "--softcap", "20")
    assert (facts["generation"], facts["softcap"]) == ("G3c", 20.0)


def test_info_for_people_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--model", str(GOLDEN / "2025-10")]) == 0
    assert "generation  G0" in capsys.readouterr().out


def test_a_checkpoint_that_is_not_there_is_told_with_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "--json", "--model", str(tmp_path / "nowhere")]) == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("checkpoint_not_found: ")
