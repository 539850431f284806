"""Variables that live from one inference to the next, and the window of CIRCULAR_BUFFER."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgecompress.program.boxes import copied_whole
from edgecompress.program.node import Node, values_of, zero_point_of
from edgecompress.program.program import C_TYPES, Call, State, Step, View
from edgecompress.tflite.graph import Graph, Subgraph, Tensor

# By handle tensor of the main subgraph.
Variables = Mapping[int, State]

_VARIABLE_OPERATORS = frozenset({"VAR_HANDLE", "CALL_ONCE", "READ_VARIABLE", "ASSIGN_VARIABLE"})
# Outputs of CIRCULAR_BUFFER that run each time where its options do not say how often.
# Source: kernels/circular_buffer_common.cc.
_SLOTS_OF_EACH_TIME = frozenset({5, 13, 25})


def is_of_variables(node: Node) -> bool:
    """Say whether an operator names, reads or writes a variable."""
    return node.operator.op in _VARIABLE_OPERATORS


def variables_of(graph: Graph) -> Variables:
    """Return the variables of a model, with the values that CALL_ONCE gives them.

    Others begin with the zero point of the first tensor that is assigned to them, in each byte.
    Source: micro_resource_variable.cc.
    """
    names = dict(_names(graph.main))
    given = dict(_given(graph))
    states = {}
    for name in dict.fromkeys(names.values()):
        writer = next(_assigning(graph, name), None)
        if writer is None:
            continue
        tensor = writer.input(1)
        writer.need_type(tensor, *C_TYPES)
        first = np.full(tensor.size_bytes, zero_point_of(tensor) & 0xFF, np.uint8)
        values = first.view(np.dtype(tensor.type.lower()))
        state = State(name[1], C_TYPES[tensor.type], values)
        if name in given:
            _check_alike(writer, given[name], state)
            state = replace(state, first=values_of(given[name]).ravel())
        states[name] = state
    return {handle: states[name] for handle, name in names.items() if name in states}


def _names(subgraph: Subgraph) -> Iterator[tuple[int, tuple[str, str]]]:
    for operator in subgraph.operators:
        if operator.op == "VAR_HANDLE":
            names = (operator.options.get(key) or b"" for key in ("container", "shared_name"))
            container, shared = (
                n.decode("utf-8", "replace") if isinstance(n, bytes) else str(n) for n in names
            )
            yield operator.outputs[0], (container, shared)


def _assigning(graph: Graph, name: tuple[str, str]) -> Iterator[Node]:
    for subgraph in graph.subgraphs:
        names = dict(_names(subgraph))
        for operator in subgraph.operators:
            if operator.op == "ASSIGN_VARIABLE" and names.get(operator.inputs[0]) == name:
                yield Node(operator, subgraph)


def _given(graph: Graph) -> Iterator[tuple[tuple[str, str], Tensor]]:
    """Yield what the subgraphs of CALL_ONCE assign, which must be constants."""
    touched = False
    for operator in graph.main.operators:
        touched = touched or operator.op in ("READ_VARIABLE", "ASSIGN_VARIABLE")
        if operator.op != "CALL_ONCE":
            continue
        node = Node(operator, graph.main)
        if touched:
            raise node.refuse("it comes after variables are used")
        initial = graph.subgraphs[int(node.option("init_subgraph_index"))]
        names = dict(_names(initial))
        for inner in initial.operators:
            value = initial.tensors[inner.inputs[1]] if inner.op == "ASSIGN_VARIABLE" else None
            if value is not None and value.data is not None and inner.inputs[0] in names:
                yield names[inner.inputs[0]], value
            elif inner.op != "VAR_HANDLE":
                raise node.refuse("it does more than assign constants to variables")


def variable(node: Node, variables: Variables) -> Sequence[Step]:
    """Return the view for READ_VARIABLE and the copy for ASSIGN_VARIABLE; nothing for others."""
    op = node.operator.op
    if op in ("VAR_HANDLE", "CALL_ONCE"):
        return []
    state = variables.get(node.operator.inputs[0])
    if state is None:
        raise node.refuse("nothing is ever assigned to its variable")
    if op == "ASSIGN_VARIABLE":
        value = node.input(1)
        _check_alike(node, value, state)
        return [copied_whole(node, value, state, value.size_bytes)]
    _check_alike(node, node.output(), state)
    return [_shown(node, state, node.output())]


def _check_alike(node: Node, tensor: Tensor, state: State) -> None:
    """Refuse a tensor that is copied to or from a variable of another size or type."""
    if tensor.size_bytes != state.size_bytes or C_TYPES.get(tensor.type) != state.ctype:
        raise node.refuse(
            f"its variable is {tensor.size_bytes:,} bytes of {tensor.type} in one place, and "
            f"{state.size_bytes:,} of {state.ctype} in another"
        )


def circular_buffer(node: Node) -> Sequence[Step]:
    """Return the call for CIRCULAR_BUFFER, and the view of its window."""
    value, output = node.input(0), node.output()
    node.need_type(value, "INT8")
    if _cycles(node, output) != 1:
        raise node.refuse("what comes after it runs only once in several inferences")
    first = zero_point_of(output) if output.is_variable else 0
    window = State(output.name, "int8_t", np.full(output.elements, first, np.int8))
    call = Call(
        kernel="shift_in",
        layer=node.layer,
        fields={"kept": output.elements - value.elements, "slot": value.elements},
        inputs=(value.index,),
        outputs=(window,),
    )
    return [call, _shown(node, window, output)]


def _cycles(node: Node, output: Tensor) -> int:
    from flatbuffers import flexbuffers

    content = node.operator.custom_options
    cycles = int(flexbuffers.Loads(content)["cycles_max"]) if content else 0
    return cycles if cycles > 0 else (1 if output.shape[1] in _SLOTS_OF_EACH_TIME else 2)


def _shown(node: Node, state: State, tensor: Tensor) -> View:
    copy = copied_whole(node, state, tensor.index, tensor.size_bytes)
    return View(tensor.index, state, 0, copy)
