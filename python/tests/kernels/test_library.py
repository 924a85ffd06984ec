"""The built library is found, checked and typed; what can't be had is told with the way out."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nanochat_engine.config import read_settings
from nanochat_engine.errors import InternalError, SettingsError
from nanochat_engine.kernels.build import build
from nanochat_engine.kernels.library import NC_ABI_VERSION, Library, load_library
from nanochat_engine.kernels.recipe import library_name, variants

Sources = Callable[..., Path]

needs_avx2 = pytest.mark.skipif("avx2" not in variants(), reason="this kind of processor has no AVX2")


def why_not(caplog: pytest.LogCaptureFixture, built: Path, sources: Path) -> str:
    """The one line that KERNELS=auto logs when it gives None."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert load_library("auto", built=built, sources=sources) is None
    assert len(caplog.records) == 1
    return caplog.records[0].getMessage()


@pytest.mark.usefixtures("compiler")
class TestBuilt:
    @pytest.fixture
    def sources(self, stub_sources: Sources) -> Path:
        return stub_sources(avx2=True)

    @pytest.fixture
    def built(self, tmp_path: Path, sources: Path) -> Path:
        assert build(tmp_path / "built", sources, os.environ) is not None
        return tmp_path / "built"

    @pytest.mark.parametrize("wanted", ["auto", "native", "generic"])
    def test_a_function_is_the_chosen_variants(self, built: Path, sources: Path, wanted: str) -> None:
        library = load_library(wanted, built=built, sources=sources)
        assert isinstance(library, Library)
        assert library.variant == ("generic" if wanted == "generic" or "avx2" not in variants() else "avx2")
        assert library.path.parent == built
        if library.variant == "generic":  # others need not run on this processor
            assert library.function("nc_width", [ctypes.c_int], ctypes.c_int)(3) == 12

    @needs_avx2
    def test_a_variant_is_taken_by_name(self, built: Path, sources: Path) -> None:
        library = load_library("avx2", built=built, sources=sources)
        assert library is not None
        assert library.variant == "avx2"

    def test_a_variant_that_this_processor_lacks_is_refused_by_name(self, built: Path, sources: Path) -> None:
        with pytest.raises(SettingsError, match=r"KERNELS=avx512 can't be had: .*generic in common.*KERNELS=auto"):
            load_library("avx512", built=built, sources=sources)

    def test_functions_of_all_variants_have_no_suffix(self, built: Path, sources: Path) -> None:
        library = load_library("generic", built=built, sources=sources)
        assert library is not None
        assert library.shared_function("nc_have_avx512", [], ctypes.c_int)() == int("avx512" in variants())

    def test_a_function_that_is_not_there_is_named(self, built: Path, sources: Path) -> None:
        library = load_library("generic", built=built, sources=sources)
        assert library is not None
        with pytest.raises(InternalError, match="nc_missing_generic"):
            library.function("nc_missing", [], None)

    def test_torch_loads_nothing_and_says_nothing(
        self, built: Path, sources: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            assert load_library("torch", built=built, sources=sources) is None
        assert caplog.records == []

    def test_a_library_of_other_sources_is_not_taken(
        self, built: Path, sources: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (sources / "stub.h").write_text("// changed since\n")
        assert "built from other sources; run npm run setup" in why_not(caplog, built, sources)

    def test_without_sources_the_only_library_is_taken(
        self, built: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        nowhere = tmp_path / "nowhere"
        assert load_library("native", built=built, sources=nowhere) is not None
        (built / library_name("another", "compiler")).touch()
        assert "2 libraries" in why_not(caplog, built, nowhere)

    def test_another_interface_is_not_spoken_to(
        self, tmp_path: Path, stub_sources: Sources, caplog: pytest.LogCaptureFixture
    ) -> None:
        sources = stub_sources(abi=NC_ABI_VERSION + 1, name="newer")
        assert build(tmp_path / "newer-built", sources, os.environ) is not None
        assert f"speaks interface {NC_ABI_VERSION + 1}" in why_not(caplog, tmp_path / "newer-built", sources)

    def test_a_library_without_the_interface_is_not_taken(
        self, tmp_path: Path, stub_sources: Sources, caplog: pytest.LogCaptureFixture
    ) -> None:
        sources = stub_sources(name="empty")
        (sources / "dispatch.c").write_text("int nc_nothing;\n")
        assert build(tmp_path / "empty-built", sources, os.environ) is not None
        assert "is no library of kernels" in why_not(caplog, tmp_path / "empty-built", sources)


def test_a_damaged_library_is_told_and_does_no_harm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / library_name("0" * 16, "0" * 8)).write_bytes(b"\x7fELF of another machine")
    assert "can't be loaded" in why_not(caplog, tmp_path, tmp_path / "nowhere")


def test_where_nothing_is_built_auto_goes_on_and_native_refuses(
    tmp_path: Path, stub_sources: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    sources = stub_sources()
    assert "not built; install a C compiler" in why_not(caplog, tmp_path / "built", sources)
    with pytest.raises(SettingsError, match=r"KERNELS=native can't be had: .*npm run setup"):
        load_library("native", built=tmp_path / "built", sources=sources)


def test_kernels_is_a_setting() -> None:
    assert read_settings({"MODEL": "a"}).kernels == "auto"
    assert read_settings({"MODEL": "a", "KERNELS": "AVX2"}).kernels == "avx2"
    with pytest.raises(SettingsError, match="KERNELS"):
        read_settings({"MODEL": "a", "KERNELS": "sse"})
