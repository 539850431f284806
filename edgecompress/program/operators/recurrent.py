"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, of which states live from one inference to the next."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, values_of, zero_point_of
from edgecompress.program.program import Call, Constant, Field, State
from edgecompress.program.sigmoid import sigmoid_table
from edgecompress.program.weights import folded_bias, product_multiplier, weights_constant
from edgecompress.program.wide import reduced_multiplier, wide_bias
from edgecompress.tflite.graph import Quantization, Tensor

# Inputs of UNIDIRECTIONAL_SEQUENCE_LSTM for the forget, input, cell and output gate, in the order
# of lstm.h. Source: micro/kernels/lstm_shared.h.
_WEIGHTS, _RECURRENT, _BIASES = (2, 1, 3, 4), (6, 5, 7, 8), (13, 12, 14, 15)
_HIDDEN, _CELL = 18, 19
# Real value of a step of what enters a gate's function (Q3.12), and of what leaves it (Q0.15).
_GATE_INPUT, _GATE_OUTPUT = 2.0**-12, 2.0**-15
_TANH_POWERS = range(-15, 14)  # of two, of a cell state's step in units of 2^-12


def state_of(tensor: Tensor) -> State:
    """Return a variable tensor as a state, which begins as TFLM resets it.

    Source: ResetTensorData in micro_interpreter_graph.cc: int8 with the zero point, else zero.
    """
    first = zero_point_of(tensor) if tensor.type == "INT8" else 0
    dtype = np.dtype(tensor.type.lower())
    return State(tensor.name, f"{dtype.name}_t", np.full(tensor.elements, first, dtype))


def svdf(node: Node) -> Sequence[Call]:
    """Return the call for SVDF. A state of int8 is kept as int16, less its zero point."""
    value, features, time, state = (node.input(i) for i in (0, 1, 2, 4))
    output = node.output()
    for tensor in (value, features, output):
        node.need_type(tensor, "INT8")
    if state.type != "INT8" and zero_point_of(state) != 0:
        raise node.refuse(f"the zero point of its state is {zero_point_of(state)}")
    limits = np.iinfo(np.dtype(state.type.lower()))
    weights = values_of(features)
    filters, depth = weights.shape
    rank = int(node.option("rank"))
    scales = [float(scale_of(t)) for t in (value, features, state, time, output)]
    state_multiplier, state_shift = quantize_multiplier(scales[0] * scales[1] / scales[2])
    multiplier, shift = quantize_multiplier(scales[2] * scales[3] / scales[4])
    bias = node.optional(3)
    biases = np.zeros(filters // rank, np.int32) if bias is None else values_of(bias).ravel()
    sums = weights.sum(1, np.int64)
    fields: dict[str, Field] = {
        "feature_weights": weights_constant(weights),
        "feature_bias": folded_bias(node, None, sums, zero_point_of(value)),
        "time_weights": Constant(
            "time_weights", "int16_t", values_of(time).astype(np.int16).ravel(), of_model=True
        ),
        "bias": Constant("bias", "int32_t", biases.astype(np.int32), of_model=True),
        "state_multiplier": state_multiplier,
        "multiplier": multiplier,
        "batches": value.shape[0],
        "units": node.int16(filters // rank, "the number of units"),
        "rank": rank,
        "features": node.int16(depth, "the number of features"),
        "memory": node.int16(time.shape[1], "the length of its memory"),
        "state_shift": state_shift,
        "state_zero_point": zero_point_of(state),
        "state_is_narrow": int(state.type == "INT8"),
        "state_low": limits.min,
        "state_high": limits.max,
        "shift": shift,
        "zero_point": zero_point_of(output),
    }
    return [
        Call(
            kernel="svdf_s8",
            layer=node.layer,
            fields=fields,
            inputs=(value.index, State(state.name, "int16_t", np.zeros(state.elements, np.int16))),
            outputs=(output.index,),
            macs=value.shape[0] * filters * (depth + time.shape[1]),
        )
    ]


def lstm(node: Node) -> Sequence[Call]:
    """Return the call for UNIDIRECTIONAL_SEQUENCE_LSTM of int8 or int16 activations."""
    value, hidden, cell, output = (
        node.input(0),
        node.input(_HIDDEN),
        node.input(_CELL),
        node.output(),
    )
    node.need_type(value, "INT8", "INT16")
    node.need_type(cell, "INT16")
    if node.option("fused_activation_function", "NONE") != "TANH":
        raise node.refuse("the function of its cell gate is not tanh")
    if any(node.optional(i) is not None for i in (9, 10, 11, 16, 17, 20, 21, 22, 23)):
        raise node.refuse("it has peepholes, a projection or layer normalization")
    fields: dict[str, Field] = {
        **_gates(node, value, _WEIGHTS, _BIASES, ""),
        **_gates(node, hidden, _RECURRENT, (), "recurrent_"),
        "shape": _shape(node, value, hidden),
        "cell": _cell(node, hidden, cell),
    }
    rows = value.elements // value.shape[-1]
    units = hidden.shape[-1]
    return [
        Call(
            kernel="lstm_s8" if value.type == "INT8" else "lstm_s16",
            layer=node.layer,
            fields=fields,
            inputs=(value.index, state_of(hidden), state_of(cell)),
            outputs=(output.index,),
            macs=4 * rows * units * (value.shape[-1] + units),
        )
    ]


def _shape(node: Node, value: Tensor, hidden: Tensor) -> Sequence[int]:
    is_time_major = bool(node.option("time_major"))
    batches, steps = value.shape[:2][::-1] if is_time_major else value.shape[:2]
    step_rows, batch_rows = (batches, 1) if is_time_major else (1, steps)
    sizes = {"steps": steps, "batches": batches, "features": value.shape[2],
             "units": hidden.shape[-1]}  # fmt: skip
    return [*(node.int16(n, f"its number of {what}") for what, n in sizes.items()),
            step_rows, batch_rows]  # fmt: skip


def _gates(
    node: Node, value: Tensor, weights: Sequence[int], biases: Sequence[int], prefix: str
) -> dict[str, Field]:
    """Return what the four gates make of one of their two inputs."""
    kernels = [node.input(position) for position in weights]
    for kernel in kernels:
        node.need_type(kernel, "INT8")
        if kernel.quantization and len(kernel.quantization.scales) > 1:
            raise node.refuse("its weights have a scale for each unit")
    matrices = [values_of(kernel) for kernel in kernels]
    given = [values_of(node.input(position)).ravel() for position in biases]
    sums = [matrix.sum(1, np.int64) for matrix in matrices]
    bias = _interleaved(given) if given else np.zeros(sums[0].size * 4, np.int64)
    folded = bias.astype(np.int64) - zero_point_of(value) * _interleaved(sums)
    is_wide = value.type == "INT16"
    pairs = [product_multiplier(value, kernel, _gate_input()) for kernel in kernels]
    if is_wide:
        pairs = [reduced_multiplier(node, *pair) for pair in pairs]
    return {
        f"{prefix}weights": weights_constant(_interleaved(matrices)),
        f"{prefix}bias": (
            wide_bias(None, folded) if is_wide else folded_bias(node, None, folded, -1)
        ),
        f"{prefix}multipliers": [multiplier for multiplier, _ in pairs],
        f"{prefix}shifts": [shift for _, shift in pairs],
    }


def _interleaved(of_gates: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays [units, ...] of gates as one [units * gates, ...]."""
    stacked = np.stack(of_gates, axis=1)
    return stacked.reshape(-1, *stacked.shape[2:])


def _gate_input() -> Tensor:
    return Tensor(-1, "gate", "INT16", (1,), 0, quantization=Quantization((_GATE_INPUT,), (0,), 0))


def _cell(node: Node, hidden: Tensor, cell: Tensor) -> Sequence[Any]:
    """Return the fields of an EcLstmCell, in order."""
    step = float(scale_of(cell))
    forget = quantize_multiplier(_GATE_OUTPUT * step / step)
    added = quantize_multiplier(_GATE_OUTPUT**2 / step)
    out = quantize_multiplier(_GATE_OUTPUT**2 / float(scale_of(hidden)))
    # tanh takes units of 2^-12 thirds; a cell state in smaller steps is divided, with rounding.
    power = round(math.log2(step)) + 12
    if power not in _TANH_POWERS:
        raise node.refuse(f"the scale of its cell state is {step:g}")
    tanh = (3 << power, 0) if power >= 0 else (3, -power)
    clip = float(node.option("cell_clip"))
    limit = int(min(clip / step, 32767.0)) if clip > 0 else 0
    limits = np.iinfo(np.dtype(hidden.type.lower()))
    return [
        sigmoid_table(), forget[0], added[0], out[0], forget[1], added[1], out[1], *tanh,
        *((-limit, limit) if clip > 0 else (-32768, 32767)),
        zero_point_of(hidden), limits.min, limits.max,
    ]  # fmt: skip
