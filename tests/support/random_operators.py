"""Models of one operator with random shapes, options and scales, for comparison with TFLM."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from support.flatbuffer_models import T, integers, one, options
from support.random_movers import MOVERS
from support.random_scales import (
    Random,
    random_scale,
    random_shape,
    random_tensor,
    random_zero,
)
from support.random_weights import WEIGHTED


def random_models(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield models with names, of each kind in turn: the same for the same seed."""
    kinds = list(_KINDS.items())
    for number in range(count):
        name, make = kinds[number % len(kinds)]
        yield f"{name}_{seed}_{number}", make(np.random.default_rng([seed, number]))


def _constant(random: Random, shape: Sequence[int], **fixed: Any) -> T:
    values = random.integers(-128, 128, tuple(shape), np.int8)
    if random.random() < 0.2:
        values = random.choice(np.array([-128, 127], np.int8), tuple(shape))
    return random_tensor(random, shape, values=values, **fixed)


def _multiplier(random: Random, terms: int) -> float:
    """A factor of sums: one that leaves values in range, or anything from 2^-20 to 4."""
    if random.random() < 0.3:
        return 2.0 ** float(random.uniform(-20, 2))
    return float(random.uniform(0.3, 3)) / (64 * np.sqrt(terms))


def _weighted(random: Random, op: str, image: T, kernel: Sequence[int], axis: int,
              output: Sequence[int], settings: Any, before: Sequence[T] = ()) -> bytes:  # fmt: skip
    """A convolution or dense layer: weights, maybe a bias, an output of a random multiplier."""
    channels = kernel[axis]
    per_channel = random.random() < 0.7 and op != "FULLY_CONNECTED"
    terms = int(np.prod(kernel)) // channels
    out = random_tensor(random, output)
    factors = [_multiplier(random, terms) * random.uniform(0.5, 2)
               for _ in range(channels if per_channel else 1)]  # fmt: skip
    scales = np.float32([f * out.scale / image.scale for f in factors])
    values = random.integers(-127, 128, tuple(kernel), np.int8)
    weights = T(tuple(kernel), values=values, scale=scales.tolist(), axis=axis)
    ends = [*before, weights, image] if before else [image, weights]
    if random.random() < 0.8:
        bias = random.integers(-5000, 5000, channels, np.int32)
        of_bias = (scales * np.float32(image.scale)).tolist()
        ends.append(T((channels,), "INT32", bias, scale=of_bias))
    return one(op, ends, [out], settings)


def _window(random: Random) -> tuple[list[int], list[int], list[int], int]:
    kernel = random.integers(1, 6, 2).tolist()
    stride = random.integers(1, 4, 2).tolist()
    dilation = random.integers(1, 4, 2).tolist() if max(stride) == 1 else [1, 1]
    return kernel, stride, dilation, int(random.integers(0, 2))


def _batch(random: Random) -> int:
    return int(random.choice([1, 1, 1, 2, 3]))


def _sizes(random: Random, window: Any) -> tuple[list[int], list[int]]:
    kernel, stride, dilation, padding = window
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [int(random.integers(r if padding else 1, r + 8)) for r in reach]
    out = [(n - r) // s + 1 if padding else -(-n // s)
           for n, r, s in zip(size, reach, stride, strict=True)]  # fmt: skip
    return size, out


def _window_options(kind: str, window: Any, **rest: Any) -> Any:
    _, stride, _, padding = window
    return options(kind, strideH=stride[0], strideW=stride[1], padding=padding, **rest)


def _conv(random: Random, inputs: int = 8, outputs: int = 4) -> bytes:
    """Convolve at most so many channels of a group."""
    window = _window(random)
    size, out = _sizes(random, window)
    depth, groups, each = (
        random.integers(1, inputs + 1),
        random.choice([1, 1, 1, 2, 3]),
        random.integers(1, outputs + 1),
    )
    batch = _batch(random)
    image = random_tensor(random, (batch, *size, depth * groups))
    settings = _window_options("Conv2DOptions", window, dilationHFactor=window[2][0],
                               dilationWFactor=window[2][1],
                               fusedActivationFunction=int(random.integers(0, 4)))  # fmt: skip
    kernel = (int(each * groups), *window[0], int(depth))
    return _weighted(random, "CONV_2D", image, kernel, 0, (batch, *out, kernel[0]), settings)


def _depthwise(random: Random, inputs: int = 19) -> bytes:
    window = _window(random)
    size, out = _sizes(random, window)
    depth, multiplier = int(random.integers(1, inputs + 1)), int(random.choice([1, 1, 2, 3]))
    batch = _batch(random)
    image = random_tensor(random, (batch, *size, depth))
    settings = _window_options("DepthwiseConv2DOptions", window, depthMultiplier=multiplier,
                               dilationHFactor=window[2][0], dilationWFactor=window[2][1],
                               fusedActivationFunction=int(random.integers(0, 4)))  # fmt: skip
    kernel = (1, *window[0], depth * multiplier)
    return _weighted(
        random, "DEPTHWISE_CONV_2D", image, kernel, 3, (batch, *out, kernel[3]), settings
    )


def _transpose_conv(random: Random) -> bytes:
    kernel, stride, _, padding = _window(random)
    size = random.integers(1, 6, 2).tolist()
    out = [n * s if padding == 0 else (n - 1) * s + k
           for n, s, k in zip(size, stride, kernel, strict=True)]  # fmt: skip
    depth, channels = random.integers(1, 9, 2).tolist()
    batch = _batch(random)
    output = (batch, *out, channels)
    settings = _window_options("TransposeConvOptions", (kernel, stride, None, padding))
    return _weighted(random, "TRANSPOSE_CONV", random_tensor(random, (batch, *size, depth)),
                     (channels, *kernel, depth), 0, output, settings,
                     [integers(*output)])  # fmt: skip


def _dense(random: Random) -> bytes:
    rows, depth, units = random.integers(1, [4, 60, 20]).tolist()
    settings = options("FullyConnectedOptions",
                       fusedActivationFunction=int(random.integers(0, 4)))  # fmt: skip
    image = random_tensor(random, (rows, depth))
    return _weighted(random, "FULLY_CONNECTED", image, (units, depth), 0, (rows, units), settings)


def _dense_int4(random: Random) -> bytes:
    depth, units = random.integers(1, [60, 20]).tolist()
    packed = random.integers(0, 256, -(-depth * units // 2)).astype(np.uint8)
    image, out = random_tensor(random, (1, depth)), random_tensor(random, (1, units))
    scale = float(random.uniform(0.3, 3)) / (5 * np.sqrt(depth)) * out.scale / image.scale
    bias = T((units,), "INT32", random.integers(-999, 999, units, np.int32),
             scale=float(np.float32(scale) * np.float32(image.scale)))  # fmt: skip
    return one("FULLY_CONNECTED", [image, T((units, depth), "INT4", packed, scale=scale), bias],
               [out], options("FullyConnectedOptions"))  # fmt: skip


def _pool(random: Random) -> bytes:
    window = _window(random)
    window = (window[0], window[1], [1, 1], window[3])
    size, out = _sizes(random, window)
    depth = int(random.integers(1, 12))
    batch = _batch(random)
    image = random_tensor(random, (batch, *size, depth))
    output = T((batch, *out, depth), scale=image.scale, zero_point=image.zero_point)
    settings = _window_options("Pool2DOptions", window, filterHeight=window[0][0],
                               filterWidth=window[0][1],
                               fusedActivationFunction=int(random.integers(0, 4)))  # fmt: skip
    return one(str(random.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])), [image], [output], settings)


def _broadcast(random: Random) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    full = random_shape(random)
    kept = [n if random.random() < 0.6 else 1 for n in full]
    shapes = [full, tuple(kept[int(random.integers(0, len(kept))) :]) or (1,)]
    if random.random() < 0.3:
        shapes = [full, full]
    return full, *shapes


def _binary(random: Random) -> bytes:
    kinds = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}
    op = str(random.choice(list(kinds)))
    full, left, right = _broadcast(random)
    make = _constant if random.random() < 0.3 else random_tensor
    activation = int(random.integers(0, 4))
    inputs = [random_tensor(random, left), make(random, right)]
    if random.random() < 0.5:
        inputs.reverse()
    return one(op, inputs, [random_tensor(random, full)],
               options(kinds[op], fusedActivationFunction=activation))  # fmt: skip


def _squared_difference(random: Random) -> bytes:
    full, left, right = _broadcast(random)
    return one("SQUARED_DIFFERENCE", [random_tensor(random, left), random_tensor(random, right)],
               [random_tensor(random, full, scale=random_scale(random, -5, 5))])  # fmt: skip


def _compared(random: Random) -> bytes:
    ops = ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"]
    full, left, right = _broadcast(random)
    one_, two = random_tensor(random, left), random_tensor(random, right)
    if random.random() < 0.5:
        two = T(two.shape, scale=one_.scale, zero_point=one_.zero_point)
    return one(str(random.choice(ops)), [one_, two], [T(full, "BOOL", scale=None)])


def _larger(random: Random) -> bytes:
    full, left, right = _broadcast(random)
    same = {"scale": random_scale(random), "zero_point": random_zero(random)}
    return one(str(random.choice(["MAXIMUM", "MINIMUM"])),
               [random_tensor(random, left, **same), random_tensor(random, right, **same)],
               [random_tensor(random, full, **same)])  # fmt: skip


def _prelu(random: Random) -> bytes:
    full, left, right = _broadcast(random)
    return one(
        "PRELU",
        [random_tensor(random, left), _constant(random, right)],
        [random_tensor(random, full)],
    )


def _div(random: Random) -> bytes:
    """Divisors without zero; scales by which TFLM shifts by fewer than 32 bits."""
    shape = random_shape(random)
    values = random.integers(1, 128, shape, np.int8) * random.choice([-1, 1])
    divisor = T(shape, values=values.astype(np.int8), scale=1.0)
    scale = random_scale(random, -9, -8)
    return one("DIV", [random_tensor(random, shape, scale=1.0), divisor],
               [random_tensor(random, shape, scale=scale)], options("DivOptions"))  # fmt: skip


def _reduction(random: Random) -> bytes:
    op = str(random.choice(["MEAN", "MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"]))
    shape = random_shape(random, int(random.integers(2, 5)), 9)
    axes = sorted(
        random.choice(len(shape), int(random.integers(1, len(shape) + 1)), False).tolist()
    )
    keep = bool(random.integers(0, 2))
    left = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    value = random_tensor(random, shape)
    same = {"scale": value.scale, "zero_point": value.zero_point} if "REDUCE" in op else {}
    axes = [axis - len(shape) if random.random() < 0.3 else axis for axis in axes]
    return one(op, [value, integers(*axes)], [random_tensor(random, left, **same)],
               options("ReducerOptions", keepDims=keep))  # fmt: skip


def _arg(random: Random) -> bytes:
    shape = random_shape(random, int(random.integers(2, 5)), 9)
    axis = int(random.integers(0, len(shape)))
    left = shape[:axis] + shape[axis + 1 :]
    op, kind = [("ARG_MAX", "ArgMaxOptions"), ("ARG_MIN", "ArgMinOptions")][random.integers(0, 2)]
    return one(op, [random_tensor(random, shape), integers(axis)], [T(left, "INT32", scale=None)],
               options(kind, outputType=2))  # fmt: skip


def _unary(random: Random) -> bytes:
    shape = random_shape(random)
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
    op = str(
        random.choice(["RELU", "RELU6", "HARD_SWISH", "LOGISTIC", "TANH", "LEAKY_RELU", "ELU"])
    )
    output, value = random_tensor(random, shape), random_tensor(random, shape)
    if op in fixed:
        output = T(shape, scale=fixed[op][0], zero_point=fixed[op][1])
    if op == "HARD_SWISH":  # TFLM refuses to raise by more than 2^7 (hard_swish_common.cc)
        output = replace(output, scale=max(output.scale, value.scale / 64))
    settings = options("LeakyReluOptions", alpha=0.2) if op == "LEAKY_RELU" else None
    return one(op, [value], [output], settings)


def _softmax(random: Random) -> bytes:
    shape = random_shape(random, most=20)
    output = T(shape, scale=1 / 256, zero_point=-128)
    return one("SOFTMAX", [random_tensor(random, shape)], [output],
               options("SoftmaxOptions", beta=float(random.choice([1.0, 0.5]))))  # fmt: skip


def _log_softmax(random: Random) -> bytes:
    shape = random_shape(random, most=20)
    return one("LOG_SOFTMAX", [random_tensor(random, shape, scale=random_scale(random, -9, -2))],
               [T(shape, scale=16 / 256, zero_point=127)])  # fmt: skip


def _l2(random: Random) -> bytes:
    shape = random_shape(random, most=20)
    return one("L2_NORMALIZATION", [random_tensor(random, shape)], [T(shape, scale=1 / 128)],
               options("L2NormOptions"))  # fmt: skip


def _batch_matmul(random: Random) -> bytes:
    rows, depth, columns, batch = random.integers(1, [7, 12, 7, 4]).tolist()
    adj_x, adj_y = bool(random.integers(0, 2)), bool(random.integers(0, 2))
    left = (batch, *((depth, rows) if adj_x else (rows, depth)))
    right = (int(random.choice([1, batch])), *((columns, depth) if adj_y else (depth, columns)))
    one_, out = random_tensor(random, left), random_tensor(random, (batch, rows, columns))
    scale = float(np.float32(_multiplier(random, depth) * out.scale / one_.scale))
    two = (_constant if random.random() < 0.3 else random_tensor)(random, right, scale=scale)
    return one("BATCH_MATMUL", [one_, two], [out],
               options("BatchMatMulOptions", adjX=adj_x, adjY=adj_y))  # fmt: skip


def _resize(random: Random) -> bytes:
    size, out = random.integers(1, 9, 2).tolist(), random.integers(1, 20, 2).tolist()
    if random.random() < 0.3:
        out = [n * int(random.integers(1, 4)) for n in size]
    depth = int(random.integers(1, 6))
    op, kind = [("RESIZE_BILINEAR", "ResizeBilinearOptions"),
                ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions")][
        random.integers(0, 2)]  # fmt: skip
    aligned, half = [(False, False), (True, False), (False, True)][random.integers(0, 3)]
    return one(op, [T((1, *size, depth)), integers(*out)], [T((1, *out, depth))],
               options(kind, alignCorners=aligned, halfPixelCenters=half))  # fmt: skip


def _gather(random: Random) -> bytes:
    shape = random_shape(random, int(random.integers(2, 5)))
    axis = int(random.integers(0, len(shape)))
    count = int(random.integers(1, 7))
    indices = integers(*random.integers(0, shape[axis], count).tolist())
    if random.random() < 0.3 and shape[axis] > 1:
        indices = T((count,), "INT32", scale=None)  # 0 or 1
    return one("GATHER", [T(shape), indices], [T((*shape[:axis], count, *shape[axis + 1 :]))],
               options("GatherOptions", axis=axis))  # fmt: skip


def _sums(random: Random) -> bytes:
    shape = random_shape(random)
    value, output = random_tensor(random, shape), random_tensor(random, shape)
    if random.random() < 0.5:
        return one("ADD_N", [value] * int(random.integers(2, 5)), [output])
    settings = options("CumsumOptions", exclusive=bool(random.integers(0, 2)),
                       reverse=bool(random.integers(0, 2)))  # fmt: skip
    return one("CUMSUM", [value, integers(int(random.integers(0, len(shape))))], [output], settings)


def _requantize(random: Random) -> bytes:
    pairs = [("INT8", "INT8"), ("INT8", "UINT8"), ("UINT8", "INT8"), ("INT8", "INT16"),
             ("INT8", "INT32"), ("INT16", "INT8"), ("INT32", "INT8"),
             ("INT32", "INT16")]  # fmt: skip
    source, target = pairs[random.integers(0, len(pairs))]
    shape = random_shape(random)
    zeros = {"INT8": random_zero(random), "UINT8": random_zero(random) + 128}
    ends = [random_tensor(random, shape, type=kind, zero_point=zeros.get(kind, 0))
            for kind in (source, target)]  # fmt: skip
    return one("QUANTIZE", ends[:1], ends[1:])


def _moved(random: Random) -> bytes:
    shape = random_shape(random, 4, 5)
    if random.random() < 0.5:
        order = random.permutation(4).tolist()
        return one("TRANSPOSE", [T(shape), integers(*order)], [T([shape[i] for i in order])])
    paddings = random.integers(0, 3, (4, 2)).astype(np.int32)
    paddings[0] = 0
    out = tuple((np.array(shape) + paddings.sum(1)).tolist())
    value = random_tensor(random, shape)
    return one("PAD", [value, T((4, 2), "INT32", paddings, scale=None)],
               [T(out, scale=value.scale, zero_point=value.zero_point)])  # fmt: skip


def _batches(random: Random) -> bytes:
    blocks = random.integers(1, 4, 2)
    deep = random.integers(1, 4, 2)
    before = random.integers(0, 3, 2)
    size = deep * blocks
    after = random.integers(0, 3, 2)
    to_batch = random.random() < 0.5
    if to_batch:  # without padding: what TFLM pads with is undefined
        before, after = np.zeros((2, 2), np.int64)
    before = np.where(before + after < size, before, 0)
    after = np.where(before + after < size, after, 0)
    image = (1, *(size - before - after).tolist(), 3)
    packed = (int(blocks.prod()), *deep.tolist(), 3)
    ends = T((2, 2), "INT32", np.stack([before, after], 1).astype(np.int32), scale=None)
    zero = random_zero(random)
    shapes = [T(image, zero_point=zero), T(packed, zero_point=zero)]
    op, (source, target) = (("SPACE_TO_BATCH_ND", shapes) if to_batch
                            else ("BATCH_TO_SPACE_ND", shapes[::-1]))  # fmt: skip
    return one(op, [source, integers(*blocks.tolist()), ends], [target])


def _select(random: Random) -> bytes:
    full, left, right = _broadcast(random)
    condition = T(right, "BOOL", scale=None)
    sides = [T(left), T(left if random.random() < 0.5 else right)]
    if random.random() < 0.5:
        sides.reverse()
    return one("SELECT_V2", [condition, *sides], [T(full)])


_KINDS: Mapping[str, Callable[[Random], bytes]] = {
    **WEIGHTED,
    "conv": _conv, "depthwise": _depthwise, "dense": _dense, "dense_int4": _dense_int4,
    "transpose_conv": _transpose_conv, "pool": _pool, "binary": _binary, "conv_again": _conv,
    "squared_difference": _squared_difference, "compared": _compared, "larger": _larger,
    "prelu": _prelu, "div": _div, "reduction": _reduction, "arg": _arg, "unary": _unary,
    "softmax": _softmax, "log_softmax": _log_softmax, "l2": _l2, "batch_matmul": _batch_matmul,
    "resize": _resize, "gather": _gather, "sums": _sums, "requantize": _requantize,
    "moved": _moved, "batches": _batches, "select": _select, "depthwise_again": _depthwise,
    "wide_conv": partial(_conv, inputs=40, outputs=40),
    "wide_depthwise": partial(_depthwise, inputs=70), **MOVERS,
}  # fmt: skip
