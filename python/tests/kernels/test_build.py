"""The kernels are compiled once for their sources and compiler, and set-up goes on where that can't be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nanochat_engine
from nanochat_engine.kernels.build import build, find_compiler
from nanochat_engine.kernels.recipe import hash_of_sources, variants

Sources = Callable[..., Path]
Program = Callable[[str, str], Path]


def command_line(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The build as set-up runs it, by a Python that sees nothing but its standard library and this package."""
    package = Path(nanochat_engine.__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-S", "-m", "nanochat_engine.kernels.build", *arguments],
        env={"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.usefixtures("compiler")
def test_it_runs_without_a_package_installed(tmp_path: Path, stub_sources: Sources) -> None:
    arguments = ["--output", str(tmp_path / "built"), "--sources", str(stub_sources())]
    done = command_line(arguments, {"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stderr) == (0, "")
    assert "CPU kernels: compiling generic" in done.stdout
    assert [path.suffix for path in (tmp_path / "built").iterdir()] == [".so"], done.stdout


@pytest.mark.usefixtures("compiler")
def test_nothing_is_compiled_again_while_nothing_changed(
    tmp_path: Path, stub_sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = stub_sources()
    first = build(tmp_path / "built", sources, os.environ)
    assert first is not None
    made = first.stat().st_mtime_ns
    capsys.readouterr()
    assert build(tmp_path / "built", sources, os.environ) == first
    assert first.stat().st_mtime_ns == made
    assert capsys.readouterr().out == f"CPU kernels: up to date ({first.name}).\n"


@pytest.mark.usefixtures("compiler")
def test_a_changed_source_makes_another_library_that_replaces_the_old_one(
    tmp_path: Path, stub_sources: Sources
) -> None:
    sources = stub_sources()
    first = build(tmp_path / "built", sources, os.environ)
    (sources / "variant" / "more.h").write_text("// a header counts as well\n")
    second = build(tmp_path / "built", sources, os.environ)
    assert second is not None
    assert second != first
    assert list((tmp_path / "built").iterdir()) == [second]


def test_equal_sources_have_one_hash_wherever_they_lie(tmp_path: Path, stub_sources: Sources) -> None:
    here, there = stub_sources(name="here"), stub_sources(name="there")
    assert hash_of_sources(here) == hash_of_sources(there)
    (there / "dispatch.c").rename(there / "other.c")
    assert hash_of_sources(here) != hash_of_sources(there)
    assert hash_of_sources(tmp_path / "nowhere") is None


def test_without_a_compiler_it_says_what_to_install_and_goes_on(tmp_path: Path, stub_sources: Sources) -> None:
    arguments = ["--output", str(tmp_path / "built"), "--sources", str(stub_sources())]
    done = command_line(arguments, {"PATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("CPU kernels: no C compiler found: the engine uses PyTorch's kernels")
    assert "apt install gcc libc6-dev" in done.stdout
    assert done.stdout.count("\n") == 1
    assert not (tmp_path / "built").exists()


def test_a_compiler_that_does_not_answer_is_passed_over(tmp_path: Path, program: Program) -> None:
    program("bin/cc", "exit 1")
    program("bin/gcc", 'echo "gcc (of a test) 1.0"')
    found = find_compiler({"CC": "no-such-compiler", "PATH": str(tmp_path / "bin")})
    assert found is not None
    assert (found.title, found.command) == ("gcc (of a test) 1.0", (str(tmp_path / "bin" / "gcc"),))


def test_cc_comes_first_and_may_have_arguments(tmp_path: Path, program: Program) -> None:
    program("bin/cc", "echo cc")
    program("bin/my cc", 'echo "mine $1"')
    found = find_compiler({"CC": f"'{tmp_path}/bin/my cc' --fast", "PATH": str(tmp_path / "bin")})
    assert found is not None
    assert found.title == "mine --fast"


def test_a_failing_compiler_is_quoted_and_nothing_is_left(
    tmp_path: Path, stub_sources: Sources, program: Program
) -> None:
    program("bin/cc", 'case "$*" in *--version) echo "cc 0.1";; *) echo "stdio.h: error: no such file"; exit 1;; esac')
    arguments = ["--output", str(tmp_path / "built"), "--sources", str(stub_sources())]
    done = command_line(arguments, {"PATH": f"{tmp_path / 'bin'}:/bin:/usr/bin", "CC": "cc"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "cc 0.1 failed, so the engine uses PyTorch's kernels" in done.stdout
    assert done.stdout.endswith("stdio.h: error: no such file\n")
    assert list((tmp_path / "built").iterdir()) == []


@pytest.mark.usefixtures("compiler")
def test_a_source_that_does_not_compile_leaves_no_library_of_older_sources(
    tmp_path: Path, stub_sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = stub_sources()
    assert build(tmp_path / "built", sources, os.environ) is not None
    (sources / "dispatch.c").write_text("int nc_abi_version(void) { return missing(); }\n")
    assert build(tmp_path / "built", sources, os.environ) is None
    assert "missing" in capsys.readouterr().out
    assert list((tmp_path / "built").iterdir()) == []


@pytest.mark.usefixtures("compiler")
def test_a_library_outlives_the_compiler_that_made_it(tmp_path: Path, stub_sources: Sources, program: Program) -> None:
    sources, empty = stub_sources(), {"PATH": str(tmp_path / "empty")}
    library = build(tmp_path / "built", sources, os.environ)
    assert library is not None
    assert build(tmp_path / "built", sources, empty) == library
    broken = program("broken", 'case "$*" in *--version) echo "cc 9";; *) exit 1;; esac')
    assert build(tmp_path / "built", sources, {**empty, "CC": str(broken)}) == library
    assert list((tmp_path / "built").iterdir()) == [library]


@pytest.mark.usefixtures("compiler")
@pytest.mark.skipif(len(variants()) == 1, reason="this kind of processor has one variant only")
def test_a_variant_that_the_compiler_is_too_old_for_is_left_out(
    tmp_path: Path, stub_sources: Sources, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    real = find_compiler(os.environ)
    assert real is not None
    old = program("old-cc", f'case "$*" in *-mavx512bf16*) exit 1;; esac\nexec {" ".join(real.command)} "$@"')
    library = build(tmp_path / "built", stub_sources(), {**os.environ, "CC": str(old)})
    assert library is not None
    assert "too old for avx512" in capsys.readouterr().out
    assert b"nc_width_avx2" in library.read_bytes()
    assert b"nc_width_avx512" not in library.read_bytes()


@pytest.mark.usefixtures("compiler")
def test_a_folder_that_can_not_be_written_is_named(
    tmp_path: Path, stub_sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert build(tmp_path / "file" / "built", stub_sources(), os.environ) is None
    assert f"can't be written to {tmp_path / 'file' / 'built'}" in capsys.readouterr().out
