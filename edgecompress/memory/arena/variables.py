"""Resource variables: what TFLM keeps for VAR_HANDLE and ASSIGN_VARIABLE.

Follows micro_resource_variable.cc and kernels/{var_handle,assign_variable}.cc of the pinned
commit: a variable's buffer is taken by the first ASSIGN_VARIABLE whose handle is known then.
"""

from collections.abc import Mapping
from typing import Any

from edgecompress.tflite.graph import Graph

Place = tuple[int, int]  # (subgraph, operator)


def _variable(options: Mapping[str, Any]) -> tuple[Any, Any]:
    return options.get("container"), options.get("shared_name")


def resource_variables(graph: Graph) -> int:
    """Return how many variables the model names: the room MicroResourceVariables must have."""
    operators = (op for subgraph in graph.subgraphs for op in subgraph.operators)
    return len({_variable(op.options) for op in operators if op.op == "VAR_HANDLE"})


def resource_values(graph: Graph) -> Mapping[Place, int]:
    """Return the tensor whose size each buffer has, by the operator that takes the buffer."""
    values: dict[Place, int] = {}
    taken: set[tuple[Any, Any]] = set()
    for s, subgraph in enumerate(graph.subgraphs):
        handles: dict[int, tuple[Any, Any]] = {}
        for operator in subgraph.operators:
            if operator.op == "VAR_HANDLE":
                handles[operator.outputs[0]] = _variable(operator.options)
            elif operator.op == "ASSIGN_VARIABLE" and operator.inputs[0] in handles:
                variable = handles[operator.inputs[0]]
                if variable not in taken:
                    taken.add(variable)
                    values[s, operator.index] = operator.inputs[1]
    return values


def handle_tensors(graph: Graph) -> frozenset[Place]:
    """Return the (subgraph, tensor) of handles, which lie in operator data, not in the head."""
    return frozenset(
        (s, output)
        for s, subgraph in enumerate(graph.subgraphs)
        for operator in subgraph.operators
        if operator.op == "VAR_HANDLE"
        for output in operator.outputs
    )
