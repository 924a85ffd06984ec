"""A log record is one line of JSON, whatever is in it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from nanochat_engine.process.json_log import JsonFormatter
from tests.process.engine_child import environment


def formatted(level: int, message: str, *arguments: Any, **more: Any) -> dict[str, Any]:
    record = logging.getLogger("test").makeRecord("test", level, "file", 1, message, arguments, None, extra=more)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


@pytest.mark.parametrize(
    ("number", "name"), [(50, "fatal"), (40, "error"), (30, "warn"), (20, "info"), (10, "debug"), (5, "trace")]
)
def test_levels_have_the_gateways_names(number: int, name: str) -> None:
    assert formatted(number, "x")["level"] == name


def test_fields_go_beside_the_message() -> None:
    line = formatted(20, "%s of %d", "a\nb", 3, request_id="r", path=object())
    assert line["message"] == "a\nb of 3"
    assert line["request_id"] == "r"
    assert isinstance(line["path"], str)
    assert line["time"].endswith("Z")


def test_any_text_survives() -> None:
    text = "é \u2028 \ud800 \x00 \U0001f600"
    assert formatted(20, text)["message"] == text


def run(code: str, level: str = "info") -> tuple[int, list[dict[str, Any]]]:
    setup = f"from nanochat_engine.process.json_log import configure_logging\nconfigure_logging({level!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", setup + code],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_an_uncaught_exception_is_one_line_with_its_stack() -> None:
    code, (line,) = run("raise ValueError('broken')")
    assert code == 1
    assert (line["level"], line["error"]) == ("fatal", "ValueError('broken')")
    assert "Traceback" in line["stack"]


def test_an_exception_in_a_thread_is_one_line() -> None:
    _, (line,) = run("import threading\nthreading.Thread(target=lambda: 1 / 0).start()")
    assert (line["level"], line["error"]) == ("error", "ZeroDivisionError('division by zero')")


def test_a_warning_is_one_line() -> None:
    _, (line,) = run("import warnings\nwarnings.warn('old')")
    assert line["level"] == "warn"
    assert "old" in line["message"]


def test_the_level_hides_what_is_below() -> None:
    code = "import logging\nfor n in (5, 10, 20, 30, 40, 50): logging.getLogger('x').log(n, 'm')"
    assert [line["level"] for line in run(code, "warn")[1]] == ["warn", "error", "fatal"]
    assert len(run(code, "trace")[1]) == 6
