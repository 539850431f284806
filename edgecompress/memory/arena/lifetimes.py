"""When each tensor and scratch buffer is first and last used.

Follows tensorflow/lite/micro/micro_allocation_info.cc of the pinned commit: every operator opens
a new scope, and so does each subgraph that a control-flow operator calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgecompress.tflite.graph import Graph, Operator

# Options that name the subgraphs an operator calls, in the order TFLM plans them.
_CALLED_SUBGRAPHS: Mapping[str, tuple[str, ...]] = {
    "IF": ("then_subgraph_index", "else_subgraph_index"),
    "CALL_ONCE": ("init_subgraph_index",),
    "WHILE": ("cond_subgraph_index", "body_subgraph_index"),
}


@dataclass
class Lifetime:
    """The scopes of first and last use; -1 for a buffer that nothing uses."""

    first: int = -1
    last: int = -1

    def create(self, scope: int) -> None:
        """Note a creation; the first one counts."""
        if self.first == -1:
            self.first = scope

    def use(self, scope: int) -> None:
        """Note a use; the last one counts."""
        self.last = scope


@dataclass
class Lifetimes:
    """Lifetimes of all tensors, by subgraph and index, and of all operators' scratch buffers.

    `order` is (scope, subgraph, operator) of the operators as they run.
    """

    tensors: list[list[Lifetime]]
    scratch: dict[tuple[int, int], Lifetime]  # by (subgraph, operator)
    scope: int = 0
    order: list[tuple[int, int, int]] = field(default_factory=list)


def called_subgraphs(operator: Operator) -> Sequence[int]:
    """Return the subgraphs that a control-flow operator calls."""
    names = _CALLED_SUBGRAPHS.get(operator.op, ())
    return [int(operator.options.get(name, 0)) for name in names]


def lifetimes(graph: Graph) -> Lifetimes:
    """Return when everything in the graph is used, starting from subgraph 0."""
    result = Lifetimes([[Lifetime() for _ in s.tensors] for s in graph.subgraphs], {})
    _mark(graph, 0, result)
    return result


def _mark(graph: Graph, index: int, marks: Lifetimes) -> None:
    subgraph, tensors = graph.subgraphs[index], marks.tensors[index]
    for tensor in subgraph.inputs:
        tensors[tensor].create(marks.scope)
        tensors[tensor].use(marks.scope)
    for operator in subgraph.operators:
        marks.scope += 1
        marks.order.append((marks.scope, index, operator.index))
        for tensor in operator.outputs:
            tensors[tensor].create(marks.scope)
        start = marks.scope
        for called in called_subgraphs(operator):
            marks.scope += 1
            _mark(graph, called, marks)
        for tensor in (*operator.inputs, *operator.outputs):
            if tensor >= 0:
                tensors[tensor].use(marks.scope)
        scratch = marks.scratch.setdefault((index, operator.index), Lifetime())
        scratch.create(start)
        scratch.use(marks.scope)
    for tensor in subgraph.outputs:
        tensors[tensor].create(marks.scope)
        tensors[tensor].use(marks.scope)
