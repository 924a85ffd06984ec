"""A run that was stopped goes on after its last whole part; another commit's figures are never mixed in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.memory import resident
from bench.options import parse
from bench.record import Record


def record(folder: Path, *more: str) -> Record:
    return Record(parse(["--name", "a", "--cache", str(folder), *more]))


def test_a_resumed_run_has_the_parts_that_were_kept(tmp_path: Path) -> None:
    record(tmp_path).keep("machine/d20-g0", {"rate": 1})
    resumed = record(tmp_path, "--resume")
    assert resumed.has("machine/d20-g0")
    assert resumed.part("machine/d20-g0") == {"rate": 1}


def test_a_run_that_is_not_resumed_begins_anew(tmp_path: Path) -> None:
    record(tmp_path).keep("machine/d20-g0", {"rate": 1})
    assert not record(tmp_path).has("machine/d20-g0")


@pytest.mark.parametrize("field", ["commit", "changed", "machine"])
def test_figures_of_another_commit_or_machine_are_not_taken_over(tmp_path: Path, field: str) -> None:
    first = record(tmp_path)
    first.result["about"][field] = "another"
    first.keep("machine/d20-g0", {"rate": 1})
    assert not record(tmp_path, "--resume").has("machine/d20-g0")


def test_the_file_is_whole_json_after_every_part(tmp_path: Path) -> None:
    one = record(tmp_path)
    one.keep("a", {"x": 1})
    one.keep("b", {"y": 2})
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["parts"] == {"a": {"x": 1}, "b": {"y": 2}}


@pytest.mark.parametrize(
    "wrong", [["--only", "speed"], ["--model", "d20"], ["--runs", "0"], ["--quantization", "int3"], ["--streams", "0"]]
)
def test_a_wrong_option_ends_with_a_message(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(wrong)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_own_memory_is_what_no_file_stands_behind() -> None:
    status = "Name:\tpython\nRssAnon:\t     100 kB\nRssFile:\t     900 kB\nRssShmem:\t       5 kB\nThreads:\t3\n"
    assert resident(status) == {"RssAnon": 102_400, "RssShmem": 5_120, "RssFile": 921_600, "own": 107_520}
