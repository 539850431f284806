"""Tiny models of one layer or a few, by shape and options.

Scales are powers of two and zero points such as TFLM's kernels demand, so that each runs.
"""

import struct
from typing import Any

import numpy as np

from support.flatbuffer_models import Graph, Op, T, build, integers, one, options, zeros

SAME, VALID = 0, 1
RELU = 1


def _scales(count: int) -> list[float]:
    return [0.25] * count


def _window(kind: str, stride: int = 1, padding: int = SAME, **rest: Any) -> Any:
    return options(kind, strideW=stride, strideH=stride, padding=padding, **rest)


def conv(
    image: tuple[int, int, int], kernel: tuple[int, int], channels: int, *, stride: int = 1,
    padding: int = SAME, dilation: int = 1, groups: int = 1, activations: str = "INT8",
    per_channel: bool = True, bias: str = "INT32",
) -> bytes:  # fmt: skip
    height, width, depth = image
    reach = [(k - 1) * dilation + 1 for k in kernel]
    size = [-(-n // stride) if padding == SAME else (n - r) // stride + 1
            for n, r in zip((height, width), reach, strict=True)]  # fmt: skip
    scales = _scales(channels if per_channel else 1)
    weights = zeros((channels, *kernel, depth // groups), scale=scales)
    inputs = [T((1, *image), activations), weights]
    if bias:
        inputs.append(zeros((channels,), bias, scale=[s * 0.5 for s in scales]))
    return one(
        "CONV_2D", inputs, [T((1, *size, channels), activations)],
        _window("Conv2DOptions", stride, padding, dilationWFactor=dilation,
                dilationHFactor=dilation, fusedActivationFunction=RELU),
    )  # fmt: skip


def depthwise(
    image: tuple[int, int, int], kernel: tuple[int, int], *, multiplier: int = 1, stride: int = 1,
    padding: int = SAME, dilation: int = 1, activations: str = "INT8", bias: str = "INT32",
) -> bytes:  # fmt: skip
    height, width, depth = image
    reach = [(k - 1) * dilation + 1 for k in kernel]
    size = [-(-n // stride) if padding == SAME else (n - r) // stride + 1
            for n, r in zip((height, width), reach, strict=True)]  # fmt: skip
    channels = depth * multiplier
    weights = zeros((1, *kernel, channels), scale=_scales(channels), axis=3)
    return one(
        "DEPTHWISE_CONV_2D",
        [T((1, *image), activations), weights,
         zeros((channels,), bias, scale=[0.125] * channels)],
        [T((1, *size, channels), activations)],
        _window("DepthwiseConv2DOptions", stride, padding, depthMultiplier=multiplier,
                dilationWFactor=dilation, dilationHFactor=dilation),
    )  # fmt: skip


def transpose_conv(
    image: tuple[int, int, int], kernel: int, channels: int, *, stride: int = 2,
    activations: str = "INT8", bias: str = "INT32",
) -> bytes:  # fmt: skip
    output = (1, image[0] * stride, image[1] * stride, channels)
    weights = zeros((channels, kernel, kernel, image[2]), scale=_scales(channels))
    inputs = [integers(*output), weights, T((1, *image), activations)]
    if bias:
        inputs.append(zeros((channels,), bias, scale=[0.125] * channels))
    return one("TRANSPOSE_CONV", inputs, [T(output, activations)],
               _window("TransposeConvOptions", stride))  # fmt: skip


def dense(
    inputs: tuple[int, ...], units: int, *, per_channel: bool = False, bias: str | None = "INT32",
    activations: str = "INT8", keep: bool = False,
) -> bytes:  # fmt: skip
    depth = inputs[-1]
    scales = _scales(units if per_channel else 1)
    tensors = [T(inputs, activations), zeros((units, depth), scale=scales)]
    if bias:
        tensors.append(zeros((units,), bias, scale=[s * 0.5 for s in scales]))
    output = (*inputs[:-1], units) if keep else (int(np.prod(inputs[:-1])), units)
    return one("FULLY_CONNECTED", tensors, [T(output, activations)],
               options("FullyConnectedOptions", keepNumDims=keep))  # fmt: skip


def dense_twice(units: int) -> bytes:
    """Two dense layers, the second one fed with weights that are not constant's neighbours."""
    tensors = {
        "x": T((1, 16)), "w": zeros((units, 16), scale=_scales(units)),
        "b": zeros((units,), "INT32", scale=[0.125] * units), "h": T((1, units)),
        "v": zeros((4, units), scale=_scales(4)), "c": zeros((4,), "INT32", scale=[0.125] * 4),
        "y": T((1, 4)),
    }  # fmt: skip
    settings = options("FullyConnectedOptions")
    ops = [
        Op("FULLY_CONNECTED", ["x", "w", "b"], ["h"], settings),
        Op("FULLY_CONNECTED", ["h", "v", "c"], ["y"], settings),
    ]
    return build(Graph(tensors, ops, ["x"], ["y"]))


def pool(op: str, image: tuple[int, int, int], size: int, activations: str = "INT8") -> bytes:
    height, width, depth = image
    return one(op, [T((1, *image), activations)],
               [T((1, height // size, width // size, depth), activations)],
               _window("Pool2DOptions", size, VALID, filterWidth=size,
                       filterHeight=size))  # fmt: skip


def batch_matmul(
    left: tuple[int, ...], right: tuple[int, ...], output: tuple[int, ...], *, adj_x: bool = False,
    adj_y: bool = False, activations: str = "INT8", constant: bool = False,
) -> bytes:  # fmt: skip
    operand = zeros(right, activations) if constant else T(right, activations)
    return one("BATCH_MATMUL", [T(left, activations), operand], [T(output, activations)],
               options("BatchMatMulOptions", adjX=adj_x, adjY=adj_y))  # fmt: skip


def reduction(op: str, axes: tuple[int, ...], *, keep: bool = False, activations: str = "INT8",
              shape: tuple[int, ...] = (1, 6, 5, 8)) -> bytes:  # fmt: skip
    left = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    return one(op, [T(shape, activations), integers(*axes)], [T(tuple(left), activations)],
               options("ReducerOptions", keepDims=keep))  # fmt: skip


def lstm(
    steps: int, features: int, units: int, *, batch: int = 1, time_major: bool = False,
    activations: str = "INT8",
) -> bytes:  # fmt: skip
    """A unidirectional LSTM as the Keras layer becomes: int8 weights, int16 cell state."""
    bias = "INT32" if activations == "INT8" else "INT64"
    shape = (steps, batch, features) if time_major else (batch, steps, features)
    output = (*shape[:2], units)
    tensors: dict[str, T] = {"x": T(shape, activations)}
    for i in range(1, 5):
        tensors[f"w{i}"] = zeros((units, features), scale=0.25)
    for i in range(5, 9):
        tensors[f"w{i}"] = zeros((units, units), scale=0.25)
    for i in range(12, 16):
        tensors[f"b{i}"] = zeros((units,), bias, scale=0.125)
    tensors["state"] = T((batch, units), activations, variable=True, scale=0.0078125)
    tensors["cell"] = T((batch, units), "INT16", variable=True, scale=1 / 2048)
    tensors["y"] = T(output, activations, scale=0.0078125)
    inputs = ["x", *(f"w{i}" for i in range(1, 9)), "", "", "", *(f"b{i}" for i in range(12, 16)),
              "", "", "state", "cell", "", "", "", ""]  # fmt: skip
    settings = options(
        "UnidirectionalSequenceLSTMOptions", fusedActivationFunction=4, timeMajor=time_major
    )
    ops = [Op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, ["y"], settings)]
    return build(Graph(tensors, ops, ["x"], ["y"]))


def svdf(units: int, rank: int, features: int, memory: int) -> bytes:
    filters = units * rank
    tensors = [
        T((1, features), scale=0.25), zeros((filters, features), scale=0.25),
        zeros((filters, memory), "INT16", scale=0.25), zeros((units,), "INT32", scale=0.0625),
        T((1, memory * filters), "INT16", variable=True, scale=0.25),
    ]  # fmt: skip
    return one("SVDF", tensors, [T((1, units))], options("SVDFOptions", rank=rank,
               fusedActivationFunction=RELU))  # fmt: skip


def decode(kind: str) -> bytes:
    """Dense layers whose weights a DECODE operator unpacks; see kernels/decode_state*.cc."""
    if kind == "lut":
        # Four-bit indices, high nibble first, into sixteen values for all channels.
        packed = np.arange(32, dtype=np.uint8)
        header = bytes([0, 1, 0, 0, 1, 4, 16]) + bytes(9)
        ancillary = header + bytes(range(16))
    else:
        packed = np.array([0b10101010] * 8, np.uint8)
        ancillary = bytes([2, 1, 0, 0, 1]) + bytes(11) + bytes(range(32))
    tensors = {
        "x": T((1, 16)), "packed": T(packed.shape, "UINT8", packed, scale=None),
        "how": T((len(ancillary),), "UINT8", np.frombuffer(ancillary, np.uint8), scale=None),
        "w": T((4, 16), scale=0.25), "b": zeros((4,), "INT32", scale=0.125), "y": T((1, 4)),
    }  # fmt: skip
    ops = [
        Op("CUSTOM:TFLM_DECODE", ["packed", "how"], ["w"]),
        Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], options("FullyConnectedOptions")),
    ]
    return build(Graph(tensors, ops, ["x"], ["y"]))


def unary(op: str, activations: str = "INT8", settings: Any = None, output: T | None = None,
          shape: tuple[int, ...] = (1, 5, 4, 3)) -> bytes:  # fmt: skip
    return one(op, [T(shape, activations)], [output or T(shape, activations)], settings)


def binary(op: str, activations: str = "INT8", settings: Any = None, *,
           right: tuple[int, ...] = (1, 5, 4, 3), result: str | None = None) -> bytes:  # fmt: skip
    shape = (1, 5, 4, 3)
    return one(op, [T(shape, activations), T(right, activations)],
               [T(shape, result or activations)], settings)  # fmt: skip


def residual(offline: bool = False) -> bytes:
    """Two branches that live at the same time, of equal sizes: the planner's tie."""
    shape = (1, 8, 8, 4)
    tensors = {
        "x": T(shape), "a": T(shape), "b": T(shape), "c": T((1, 8, 8, 8)), "d": T((1, 1, 1, 8)),
        "axes": integers(1, 2), "y": T((1, 8)), "new": integers(1, 8),
    }  # fmt: skip
    ops = [
        Op("RELU", ["x"], ["a"]),
        Op("ADD", ["x", "a"], ["b"], options("AddOptions")),
        Op("CONCATENATION", ["a", "b"], ["c"], options("ConcatenationOptions", axis=3)),
        Op("MEAN", ["c", "axes"], ["d"], options("ReducerOptions", keepDims=True)),
        Op("RESHAPE", ["d", "new"], ["y"], options("ReshapeOptions", newShape=[1, 8])),
    ]
    plan = struct.pack("<11i", 1, 0, 8, 0, 256, 512, 1024, -1, -1, 2048, -1)
    metadata = {"OfflineMemoryAllocation": plan} if offline else {}
    return build(Graph(tensors, ops, ["x"], ["y"]), metadata=metadata)


def condition() -> bytes:
    """IF with two branches, each a subgraph of its own."""
    shape = (1, 6)
    yes = {"p": T(shape), "q": T(shape), "r": T(shape)}
    main = {"c": T((1,), "BOOL", scale=None), "x": T(shape), "y": T(shape)}
    branch = options("IfOptions", thenSubgraphIndex=1, elseSubgraphIndex=2)
    return build(
        Graph(main, [Op("IF", ["c", "x"], ["y"], branch)], ["c", "x"], ["y"]),
        Graph(yes, [Op("RELU", ["p"], ["q"]), Op("RELU", ["q"], ["r"])], ["p"], ["r"], "then"),
        Graph({"p": T(shape), "r": T(shape)}, [Op("RELU", ["p"], ["r"])], ["p"], ["r"], "else"),
    )


def stateful(first: int | None = None) -> bytes:
    """A resource variable: written once by an initialising subgraph, read, written again.

    It holds the sum of all inputs so far, from `first` in each element, or from values around 0.
    """
    shape = (1, 4)
    value = zeros(shape) if first is None else T(shape, values=np.full(shape, first, np.int8))
    handle = options("VarHandleOptions", container="", sharedName="memory")
    main = {"h": T((1,), "RESOURCE", scale=None), "x": T(shape), "m": T(shape), "y": T(shape)}
    ops = [
        Op("CALL_ONCE", [], [], options("CallOnceOptions", initSubgraphIndex=1)),
        Op("VAR_HANDLE", [], ["h"], handle),
        Op("READ_VARIABLE", ["h"], ["m"], options("ReadVariableOptions")),
        Op("ADD", ["x", "m"], ["y"], options("AddOptions")),
        Op("ASSIGN_VARIABLE", ["h", "y"], [], options("AssignVariableOptions")),
    ]
    start = {"h": T((1,), "RESOURCE", scale=None), "v": value}
    init = [Op("VAR_HANDLE", [], ["h"], handle),
            Op("ASSIGN_VARIABLE", ["h", "v"], [], options("AssignVariableOptions"))]  # fmt: skip
    return build(Graph(main, ops, ["x"], ["y"]), Graph(start, init, [], [], "init"))
