from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nanochat_engine.checkpoint.loader import inspect
from nanochat_engine.kept.measurements import Measured, Measurements, conditions
from nanochat_engine.kernels.plan import Plan
from tests.golden import settings_of


def test_what_was_measured_is_found_under_the_same_conditions_only(tmp_path: Path) -> None:
    measurements = Measurements(tmp_path / "deep" / "measurements.json")
    measurements.keep("here", Measured(4, 0.5))
    measurements.keep("there", Measured(None, 1.5))
    assert measurements.find("here") == Measured(4, 0.5)
    assert measurements.find("there") == Measured(None, 1.5)
    assert measurements.find("elsewhere") is None


def test_conditions_change_with_dtype_threads_settings_kernels_and_shape() -> None:
    settings = settings_of("2025-10")
    architecture = inspect(settings).architecture
    plan = Plan(torch.float32)
    digests = {
        conditions(settings, architecture, plan, "native"),
        conditions(settings, architecture, plan, "torch"),
        conditions(settings, architecture, Plan(torch.bfloat16), "native"),
        conditions(replace(settings, max_running=3), architecture, plan, "native"),
        conditions(replace(settings, batch_invariant="on"), architecture, plan, "native"),
        conditions(replace(settings, kernel_environment="DNNL_MAX_CPU_ISA=AVX2"), architecture, plan, "native"),
        conditions(settings, replace(architecture, n_embd=128), plan, "native"),
    }
    assert len(digests) == 7
    assert conditions(settings, architecture, plan, "native") in digests


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {"quantum": 4},
        {"quantum": "4", "longest_step_seconds": 1.0},
        {"quantum": 0, "longest_step_seconds": 1.0},
    ],
)
def test_an_entry_that_is_not_readable_is_measured_anew(tmp_path: Path, entry: object) -> None:
    (tmp_path / "file").write_text(json.dumps({"here": entry}))
    assert Measurements(tmp_path / "file").find("here") is None


def test_a_place_that_can_not_be_written_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        Measurements(tmp_path / "file" / "measurements.json").keep("here", Measured(4, 0.5))
    assert "could not be kept" in caplog.text
