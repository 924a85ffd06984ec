"""A converted copy is mapped and gives the same bits, is never trusted when damaged, and never stops a start."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.checkpoint.mapping import map_parts
from nanochat_engine.kept import copy_file
from nanochat_engine.kept.copies import Copies
from nanochat_engine.kernels.plan import Plan, build_pieces
from tests.checkpoint.forge import copy_golden
from tests.golden import NAMES, settings_of

CPU = torch.device("cpu")
PLAIN = Plan(torch.float32)
PLANS = (
    PLAIN,
    Plan(torch.bfloat16),
    Plan(torch.float32, "int8"),
    Plan(torch.float32, packed=True),
    Plan(torch.bfloat16, packed=True),
    Plan(torch.bfloat16, "int8", packed=True),
    Plan(torch.bfloat16, "int4", packed=True),
)
PYTHON_FOLDER = Path(__file__).parents[2]

Golden = Callable[[str], Path]


def at_once(work: Callable[[], None]) -> None:
    work()


def copies_in(folder: Path) -> Copies:
    return Copies(folder, smallest=0, background=at_once)


def the_copy(folder: Path) -> Path:
    (copy,) = folder.glob("*.safetensors")
    return copy


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.key)
@pytest.mark.parametrize("name", NAMES)
def test_the_pieces_of_a_copy_have_the_same_bits_as_those_from_the_checkpoint(
    tmp_path: Path, name: str, plan: Plan
) -> None:
    inspection = inspect(settings_of(name))
    expected = build_pieces(inspection.architecture, map_parts(inspection.parts), plan, CPU)
    for _ in ("written", "found"):
        mapped = copies_in(tmp_path).pieces(inspection, plan)
        assert mapped is not None
        assert mapped.keys() == expected.keys()
        for key, tensor in expected.items():
            assert mapped[key].dtype is tensor.dtype
            assert torch.equal(mapped[key], tensor), key


def test_each_plan_has_a_copy_of_its_own(tmp_path: Path) -> None:
    inspection = inspect(settings_of("2025-10"))
    for plan in PLANS:
        copies_in(tmp_path).pieces(inspection, plan)
    assert len(list(tmp_path.glob("*.safetensors"))) == len(PLANS)


def test_the_second_load_maps_the_file_and_writes_nothing(tmp_path: Path) -> None:
    inspection = inspect(settings_of("2025-10"))
    copies_in(tmp_path).pieces(inspection, PLAIN)
    written = the_copy(tmp_path).stat()
    mapped = copies_in(tmp_path).pieces(inspection, PLAIN)
    assert mapped is not None
    again = the_copy(tmp_path).stat()
    assert (again.st_ino, again.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    places = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if str(tmp_path) in line]
    ranges = [tuple(int(end, 16) for end in place[0].split("-")) for place in places]
    weight = mapped["0.qkv"].data_ptr()
    assert any(start <= weight < end for start, end in ranges)


def test_matrices_lie_aligned_to_64_bytes(tmp_path: Path) -> None:
    inspection = inspect(settings_of("2026-03-14"))
    mapped = copies_in(tmp_path).pieces(inspection, PLANS[1])
    assert mapped is not None
    assert all(tensor.data_ptr() % 64 == 0 for tensor in mapped.values())


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:9] + b"?" + data[10:],
        lambda data: data[:-70_000] + bytes([data[-70_000] ^ 1]) + data[-69_999:],
        lambda data: data[:-8192] + bytes(4096) + data[-4096:],
        lambda data: data[:-12288] + data[-8192:-4096] + data[-12288:-8192] + data[-4096:],
        lambda data: data.replace(b'"checksum":"', b'"checksum":"0', 1)[: len(data)],
        lambda data: b"",
        lambda data: bytes(len(data)),
    ],
    ids=["short", "long", "header", "bit", "zeros", "swapped", "checksum", "empty", "all zeros"],
)
def test_a_damaged_copy_is_told_and_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    inspection = inspect(settings_of("2025-10"))
    copies_in(tmp_path).pieces(inspection, PLAIN)
    copy = the_copy(tmp_path)
    whole = copy.read_bytes()
    copy.write_bytes(damage(whole))
    assert copy.read_bytes() != whole
    with caplog.at_level(logging.WARNING):
        assert copies_in(tmp_path).pieces(inspection, PLAIN) is not None
    assert "damaged" in caplog.text
    assert copy.read_bytes() == whole


def test_a_changed_checkpoint_gets_a_copy_of_its_own_and_the_old_one_is_removed(
    tmp_path: Path, golden_copy: Golden
) -> None:
    directory = golden_copy("2025-10")
    kept = tmp_path / "kept"
    settings = settings_of("2025-10", model=directory)
    copies_in(kept).pieces(inspect(settings), PLAIN)
    first = the_copy(kept)
    model = directory / "model_000001.pt"
    data = bytearray(model.read_bytes())
    offset = inspect(settings).headers["lm_head.weight"].record.offset
    data[offset] ^= 1
    model.write_bytes(data)
    mapped = copies_in(kept).pieces(inspect(settings), PLAIN)
    assert mapped is not None
    assert the_copy(kept) != first
    assert torch.equal(mapped["head"], map_parts(inspect(settings).parts)["lm_head.weight"])


def test_the_same_weights_in_another_place_share_a_copy(tmp_path: Path, golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")
    shutil.copytree(directory, tmp_path / "other")
    kept = tmp_path / "kept"
    for model in (directory, tmp_path / "other"):
        assert copies_in(kept).pieces(inspect(settings_of("2025-10", model=model)), PLAIN) is not None
    assert the_copy(kept).exists()


def test_a_small_checkpoint_needs_no_copy(tmp_path: Path) -> None:
    assert Copies(tmp_path / "kept").pieces(inspect(settings_of("2025-10")), PLAIN) is None
    assert not (tmp_path / "kept").exists()


def test_the_original_is_not_touched(tmp_path: Path, golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}
    copies_in(tmp_path / "kept").pieces(inspect(settings_of("2025-10", model=directory)), PLAIN)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()} == before


def test_a_full_disk_costs_only_the_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(copy_file.os, "posix_fallocate", full)
    with caplog.at_level(logging.WARNING):
        assert copies_in(tmp_path).pieces(inspect(settings_of("2025-10")), PLAIN) is None
    assert "loaded from the checkpoint itself" in caplog.text
    assert not list(tmp_path.glob("*.safetensors"))
    assert not list(tmp_path.glob("*.partial"))


def test_a_place_that_can_not_be_written_costs_only_the_speed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        kept = tmp_path / "file" / "converted"
        assert copies_in(kept).pieces(inspect(settings_of("2025-10")), PLAIN) is None
    assert "loaded from the checkpoint itself" in caplog.text


def test_what_a_killed_writer_has_left_is_not_taken_for_a_copy(tmp_path: Path) -> None:
    inspection = inspect(settings_of("2025-10"))
    copies_in(tmp_path).pieces(inspection, PLAIN)
    copy = the_copy(tmp_path)
    whole = copy.read_bytes()
    copy.unlink()
    copy.with_suffix(".partial").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "stranger.partial").touch()
    assert copies_in(tmp_path).pieces(inspection, PLAIN) is not None
    assert the_copy(tmp_path).read_bytes() == whole
    assert not list(tmp_path.glob("*.partial"))


def test_the_model_is_there_before_the_copy_is_flushed_and_named(tmp_path: Path) -> None:
    later: list[Callable[[], None]] = []
    inspection = inspect(settings_of("2025-10"))
    mapped = Copies(tmp_path, smallest=0, background=later.append).pieces(inspection, PLAIN)
    assert mapped is not None
    before = mapped["head"].clone()
    assert not list(tmp_path.glob("*.safetensors"))
    later[0]()
    assert the_copy(tmp_path).exists()
    assert torch.equal(mapped["head"], before)


def test_threads_that_start_at_once_write_one_copy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inspection = inspect(settings_of("2025-10"))
    found: list[torch.Tensor] = []

    def load() -> None:
        mapped = copies_in(tmp_path).pieces(inspection, PLAIN)
        assert mapped is not None
        found.append(mapped["head"])

    with caplog.at_level(logging.INFO):
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 4
    assert all(torch.equal(head, found[0]) for head in found)
    assert caplog.text.count("writing a converted copy") == 1


LOAD = """
import resource, sys, torch
from pathlib import Path
from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.config import Settings
from nanochat_engine.kept.copies import Copies
from nanochat_engine.kernels.plan import Plan
copies = Copies(Path(sys.argv[2]), smallest=0, background=lambda work: work())
inspection = inspect(Settings(Path(sys.argv[1]), "x", device="cpu"))
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
mapped = copies.pieces(inspection, Plan(torch.float32))
print(None if mapped is None else float(mapped["head"].double().sum()))
"""


def loading_process(directory: Path, kept: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", LOAD, str(directory), str(kept), *more]
    return subprocess.Popen(command, cwd=PYTHON_FOLDER, stdout=subprocess.PIPE)


def test_processes_that_start_at_once_end_with_one_whole_copy(tmp_path: Path) -> None:
    directory = copy_golden("2025-10", tmp_path / "model")
    running = [loading_process(directory, tmp_path / "kept") for _ in range(2)]
    answers = [process.communicate(timeout=240)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert answers[0] == answers[1] != b""
    assert the_copy(tmp_path / "kept").exists()
    assert not list((tmp_path / "kept").glob("*.partial"))


def test_where_the_system_lets_no_file_grow_that_far_the_model_is_loaded_without(tmp_path: Path) -> None:
    directory = copy_golden("2025-10", tmp_path / "model")
    process = loading_process(directory, tmp_path / "kept", "100000")
    assert process.communicate(timeout=240)[0] == b"None\n"
    assert [path.suffix for path in (tmp_path / "kept").iterdir() if path.stat().st_size] == [".json"]


def test_a_writer_that_is_killed_frees_the_others(tmp_path: Path) -> None:
    directory = copy_golden("2025-10", tmp_path / "model")
    kept = tmp_path / "kept"
    inspection = inspect(settings_of("2025-10", model=directory))
    copies_in(kept).pieces(inspection, PLAIN)
    lock = the_copy(kept).with_suffix(".lock")
    the_copy(kept).unlink()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); time.sleep(60)",
            str(lock),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    threading.Timer(0.3, holder.kill).start()
    assert copies_in(kept).pieces(inspection, PLAIN) is not None
    holder.communicate()
    assert the_copy(kept).exists()
