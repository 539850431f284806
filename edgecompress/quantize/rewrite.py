"""Replace TensorFlow operations that the converter's quantizer gets wrong by others it gets right.

Seen with TensorFlow 2.21. Outputs of SPLIT get each other's ranges, or stay in floating point,
differently from run to run. REVERSE_V2 gets an output scale that its kernels do not rescale to.
SLICE and STRIDED_SLICE, which do the same, are quantized as they should be. An LSTM becomes one
operator only as a call of a function that is marked as Keras 2 marks it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from edgecompress.quantize.recurrent.call import called, is_loop, sequences_of

_SPLITS = ("Split", "SplitV")


def rewritten(graph: Any) -> tuple[Any, Callable[[str], str]]:
    """Return the GraphDef of a frozen tf.Graph without the operations above.

    Also a function from the name of a tensor of the old graph to its name in the new one.
    """
    import tensorflow as tf

    old = graph.as_graph_def()
    operations = {op.name: op for op in graph.get_operations()}
    moved = {
        f"{node.name}:{part}": f"{node.name}/part_{part}"
        for node in old.node
        if node.op in _SPLITS
        for part in range(len(operations[node.name].outputs))
    }
    new = tf.compat.v1.GraphDef(versions=old.versions, library=old.library)
    for node in old.node:
        node.input[:] = [_moved(reference, moved) for reference in node.input]
        if node.op in _SPLITS:
            new.node.extend(_slices(node, operations[node.name]))
        elif node.op == "ReverseV2":
            new.node.extend(_reversed(node, operations[node.name]))
        elif is_loop(operations[node.name]):
            nodes, function = called(operations[node.name])
            new.node.extend(nodes)
            new.library.function.append(function)
        elif any(is_loop(tensor.op) for tensor in operations[node.name].inputs):
            new.node.append(sequences_of(node))
        else:
            new.node.append(node)
    return new, lambda name: _moved(name, moved)


def _moved(reference: str, moved: Mapping[str, str]) -> str:
    name, colon, port = reference.partition(":")
    return moved.get(f"{name}:{port if colon else 0}", reference)


def _slices(node: Any, operation: Any) -> Iterator[Any]:
    """Yield one Slice, with its constants, for each output of a Split or SplitV."""
    value, axis = (1, 0) if node.op == "Split" else (0, 2)
    source = operation.inputs[value]
    along = int(_constant(operation.inputs[axis])) % len(source.shape)
    start = 0
    for part, output in enumerate(operation.outputs):
        name, begin = f"{node.name}/part_{part}", [0] * len(source.shape)
        begin[along], start = start, start + output.shape[along]
        yield _const(f"{name}/begin", begin)
        yield _const(f"{name}/size", output.shape.as_list())
        yield _node(
            "Slice",
            name,
            [node.input[value], f"{name}/begin", f"{name}/size"],
            {"T": source.dtype, "Index": np.int32},
        )


def _reversed(node: Any, operation: Any) -> Iterator[Any]:
    """Yield a StridedSlice that steps backwards, with its constants, for a ReverseV2."""
    rank = len(operation.inputs[0].shape)
    strides = np.ones(rank, np.int32)
    strides[np.ravel(_constant(operation.inputs[1]))] = -1
    yield _const(f"{node.name}/ends", [0] * rank)
    yield _const(f"{node.name}/strides", strides.tolist())
    whole = (1 << rank) - 1  # begin and end are ignored: all of every axis
    yield _node(
        "StridedSlice",
        node.name,
        [node.input[0], f"{node.name}/ends", f"{node.name}/ends", f"{node.name}/strides"],
        {"T": operation.inputs[0].dtype, "Index": np.int32, "begin_mask": whole, "end_mask": whole},
    )


def _node(op: str, name: str, inputs: list[str], attributes: Mapping[str, Any]) -> Any:
    import tensorflow as tf

    node = tf.compat.v1.NodeDef(op=op, name=name, input=inputs)
    for key, value in attributes.items():
        if isinstance(value, int):
            node.attr[key].i = value
        else:
            node.attr[key].type = tf.as_dtype(value).as_datatype_enum
    return node


def _const(name: str, values: list[int]) -> Any:
    import tensorflow as tf

    node = _node("Const", name, [], {"dtype": np.int32})
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.int32))
    return node


def _constant(tensor: Any) -> Any:
    import tensorflow as tf

    return tf.get_static_value(tensor)
