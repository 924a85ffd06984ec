from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import EngineError, InternalError, InvalidRequest, Unavailable
from nanochat_engine.grammar.checker import Checker
from nanochat_engine.grammar.helper import reply

ENDLESS = Constraint("regex", "a{1000000000}")
GOOD = Constraint("regex", "good")


@pytest.fixture
def checker() -> Iterator[Checker]:
    checker = Checker(cpu_seconds=20)
    checker.start()
    yield checker
    checker.close()


def pid_of(checker: Checker) -> int:
    assert checker.pid is not None
    return checker.pid


def test_a_helper_that_gets_no_processor_is_no_verdict_on_the_constraint() -> None:
    checker = Checker(cpu_seconds=5, answer_seconds=0.5)
    checker.start()
    os.kill(pid_of(checker), signal.SIGSTOP)
    with pytest.raises(Unavailable, match="too busy"):
        checker.shortest(GOOD)
    checker.close()


def test_time_on_a_processor_is_what_makes_a_constraint_too_complex() -> None:
    checker = Checker(cpu_seconds=0.3, answer_seconds=1e6)
    with pytest.raises(InvalidRequest, match="too complex: it takes too long"):
        checker.shortest(ENDLESS)
    assert checker.shortest(GOOD) == b"good"
    checker.close()


def test_a_question_does_not_pay_for_those_before_it() -> None:
    checker = Checker(cpu_seconds=0.6)
    # Each takes a tenth of a second.
    for size in range(190, 202):
        checker.shortest(Constraint("regex", f"(a|b)*a(a|b){{{size}}}"))
    checker.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits another process")
def test_a_constraint_that_takes_too_much_memory_is_too_large(checker: Checker) -> None:
    used = int(Path(f"/proc/{pid_of(checker)}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid_of(checker), resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))
    with pytest.raises(InvalidRequest, match="too large: it takes too much memory"):
        checker.shortest(Constraint("regex", "(?i)" + "abcdefgh" * 2500))
    assert checker.shortest(GOOD) == b"good"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_crash_of_the_helper_is_our_fault_and_logged_with_its_cause(
    checker: Checker, caplog: pytest.LogCaptureFixture, number: signal.Signals
) -> None:
    raised: list[EngineError] = []

    def ask() -> None:
        try:
            checker.shortest(ENDLESS)
        except EngineError as error:
            raised.append(error)

    pid = pid_of(checker)
    before = cpu_seconds(pid)
    asking = threading.Thread(target=ask)
    with caplog.at_level(logging.ERROR):
        asking.start()
        while cpu_seconds(pid) < before + 0.1:
            time.sleep(0.01)
        os.kill(pid, number)
        asking.join()
    assert isinstance(raised[0], InternalError)
    assert number.name in caplog.records[0].__dict__["reason"]
    assert number.name not in raised[0].message
    assert checker.shortest(GOOD) == b"good"
    assert pid_of(checker) != pid


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_what_nobody_expected_in_the_helper_is_told_as_a_fault() -> None:
    assert "fault" in reply('["regex"]')
    assert reply('["regex", "good"]') == {"path": b"good".hex()}


def test_descriptors_beyond_those_that_select_knows_are_no_trouble() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        checker = Checker(cpu_seconds=5)
        assert checker.shortest(GOOD) == b"good"
        checker.close()
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_source_over_the_size_starts_no_helper() -> None:
    checker = Checker()
    with pytest.raises(InvalidRequest, match="at most 65536"):
        checker.shortest(Constraint("regex", "a" * 65_537))
    assert checker.pid is None


def test_a_source_that_fills_the_pipe_gets_through(checker: Checker) -> None:
    # Six characters of JSON each.
    assert len(checker.shortest(Constraint("choice", '["' + "\x7f" * 30_000 + '", "short"]'))) == 5


def test_a_closed_checker_starts_nothing(checker: Checker) -> None:
    checker.close()
    assert checker.pid is None
    for ask in (checker.start, lambda: checker.shortest(GOOD)):
        with pytest.raises(Unavailable, match="shutting down"):
            ask()
