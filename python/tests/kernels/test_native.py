"""The native kernels give what the same mathematics in PyTorch gives, in every format and on every variant of this machine."""

from __future__ import annotations

import ctypes

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.checkpoint.loader import load_checkpoint
from nanochat_engine.kernels import abi
from nanochat_engine.kernels.packing import Format, Packing
from nanochat_engine.kernels.plan import Plan
from nanochat_engine.loading import load
from tests.golden import NATIVE, golden_model, native_library, native_model, reference, settings_of, torch_model
from tests.model.test_golden import rows

FORMATS = list(Format)


def packed(weight: torch.Tensor, format: Format) -> tuple[abi.Linear, torch.Tensor]:
    """The layer, and the bytes that it reads."""
    packing = Packing(format, *weight.shape)
    data = torch.cat(list(packing.pack([weight])))
    assert data.numel() == packing.size
    scales = data.data_ptr() + packing.data_bytes if format.grid else None
    return abi.Linear(data.data_ptr(), scales, format, packing.padded_inputs, packing.outputs, packing.panels), data


def run(variant: str, weight: torch.Tensor, format: Format, x: torch.Tensor, threads: int = 2) -> torch.Tensor:
    library = native_library(variant)
    assert library is not None
    layer, data = packed(weight, format)
    out = torch.full((len(x), len(weight)), torch.nan)
    pointer = ctypes.c_void_p
    linear = library.function(
        "nc_linear",
        [ctypes.POINTER(abi.Linear), pointer, ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int, ctypes.c_int],
        ctypes.c_int,
    )
    assert linear(ctypes.byref(layer), x.data_ptr(), len(x), x.shape[1], out.data_ptr(), threads, 1) == 0
    assert len(data)  # still held
    return out


def expected(weight: torch.Tensor, format: Format, x: torch.Tensor) -> torch.Tensor:
    """In float64: the weights as the format keeps them, the activations as float."""
    kept = weight
    if format is Format.BF16:
        kept = weight.bfloat16().float()
    elif format.grid is not None:
        kept = format.grid.restore(weight)
    return (x.double() @ kept.double().T).float()


def test_every_variant_of_this_machine_is_tested_where_a_compiler_is_there(compiler: None) -> None:
    # Without this a library that is missing or older than its sources would take all tests of native kernels away.
    library = native_library("native")
    assert library is not None
    assert library.variant == NATIVE[-1]
    assert "generic" in NATIVE


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
@pytest.mark.parametrize("variant", NATIVE)
@settings(deadline=None, max_examples=20)
@given(
    shape=st.tuples(st.integers(1, 200), st.integers(1, 40).map(lambda n: 16 * n)),
    count=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_a_layer_gives_the_product_of_its_kept_weights(
    variant: str, format: Format, shape: tuple[int, int], count: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, generator=generator) / shape[1] ** 0.5
    x = torch.randn(count, shape[1], generator=generator)
    difference = (run(variant, weight, format, x) - expected(weight, format, x)).abs().max()
    # Quantized layers round each group of activations to 8 bits; AVX-512 rounds those of bf16 layers to bf16.
    rounded = format.grid is not None or (format is Format.BF16 and variant == "avx512")
    assert difference <= (0.06 if rounded else 1e-5)


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
@pytest.mark.parametrize("variant", NATIVE)
def test_a_row_has_the_same_bits_in_any_company_and_with_any_threads(variant: str, format: Format) -> None:
    generator = torch.Generator().manual_seed(1)
    weight, x = torch.randn(331, 192, generator=generator), torch.randn(40, 192, generator=generator)
    whole = run(variant, weight, format, x)
    for count in range(1, 17):
        for first in (0, 3, 40 - count):
            some = run(variant, weight, format, x[first : first + count].contiguous(), threads=1 + count % 3)
            assert torch.equal(some, whole[first : first + count])


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
@pytest.mark.parametrize("variant", NATIVE)
def test_what_is_no_number_stays_none_and_only_in_its_row(variant: str, format: Format) -> None:
    x = torch.ones(5, 64)
    x[2, 7] = torch.nan
    out = run(variant, torch.ones(64, 64), format, x)
    assert out[2].isnan().all()
    assert out[[0, 1, 3, 4]].isfinite().all()


@pytest.mark.parametrize("quantization", ["int8", "int4"])
@pytest.mark.parametrize("variant", NATIVE)
def test_a_quantized_model_gives_about_what_pytorch_gives_on_the_same_grid(variant: str, quantization: str) -> None:
    checkpoint = load_checkpoint(settings_of("2025-10"))
    tokens = reference("2025-10").tokens[:100]
    model, store = native_model("2025-10", variant, Plan(torch.float32, quantization, packed=True))
    native = model(rows(tokens, [(0, 0, 100)]), store).clone()
    _, plain_store = golden_model("2025-10")
    plain = torch_model(checkpoint.architecture, checkpoint.tensors, Plan(torch.float32, quantization))
    same = plain(rows(tokens, [(0, 0, 100)]), plain_store)
    # What is left is the rounding of activations; a grid misread would give other tokens altogether.
    assert torch.corrcoef(torch.stack((native.flatten(), same.flatten())))[0, 1] > 0.99


@pytest.mark.parametrize("variant", NATIVE)
def test_damaged_weights_give_no_number_rather_than_a_token(variant: str) -> None:
    model, store = native_model("2026-03-14", variant)
    ids = reference("2026-03-14").tokens[:3]
    for keys in store.keys:
        keys.fill_(torch.nan)
    assert model(rows(ids, [(0, 2, 3)]), store).isnan().all()


def test_kernels_are_named_in_what_health_tells() -> None:
    native = NATIVE[-1]
    loaded = load(settings_of("2026-03-14", kernels=native, cache_tokens=2048), lambda: None, lambda *_: None)
    assert loaded.kernel.startswith(f"native {native}")
    assert loaded.batch_invariant
    assert loaded.row_exact


@pytest.mark.parametrize("quantization", ["none", "int8", "int4"])
def test_pytorch_computes_every_quantization_too(quantization: str) -> None:
    settings_ = settings_of("2026-03-14", kernels="torch", cache_tokens=2048, quantization=quantization)
    loaded = load(settings_, lambda: None, lambda *_: None)
    assert loaded.kernel.startswith("torch")
