"""Measures the machine: bytes a second read, operations a second multiplied, torch's bare kernels on one step's products."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.worker import serve

_MIB = 1024
_ROUNDS = 10
_GROUP = 64
# A kernel that takes longer than this for a few layers and the head is emulated: one pass over those is counted up.
_FEW = 2
_SLOW_SECONDS = 1.0

Product = Callable[[Tensor], Tensor]


def rates(scratch: str) -> dict[str, Any]:
    """Bandwidth by number of threads (the best of the C reader and torch's sum), and the matrix rate by dtype."""
    threads = torch.get_num_threads()
    counts = sorted({1, threads})
    reader = _reader(Path(scratch))
    read = {
        str(n): {"torch_sum": _sum_rate(n), **({"c_reader": _run_reader(reader, n)} if reader else {})} for n in counts
    }
    torch.set_num_threads(threads)
    return {
        "read_bytes_per_second": read,
        "bandwidth_bytes_per_second": max(read[str(threads)].values()),
        "matrix_rate": {
            str(dtype).removeprefix("torch."): _matrix_rate(dtype) for dtype in (torch.float32, torch.bfloat16)
        },
        "threads": threads,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }


def _reader(scratch: Path) -> Path | None:
    """The compiled read_rate.c, or None without a compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    scratch.mkdir(parents=True, exist_ok=True)
    program = scratch / "read_rate"
    source = Path(__file__).with_name("read_rate.c")
    flags = ["-O3", "-march=native", "-pthread"]
    done = subprocess.run([compiler, *flags, str(source), "-o", str(program)], capture_output=True, check=False)
    return program if done.returncode == 0 else None


def _run_reader(program: Path, threads: int) -> float:
    command = [str(program), str(_MIB), str(threads), str(_ROUNDS)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _sum_rate(threads: int) -> float:
    torch.set_num_threads(threads)
    buffer = torch.ones(_MIB << 18)
    return buffer.nbytes / _best(buffer.sum, 5)


def _matrix_rate(dtype: torch.dtype) -> float:
    """Operations a second of a square product; the size grows until it takes a while."""
    size, taken = 256, 0.0
    while taken < 0.1 and size < 4096:
        size *= 2
        a = torch.randn(size, size).to(dtype)
        taken = _best(partial(torch.mm, a, a), 3)
    return 2.0 * size**3 / taken


@torch.inference_mode()
def kernel(
    kind: str, rows: list[int], layers: int, products: list[tuple[int, int]], head: tuple[int, int]
) -> dict[str, float]:
    """Tokens a second by rows: all layers' products and the head's. Weights are each layer's own, so that no cache holds them."""
    trials = {dtype: _maker(kind, *products[0], dtype) for dtype in (torch.float32, torch.bfloat16)}
    row = torch.randn(1, products[0][1])
    times = {dtype: _best(partial(product, row), 5) for dtype, product in trials.items()}
    activations = min(times, key=lambda dtype: times[dtype])
    stack = [[_maker(kind, *shape, activations) for shape in products] for _ in range(layers)]
    last = _maker(kind, *head, activations)
    found = {}
    for number in rows:
        few = _step_seconds(stack[:_FEW], last, products, head, number, 0)
        if few > _SLOW_SECONDS:
            alone = _step_seconds([], last, products, head, number, 0)
            whole = alone + (few - alone) * layers / min(_FEW, layers)
        else:
            whole = _step_seconds(stack, last, products, head, number, 3)
        found[str(number)] = number / whole
    return found


def _step_seconds(
    stack: list[list[Product]],
    last: Product,
    products: list[tuple[int, int]],
    head: tuple[int, int],
    rows: int,
    times: int,
) -> float:
    inputs = {width: torch.randn(rows, width) for width in {shape[1] for shape in (*products, head)}}

    def step() -> None:
        for layer in stack:
            for product, (_, width) in zip(layer, products, strict=True):
                product(inputs[width])
        last(inputs[head[1]])

    return _best(step, times)


def _maker(kind: str, outputs: int, inputs: int, activations: torch.dtype) -> Product:
    """A product of that kind with made-up weights. activations: what a quantized kernel takes; one of them has the fast code."""
    if kind in ("float32", "bfloat16"):
        dtype: torch.dtype = getattr(torch, kind)
        weight = torch.empty(outputs, inputs, dtype=dtype).uniform_(-1, 1)
        return lambda x: F.linear(x.to(dtype), weight)
    if kind == "int8":
        whole = torch.randint(-127, 127, (outputs, inputs), dtype=torch.int8)
        scales = torch.rand(outputs).to(activations)
        return lambda x: torch._weight_int8pack_mm(x.to(activations), whole, scales)
    values = torch.randint(0, 15, (outputs, inputs), dtype=torch.int32)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(values, 1)
    pairs = torch.rand(inputs // _GROUP, outputs, 2).to(activations)
    return lambda x: torch.ops.aten._weight_int4pack_mm_for_cpu(x.to(activations), packed, _GROUP, pairs)


def _best(run: Callable[[], object], times: int) -> float:
    """Seconds of the fastest of some runs after one that is not counted; of that one where there are no others."""
    taken: list[float] = []
    for number in range(times + 1):
        if number == 1:
            taken.clear()
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return min(taken)


if __name__ == "__main__":
    serve({"rates": rates, "kernel": kernel})
