"""Hostile and broken model_*.pt: nothing of them runs, nothing is allocated for them, and the error says what is wrong."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import struct
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from nanochat_engine.checkpoint.loader import inspect, load_checkpoint
from nanochat_engine.errors import (
    CheckpointCorrupt,
    CheckpointError,
    CheckpointUnsafe,
    CheckpointUnsupported,
)
from tests.checkpoint.forge import change_pickle, change_tensors, hostile_pickle, settings

Golden = Callable[[str], Path]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "system"), (builtins.exec, "exec"), (builtins.eval, "eval"), (subprocess.call, "call")],
)
def test_code_in_a_bare_pickle_does_not_run_and_is_named(
    golden_copy: Golden, tmp_path: Path, function: Callable[..., object], name: str, protocol: int
) -> None:
    directory, marker = golden_copy("2025-10"), tmp_path / "marker"
    command = f"touch {marker}" if function is os.system else f"open({str(marker)!r}, 'w')"
    (directory / "model_000001.pt").write_bytes(hostile_pickle(function, command, protocol=protocol))
    error = CheckpointUnsafe if protocol > 1 else CheckpointError
    with pytest.raises(error, match=name if protocol > 1 else "model_000001.pt"):
        load_checkpoint(settings(directory))
    assert not marker.exists()


@pytest.mark.parametrize("function", [os.system, builtins.exec, torch.load])
def test_code_in_the_archive_does_not_run_and_is_named(
    golden_copy: Golden, tmp_path: Path, function: Callable[..., object]
) -> None:
    directory, marker = golden_copy("2026-03-14"), tmp_path / "marker"
    change_pickle(directory, lambda _: hostile_pickle(function, f"touch {marker}"))
    with pytest.raises(CheckpointUnsafe, match=rf"model_000001\.pt asks for \w+(\.\w+)*\.{function.__name__}"):
        load_checkpoint(settings(directory))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["bytearray", "set", "complex"])
def test_callables_that_torch_itself_admits_are_refused(golden_copy: Golden, name: str) -> None:
    directory = golden_copy("2026-03-14")
    change_pickle(directory, lambda _: hostile_pickle(getattr(builtins, name), 1 << 40))
    with pytest.raises(CheckpointUnsafe, match=name):
        load_checkpoint(settings(directory))


def test_a_tensor_expanded_from_one_number_is_refused_before_allocation(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")

    def expand(tensors: dict[str, torch.Tensor]) -> None:
        tensors["lm_head.weight"] = torch.zeros(1).expand(10**6, 10**6)

    change_tensors(directory, expand)
    tracemalloc.start()
    with pytest.raises(CheckpointUnsafe, match=r"lm_head\.weight claims shape \[1000000, 1000000\]"):
        load_checkpoint(settings(directory))
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_a_contiguous_tensor_larger_than_its_record_is_refused(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    # 384 x 64 of lm_head is 24,576 numbers; the pickle claims 2^30 x 64 of a storage of 2^36.
    rows, numbers = pickle.dumps(384, 2)[2:-1], pickle.dumps(24_576, 2)[2:-1]
    more_rows, more_numbers = pickle.dumps(1 << 30, 2)[2:-1], pickle.dumps(1 << 36, 2)[2:-1]

    def forge(data: bytes) -> bytes:
        start = data.index(b"lm_head.weight")
        return data[:start] + data[start:].replace(numbers, more_numbers, 1).replace(rows, more_rows, 1)

    change_pickle(directory, forge)
    with pytest.raises(CheckpointUnsafe, match=r"lm_head\.weight claims shape \[1073741824, 64\].*98304 bytes"):
        load_checkpoint(settings(directory))


def test_two_tensors_over_one_storage_are_refused(golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")

    def share(tensors: dict[str, torch.Tensor]) -> None:
        tensors["lm_head.weight"] = tensors["transformer.wte.weight"]

    change_tensors(directory, share)
    with pytest.raises(CheckpointUnsafe, match="shares its data"):
        load_checkpoint(settings(directory))


def test_a_compressed_record_is_refused(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    path = directory / "model_000001.pt"
    with zipfile.ZipFile(path) as archive:
        records = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    with pytest.raises(CheckpointUnsafe, match="compressed"):
        load_checkpoint(settings(directory))


def test_overlapping_records_are_refused(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    path = directory / "model_000001.pt"
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.getinfo(f"model_000001/data/{key}") for key in (2, 3))
    entry = data.rindex(second.filename.encode()) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 42 : entry + 46] = struct.pack("<I", first.header_offset)
    path.write_bytes(data)
    with pytest.raises(CheckpointUnsafe, match="overlaps"):
        load_checkpoint(settings(directory))


def test_a_directory_larger_than_torch_writes_is_refused_unread(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    path = directory / "model_000001.pt"
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    padding = b"\0" * (5 << 20)
    data[end:end] = padding
    end += len(padding)
    (size,) = struct.unpack_from("<I", data, end + 12)
    struct.pack_into("<I", data, end + 12, size + len(padding))
    path.write_bytes(data)
    with pytest.raises(CheckpointUnsafe, match="bytes of directory"):
        load_checkpoint(settings(directory))


@pytest.mark.parametrize("keep", [0, 3, 30, 1000, 500_000, 925_000])
def test_a_truncated_model_is_corrupt(golden_copy: Golden, keep: int) -> None:
    directory = golden_copy("2026-03-14")
    path = directory / "model_000001.pt"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointCorrupt, match=r"model_000001\.pt"):
        load_checkpoint(settings(directory))


def test_a_pointer_of_git_lfs_is_told_as_such(golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")
    (directory / "model_000001.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(CheckpointCorrupt, match="git lfs pull"):
        load_checkpoint(settings(directory))


def test_the_format_before_torch_1_6_is_refused_with_what_to_do(golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")
    path = directory / "model_000001.pt"
    torch.save(torch.load(path, weights_only=True), path, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointUnsupported, match="save it again"):
        load_checkpoint(settings(directory))


def test_integer_weights_are_refused_by_name(golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")

    def to_integers(tensors: dict[str, torch.Tensor]) -> None:
        tensors["lm_head.weight"] = tensors["lm_head.weight"].long()

    change_tensors(directory, to_integers)
    with pytest.raises(CheckpointUnsupported, match=r"lm_head\.weight is a LongStorage"):
        load_checkpoint(settings(directory))


@pytest.mark.parametrize("value", [[1, 2], 0.5, "text", None, {"a": 1}])
def test_values_that_are_no_tensors_are_corrupt(golden_copy: Golden, value: object) -> None:
    directory = golden_copy("2025-10")
    change_tensors(directory, lambda tensors: tensors.update({"extra": value}))
    with pytest.raises(CheckpointCorrupt, match="extra is not a plain tensor"):
        load_checkpoint(settings(directory))


def test_a_state_dict_of_a_compiled_module_is_read_without_its_prefix(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    expected = {name: tensor.clone() for name, tensor in load_checkpoint(settings(directory)).tensors.items()}

    def compiled(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            tensors["_orig_mod." + name] = tensors.pop(name)

    change_tensors(directory, compiled)
    tensors = load_checkpoint(settings(directory)).tensors
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_a_name_with_and_without_the_prefix_is_refused(golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")
    change_tensors(directory, lambda tensors: tensors.update({"_orig_mod.lm_head.weight": torch.zeros(331, 64)}))
    with pytest.raises(CheckpointCorrupt, match="twice"):
        load_checkpoint(settings(directory))


def test_an_archive_packed_again_without_alignment_is_read(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    expected = {name: tensor.clone() for name, tensor in load_checkpoint(settings(directory)).tensors.items()}
    change_pickle(directory, lambda data: data)
    inspection = inspect(settings(directory))
    assert any(header.record.offset % 4 for header in inspection.headers.values())
    tensors = load_checkpoint(settings(directory)).tensors
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_an_ordered_dict_with_metadata_as_modules_save_it_is_read(golden_copy: Golden) -> None:
    directory = golden_copy("2025-10")
    path = directory / "model_000001.pt"
    module = torch.nn.Module()
    for name, tensor in torch.load(path, weights_only=True).items():
        owner = module
        for part in name.split(".")[:-1]:
            if not hasattr(owner, part):
                owner.add_module(part, torch.nn.Module())
            owner = getattr(owner, part)
        owner.register_parameter("weight", torch.nn.Parameter(tensor))
    torch.save(module.state_dict(), path)
    assert len(load_checkpoint(settings(directory)).tensors) == 26
    torch.save(dict(module.named_parameters()), path)
    assert len(load_checkpoint(settings(directory)).tensors) == 26


def test_inspection_reads_headers_only(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    path = directory / "model_000001.pt"
    whole = inspect(settings(directory)).headers
    data = bytearray(path.read_bytes())
    for header in whole.values():
        data[header.record.offset : header.record.offset + header.record.size] = bytes(header.record.size)
    path.write_bytes(data)
    assert inspect(settings(directory)).headers == whole


def test_arbitrary_damage_is_always_a_checkpoint_error(golden_copy: Golden) -> None:
    directory = golden_copy("2026-03-14")
    path = directory / "model_000001.pt"
    whole = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        body = archive.getinfo("model_000001/data/0").header_offset
        tail = archive.start_dir
    generator = torch.Generator().manual_seed(1)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(int(torch.randint(1, 4, (1,), generator=generator))):
            place = int(torch.randint(0, body + len(whole) - tail, (1,), generator=generator))
            place = place if place < body else place - body + tail
            data[place] = int(torch.randint(0, 256, (1,), generator=generator))
        path.write_bytes(data)
        with suppress(CheckpointError):
            load_checkpoint(settings(directory))
