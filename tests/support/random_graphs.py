"""Random graphs of operators that share memory in the C runtime: views, parts, in place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from support.flatbuffer_models import Graph, Op, T, build, integers, options, zeros
from support.random_scales import Random

_MOST_ELEMENTS = 400


@dataclass
class _Made:
    """What a graph has so far: tensors by name, those that operators may read, operators."""

    tensors: dict[str, T] = field(default_factory=dict)
    values: list[str] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)

    def add(self, op: str, inputs: Sequence[str], shapes: Sequence[tuple[int, ...]],
            settings: object = None) -> None:  # fmt: skip
        names = [f"t{len(self.tensors) + i}" for i in range(len(shapes))]
        self.tensors |= {name: T(shape) for name, shape in zip(names, shapes, strict=True)}
        self.values += names
        self.ops.append(Op(op, inputs, names, settings))

    def constant(self, tensor: T) -> str:
        name = f"c{len(self.tensors)}"
        self.tensors[name] = tensor
        return name


def random_graph(seed: int) -> bytes:
    """Return a model of up to two inputs, a dozen operators and up to three outputs, all int8."""
    random = np.random.default_rng(seed)
    made = _Made()
    inputs = [f"x{i}" for i in range(random.integers(1, 3))]
    for name in inputs:
        made.tensors[name] = T((1, *random.integers(1, 7, 2).tolist(), 4))
        made.values.append(name)
    for _ in range(random.integers(4, 13)):
        name = str(random.choice(made.values[-6:]))
        _STEPS[random.integers(len(_STEPS))](random, made, name, made.tensors[name].shape)
    read = {name for op in made.ops for name in op.inputs}
    ends = [name for name in made.values if name not in read and name not in inputs]
    more = [name for name in made.values if name in read and name not in inputs]
    outputs = [*ends, *(more[:1] if random.random() < 0.3 else [])]
    return build(Graph(made.tensors, made.ops, inputs, outputs))


Shape = tuple[int, ...]


def _function(random: Random, made: _Made, name: str, shape: Shape) -> None:
    alpha = float(random.uniform(-1, 1))
    made.add("LEAKY_RELU", [name], [shape], options("LeakyReluOptions", alpha=alpha))


def _add(random: Random, made: _Made, name: str, shape: Shape) -> None:
    alike = [other for other in made.values if made.tensors[other].shape == shape]
    made.add("ADD", [name, str(random.choice(alike))], [shape], options("AddOptions"))


def _reshape(random: Random, made: _Made, name: str, shape: Shape) -> None:
    _, height, width, channels = shape
    to = (1, *((width, height) if random.random() < 0.5 else (height * width, 1)), channels)
    made.add("RESHAPE", [name, made.constant(integers(*to))], [to],
             options("ReshapeOptions", newShape=list(to)))  # fmt: skip


def _concatenation(random: Random, made: _Made, name: str, shape: Shape) -> None:
    axis = int(random.integers(1, 4))
    alike = [other for other in made.values
             if np.delete(made.tensors[other].shape, axis).tolist()
             == np.delete(shape, axis).tolist()]  # fmt: skip
    parts = [name, *random.choice(alike, random.integers(1, 3)).tolist()]
    whole = [*shape]
    whole[axis] = sum(made.tensors[part].shape[axis] for part in parts)
    if np.prod(whole) <= _MOST_ELEMENTS:
        made.add("CONCATENATION", parts, [tuple(whole)], options("ConcatenationOptions", axis=axis))


def _split(random: Random, made: _Made, name: str, shape: Shape) -> None:
    axis = int(random.choice([i for i, n in enumerate(shape) if i == 3 or n % 2 == 0]))
    if shape[axis] % 2 == 0:
        half = (*shape[:axis], shape[axis] // 2, *shape[axis + 1 :])
        made.add("SPLIT", [made.constant(integers(axis)), name], [half, half],
                 options("SplitOptions", numSplits=2))  # fmt: skip


def _pad(random: Random, made: _Made, name: str, shape: Shape) -> None:
    paddings = np.zeros((4, 2), np.int32)
    paddings[int(random.integers(1, 4))] = random.integers(0, 3, 2)
    whole = tuple((np.array(shape) + paddings.sum(1)).tolist())
    if np.prod(whole) <= _MOST_ELEMENTS:
        constant = made.constant(T((4, 2), "INT32", paddings, scale=None))
        made.add("PAD", [name, constant], [whole])


def _slice(random: Random, made: _Made, name: str, shape: Shape) -> None:
    axis = int(random.integers(1, 4))
    begins, sizes = [0, 0, 0, 0], [*shape]
    begins[axis] = int(random.integers(shape[axis]))
    sizes[axis] = int(random.integers(1, shape[axis] - begins[axis] + 1))
    constants = [made.constant(integers(*values)) for values in (begins, sizes)]
    made.add("SLICE", [name, *constants], [tuple(sizes)])


def _pool(random: Random, made: _Made, name: str, shape: Shape) -> None:
    stride = int(random.integers(1, 3))
    to = (1, -(-shape[1] // stride), -(-shape[2] // stride), shape[3])
    made.add("MAX_POOL_2D", [name], [to],
             options("Pool2DOptions", filterHeight=2, filterWidth=2, strideH=stride,
                     strideW=stride))  # fmt: skip


def _conv(random: Random, made: _Made, name: str, shape: Shape) -> None:
    channels, size = int(random.integers(1, 6)), int(random.choice([1, 3]))
    weights = made.constant(zeros((channels, size, size, shape[3]), scale=[0.25] * channels))
    made.add("CONV_2D", [name, weights], [(*shape[:3], channels)],
             options("Conv2DOptions", strideH=1, strideW=1))  # fmt: skip


def _depthwise(random: Random, made: _Made, name: str, shape: Shape) -> None:
    stride = int(random.integers(1, 3))
    weights = made.constant(zeros((1, 3, 3, shape[3]), scale=[0.25] * shape[3], axis=3))
    to = (1, -(-shape[1] // stride), -(-shape[2] // stride), shape[3])
    made.add("DEPTHWISE_CONV_2D", [name, weights], [to],
             options("DepthwiseConv2DOptions", strideH=stride, strideW=stride,
                     depthMultiplier=1))  # fmt: skip


_STEPS: Sequence[Callable[[Random, _Made, str, Shape], None]] = (
    _function, _add, _reshape, _concatenation, _concatenation, _split, _pad, _slice, _pool, _conv,
    _depthwise,
)  # fmt: skip
