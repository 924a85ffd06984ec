"""`python -m nanochat_engine.kernels.build [--output DIR]`: compiles the native CPU kernels into one shared library.

Standard library only, so that any Python runs it. Without a compiler, or when it fails, that is said and the exit code is 0 all the same:
the engine then computes with PyTorch's kernels. Only the environment's CC and PATH choose what is run.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nanochat_engine.kernels.recipe import (
    BUILT,
    FLAGS,
    NATIVE,
    VARIANT_NAMES,
    hash_of_sources,
    library_name,
    source_files,
    variants,
)

_VERSION_SECONDS = 20
_COMPILE_SECONDS = 300
_ERROR_LINES = 8
_WITHOUT = "the engine uses PyTorch's kernels, several times slower"
_INSTALL = (
    "install one (Debian, Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc glibc-devel; "
    "Arch: pacman -S gcc; macOS: xcode-select --install) and run npm run setup"
)


class BuildFailed(Exception):
    """The compiler refused; the message holds the first lines it said."""


@dataclass(frozen=True)
class Compiler:
    """command: words to run. version: all that `--version` prints. environment: of its processes."""

    command: tuple[str, ...]
    version: str
    environment: Mapping[str, str]

    @property
    def title(self) -> str:
        return self.version.splitlines()[0]

    def hash(self) -> str:
        return hashlib.sha256(f"{self.command}\n{self.version}".encode()).hexdigest()[:8]

    def run(self, arguments: Sequence[str | Path], scratch: Path) -> None:
        """Run the compiler. Raises BuildFailed."""
        command = [*self.command, *map(str, arguments)]
        environment = {**self.environment, "TMPDIR": str(scratch), "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_COMPILE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildFailed(str(error)) from error
        if done.returncode != 0:
            lines = done.stdout.strip().splitlines() or [f"{command[0]} ended with {done.returncode}"]
            # Warnings come before the error as often as not.
            first = next((i for i, line in enumerate(lines) if "error" in line.lower()), 0)
            raise BuildFailed("\n".join(lines[first : first + _ERROR_LINES]))


def find_compiler(environment: Mapping[str, str]) -> Compiler | None:
    """The first of CC, cc, gcc and clang that is there and answers `--version`."""
    for words in (environment.get("CC", ""), "cc", "gcc", "clang"):
        try:
            command = shlex.split(words)
        except ValueError:
            continue
        program = shutil.which(command[0], path=environment.get("PATH", "")) if command else None
        if program is None:
            continue
        try:
            answer = subprocess.run(
                [program, *command[1:], "--version"],
                env={**environment, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_VERSION_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.returncode == 0 and answer.stdout.strip():
            return Compiler((program, *command[1:]), answer.stdout.strip(), dict(environment))
    return None


def build(output: Path, native: Path, environment: Mapping[str, str]) -> Path | None:
    """Compile `native` into `output` unless that is done already, and say so. Returns the library, or None with the reason printed.

    Where that fails, a library that another compiler made of the same sources stays in use; those of other sources are removed.
    """
    sources = hash_of_sources(native)
    if sources is None:
        _say(f"no C sources in {native}: {_WITHOUT}.")
        return None
    compiler = find_compiler(environment)
    library = output / library_name(sources, compiler.hash() if compiler else "none")
    if library.exists():
        _say(f"up to date ({library.name}).")
    elif compiler is None or not _put(compiler, native, library):
        library = next(output.glob(library_name(sources, "*")), library)
        if library.exists():
            _say(f"{library.name} of the same sources stays in use.")
        elif compiler is None:
            _say(f"no C compiler found: {_WITHOUT}; {_INSTALL}.")
    for other in output.glob(library_name("*", "*")):
        if other != library:
            other.unlink(missing_ok=True)
    return library if library.exists() else None


def _put(compiler: Compiler, native: Path, library: Path) -> bool:
    """Compile and give the library its name at once; False with the reason printed."""
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="building-", dir=library.parent) as scratch:
            os.replace(_compile(compiler, native, Path(scratch)), library)
    except BuildFailed as error:
        _say(f"{compiler.title} failed, so {_WITHOUT}:\n{error}")
        return False
    except OSError as error:
        _say(f"can't be written to {library.parent} ({error.strerror}), so {_WITHOUT}.")
        return False
    return True


def _compile(compiler: Compiler, native: Path, scratch: Path) -> Path:
    """All objects side by side, then the link; the library lies in `scratch`. Raises BuildFailed."""
    started = time.monotonic()
    known = {name: flags for name, flags in variants().items() if _understands(compiler, flags, scratch)}
    old = [name for name in variants() if name not in known]
    _say(
        f"compiling {', '.join(known)} with {compiler.title}"
        + (f"; it is too old for {', '.join(old)}, which are left out." if old else ".")
    )
    have = [f"-DNC_HAVE_{name.upper()}={int(name in known)}" for name in VARIANT_NAMES]
    jobs: list[tuple[Path, tuple[str, ...]]] = []
    for source in source_files(native):
        if source.suffix == ".c" and source.parent == native:
            jobs.append((source, ()))
        elif source.suffix == ".c" and source.parent == native / "variant":
            jobs += [(source, (f"-DNC_VARIANT={name}", *flags)) for name, flags in known.items()]

    def compile_one(number: int, source: Path, flags: tuple[str, ...]) -> Path:
        target = scratch / f"{number}.o"
        compiler.run([*FLAGS, *flags, *have, "-I", native, "-c", source, "-o", target], scratch)
        return target

    with ThreadPoolExecutor(_processors()) as pool:
        futures = [pool.submit(compile_one, number, *job) for number, job in enumerate(jobs)]
        try:
            objects = [future.result() for future in futures]
        finally:
            pool.shutdown(cancel_futures=True)
    library = scratch / "library.so"
    # A symbol that is nowhere is told here, not by a client's first request.
    strict = ["-Wl,-z,defs"] if sys.platform == "linux" else []
    compiler.run(["-shared", "-pthread", *strict, *objects, "-o", library, "-lm"], scratch)
    _say(f"built {len(objects)} objects in {time.monotonic() - started:.1f} s.")
    return library


def _understands(compiler: Compiler, flags: tuple[str, ...], scratch: Path) -> bool:
    if not flags:
        return True
    source = scratch / "flags.c"
    source.write_text("int nc_flags;\n")
    try:
        compiler.run([*flags, "-c", source, "-o", scratch / "flags.o"], scratch)
    except BuildFailed:
        return False
    return True


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _say(line: str) -> None:
    print(f"CPU kernels: {line}", flush=True)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Returns the exit code: 0 with a library and without."""
    parser = argparse.ArgumentParser(
        prog="nanochat_engine.kernels.build", description="Compile the native CPU kernels."
    )
    parser.add_argument(
        "--output", type=Path, default=BUILT, metavar="DIR", help="where the library goes (%(default)s)"
    )
    parser.add_argument("--sources", type=Path, default=NATIVE, metavar="DIR", help="the C sources (%(default)s)")
    given = parser.parse_args(arguments)
    build(given.output, given.sources, environment)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], os.environ))
    except KeyboardInterrupt:
        sys.exit(130)
