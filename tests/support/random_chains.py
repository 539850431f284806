"""Random chains of layers on images, by seed: what runs in strips of rows."""

from random import Random

import numpy as np

from support.flatbuffer_models import Graph, Op, T, build, options

SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3
LEAST = 3  # rows and columns that an image keeps


class _Chain:
    """A graph while layers are added to its newest image."""

    def __init__(self, random: Random) -> None:
        self.random, self.numbers = random, np.random.default_rng(random.randint(0, 10**6))
        self.tensors: dict[str, T] = {}
        self.ops: list[Op] = []
        size = (random.randint(14, 40), random.randint(5, 14), random.randint(1, 6))
        self.newest = self._image((1, *size))

    def _image(self, shape: tuple[int, ...], like: str | None = None) -> str:
        name = f"t{len(self.tensors)}"
        scale, zero = self.random.uniform(0.02, 0.2), self.random.randint(-60, 60)
        if like:
            scale, zero = self.tensors[like].scale, self.tensors[like].zero_point
        self.tensors[name] = T(shape, scale=scale, zero_point=zero)
        return name

    def _constant(self, shape: tuple[int, ...], type_: str, scales: list[float], axis: int) -> str:
        name = f"c{len(self.tensors)}"
        high = 100 if type_ == "INT8" else 3000
        values = self.numbers.integers(-high, high, shape).astype(type_.lower())
        self.tensors[name] = T(shape, type_, values, scale=scales, axis=axis)
        return name

    def _window(self, most: int) -> tuple[int, int, int, tuple[int, int]] | None:
        """A kernel, a stride, a padding, and the size that the image has after it."""
        _, height, width, _ = self.tensors[self.newest].shape
        kernel, padding = self.random.randint(1, most), self.random.choice((SAME, SAME, VALID))
        stride = self.random.choice((1, 1, 1, 2, 3))
        sides = [-(-n // stride) if padding == SAME else (n - kernel) // stride + 1
                 for n in (height, width)]  # fmt: skip
        if min(sides) < LEAST or kernel > min(height, width):
            return None
        return kernel, stride, padding, (sides[0], sides[1])

    def _add(self, op: str, read: list[str], made: str, settings: object) -> None:
        self.ops.append(Op(op, read, [made], settings))
        self.newest = made

    def convolve(self, *, depthwise: bool) -> None:
        window = self._window(5)
        if window is None:
            return
        kernel, stride, padding, size = window
        depth = self.tensors[self.newest].shape[3]
        count = depth if depthwise else self.random.randint(1, 12)
        shape = (1, kernel, kernel, count) if depthwise else (count, kernel, kernel, depth)
        scales = [self.random.uniform(0.001, 0.01) for _ in range(count)]
        axis = 3 if depthwise else 0
        weights = self._constant(shape, "INT8", scales, axis)
        biases = [self.tensors[self.newest].scale * scale for scale in scales]
        bias = self._constant((count,), "INT32", biases, 0)
        kind = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        more = {"depthMultiplier": 1} if depthwise else {}
        settings = options(
            kind, strideW=stride, strideH=stride, padding=padding, dilationWFactor=1,
            dilationHFactor=1, **more,
            fusedActivationFunction=self.random.choice((NONE, RELU, RELU6)),
        )  # fmt: skip
        op = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        source = self.newest
        self._add(op, [source, weights, bias], self._image((1, *size, count)), settings)

    def pool(self) -> None:
        window = self._window(3)
        if window is None:
            return
        kernel, stride, padding, size = window
        settings = options("Pool2DOptions", strideW=stride, strideH=stride, padding=padding,
                           filterWidth=kernel, filterHeight=kernel)  # fmt: skip
        depth, source = self.tensors[self.newest].shape[3], self.newest
        op = self.random.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D"))
        self._add(op, [source], self._image((1, *size, depth), like=source), settings)

    def pad(self) -> None:
        above, below, left, right = (self.random.randint(0, 2) for _ in range(4))
        name = f"c{len(self.tensors)}"
        values = np.array([[0, 0], [above, below], [left, right], [0, 0]], np.int32)
        self.tensors[name] = T((4, 2), "INT32", values, scale=None)
        _, height, width, depth = self.tensors[self.newest].shape
        source, shape = self.newest, (1, height + above + below, width + left + right, depth)
        self._add("PAD", [source, name], self._image(shape, like=source), options("PadOptions"))

    def residual(self) -> None:
        """A branch of a convolution or two that keep the size, added to what it began with."""
        start = self.newest
        shape = self.tensors[start].shape
        first = len(self.ops)
        for _ in range(self.random.randint(1, 2)):
            self.convolve(depthwise=True)
        if self.tensors[self.newest].shape == shape and len(self.ops) > first:
            made = self._image(shape)
            self._add("ADD", [self.newest, start], made, options("AddOptions"))


def random_chain(seed: int, layers: int = 6) -> bytes:
    """Return a model of convolutions, pooling, padding and sums on images taller than wide."""
    random = Random(seed)  # noqa: S311 - reproducible graphs, not cryptography
    chain = _Chain(random)
    source = chain.newest
    while len(chain.ops) < layers:
        kind = random.choice(("conv", "conv", "depthwise", "pool", "pad", "residual"))
        if kind in ("conv", "depthwise"):
            chain.convolve(depthwise=kind == "depthwise")
        else:
            getattr(chain, kind)()
        if kind == "pool" and random.random() < 0.1:
            break
    if not chain.ops:
        chain.pad()
    return build(Graph(chain.tensors, chain.ops, [source], [chain.newest]))
