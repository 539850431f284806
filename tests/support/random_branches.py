"""Random graphs of tiny operators, chains and branches, by seed: something to plan and reorder."""

from random import Random

import numpy as np

from support.flatbuffer_models import Graph, Op, T, build, options

SAME = 0
SIDE = 4  # of all images


class _Growing:
    """A graph while operators are added to it; `open` are the tensors nothing has read yet."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.tensors = {"x": T((1, SIDE, SIDE, random.randint(1, 12)))}
        self.ops: list[Op] = []
        self.open = ["x"]

    def channels(self, name: str) -> int:
        return self.tensors[name].shape[3]

    def images(self) -> list[str]:
        return [name for name, tensor in self.tensors.items() if tensor.values is None]

    def add(self, op: str, read: list[str], channels: int, settings: object = None) -> None:
        made = f"t{len(self.ops)}"
        self.tensors[made] = T((1, SIDE, SIDE, channels))
        self.ops.append(Op(op, read, [made], settings))
        self.open = [*(name for name in self.open if name not in read), made]

    def convolve(self, source: str) -> None:
        number, size, count = len(self.ops), self.random.choice((1, 3)), self.random.randint(1, 24)
        depth = self.channels(source)
        values = np.random.default_rng(number).integers(-9, 9, (count, size, size, depth))
        self.tensors[f"w{number}"] = T(values.shape, "INT8", values.astype(np.int8), scale=0.25)
        bias = np.arange(count, dtype=np.int32)
        self.tensors[f"b{number}"] = T((count,), "INT32", bias, scale=0.125)
        settings = options("Conv2DOptions", strideW=1, strideH=1, padding=SAME,
                           dilationWFactor=1, dilationHFactor=1)  # fmt: skip
        self.add("CONV_2D", [source, f"w{number}", f"b{number}"], count, settings)

    def join(self, names: list[str]) -> None:
        settings = options("ConcatenationOptions", axis=3)
        self.add("CONCATENATION", names, sum(map(self.channels, names)), settings)

    def step(self, branching: float) -> None:
        random = self.random
        newest, older = self.open[-1], self.images()
        source = random.choice(older) if random.random() < branching else newest
        alike = [name for name in older if name != source
                 and self.channels(name) == self.channels(source)]  # fmt: skip
        if alike and random.random() < 0.5:
            self.add("ADD", [source, random.choice(alike)], self.channels(source),
                     options("AddOptions"))  # fmt: skip
        elif len(self.open) > 1 and random.random() < branching / 2:
            self.join(self.open[-2:])
        elif random.random() < 0.2:
            self.add("RELU", [source], self.channels(source))
        else:
            self.convolve(source)


def random_graph(seed: int, operators: int, branching: float = 0.5) -> bytes:
    """Return a model that runs: images through convolutions, sums and joins, in any order.

    `branching` is how often an operator does not read the newest tensor. What is left unread at
    the end is an output.
    """
    growing = _Growing(Random(seed))  # noqa: S311 - reproducible graphs, not cryptography
    while len(growing.ops) < operators:
        growing.step(branching)
    outputs = [name for name in growing.open if name != "x"] or [growing.images()[-1]]
    return build(Graph(growing.tensors, growing.ops, ["x"], outputs))
