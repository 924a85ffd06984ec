"""Runs the parts that were asked for, keeps each as it comes, writes table, JSON and picture. Start it by `npm run bench`."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import torch

from bench.client import Refused
from bench.context import Context
from bench.options import Options, parse
from bench.parts import arrivals, constraint, decode, gateway, invariance, machine, prefill, quality, soak, step
from bench.plan import Estimate
from bench.record import Record
from bench.server import ROOT
from bench.shapes import Shape
from bench.table import report, totals
from bench.worker import WorkerFailed

_MEASURE = {
    "machine": machine.measure,
    "decode": decode.measure,
    "prefill": prefill.measure,
    "arrivals": arrivals.measure,
    "invariance": invariance.measure,
    "gateway": gateway.measure,
    "step": step.measure,
    "constraint": constraint.measure,
    "soak": soak.measure,
    "quality": quality.measure,
}
# Models after the first are measured in these parts alone, unquantized.
_FURTHER = ("decode", "prefill")
# A part may take this many times what was foretold, and these seconds for starts, before it counts as hung.
_PATIENCE = 5
_SURELY = 900.0


async def run(options: Options) -> int:
    """Measure, tell, write; the exit code: 0 also where engines or peers were left out."""
    record = Record(options)
    todo = [
        (part, shape)
        for shape in options.shapes
        for part in options.parts
        if shape == options.shapes[0] or part in _FURTHER
    ]
    todo = [(part, shape) for part, shape in todo if not record.has(f"{part}/{shape.name}")]
    seconds = _foretell(options, todo)
    print(f"about {totals(seconds.values())}, starts of engines and first-time set-up apart:", flush=True)
    for key, each in seconds.items():
        print(f"  {key}: {each:.0f} s")
    begun = time.perf_counter()
    async with Context(options, record) as context:
        for part, shape in todo:
            key = f"{part}/{shape.name}"
            print(f"\n{key}, after {(time.perf_counter() - begun) / 60:.1f} minutes", flush=True)
            if shape != options.shapes[0]:
                await context.stop_servers(keep_engines_of=shape)
            try:
                async with asyncio.timeout(_PATIENCE * seconds[key] + _SURELY):
                    record.keep(key, await _MEASURE[part](context, shape, _kinds(options, shape)))
            except (OSError, EOFError, Refused, WorkerFailed) as error:
                # The next part starts its engines anew; --resume tries this one again.
                context.skip(key, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
                await context.stop_all()
            _write(options, record, context)
    _draw(options)
    print(
        f"\n{report(record.result)}\n{(time.perf_counter() - begun) / 60:.1f} minutes; {options.results / options.name}.*"
    )
    return 0


def _foretell(options: Options, todo: list[tuple[str, Shape]]) -> dict[str, float]:
    """Seconds of each part, from a look at the machine that takes a second."""
    a = torch.ones(1024, 1024)
    big = torch.ones(1 << 25)
    bandwidth, matrix_rate = big.nbytes / _seconds(big.sum), 2 * 1024**3 / _seconds(lambda: a @ a)
    dtype = "float32" if options.dtype == "auto" and not torch.cpu._is_avx512_bf16_supported() else "bfloat16"
    return {
        f"{part}/{shape.name}": Estimate(options, shape, dtype, bandwidth, matrix_rate).seconds(
            part, _kinds(options, shape)
        )
        for part, shape in todo
    }


def _kinds(options: Options, shape: Shape) -> tuple[str, ...]:
    return options.quantizations if shape == options.shapes[0] else ("none",)


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _write(options: Options, record: Record, context: Context) -> None:
    """The result as it stands: a run that is stopped leaves what it has."""
    record.result["skipped"] = context.skipped
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / f"{options.name}.json").write_text(json.dumps(record.result, indent=1) + "\n")
    (options.results / f"{options.name}.md").write_text(report(record.result))


def _draw(options: Options) -> None:
    if options.peer_python is None:
        print("no picture: the bench's own environment, which has matplotlib, could not be made")
        return
    files = [str(options.results / f"{options.name}.{kind}") for kind in ("json", "png")]
    command = [str(options.peer_python), "-m", "bench.workers.picture", *files]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        print("no picture: see above")


def main(arguments: Sequence[str]) -> int:
    try:
        return asyncio.run(run(parse(arguments)))
    except KeyboardInterrupt:
        print("stopped; --resume goes on after the last whole part")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
