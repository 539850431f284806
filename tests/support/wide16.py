"""Random models of one operator on int16 values: seeded, edge scales, saturating values."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from support.flatbuffer_models import T, integers, one, options
from support.random16 import values

_SAME, _VALID = 0, 1
_INT32, _FLOAT32 = 2, 0  # TensorType
Random = np.random.Generator


def _wide(random: Random, shape: tuple[int, ...]) -> T:
    return T(shape, "INT16", scale=float(random.uniform(0.2, 2) / 4096))


def _sizes(random: Random, count: int, most: int = 6) -> list[int]:
    return [int(n) for n in random.integers(1, most, count, endpoint=True)]


def _weights(random: Random, shape: tuple[int, ...], axis: int, *, each: bool = True) -> T:
    count = shape[axis] if each else 1
    scales = (random.uniform(0.2, 2, count) / 64).astype(np.float32).tolist()
    return T(shape, "INT8", values(random, shape), scale=scales, axis=axis if each else 0)


def _bias(random: Random, value: T, weights: T, channels: int, type_: str) -> list[T]:
    if not type_:
        return []
    scale = (np.float32(value.scale) * np.float32(weights.scale)).tolist()
    limit = 1 << (30 if type_ == "INT64" else 16)
    return [T((channels,), type_, values(random, (channels,), type_, limit), scale=scale)]


def _window(random: Random, kind: str, **more: Any) -> tuple[Any, int, int, int]:
    stride, dilation = _sizes(random, 2, 2)
    padding = int(random.choice([_SAME, _VALID]))
    settings = options(
        kind, strideW=stride, strideH=stride, padding=padding, dilationWFactor=dilation,
        dilationHFactor=dilation, fusedActivationFunction=int(random.integers(4)), **more,
    )  # fmt: skip
    return settings, stride, dilation, padding


def _outputs(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == _SAME else (size - reach) // stride + 1


def conv(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    groups, per_group, channels, height, width = _sizes(random, 5, 3)
    bias = str(random.choice(["INT64", "INT32", ""]))
    narrow = _INT32 if random.integers(2) else _FLOAT32
    settings, *how = _window(random, "Conv2DOptions", quantizedBiasType=narrow)
    image = (1, 7, 6, groups * per_group)
    out = [_outputs(n, k, *how) for n, k in ((7, height), (6, width))]
    filters = groups * channels
    weights = _weights(
        random, (filters, height, width, per_group), 0, each=bool(random.integers(2))
    )
    value = _wide(random, image)
    inputs = [value, weights, *_bias(random, value, weights, filters, bias)]
    return one("CONV_2D", inputs, [_wide(random, (1, *out, filters))], settings)


def depthwise(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    channels, multiplier, height, width = _sizes(random, 4, 3)
    settings, *how = _window(random, "DepthwiseConv2DOptions", depthMultiplier=multiplier)
    out = [_outputs(n, k, *how) for n, k in ((7, height), (6, width))]
    filters = channels * multiplier
    value = _wide(random, (1, 7, 6, channels))
    weights = _weights(random, (1, height, width, filters), 3)
    bias = str(random.choice(["INT64", ""]))
    inputs = [value, weights, *_bias(random, value, weights, filters, bias)]
    return one("DEPTHWISE_CONV_2D", inputs, [_wide(random, (1, *out, filters))], settings)


def transposed(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    depth, channels, height, width, stride = _sizes(random, 5, 4)
    padding = int(random.choice([_SAME, _VALID]))
    size = [n * stride if padding == _SAME else (n - 1) * stride + k
            for n, k in ((4, height), (3, width))]  # fmt: skip
    output = (1, *size, channels)
    value = _wide(random, (1, 4, 3, depth))
    weights = _weights(random, (channels, height, width, depth), 0)
    bias = _bias(random, value, weights, channels, "INT64")
    inputs = [integers(*output), weights, value, *bias]
    settings = options("TransposeConvOptions", strideW=stride, strideH=stride, padding=padding)
    return one("TRANSPOSE_CONV", inputs, [_wide(random, output)], settings)


def dense(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    rows, depth, units = _sizes(random, 3, 20)
    bias = str(random.choice(["INT64", "INT32", ""]))
    settings = options("FullyConnectedOptions", fusedActivationFunction=int(random.integers(4)),
                       quantizedBiasType=_INT32 if random.integers(2) else _FLOAT32)  # fmt: skip
    weights = _weights(random, (units, depth), 0, each=False)
    value = _wide(random, (rows, depth))
    inputs = [value, weights, *_bias(random, value, weights, units, bias)]
    return one("FULLY_CONNECTED", inputs, [_wide(random, (rows, units))], settings)


def binary(op: str, kind: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    shape = (1, 4, 3, 5)
    right = tuple(n if random.integers(2) else 1 for n in shape)
    settings = options(kind, fusedActivationFunction=int(random.integers(4)))
    pair = [_wide(random, shape), _wide(random, right)]
    scale = float(random.uniform(0.2, 2) / (4096 if op != "MUL" else 1 << 16))
    return one(op, pair, [T(shape, "INT16", scale=scale)], settings)


def compared(op: str, seed: int) -> bytes:
    """MAXIMUM, MINIMUM and SQUARED_DIFFERENCE: of two tensors, the second maybe broadcast."""
    random = np.random.default_rng(seed)
    shape = (1, 4, 3, 5)
    right = tuple(n if random.integers(2) else 1 for n in shape)
    one_ = _wide(random, shape)
    if op == "SQUARED_DIFFERENCE":
        output = T(shape, "INT16", scale=float(random.uniform(0.2, 4) / 1000))
        return one(op, [one_, _wide(random, right)], [output])
    return one(op, [one_, T(right, "INT16", scale=one_.scale)], [one_])


def prelu(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    shape, alpha_shape = (1, 4, 3, 5), (1, 1, 5)
    zero = int(random.integers(-20, 20)) if seed % 2 else 0
    alpha = T(alpha_shape, "INT8", values(random, alpha_shape), zero_point=zero,
              scale=float(random.uniform(0.2, 2) / 128))  # fmt: skip
    return one("PRELU", [_wide(random, shape), alpha], [_wide(random, shape)])


def pool(op: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    height, width, stride = _sizes(random, 3, 3)
    padding = int(random.choice([_SAME, _VALID]))
    out = [_outputs(n, k, stride, 1, padding) for n, k in ((7, height), (6, width))]
    image = _wide(random, (1, 7, 6, 3))
    settings = options(
        "Pool2DOptions", strideW=stride, strideH=stride, padding=padding, filterWidth=width,
        filterHeight=height, fusedActivationFunction=int(random.integers(4)),
    )  # fmt: skip
    return one(op, [image], [T((1, *out, 3), "INT16", scale=image.scale)], settings)


def reduction(op: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    shape = (2, 3, 4, 5)
    axes = [axis for axis in range(4) if random.integers(2)] or [int(random.integers(4))]
    left = tuple(n for axis, n in enumerate(shape) if axis not in axes) or (1,)
    return one(op, [_wide(random, shape), integers(*axes)], [_wide(random, left)],
               options("ReducerOptions", keepDims=False))  # fmt: skip


def unary(op: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    settings = options("LeakyReluOptions", alpha=float(random.uniform(-1, 1)))
    return one(op, [_wide(random, (1, 600))], [_wide(random, (1, 600))],
               settings if op == "LEAKY_RELU" else None)  # fmt: skip


def absolute(seed: int) -> bytes:
    """ABS of values whose halves are exact, where the seed is odd."""
    random = np.random.default_rng(seed)
    value = _wide(random, (1, 600))
    scale = float(value.scale) * [1, 2, 4, 0.5][seed] if seed % 2 else random.uniform(1, 4) / 4096
    return one("ABS", [value], [T((1, 600), "INT16", scale=float(scale))])


def curve(op: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    exact = random.integers(2)
    scale = 2.0 ** -random.integers(8, 16) if exact else random.uniform(0.1, 20) / 32768
    return one(op, [T((1, 2000), "INT16", scale=float(scale))],
               [T((1, 2000), "INT16", scale=1 / 32768)])  # fmt: skip


def softmax(seed: int, activations: str) -> bytes:
    random = np.random.default_rng(seed)
    rows, depth = _sizes(random, 2, 40)
    wide = activations == "INT16"
    scale = float(random.uniform(0.01, 20) / (32768 if wide else 128))
    output = T((rows, depth), "INT16", scale=1 / (32768 if wide else 65536),
               zero_point=0 if wide else -32768)  # fmt: skip
    settings = options("SoftmaxOptions", beta=float(random.choice([1.0, 0.5])))
    return one("SOFTMAX", [T((rows, depth), activations, scale=scale)], [output], settings)


def quantize(source: str, target: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    tensors = [
        T((1, 500), type_, scale=float(random.uniform(0.1, 4) / 100),
          zero_point=int(random.integers(-100, 100)))
        for type_ in (source, target)
    ]  # fmt: skip
    return one("QUANTIZE", tensors[:1], tensors[1:])


def matmul(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    rows, depth, columns, batch = _sizes(random, 4)
    adj = [bool(random.integers(2)) for _ in range(2)]
    left = (batch, depth, rows) if adj[0] else (batch, rows, depth)
    right = (1, columns, depth) if adj[1] else (1, depth, columns)
    output = T((batch, rows, columns), "INT16", scale=float(random.uniform(0.2, 2) / (1 << 13)))
    settings = options("BatchMatMulOptions", adjX=adj[0], adjY=adj[1])
    return one("BATCH_MATMUL", [_wide(random, left), _wide(random, right)], [output], settings)


_BINARY = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}
_TYPES = (("INT16", "INT8"), ("INT16", "INT16"), ("INT16", "INT32"), ("INT8", "INT16"),
          ("INT8", "INT32"))  # fmt: skip
_SEEDS = range(4)

Models = Mapping[str, Callable[[], bytes]]
_SUMS = (conv, depthwise, transposed, dense, matmul)
WIDE: Models = {
    **{f"{make.__name__}_{s}": lambda make=make, s=s: make(s) for make in _SUMS for s in _SEEDS},
    **{f"{op}_{s}": lambda op=op, kind=kind, s=s: binary(op, kind, s)
       for op, kind in _BINARY.items() for s in _SEEDS},
    **{f"{op}_{s}": lambda op=op, s=s: pool(op, s)
       for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D") for s in _SEEDS},
    **{f"{op}_{s}": lambda op=op, s=s: reduction(op, s) for op in ("MEAN", "SUM") for s in _SEEDS},
    **{f"{op}_{s}": lambda op=op, s=s: unary(op, s)
       for op in ("RELU", "RELU6", "LEAKY_RELU") for s in _SEEDS},
    **{f"{op}_{s}": lambda op=op, s=s: compared(op, s)
       for op in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE") for s in _SEEDS},
    **{f"{make.__name__}_{s}": lambda make=make, s=s: make(s)
       for make in (absolute, prelu) for s in _SEEDS},
    **{f"{op}_{s}": lambda op=op, s=s: curve(op, s) for op in ("LOGISTIC", "TANH") for s in _SEEDS},
    **{f"softmax_{t}_{s}": lambda t=t, s=s: softmax(s, t)
       for t in ("INT8", "INT16") for s in _SEEDS},
    **{f"quantize_{a}_{b}_{s}": lambda a=a, b=b, s=s: quantize(a, b, s)
       for a, b in _TYPES for s in range(2)},
}  # fmt: skip
