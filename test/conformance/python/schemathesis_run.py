"""schemathesis over the document that the server gives of itself: many cases on the fake engine, some on the real one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from checks import FAKE_URL, REAL_URL, script, told

HERE = Path(__file__).parent
OUT = Path(os.environ["CONFORMANCE_OUT"])
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "error_has_its_shape",
    "stream_ends_well",
)
REAL_SHARE = 20
"""One case on the real engine for so many on the fake one."""
EXAMPLES = 300
"""Fuzzed cases of an operation in one pass; passes are repeated with other seeds until there are enough."""


def one_pass(name: str, url: str, seed: int, examples: int, most_tokens: int = 0) -> tuple[Counter[str], str, bool]:
    """(answers by operation and status, what schemathesis printed, whether it found nothing)."""
    statuses = OUT / f"statuses-{name}.json"
    statuses.unlink(missing_ok=True)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", f"{url}/openapi.json", "--seed", str(seed)]
    command += ["--checks", ",".join(CHECKS), "--max-examples", str(examples), "--phases", "examples,coverage,fuzzing"]
    command += ["--workers", "1", "--continue-on-failure", "--no-color", "--generation-database", "none"]
    command += ["--suppress-health-check", "all", "--request-timeout", "60", "--warnings", "off"]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py"),
        "STATUSES": str(statuses),
        "MOST_TOKENS": str(most_tokens),
        "PYTHONPATH": str(HERE),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=OUT)
    log = OUT / "logs" / f"schemathesis-{name.replace(' ', '-')}-{seed}.log"
    log.write_text("\n".join(line[:2000] for line in (done.stdout + done.stderr).splitlines()))
    counts = Counter(json.loads(statuses.read_text())) if statuses.exists() else Counter()
    return counts, done.stdout + done.stderr, done.returncode == 0


def failures(output: str) -> list[str]:
    """The headings of what schemathesis found, with the operation."""
    found, operation = [], "?"
    for line in output.splitlines():
        if heading := re.match(r"_+ ((?:GET|POST|DELETE|PUT|PATCH|HEAD) \S+)", line):
            operation = heading[1]
        elif told_of := re.match(r"- (.+)", line):
            found.append(f"{operation}: {told_of[1]}")
    return list(dict.fromkeys(found))


def suite(name: str, url: str, least: int, examples: int, most_tokens: int = 0) -> None:
    counts: Counter[str] = Counter()
    found: list[str] = []
    begun, seed = time.monotonic(), 0
    while counts.total() < least:
        seed += 1
        more, output, clean = one_pass(name, url, seed, examples, most_tokens)
        counts += more
        print(f"{name}, pass {seed}: {more.total()} cases, clean: {clean}", flush=True)
        if not clean:
            found += failures(output) or [output.strip().splitlines()[-1] if output.strip() else "no output"]
        if more.total() == 0:
            found.append("no case was run")
            break
    for label, number in sorted(counts.items()):
        print(f"  {number:6d}  {label}")
    by_status: Counter[str] = Counter()
    for label, number in counts.items():
        by_status[label.rsplit(" ", 1)[1]] += number
    said = ", ".join(f"{status}: {number}" for status, number in sorted(by_status.items()))
    note = f"{name}: {counts.total()} cases in {time.monotonic() - begun:.0f} s ({said})"
    server_errors = sum(number for status, number in by_status.items() if int(status) >= 500)
    told(f"{name}: no answer of 500 or more", server_errors == 0, f"{server_errors}: {said}", note)
    unique = list(dict.fromkeys(found))
    print(*unique, sep="\n")
    told(
        f"{name}: only documented statuses, types and bodies; errors of their API's shape; wrong data refused; streams end well",
        not unique,
        f"{len(unique)} kinds of findings: {'; '.join(unique[:5])}",
    )


cases = int(os.environ["CASES"])
script()
suite("fake engine", FAKE_URL, cases, min(EXAMPLES, cases))
suite("real engine", REAL_URL, cases // REAL_SHARE, min(30, cases), most_tokens=16)
