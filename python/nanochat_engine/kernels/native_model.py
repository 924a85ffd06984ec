"""The forward pass on the native kernels: one call a step, or one a layer where a step is long. It stands in Transformer's place."""

from __future__ import annotations

import ctypes
import weakref
from array import array
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import blocks_for
from nanochat_engine.errors import InternalError
from nanochat_engine.kernels import abi
from nanochat_engine.kernels.library import Library
from nanochat_engine.kernels.native_store import NativeStore
from nanochat_engine.kernels.packing import Format, Packing
from nanochat_engine.model.architecture import Architecture
from nanochat_engine.model.batch import Batch
from nanochat_engine.model.rotary import rotary_table
from nanochat_engine.sampling.random import uniform
from nanochat_engine.sampling.sampler import Draw

# Values that the widest vectors take at once; every width of a row has to be a multiple.
LANES = 16
MAX_HEAD_DIM = 256
# NO_NUMBER and NO_MEMORY of native/variant/sample.h.
_NO_NUMBER, _NO_MEMORY = -1, -2
# Rows above which a step is computed layer by layer, so that the beat goes on.
_SHORT_STEP = 32


def unsupported(architecture: Architecture) -> str | None:
    """Why the native kernels can't compute this model, or None."""
    a = architecture
    if a.head_dim % LANES or a.n_embd % LANES or a.head_dim > MAX_HEAD_DIM:
        return f"heads of {a.head_dim} channels: the native kernels take multiples of {LANES} up to {MAX_HEAD_DIM}"
    return None


class NativeModel:
    """A model over packed pieces.

    built: packed matrices (qkv, attention_out, mlp_in, mlp_out, head) as bytes, everything else plain, by the pieces' names.
    packings: of the packed ones. dtype: of embeddings and cache, float32 or bfloat16. The store is that of the model's life.
    """

    def __init__(
        self,
        architecture: Architecture,
        built: Mapping[str, Tensor],
        packings: Mapping[str, Packing],
        store: NativeStore,
        dtype: torch.dtype,
        library: Library,
        threads: int,
        rows: int,
    ) -> None:
        self.architecture = architecture
        self.store = store
        self._held: list[object] = [built, store]
        model = self._describe(built, packings, store, dtype)
        create = library.function(
            "nc_workspace_new", [ctypes.POINTER(abi.Model), ctypes.c_int, ctypes.c_int], ctypes.c_void_p
        )
        free = library.function("nc_workspace_free", [ctypes.c_void_p], None)
        self._forward = library.function(
            "nc_forward", [ctypes.c_void_p, ctypes.POINTER(abi.Batch), ctypes.c_int, ctypes.c_int], ctypes.c_int
        )
        self._sample = library.function(
            "nc_sample",
            [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p],
            None,
        )
        self._workspace = create(ctypes.byref(model), threads, rows)
        if not self._workspace:
            raise InternalError(f"No memory or no threads for {threads} threads and steps of {rows} rows.")
        self._held.append(model)
        weakref.finalize(self, _free, free, self._workspace, self._held)
        self._logits = torch.empty(0, architecture.vocab_size)

    def __call__(self, batch: Batch, store: object, beat: Callable[[], None] = lambda: None) -> Tensor:
        """Logits (len(logit_rows) + len(scored_rows), vocab_size) in float32, in a buffer that the next call writes anew.

        Keys and values of every row go to the store, which has to be the model's own. `beat` is called at least at every
        layer of a long step. Raises InternalError for another store, or where memory for the rows is lacking.
        """
        if store is not self.store:
            raise InternalError("The native model was given another store than it was made with.")
        segments, blocks, windowed = array("i"), array("i"), array("i")
        for segment in batch.segments:
            segments.extend((segment.row, segment.start, segment.length, len(blocks)))
            count = blocks_for(segment.start + segment.length)
            blocks.extend(segment.blocks[:count])
            windowed.extend(segment.windowed[:count])
        logit_rows = batch.logit_rows
        if batch.scored_rows is not None:
            logit_rows = torch.cat((logit_rows, batch.scored_rows))
        rows, wanted = len(batch.token_ids), len(logit_rows)
        if len(self._logits) < wanted:
            self._logits = torch.empty(wanted, self.architecture.vocab_size)
        described = abi.Batch(
            token_ids=batch.token_ids.data_ptr(),
            previous_ids=batch.previous_ids.data_ptr(),
            positions=batch.positions.data_ptr(),
            slots=batch.slots.data_ptr(),
            windowed_slots=batch.windowed_slots.data_ptr(),
            logit_rows=logit_rows.data_ptr(),
            segments=segments.buffer_info()[0],
            blocks=blocks.buffer_info()[0],
            windowed_blocks=windowed.buffer_info()[0],
            logits=self._logits.data_ptr(),
            rows=rows,
            segment_count=len(batch.segments),
            logit_count=wanted,
        )
        layers = self.architecture.n_layer
        stride = layers if rows <= _SHORT_STEP else 1
        for layer in range(0, layers, stride):
            beat()
            if self._forward(self._workspace, ctypes.byref(described), layer, min(layer + stride, layers)) != 0:
                raise InternalError(f"No memory for a step of {rows} rows.")
        return self._logits[:wanted]

    def sample(self, logits: Tensor, draws: Sequence[Draw]) -> list[int | None]:
        """Draw one token id for each row of logits (len(draws), vocab_size) float32; None for a row that holds no number."""
        described, tokens = (abi.Draw * len(draws))(), (ctypes.c_int32 * len(draws))()
        for entry, (params, choice, position) in zip(described, draws, strict=True):
            entry.temperature, entry.top_p, entry.top_k = params.temperature, params.top_p, params.top_k
            entry.number = uniform(params.seed, choice, position)
        rows, count = logits.shape
        self._sample(self._workspace, logits.data_ptr(), rows, count, described, tokens)
        drawn = list(tokens)
        if _NO_MEMORY in drawn:
            raise InternalError("No memory to sort a row of logits.")
        return [None if token == _NO_NUMBER else token for token in drawn]

    def _describe(
        self, built: Mapping[str, Tensor], packings: Mapping[str, Packing], store: NativeStore, dtype: torch.dtype
    ) -> abi.Model:
        a = self.architecture

        def linear(name: str, most: int | None = None) -> abi.Linear:
            data, packing = built[name], packings[name]
            if data.numel() != packing.size:
                raise InternalError(f"{name} has {data.numel()} bytes, not {packing.size}")
            scales = data.data_ptr() + packing.data_bytes if packing.format.grid is not None else None
            outputs = min(packing.outputs, most or packing.outputs)
            return abi.Linear(data.data_ptr(), scales, packing.format, packing.padded_inputs, outputs, packing.panels)

        def floats(name: str) -> int:
            held = built[name].float().contiguous()
            self._held.append(held)
            return held.data_ptr()

        layers = (abi.Layer * a.n_layer)()
        lambdas = [built[name].tolist() for name in ("residual_lambdas", "embedding_lambdas") if a.residual_lambdas]
        for number, layer in enumerate(layers):
            layer.qkv = linear(f"{number}.qkv")
            layer.attention_out = linear(f"{number}.attention_out")
            layer.mlp_in = linear(f"{number}.mlp_in")
            layer.mlp_out = linear(f"{number}.mlp_out")
            if number in a.value_embedding_layers:
                layer.value_embedding = built[f"{number}.value_embedding"].data_ptr()
                layer.value_gate = floats(f"{number}.value_gate")
            layer.keys, layer.values = store.keys[number].data_ptr(), store.values[number].data_ptr()
            if lambdas:
                layer.residual_lambda, layer.embedding_lambda = lambdas[0][number], lambdas[1][number]
            window = a.windows[number]
            layer.window, layer.windowed = (-1, 0) if window is None else (window, 1)
        cosines, sines = rotary_table(a.sequence_len, a.head_dim, a.rope_base, torch.device("cpu"))
        self._held += [layers, cosines, sines]
        return abi.Model(
            layers=layers,
            head=linear("head", a.vocab_size),  # rows that pad the vocabulary are not written
            embedding=built["embedding"].data_ptr(),
            smear_gate=floats("smear_gate") if a.smear else None,
            cosines=cosines.data_ptr(),
            sines=sines.data_ptr(),
            n_layer=a.n_layer,
            n_embd=a.n_embd,
            n_head=a.n_head,
            n_kv_head=a.n_kv_head,
            head_dim=a.head_dim,
            vocab_size=a.vocab_size,
            dtype=Format.F32 if dtype == torch.float32 else Format.BF16,
            mixes_residual=a.residual_lambdas,
            gate_channels=a.gate_channels,
            smear_channels=built["smear_gate"].shape[1] if a.smear else 0,
            backout_layer=a.backout_layer if a.backout else -1,
            # The norms' epsilon is the model's dtype's own, as in PyTorch; those of q and k are computed in float32.
            eps=torch.finfo(dtype).eps,
            qk_eps=torch.finfo(torch.float32).eps,
            qk_scale=a.qk_scale,
            softcap=a.softcap,
            gate_scale=a.gate_scale,
            smear_lambda=float(built["smear_lambda"]) if a.smear else 0.0,
            backout_lambda=float(built["backout_lambda"]) if a.backout else 0.0,
        )


def _free(free: Callable[[int], None], workspace: int, held: list[object]) -> None:
    """Free the workspace, and only then what it reads."""
    free(workspace)
    held.clear()
