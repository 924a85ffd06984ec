"""What the command line asks for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.shapes import Shape, parse_shape

PARTS = ("machine", "decode", "prefill", "arrivals", "invariance", "gateway", "step", "constraint", "soak", "quality")
QUANTIZATIONS = ("none", "int8", "int4")
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Options:
    """streams: counts that decode is measured at, the highest first. min_seconds, min_tokens: what one figure takes at least.

    beside: runs at most of what stands beside the main figures, so that a whole run stays short.
    """

    parts: tuple[str, ...]
    shapes: tuple[Shape, ...]
    quantizations: tuple[str, ...]
    runs: int
    beside: int
    streams: tuple[int, ...]
    prompts: tuple[int, ...]
    arrivals: int
    requests: int
    min_tokens: int
    min_seconds: float
    cache_tokens: int
    dtype: str
    peers: tuple[str, ...]
    name: str
    results: Path
    cache: Path
    resume: bool
    peer_python: Path | None

    def runs_of(self, part: str, shape: Shape, kind: str) -> int:
        """How often a part is measured: in full the first model's decode, and all of its first quantization."""
        full = self.arrivals if part == "arrivals" else self.runs
        main = shape == self.shapes[0] and (part == "decode" or kind == self.quantizations[0])
        return full if main else min(self.beside, full)


def parse(arguments: Sequence[str]) -> Options:
    """Ends the process with a usage message for a wrong argument."""
    parser = argparse.ArgumentParser(prog="npm run bench --", description="Measures; see bench/README.md.")
    parser.add_argument("--only", "--parts", default=",".join(PARTS), metavar="PARTS", help=f"of {','.join(PARTS)}")
    parser.add_argument("--model", default="d20-g0,d20-g5", help="the first has every part, others decode and prefill")
    parser.add_argument("--quantization", default=",".join(QUANTIZATIONS))
    parser.add_argument("--runs", type=int, help="of each figure, interleaved; the median counts (5, quick 2)")
    parser.add_argument("--streams", help="streams at once (32,16,8,4,2,1)")
    parser.add_argument("--quick", action="store_true", help="under 8 minutes: fewer runs and streams, one model")
    parser.add_argument("--arrivals", type=int, help="long prompts that arrive (10, quick 2)")
    parser.add_argument("--requests", type=int, default=1000, help="of the soak")
    parser.add_argument("--dtype", default="auto", choices=("auto", "bfloat16", "float32"))
    parser.add_argument("--peers", help="transformers,llama.cpp (quick: transformers), or none")
    parser.add_argument("--name", help="of the result's files; by default the date and the models")
    parser.add_argument("--results", type=Path, default=_HERE / "results", help="where the result's files go")
    parser.add_argument("--cache", type=Path, default=_HERE / "out", help="models, environment, logs, progress")
    parser.add_argument("--resume", action="store_true", help="keep the parts that this commit has measured already")
    parser.add_argument("--peer-python", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    quick = given.quick
    models = given.model if not quick or given.model != parser.get_default("model") else "d20-g0"
    parts = _of(parser, given.only, PARTS, "--only")
    if quick and given.only == parser.get_default("only"):
        parts = tuple(part for part in parts if part not in ("invariance", "constraint", "soak", "quality"))
    try:
        shapes = tuple(parse_shape(name) for name in models.split(","))
        streams = tuple(
            sorted({int(n) for n in (given.streams or ("16,8,1" if quick else "32,16,8,4,2,1")).split(",")})
        )
    except ValueError as error:
        parser.error(str(error))
    runs = (2 if quick else 5) if given.runs is None else given.runs
    arrivals = (2 if quick else 10) if given.arrivals is None else given.arrivals
    if not 1 <= runs <= 100 or not streams or not 1 <= streams[0] <= streams[-1] <= 256:
        parser.error("--runs is 1 to 100, --streams 1 to 256")
    if not 4 <= given.requests <= 1_000_000 or not 1 <= arrivals <= 1000:
        parser.error("--requests is 4 to 1000000, --arrivals 1 to 1000")
    peers = given.peers or ("transformers" if quick else "transformers,llama.cpp")
    name = given.name or f"speed-{datetime.now(UTC):%Y-%m-%d}-{shapes[0].name}{'-quick' if quick else ''}"
    return Options(
        parts=parts,
        shapes=shapes,
        quantizations=_of(parser, given.quantization, QUANTIZATIONS, "--quantization"),
        runs=runs,
        beside=0 if quick else 3,
        streams=tuple(reversed(streams)),
        prompts=(128, 512, 1500),
        arrivals=arrivals,
        requests=given.requests,
        min_tokens=8 if quick else 12,
        min_seconds=0.7 if quick else 1.5,
        cache_tokens=8192,
        dtype=given.dtype,
        peers=() if peers == "none" else _of(parser, peers, ("transformers", "llama.cpp"), "--peers"),
        name=name,
        results=given.results.absolute(),
        cache=given.cache.absolute(),
        resume=given.resume,
        peer_python=given.peer_python,
    )


def _of(parser: argparse.ArgumentParser, text: str, allowed: tuple[str, ...], name: str) -> tuple[str, ...]:
    chosen = set(text.split(","))
    if chosen - set(allowed):
        parser.error(f"{name} knows {','.join(allowed)}, not {','.join(sorted(chosen - set(allowed)))}")
    return tuple(one for one in allowed if one in chosen)
