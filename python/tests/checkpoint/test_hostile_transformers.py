"""The layout of transformers with one thing wrong: refused by name, and nothing of the repository's own is run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.commands.export import export
from nanochat_engine.config import Settings
from nanochat_engine.errors import (
    CheckpointCorrupt,
    CheckpointError,
    CheckpointNotFound,
    CheckpointUnsafe,
    CheckpointUnsupported,
)
from tests.golden import settings_of

Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("export") / "hf"
    export(settings_of("2025-10"), out, shards=2)
    return out


@pytest.fixture
def directory(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "hf"))


def change(path: Path, apply: Change) -> None:
    described = json.loads(path.read_text())
    changed = apply(described)
    path.write_text(json.dumps(described if changed is None else changed))


def read(directory: Path, **changes: Any) -> Any:
    return inspect(Settings(directory, "x", device="cpu", **changes))


def test_the_whole_is_read(directory: Path) -> None:
    assert read(directory).architecture.generation.value == "G0"


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"auto_map": {"AutoModelForCausalLM": "modeling_x.X"}}, CheckpointUnsupported, "auto_map"),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, CheckpointUnsupported, "LlamaForCausalLM"),
        ({"hidden_act": "silu"}, CheckpointUnsupported, "hidden_act"),
        ({"attention_bias": True}, CheckpointUnsupported, "attention_bias"),
        ({"tie_word_embeddings": True}, CheckpointUnsupported, "tie_word_embeddings"),
        ({"quantization_config": {"bits": 4}}, CheckpointUnsupported, "quantization_config"),
        ({"rope_scaling": {"type": "yarn"}}, CheckpointUnsupported, "rope_scaling"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, CheckpointUnsupported, "rope_parameters"),
        ({"rope_parameters": {"factor": 2, "rope_theta": 1e4}}, CheckpointUnsupported, "rope_parameters"),
        ({"rope_parameters": {"rope_theta": "1e4"}}, CheckpointUnsupported, "rope_theta"),
        ({"final_logit_softcapping": None}, CheckpointUnsupported, "final_logit_softcapping"),
        ({"final_logit_softcapping": float("nan")}, CheckpointUnsupported, "final_logit_softcapping"),
        ({"rms_norm_eps": 0.1}, CheckpointUnsupported, "rms_norm_eps"),
        ({"intermediate_size": 100}, CheckpointUnsupported, "intermediate_size"),
        ({"head_dim": 8}, CheckpointUnsupported, "head_dim"),
        ({"num_hidden_layers": 3}, CheckpointUnsupported, "does not know"),
        ({"num_hidden_layers": 5}, CheckpointCorrupt, "lacks"),
        ({"num_hidden_layers": 10**9}, CheckpointUnsafe, "num_hidden_layers"),
        ({"hidden_size": "64"}, CheckpointCorrupt, "hidden_size"),
        ({"max_position_embeddings": None}, CheckpointCorrupt, "max_position_embeddings"),
        ({"vocab_size": 330}, CheckpointCorrupt, "vocab_size"),
    ],
)
def test_a_config_that_would_be_computed_otherwise_is_refused_by_name(
    directory: Path, fields: dict[str, Any], error: type[CheckpointError], named: str
) -> None:
    change(directory / "config.json", lambda config: config.update(fields))
    with pytest.raises(error, match=named):
        read(directory)


@pytest.mark.parametrize("contents", [b"", b"[]", b"[" * 100_000, b"\xff", b'{"model_type": "nanochat"}'])
def test_a_config_that_is_none_is_refused(directory: Path, contents: bytes) -> None:
    (directory / "config.json").write_bytes(contents)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        read(directory)


def test_softcap_and_rope_base_are_taken_from_the_config_and_a_setting_wins(directory: Path) -> None:
    fields = {"final_logit_softcapping": 20.0, "rope_parameters": {"rope_type": "default", "rope_theta": 5e4}}
    change(directory / "config.json", lambda config: config.update(fields))
    architecture = read(directory).architecture
    assert (architecture.softcap, architecture.rope_base) == (20.0, 5e4)
    assert read(directory, model_softcap=30.0).architecture.softcap == 30.0


@pytest.mark.parametrize(
    "shard", ["../model.safetensors", "/etc/passwd", "a/b.safetensors", ".hidden.safetensors", "model.bin", 5, None]
)
def test_an_index_can_not_lead_out_of_the_folder(directory: Path, shard: object) -> None:
    change(
        directory / "model.safetensors.index.json",
        lambda index: index["weight_map"].update({"lm_head.weight": shard}),
    )
    with pytest.raises(CheckpointUnsafe, match="no plain file name"):
        read(directory)


def test_a_missing_shard_is_named(directory: Path) -> None:
    (directory / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointNotFound, match="model-00002-of-00002"):
        read(directory)


def test_a_shard_with_other_tensors_than_the_index_says_is_refused(directory: Path) -> None:
    change(directory / "model.safetensors.index.json", lambda index: index["weight_map"].pop("lm_head.weight") and None)
    with pytest.raises(CheckpointCorrupt, match="does not hold exactly"):
        read(directory)


def test_the_same_shard_twice_is_refused(directory: Path) -> None:
    first, second = (directory / f"model-0000{number}-of-00002.safetensors" for number in (1, 2))
    shutil.copyfile(first, second)
    with pytest.raises(CheckpointCorrupt, match="does not hold exactly"):
        read(directory)


def _swap_first_merges(tokenizer: Any) -> None:
    merges = tokenizer["model"]["merges"]
    merges[0], merges[-1] = merges[-1], merges[0]


@pytest.mark.parametrize(
    ("apply", "error", "named"),
    [
        (lambda t: t.update(normalizer={"type": "NFC"}), CheckpointUnsupported, "normalizer"),
        (lambda t: t["model"].update(type="WordPiece"), CheckpointUnsupported, "WordPiece"),
        (lambda t: t["model"].update(byte_fallback=True), CheckpointUnsupported, "byte_fallback"),
        (lambda t: t["model"].update(unk_token="<unk>"), CheckpointUnsupported, "unk_token"),
        (lambda t: t["model"].update(dropout=0.1), CheckpointUnsupported, "dropout"),
        (lambda t: t.update(pre_tokenizer=None), CheckpointUnsupported, "pre_tokenizer"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"].pop(), CheckpointUnsupported, "pre_tokenizer"),
        (
            lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": "(a+)+$"}),
            CheckpointUnsupported,
            "pattern",
        ),
        (
            lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(behavior="Removed"),
            CheckpointUnsupported,
            "pre_tokenizer",
        ),
        (
            lambda t: t["pre_tokenizer"]["pretokenizers"][1].update(add_prefix_space=True),
            CheckpointUnsupported,
            "pre_tokenizer",
        ),
        (lambda t: t["added_tokens"].pop(), CheckpointUnsupported, "special tokens"),
        (lambda t: t["added_tokens"][0].update(id=3), CheckpointUnsupported, "special tokens"),
        (lambda t: t["added_tokens"][0].update(content="<|other|>"), CheckpointUnsupported, "<|other|>"),
        (lambda t: t["added_tokens"][0].update(content=[]), CheckpointCorrupt, "added_tokens"),
        (lambda t: t["model"]["vocab"].pop("a"), CheckpointCorrupt, "ranks are not"),
        (lambda t: t["model"]["vocab"].update(a=10**6), CheckpointCorrupt, "ranks are not"),
        (lambda t: t["model"]["vocab"].update(a="x"), CheckpointCorrupt, "whole numbers"),
        (lambda t: t["model"]["vocab"].update({"日": 330}), CheckpointUnsupported, "byte-level"),
        (lambda t: t["model"].update(vocab=[]), CheckpointCorrupt, "vocabulary"),
        (lambda t: t["model"].update(merges=[]), CheckpointUnsupported, "no merge makes"),
        (lambda t: t["model"].update(merges=None), CheckpointCorrupt, "merges"),
        (lambda t: t["model"]["merges"].append(["a"]), CheckpointCorrupt, "merges"),
        (lambda t: t["model"]["merges"].append(["zz", "zz"]), CheckpointCorrupt, "no token"),
        (lambda t: t["model"]["merges"].append("日 a"), CheckpointCorrupt, "no byte"),
        (_swap_first_merges, CheckpointUnsupported, "order of the ids"),
        (lambda t: [], CheckpointCorrupt, "vocabulary"),
    ],
)
def test_a_tokenizer_that_would_give_other_ids_is_refused(
    directory: Path, apply: Change, error: type[CheckpointError], named: str
) -> None:
    def in_place(tokenizer: Any) -> Any:
        changed = apply(tokenizer)
        return changed if isinstance(changed, list) and not changed else None

    change(directory / "tokenizer.json", in_place)
    with pytest.raises(error, match=named):
        read(directory)


def test_merges_written_as_text_and_specials_in_the_vocabulary_are_read_too(directory: Path) -> None:
    def older(tokenizer: Any) -> None:
        model = tokenizer["model"]
        model["merges"] = [" ".join(merge) for merge in model["merges"]]
        model["vocab"].update({token["content"]: token["id"] for token in tokenizer["added_tokens"]})

    expected = read(directory).tokenizer.encode("Hello there")
    change(directory / "tokenizer.json", older)
    assert read(directory).tokenizer.encode("Hello there") == expected
