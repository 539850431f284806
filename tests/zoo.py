"""A zoo of tiny models, one for each operator that Keras layers become, and more.

Scales are powers of two and zero points such as TFLM's kernels demand, so that each runs.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flatbuffer_models import Graph, Op, T, build, integers, one, options, zeros

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


def stateful() -> bytes:
    """A resource variable: written once by an initialising subgraph, read, written again."""
    shape = (1, 4)
    handle = options("VarHandleOptions", container="", sharedName="memory")
    main = {"h": T((1,), "RESOURCE", scale=None), "x": T(shape), "m": T(shape), "y": T(shape)}
    ops = [
        Op("CALL_ONCE", [], [], options("CallOnceOptions", initSubgraphIndex=1)),
        Op("VAR_HANDLE", [], ["h"], handle),
        Op("READ_VARIABLE", ["h"], ["m"], options("ReadVariableOptions")),
        Op("ADD", ["x", "m"], ["y"], options("AddOptions")),
        Op("ASSIGN_VARIABLE", ["h", "y"], [], options("AssignVariableOptions")),
    ]
    start = {"h": T((1,), "RESOURCE", scale=None), "v": zeros(shape)}
    init = [Op("VAR_HANDLE", [], ["h"], handle),
            Op("ASSIGN_VARIABLE", ["h", "v"], [], options("AssignVariableOptions"))]  # fmt: skip
    return build(Graph(main, ops, ["x"], ["y"]), Graph(start, init, [], [], "init"))


def _strided_slice() -> bytes:
    return one(
        "STRIDED_SLICE",
        [T((1, 8, 6, 4)), integers(0, 1, 0, 0), integers(1, 7, 6, 4), integers(1, 2, 1, 1)],
        [T((1, 3, 6, 4))],
        options("StridedSliceOptions"),
    )


def _pad(op: str, activations: str = "INT8") -> bytes:
    paddings = T((4, 2), "INT32", np.array([[0, 0], [1, 1], [2, 1], [0, 0]], np.int32), scale=None)
    inputs = [T((1, 6, 5, 3), activations), paddings]
    if op == "PADV2":
        inputs.append(zeros((1,), activations))
    return one(op, inputs, [T((1, 8, 8, 3), activations)])


def _resize(op: str, activations: str = "INT8") -> bytes:
    kind = "ResizeBilinearOptions" if op == "RESIZE_BILINEAR" else "ResizeNearestNeighborOptions"
    return one(op, [T((1, 4, 5, 3), activations), integers(8, 10)],
               [T((1, 8, 10, 3), activations)], options(kind, halfPixelCenters=True))  # fmt: skip


def _softmax(activations: str, output: T, units: int = 12) -> bytes:
    return one("SOFTMAX", [T((1, units), activations, scale=0.125)], [output],
               options("SoftmaxOptions", beta=1.0))  # fmt: skip


_SOFTMAX_8 = T((1, 12), scale=1 / 256, zero_point=-128)
_SOFTMAX_16 = T((1, 12), "INT16", scale=1 / 32768)

ZOO: Mapping[str, Callable[[], bytes]] = {
    # Convolutions: 1x1 fast and strided, 3x3, valid, dilated, grouped, 1-D, one channel, int16.
    "conv_1x1": lambda: conv((6, 5, 12), (1, 1), 8),
    "conv_1x1_stride_2": lambda: conv((6, 6, 12), (1, 1), 8, stride=2),
    "conv_3x3": lambda: conv((8, 7, 5), (3, 3), 6),
    "conv_3x3_many_channels": lambda: conv((5, 5, 24), (3, 3), 40),
    "conv_3x3_stride_2": lambda: conv((9, 8, 4), (3, 3), 6, stride=2),
    "conv_5x3_valid": lambda: conv((9, 8, 3), (5, 3), 6, padding=VALID),
    "conv_3x3_dilated": lambda: conv((9, 9, 4), (3, 3), 6, dilation=2),
    "conv_grouped": lambda: conv((6, 6, 8), (3, 3), 8, groups=2),
    "conv_no_bias": lambda: conv((6, 6, 4), (3, 3), 4, bias=""),
    "conv_per_tensor": lambda: conv((6, 6, 4), (3, 3), 4, per_channel=False),
    "conv_1d_same": lambda: conv((1, 32, 4), (1, 3), 8),
    "conv_1d_valid": lambda: conv((1, 32, 4), (1, 5), 8, padding=VALID),
    "conv_1d_stride_2": lambda: conv((1, 33, 6), (1, 4), 8, stride=2),
    "conv_1d_even": lambda: conv((1, 32, 4), (1, 4), 8),
    "conv_1d_odd_channels": lambda: conv((1, 32, 3), (1, 3), 8),
    "conv_1d_narrow": lambda: conv((1, 3, 8), (1, 7), 4),
    "conv_int16": lambda: conv((6, 6, 4), (3, 3), 4, activations="INT16", bias="INT64"),
    "conv_int16_bias32": lambda: conv((6, 6, 5), (3, 3), 4, activations="INT16"),
    "conv_many_filters": lambda: conv((1, 1, 16), (1, 1), 320),
    "depthwise_3x3": lambda: depthwise((8, 7, 6), (3, 3)),
    "depthwise_3x3_stride_2": lambda: depthwise((9, 9, 16), (3, 3), stride=2),
    "depthwise_5x5": lambda: depthwise((8, 8, 6), (5, 5)),
    "depthwise_valid": lambda: depthwise((9, 9, 8), (4, 4), padding=VALID),
    "depthwise_dilated": lambda: depthwise((9, 9, 4), (3, 3), dilation=2),
    "depthwise_multiplier": lambda: depthwise((6, 6, 3), (3, 3), multiplier=4),
    "depthwise_one_channel": lambda: depthwise((12, 10, 1), (5, 4), multiplier=8),
    "depthwise_one_channel_wide": lambda: depthwise((12, 10, 1), (5, 4), multiplier=24),
    "depthwise_one_channel_stride_2": lambda: depthwise((12, 10, 1), (8, 10), multiplier=12,
                                                        stride=2),
    "depthwise_1d": lambda: depthwise((1, 32, 8), (1, 5)),
    "depthwise_1d_one_channel": lambda: depthwise((1, 32, 1), (1, 5), multiplier=8),
    "depthwise_1d_one_channel_stride_4": lambda: depthwise((1, 32, 1), (1, 4), multiplier=8,
                                                           stride=4),
    "depthwise_one_channel_narrow": lambda: depthwise((12, 10, 1), (5, 4), multiplier=2),
    "depthwise_int16": lambda: depthwise((8, 8, 6), (5, 5), activations="INT16", bias="INT64"),
    "transpose_conv_few_channels": lambda: transpose_conv((4, 5, 6), 3, 4),
    "transpose_conv_many_channels": lambda: transpose_conv((4, 5, 20), 3, 4),
    "transpose_conv_stride_3": lambda: transpose_conv((4, 4, 20), 5, 4, stride=3),
    "transpose_conv_no_bias": lambda: transpose_conv((4, 4, 8), 2, 4, bias=""),
    "transpose_conv_int16": lambda: transpose_conv((4, 4, 8), 3, 4, activations="INT16",
                                                   bias="INT64"),
    # Dense layers.
    "dense": lambda: dense((1, 20), 7),
    "dense_per_channel": lambda: dense((1, 20), 7, per_channel=True),
    "dense_per_channel_wide": lambda: dense((1, 8), 200, per_channel=True),
    "dense_twice": lambda: dense_twice(96),
    "dense_twice_more": lambda: dense_twice(97),
    "dense_twice_most": lambda: dense_twice(103),
    "dense_per_channel_300": lambda: dense((1, 12), 300, per_channel=True),
    "dense_per_channel_no_bias": lambda: dense((1, 8), 201, per_channel=True, bias=None),
    "conv_many_filters_3x3": lambda: conv((2, 2, 3), (3, 3), 259),
    "depthwise_many_channels": lambda: depthwise((1, 1, 200), (1, 1)),
    "dense_no_bias": lambda: dense((1, 20), 7, bias=None),
    "dense_rank_3": lambda: dense((1, 6, 8), 5, keep=True),
    "dense_rank_3_per_channel": lambda: dense((1, 6, 8), 5, keep=True, per_channel=True),
    "dense_rank_3_odd": lambda: dense((1, 6, 7), 5, keep=True),
    "dense_int16": lambda: dense((1, 20), 7, activations="INT16", bias="INT64"),
    "batch_matmul": lambda: batch_matmul((2, 3, 4), (2, 4, 5), (2, 3, 5)),
    "batch_matmul_adj_y": lambda: batch_matmul((1, 3, 4), (1, 5, 4), (1, 3, 5), adj_y=True),
    "batch_matmul_adj_x": lambda: batch_matmul((1, 4, 3), (1, 4, 5), (1, 3, 5), adj_x=True),
    "batch_matmul_constant": lambda: batch_matmul((1, 3, 4), (1, 4, 5), (1, 3, 5), constant=True),
    "batch_matmul_int16": lambda: batch_matmul((1, 3, 4), (1, 4, 5), (1, 3, 5),
                                               activations="INT16"),
    # Pooling.
    "average_pool": lambda: pool("AVERAGE_POOL_2D", (8, 6, 10), 2),
    "average_pool_int16": lambda: pool("AVERAGE_POOL_2D", (8, 6, 10), 2, "INT16"),
    "max_pool": lambda: pool("MAX_POOL_2D", (8, 6, 10), 2),
    "max_pool_int16": lambda: pool("MAX_POOL_2D", (8, 6, 10), 2, "INT16"),
    # Arithmetic.
    "add": lambda: binary("ADD", settings=options("AddOptions")),
    "add_broadcast": lambda: binary("ADD", settings=options("AddOptions"), right=(1, 1, 1, 3)),
    "add_int16": lambda: binary("ADD", "INT16", options("AddOptions")),
    "add_n": lambda: one("ADD_N", [T((1, 9))] * 3, [T((1, 9))]),
    "sub": lambda: binary("SUB", settings=options("SubOptions")),
    "mul": lambda: binary("MUL", settings=options("MulOptions")),
    "mul_int16": lambda: binary("MUL", "INT16", options("MulOptions")),
    "div": lambda: one("DIV", [T((1, 9)), zeros((1, 9), zero_point=-9)], [T((1, 9))],
                       options("DivOptions")),
    "maximum": lambda: binary("MAXIMUM"),
    "minimum": lambda: binary("MINIMUM"),
    "squared_difference": lambda: binary("SQUARED_DIFFERENCE"),
    "abs": lambda: unary("ABS"),
    "rsqrt": lambda: one("RSQRT", [T((1, 9), zero_point=-128)], [T((1, 9))]),
    "equal": lambda: binary("EQUAL", result="BOOL"),
    "greater": lambda: binary("GREATER", result="BOOL"),
    "select_v2": lambda: one("SELECT_V2", [T((1, 9), "BOOL", scale=None), T((1, 9)), T((1, 9))],
                             [T((1, 9))]),
    "logical_and": lambda: binary("LOGICAL_AND", "BOOL"),
    "cumsum": lambda: one("CUMSUM", [T((1, 9)), integers(1)], [T((1, 9))],
                          options("CumsumOptions")),
    # Activations.
    "relu": lambda: unary("RELU"),
    "relu6": lambda: unary("RELU6"),
    "leaky_relu": lambda: unary("LEAKY_RELU", settings=options("LeakyReluOptions", alpha=0.1)),
    "prelu": lambda: one("PRELU", [T((1, 5, 4, 3)), zeros((1, 1, 3), scale=0.25)],
                         [T((1, 5, 4, 3))]),
    "elu": lambda: unary("ELU"),
    "hard_swish": lambda: unary("HARD_SWISH"),
    "logistic": lambda: unary("LOGISTIC", output=T((1, 5, 4, 3), scale=1 / 256, zero_point=-128)),
    "logistic_int16": lambda: unary("LOGISTIC", "INT16",
                                    output=T((1, 5, 4, 3), "INT16", scale=1 / 32768)),
    "tanh": lambda: unary("TANH", output=T((1, 5, 4, 3), scale=1 / 128)),
    "tanh_int16": lambda: unary("TANH", "INT16",
                                output=T((1, 5, 4, 3), "INT16", scale=1 / 32768)),
    "softmax": lambda: _softmax("INT8", _SOFTMAX_8),
    "softmax_int16": lambda: _softmax("INT16", _SOFTMAX_16),
    "softmax_int8_to_int16": lambda: _softmax(
        "INT8", T((1, 12), "INT16", scale=1 / 65536, zero_point=-32768)),
    "log_softmax": lambda: one("LOG_SOFTMAX", [T((1, 12))],
                               [T((1, 12), scale=16 / 256, zero_point=127)]),
    "l2_normalization": lambda: one("L2_NORMALIZATION", [T((1, 12))],
                                    [T((1, 12), scale=1 / 128)], options("L2NormOptions")),
    # Reductions.
    "mean": lambda: reduction("MEAN", (1, 2)),
    "mean_keep": lambda: reduction("MEAN", (1, 2), keep=True),
    "mean_last_axis": lambda: reduction("MEAN", (3,)),
    "mean_int16": lambda: reduction("MEAN", (1, 2), activations="INT16"),
    "sum": lambda: reduction("SUM", (1,)),
    "reduce_max": lambda: reduction("REDUCE_MAX", (2,)),
    "reduce_min": lambda: reduction("REDUCE_MIN", (1, 2), keep=True),
    "reduce_all": lambda: reduction("REDUCE_ALL", (1,), activations="BOOL", shape=(1, 9)),
    "arg_max": lambda: one("ARG_MAX", [T((1, 9)), integers(1)], [T((1,), "INT32", scale=None)],
                           options("ArgMaxOptions", outputType=2)),
    # Shapes.
    "reshape": lambda: one("RESHAPE", [T((1, 4, 3, 2)), integers(1, 24)], [T((1, 24))],
                           options("ReshapeOptions", newShape=[1, 24])),
    "squeeze": lambda: one("SQUEEZE", [T((1, 1, 4, 3))], [T((1, 4, 3))],
                           options("SqueezeOptions", squeezeDims=[1])),
    "expand_dims": lambda: one("EXPAND_DIMS", [T((1, 4, 3)), integers(1)], [T((1, 1, 4, 3))]),
    "shape": lambda: one("SHAPE", [T((1, 4, 3))], [T((3,), "INT32", scale=None)],
                         options("ShapeOptions", outType=2)),
    "transpose": lambda: one("TRANSPOSE", [T((1, 4, 5, 3)), integers(0, 3, 1, 2)],
                             [T((1, 3, 4, 5))]),
    "concatenation": lambda: one("CONCATENATION", [T((1, 4, 3)), T((1, 2, 3)), T((1, 5, 3))],
                                 [T((1, 11, 3))], options("ConcatenationOptions", axis=1)),
    "pack": lambda: one("PACK", [T((1, 4))] * 3, [T((1, 3, 4))],
                        options("PackOptions", valuesCount=3, axis=1)),
    "unpack": lambda: one("UNPACK", [T((1, 3, 4))], [T((1, 4))] * 3,
                          options("UnpackOptions", num=3, axis=1)),
    "slice": lambda: one("SLICE", [T((1, 8, 6)), integers(0, 2, 1), integers(1, 4, 3)],
                         [T((1, 4, 3))]),
    "strided_slice": _strided_slice,
    "split": lambda: one("SPLIT", [integers(2), T((1, 4, 6))], [T((1, 4, 3))] * 2,
                         options("SplitOptions", numSplits=2)),
    "split_v": lambda: one("SPLIT_V", [T((1, 4, 6)), integers(2, 4), integers(2)],
                           [T((1, 4, 2)), T((1, 4, 4))], options("SplitVOptions", numSplits=2)),
    "gather": lambda: one("GATHER", [T((6, 4)), integers(0, 3, 5)], [T((3, 4))],
                          options("GatherOptions", axis=0)),
    "gather_nd": lambda: one(
        "GATHER_ND", [T((6, 4)), T((2, 1), "INT32", np.array([[1], [3]], np.int32), scale=None)],
        [T((2, 4))]),
    "reverse_v2": lambda: one("REVERSE_V2", [T((1, 6)), integers(1)], [T((1, 6))]),
    "broadcast_to": lambda: one("BROADCAST_TO", [T((1, 1, 3)), integers(1, 4, 3)],
                                [T((1, 4, 3))]),
    "fill": lambda: one("FILL", [integers(1, 6), T(())], [T((1, 6))]),
    "zeros_like": lambda: unary("ZEROS_LIKE"),
    "space_to_depth": lambda: one("SPACE_TO_DEPTH", [T((1, 4, 6, 2))], [T((1, 2, 3, 8))],
                                  options("SpaceToDepthOptions", blockSize=2)),
    "depth_to_space": lambda: one("DEPTH_TO_SPACE", [T((1, 2, 3, 8))], [T((1, 4, 6, 2))],
                                  options("DepthToSpaceOptions", blockSize=2)),
    "space_to_batch_nd": lambda: one(
        "SPACE_TO_BATCH_ND",
        [T((1, 4, 4, 2)), integers(2, 2),
         T((2, 2), "INT32", np.zeros((2, 2), np.int32), scale=None)],
        [T((4, 2, 2, 2))]),
    "batch_to_space_nd": lambda: one(
        "BATCH_TO_SPACE_ND",
        [T((4, 2, 2, 2)), integers(2, 2),
         T((2, 2), "INT32", np.zeros((2, 2), np.int32), scale=None)],
        [T((1, 4, 4, 2))]),
    "pad": lambda: _pad("PAD"),
    "pad_int16": lambda: _pad("PAD", "INT16"),
    "pad_v2": lambda: _pad("PADV2"),
    "mirror_pad": lambda: one(
        "MIRROR_PAD",
        [T((4, 5)), T((2, 2), "INT32", np.array([[1, 1], [2, 1]], np.int32), scale=None)],
        [T((6, 8))], options("MirrorPadOptions", mode=0)),
    "resize_bilinear": lambda: _resize("RESIZE_BILINEAR"),
    "resize_nearest_neighbor": lambda: _resize("RESIZE_NEAREST_NEIGHBOR"),
    "dynamic_update_slice": lambda: one(
        "DYNAMIC_UPDATE_SLICE", [T((4, 6)), T((2, 3)), integers(1, 2)], [T((4, 6))]),
    "embedding_lookup": lambda: one(
        "EMBEDDING_LOOKUP", [T((3,), "INT32", scale=None), zeros((8, 4))], [T((3, 4))]),
    # Types.
    "quantize": lambda: one("QUANTIZE", [T((1, 9), "FLOAT32", scale=None)], [T((1, 9))]),
    "requantize": lambda: one("QUANTIZE", [T((1, 9), "INT16")], [T((1, 9))]),
    "dequantize": lambda: one("DEQUANTIZE", [T((1, 9))], [T((1, 9), "FLOAT32", scale=None)]),
    "cast": lambda: one("CAST", [T((1, 9))], [T((1, 9), "INT32", scale=None)],
                        options("CastOptions", inDataType=9, outDataType=2)),
    # State.
    "lstm": lambda: lstm(5, 6, 8),
    "lstm_batch_time_major": lambda: lstm(4, 3, 5, batch=2, time_major=True),
    "lstm_int16": lambda: lstm(5, 6, 8, activations="INT16"),
    "svdf": lambda: svdf(6, 2, 10, 4),
    "circular_buffer": lambda: one("CUSTOM:CIRCULAR_BUFFER", [T((1, 1, 1, 4))],
                                   [T((1, 5, 1, 4))]),
    "stateful": stateful,
    # Compression, control flow, planning.
    "decode_lut": lambda: decode("lut"),
    "decode_prune": lambda: decode("prune"),
    "residual": residual,
    "residual_offline": lambda: residual(offline=True),
    "condition": condition,
}  # fmt: skip
