"""A shallower copy of a model: repeated layers and residual blocks are left out whole."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import UsageError
from edgecompress.graph.rebuild import copy_weights, rebuild
from edgecompress.graph.walk import inner_layers, require_graph, walk
from edgecompress.keras_files.model import import_keras
from edgecompress.keras_files.outputs import outputs_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Block:
    """Calls of layers that lie between two tensors and nowhere else, with one kernel or more."""

    calls: tuple[Any, ...]  # Keras's nodes
    entry: Any  # the tensor all of them depend on
    exit: Any  # the only one of theirs that is used by others

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(call.operation.name for call in self.calls)

    @property
    def repeats(self) -> bool:
        """Whether the model is whole without it: what leaves it looks like what enters it."""
        return tuple(self.entry.shape) == tuple(self.exit.shape)


def shallower(model: Any, depth: float, x: NDArray[np.float32] | None = None) -> Any:
    """Return a copy of `model` without some of the blocks that can be left out.

    These are layers (with the batch normalization and activation after them), depthwise-pointwise
    pairs and residual blocks whose output has the shape of their input; the first and the last of
    a model stay.

    Args:
        model: a functional or Sequential keras.Model.
        depth: share of those blocks that stays, 0 to 1, rounded.
        x: samples [n, ...] of a model of one input. Left out, one after the other, is the block
            without which its outputs change least; without samples, blocks at even distances.

    Returns:
        A keras.Model, not compiled, with the weights of the layers it has.

    Raises:
        UsageError: `depth` is out of range, or there is no such block.
        ModelError: the model is not functional.
    """
    if not 0 <= depth <= 1:
        raise UsageError(f"depth {depth:g} is out of range: 0 to 1")
    if isinstance(model, import_keras().Sequential):
        model = import_keras().Model(model.inputs, model.outputs, name=model.name)
    blocks = repeated_blocks(model)
    if depth < 1 and not blocks:
        raise UsageError(
            f"{model.name}: no layer or block between its first and last gives the shape it takes, "
            "so none can be left out; make it smaller by its width"
        )
    count = len(blocks) - round(depth * len(blocks))
    dropped = _evenly(blocks, count) if x is None else _least_needed(model, blocks, count, x)
    for block in dropped:
        _log.info("left out: %s", ", ".join(block.layers))
    return _without(model, dropped)


def repeated_blocks(model: Any) -> tuple[Block, ...]:
    """Return the blocks of a functional model that can be left out, in the order of data flow."""
    graph = require_graph(model)
    ends = {id(tensor) for tensor in (*graph.inputs, *graph.outputs)}
    return tuple(
        block
        for block in _blocks(graph)
        if block.repeats and not ends & {id(block.entry), id(block.exit)}
    )


def _blocks(graph: Any) -> list[Block]:
    """Put together, between tensors that all data passes, a kernel and what belongs to it."""
    blocks: list[Block] = []
    for step in _steps(graph):
        last = blocks[-1] if blocks else None
        if last is not None and _belongs(step, last):
            blocks[-1] = Block((*last.calls, *step.calls), last.entry, step.exit)
        else:
            blocks.append(step)
    return [block for block in blocks if any(map(_has_kernel, block.calls))]


def _belongs(step: Block, block: Block) -> bool:
    kernels = [call for call in block.calls if _has_kernel(call)]
    if any(map(_has_kernel, step.calls)):  # a depthwise layer and the pointwise one after it
        return bool(kernels) and all("Depthwise" in type(c.operation).__name__ for c in kernels)
    return bool(kernels) and step.repeats


def _has_kernel(call: Any) -> bool:
    layers = [call.operation, *inner_layers(call.operation)]
    return any("kernel" in w.name for layer in layers for w in getattr(layer, "weights", ()))


def _steps(graph: Any) -> list[Block]:
    """Cut a graph at every tensor that all data passes: where no other is still to be read."""
    nodes: list[Any] = []
    walk(graph, [None] * len(graph.inputs), _collect(nodes))
    last_use = {id(t): place for place, node in enumerate(nodes) for t in _inputs(node)}
    last_use |= {id(tensor): len(nodes) for tensor in graph.outputs}
    steps: list[Block] = []
    live, entry, calls = list(graph.inputs), None, []
    if len(live) == 1:
        entry = live[0]
    for place, node in enumerate(nodes):
        calls.append(node)
        live = [t for t in (*live, *node.outputs) if last_use.get(id(t), -1) > place]
        if len(live) == 1:
            if entry is not None:
                steps.append(Block(tuple(calls), entry, live[0]))
            entry, calls = live[0], []
    return steps


def _collect(nodes: list[Any]) -> Callable[[Any, Any, Any], list[None]]:
    def visit(node: Any, args: Any, kwargs: Any) -> list[None]:
        del args, kwargs
        nodes.append(node)
        return [None] * len(node.outputs)

    return visit


def _inputs(node: Any) -> list[Any]:
    return list(node.arguments.keras_tensors)


def _evenly(blocks: Sequence[Block], count: int) -> list[Block]:
    return [blocks[int((number + 0.5) * len(blocks) / count)] for number in range(count)]


def _least_needed(
    model: Any, blocks: Sequence[Block], count: int, x: NDArray[np.float32]
) -> list[Block]:
    wanted, dropped, left = outputs_of(model, x), list[Block](), list(blocks)

    def change(block: Block) -> float:
        outputs = outputs_of(_without(model, [*dropped, block]), x)
        return float(np.mean(np.square(outputs - wanted)))

    for _ in range(count):
        least = min(left, key=change)
        left.remove(least)
        dropped.append(least)
    return dropped


def _without(model: Any, blocks: Sequence[Block]) -> Any:
    """Return a copy of a functional model in which the blocks hand on what they are given."""
    passed = frozenset(id(call) for block in blocks for call in block.calls)
    copy, pairs = rebuild(model, {}, passed)
    for source, target in pairs:
        copy_weights(source, target)
    return copy
