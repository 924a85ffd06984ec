from __future__ import annotations

import pickle
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.checkpoint.pickle_reader import Global, Instance, read_pickle
from nanochat_engine.errors import CheckpointCorrupt, CheckpointError, CheckpointUnsafe

NONE: frozenset[Global] = frozenset()
PLAIN = {
    "a": 1,
    "b": (True, None, b"x" * 300),
    "c": {"d": -5, "e": 2**40, "f": "ü" * 300},
    "g": [1.5, (), (1,), (1, 2)],
}


def read(data: bytes, allowed: frozenset[Global] = NONE) -> Any:
    return read_pickle(data, source="model.pt", allowed=allowed)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_is_read_as_pickle_reads_it(protocol: int) -> None:
    plain = PLAIN if protocol > 2 else {key: value for key, value in PLAIN.items() if key != "b"}
    assert read(pickle.dumps(plain, protocol)) == plain


def test_an_ordered_dict_is_a_dict_and_loses_its_attributes() -> None:
    state: OrderedDict[str, int] = OrderedDict(a=1)
    state._metadata = {"version": 1}  # type: ignore[attr-defined]
    assert read(pickle.dumps(state, 2)) == {"a": 1}


def test_an_allowed_global_is_described_and_not_called() -> None:
    described = read(b"cbuiltins\nexit\n(K\x01tR.", frozenset({Global("builtins", "exit")}))
    assert isinstance(described, Instance)
    assert described.function == Global("builtins", "exit")
    assert described.args == (1,)


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(X\x04\x00\x00\x00exittR.",
        b"(X\x04\x00\x00\x00exitios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    ],
)
def test_any_other_global_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(CheckpointUnsafe, match=r"model\.pt asks for os\.system"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"}",
        b"K\x01K\x02s.",
        b"}K\x01K\x02s.",
        b"}(X\x01\x00\x00\x00au.",
        b"u.",
        b"h\x05.",
        b"K\x01)R.",
        b"K\x01K\x02b.",
        b"\x8a\xff" + b"\x7f" * 255 + b".",
        b"X\xff\xff\xff\xffabc",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"\x82\x01.",
        b"\xff",
    ],
)
def test_what_is_no_checkpoint_pickle_is_corrupt(data: bytes) -> None:
    with pytest.raises(CheckpointCorrupt, match=r"model\.pt"):
        read(data)


def test_a_memo_index_of_billions_takes_no_memory() -> None:
    assert read(b"}r\xff\xff\xff\xff.") == {}


def test_a_pickle_of_too_many_operations_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nanochat_engine.checkpoint.pickle_reader.MAX_OPERATIONS", 1000)
    with pytest.raises(CheckpointUnsafe, match="more operations"):
        read(b"\x80\x02" * 1001 + b"N.")


def test_a_stack_too_deep_is_refused() -> None:
    with pytest.raises(CheckpointUnsafe, match="more operations"):
        read(b"}" * 20_000 + b".")


def test_a_tuple_that_doubles_at_each_level_is_not_hashed() -> None:
    doubling = b")" + b"".join(b"q\x00h\x00\x86" for _ in range(60))
    started = time.monotonic()
    with pytest.raises(CheckpointCorrupt):
        read(b"}" + doubling + b"K\x01s.")
    assert time.monotonic() - started < 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_a_value_or_a_checkpoint_error(data: bytes) -> None:
    with suppress(CheckpointError):
        read(data)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_pickles_give_a_value_or_a_checkpoint_error(data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps(PLAIN, data.draw(st.integers(2, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(CheckpointError):
        read(bytes(whole))
