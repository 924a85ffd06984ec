from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from nanochat_engine.kept import sources as module
from nanochat_engine.kept.sources import Sources


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever files are really hashed."""
    calls: list[int] = []
    real = module._hash
    monkeypatch.setattr(module, "_hash", lambda files: (calls.append(1), real(files))[1])
    return calls


def test_a_file_is_hashed_once_while_it_looks_the_same(tmp_path: Path, hashed: list[int]) -> None:
    file = tmp_path / "model"
    file.write_bytes(b"weights")
    for _ in range(3):
        assert Sources(tmp_path / "index").digest([file]) == hashlib.sha256(b"weights").hexdigest()
    assert len(hashed) == 1


def test_a_file_of_the_same_size_and_a_new_time_is_hashed_again(tmp_path: Path, hashed: list[int]) -> None:
    file = tmp_path / "model"
    file.write_bytes(b"weights")
    first = Sources(tmp_path / "index").digest([file])
    file.write_bytes(b"WEIGHTS")
    os.utime(file, ns=(1, 1))
    assert Sources(tmp_path / "index").digest([file]) != first
    assert len(hashed) == 2


def test_a_file_put_in_its_place_with_its_time_is_hashed_again(tmp_path: Path, hashed: list[int]) -> None:
    file, other = tmp_path / "model", tmp_path / "other"
    for path, data in ((file, b"weights"), (other, b"WEIGHTS")):
        path.write_bytes(data)
        os.utime(path, ns=(1, 1))
    Sources(tmp_path / "index").digest([file])
    other.replace(file)
    assert Sources(tmp_path / "index").digest([file]) == hashlib.sha256(b"WEIGHTS").hexdigest()


@pytest.mark.parametrize("index", [b"", b"[]", b"[" * 100_000, b'{"x": 1}', b"\xff"])
def test_a_damaged_index_costs_one_hash(tmp_path: Path, index: bytes) -> None:
    file = tmp_path / "model"
    file.write_bytes(b"weights")
    (tmp_path / "index").write_bytes(index)
    assert Sources(tmp_path / "index").digest([file]) == hashlib.sha256(b"weights").hexdigest()
    assert Sources(tmp_path / "index").current() == {hashlib.sha256(b"weights").hexdigest()}


def test_shards_have_one_digest_in_their_order(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_bytes(file.name.encode())
    sources = Sources(tmp_path / "index")
    assert sources.digest(files) != sources.digest(files[::-1])


def test_a_source_that_is_gone_is_not_current(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_bytes(b"weights")
    sources = Sources(tmp_path / "index")
    sources.digest([file])
    file.unlink()
    assert sources.current() == set()
