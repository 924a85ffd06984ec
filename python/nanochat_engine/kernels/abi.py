"""The structures of native/nanochat.h, field by field."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_double, c_float, c_int32, c_void_p


class Linear(Structure):
    """nc_linear: a packed matrix."""

    _fields_ = [
        ("data", c_void_p),
        ("scales", c_void_p),
        ("format", c_int32),
        ("inputs", c_int32),
        ("outputs", c_int32),
        ("panels", c_int32),
    ]


class Layer(Structure):
    """nc_layer: one block's weights and cache."""

    _fields_ = [
        ("qkv", Linear),
        ("attention_out", Linear),
        ("mlp_in", Linear),
        ("mlp_out", Linear),
        ("value_embedding", c_void_p),
        ("value_gate", c_void_p),
        ("keys", c_void_p),
        ("values", c_void_p),
        ("residual_lambda", c_float),
        ("embedding_lambda", c_float),
        ("window", c_int32),
        ("windowed", c_int32),
    ]


class Model(Structure):
    """nc_model."""

    _fields_ = [
        ("layers", POINTER(Layer)),
        ("head", Linear),
        ("embedding", c_void_p),
        ("smear_gate", c_void_p),
        ("cosines", c_void_p),
        ("sines", c_void_p),
        ("n_layer", c_int32),
        ("n_embd", c_int32),
        ("n_head", c_int32),
        ("n_kv_head", c_int32),
        ("head_dim", c_int32),
        ("vocab_size", c_int32),
        ("dtype", c_int32),
        ("mixes_residual", c_int32),
        ("gate_channels", c_int32),
        ("smear_channels", c_int32),
        ("backout_layer", c_int32),
        ("eps", c_float),
        ("qk_eps", c_float),
        ("qk_scale", c_float),
        ("softcap", c_float),
        ("gate_scale", c_float),
        ("smear_lambda", c_float),
        ("backout_lambda", c_float),
    ]


class Segment(Structure):
    """nc_segment: neighbouring rows of one sequence."""

    _fields_ = [("row", c_int32), ("start", c_int32), ("length", c_int32), ("table", c_int32)]


class Batch(Structure):
    """nc_batch: one step's rows."""

    _fields_ = [
        ("token_ids", c_void_p),
        ("previous_ids", c_void_p),
        ("positions", c_void_p),
        ("slots", c_void_p),
        ("windowed_slots", c_void_p),
        ("logit_rows", c_void_p),
        ("segments", c_void_p),
        ("blocks", c_void_p),
        ("windowed_blocks", c_void_p),
        ("logits", c_void_p),
        ("rows", c_int32),
        ("segment_count", c_int32),
        ("logit_count", c_int32),
    ]


class Draw(Structure):
    """draw of native/variant/sample.h: what a row's token is drawn with."""

    _fields_ = [
        ("temperature", c_double),
        ("top_p", c_double),
        ("number", c_double),
        ("top_k", c_int32),
        ("unused", c_int32),
    ]
