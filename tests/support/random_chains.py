"""Random chains of tiny image layers, by seed, with all that makes borders hard."""

from random import Random

import numpy as np

from support.flatbuffer_models import Graph, Op, T, build, options

SAME, VALID = 0, 1
ACTIVATIONS = (0, 1, 3)  # none, RELU, RELU6


class _Growing:
    """A chain while operators are added to it; `last` is what the next one reads."""

    def __init__(self, random: Random) -> None:
        self.random = random
        shape = (1, random.randint(5, 17), random.randint(5, 17), random.randint(1, 4))
        self.tensors = {"x": self.image(shape)}
        self.ops: list[Op] = []
        self.last = "x"

    def image(self, shape: tuple[int, ...]) -> T:
        return T(
            shape, scale=self.random.uniform(0.05, 0.2), zero_point=self.random.randint(-60, 60)
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensors[self.last].shape

    def add(self, op: str, read: list[str], made: T, settings: object = None) -> None:
        name = f"t{len(self.ops)}"
        self.tensors[name] = made
        self.ops.append(Op(op, read, [name], settings))
        self.last = name

    def constant(self, name: str, tensor: T) -> str:
        self.tensors[f"{name}{len(self.ops)}"] = tensor
        return f"{name}{len(self.ops)}"

    def windows(self, dilated: bool) -> tuple[int, list[tuple[int, int, int, int]]]:
        """Return a padding, and of rows and columns: kernel, stride, dilation, size made."""
        random = self.random
        padding, sides = random.choice((SAME, SAME, VALID)), []
        for size in self.shape[1:3]:
            kernel, stride = random.randint(1, 5), random.choice((1, 1, 2, 3))
            dilation = random.choice((1, 2)) if dilated and stride == 1 else 1
            span = (kernel - 1) * dilation + 1
            if span > size:
                kernel, span, dilation = 1, 1, 1
            made = -(-size // stride) if padding == SAME else (size - span) // stride + 1
            sides.append((kernel, stride, dilation, made))
        return padding, sides

    def convolve(self, depthwise: bool) -> None:
        random, channels = self.random, self.shape[3]
        padding, (rows, columns) = self.windows(dilated=True)
        count = channels if depthwise else random.randint(1, 6)
        kernel = (rows[0], columns[0])
        shape = (1, *kernel, count) if depthwise else (count, *kernel, channels)
        values = np.random.default_rng(random.randrange(99)).integers(-90, 90, shape)
        before = self.tensors[self.last].scale
        made = self.image((1, rows[3], columns[3], count))
        # So that outputs are spread over int8: weights and inputs are about 50 in the mean.
        terms = kernel[0] * kernel[1] * (1 if depthwise else channels)
        spread = made.scale / before / 40 / terms**0.5
        scales = [random.uniform(0.7, 1.5) * spread for _ in range(count)]
        axis = 3 if depthwise else 0
        weights = T(shape, "INT8", values.astype(np.int8), scale=scales, axis=axis)
        bias = np.arange(count, dtype=np.int32) * 7 - 9
        read = [
            self.last, self.constant("w", weights),
            self.constant("b", T((count,), "INT32", bias, scale=[s * before for s in scales])),
        ]  # fmt: skip
        kind = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        settings = options(kind, padding=padding, strideH=rows[1], strideW=columns[1],
                           dilationHFactor=rows[2], dilationWFactor=columns[2],
                           fusedActivationFunction=random.choice(ACTIVATIONS))  # fmt: skip
        if depthwise:
            settings.depthMultiplier = 1
        self.add("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", read, made, settings)

    def pool(self) -> None:
        padding, (rows, columns) = self.windows(dilated=False)
        settings = options("Pool2DOptions", padding=padding, strideH=rows[1], strideW=columns[1],
                           filterHeight=rows[0], filterWidth=columns[0])  # fmt: skip
        shape = (1, rows[3], columns[3], self.shape[3])
        source = self.tensors[self.last]
        made = T(shape, scale=source.scale, zero_point=source.zero_point)
        op = self.random.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D"))
        self.add(op, [self.last], made, settings)

    def pad(self) -> None:
        random = self.random
        added = [[0, 0], *([random.randint(0, 2), random.randint(0, 2)] for _ in "hw"), [0, 0]]
        values = np.array(added, np.int32)
        paddings = self.constant("p", T((4, 2), "INT32", values, scale=None))
        shape = tuple(int(s) for s in np.array(self.shape) + values.sum(1))
        source = self.tensors[self.last]
        self.add("PAD", [self.last, paddings],
                 T(shape, scale=source.scale, zero_point=source.zero_point),
                 options("PadOptions"))  # fmt: skip

    def residual(self) -> None:
        """Add what a few layers that keep the shape make to what they read."""
        source, shape = self.last, self.shape
        for _ in range(self.random.randint(1, 2)):
            weights = np.random.default_rng(len(self.ops)).integers(-90, 90, (1, 3, 3, shape[3]))
            read = [
                self.last,
                self.constant("w", T(weights.shape, "INT8", weights.astype(np.int8), scale=0.01)),
                self.constant("b", T((shape[3],), "INT32", np.zeros(shape[3], np.int32))),
            ]
            settings = options("DepthwiseConv2DOptions", padding=SAME, strideH=1, strideW=1,
                               depthMultiplier=1, dilationHFactor=1,
                               dilationWFactor=1)  # fmt: skip
            self.add("DEPTHWISE_CONV_2D", read, self.image(shape), settings)
        self.add("ADD", [source, self.last], self.image(shape), options("AddOptions"))

    def step(self) -> None:
        grow = self.random.choice(
            (lambda: self.convolve(depthwise=False), lambda: self.convolve(depthwise=True),
             self.pool, self.pad, self.residual)
        )  # fmt: skip
        grow()


def random_chain(seed: int, layers: int) -> bytes:
    """Return a model that runs: an image through layers with windows, borders and shortcuts."""
    growing = _Growing(Random(seed))  # noqa: S311 - reproducible graphs, not cryptography
    for _ in range(layers):
        growing.step()
    return build(Graph(growing.tensors, growing.ops, ["x"], [growing.last]))
