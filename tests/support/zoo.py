"""A zoo of tiny models: one for each operator that Keras layers become, and more, by name."""

from collections.abc import Callable, Mapping

import numpy as np

from support.flatbuffer_models import T, integers, one, options, zeros
from support.tiny_models import (
    VALID,
    batch_matmul,
    binary,
    condition,
    conv,
    decode,
    dense,
    dense_twice,
    depthwise,
    lstm,
    pool,
    reduction,
    residual,
    stateful,
    svdf,
    transpose_conv,
    unary,
)


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
