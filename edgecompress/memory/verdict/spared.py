"""Which kernels a model could do without, by how it uses them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from edgecompress.tflite.graph import Graph, Operator, Subgraph

Holds = Callable[[Subgraph, Operator], bool]

_WITH_WEIGHTS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})
_MAP_DIMENSIONS = 4  # batch, rows, columns, channels


def what_spares(op: str, graph: Graph) -> str | None:
    """Say what would spare the kernel of `op`: None unless it spares each of its operators."""
    found: dict[str, None] = {}
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            if operator.op != op:
                continue
            rules = _RULES.get(op, ())
            text = next((text for holds, text in rules if holds(subgraph, operator)), None)
            if text is None:
                return None
            found[text] = None
    return "; ".join(found) or None


def _at_end(subgraph: Subgraph, op: Operator) -> bool:
    """Say whether the operator gives an output of the model, converted or not."""
    after = [next_op for next_op in _readers(subgraph, op) if next_op.op in _CONVERSIONS]
    ends = (op, *after)
    return any(output in subgraph.outputs for end in ends for output in end.outputs)


def _takes_constant_beside_weights(subgraph: Subgraph, op: Operator) -> bool:
    """Say whether a constant is an operand that a neighbour's kernel or bias could take."""
    constant = any(subgraph.tensors[index].data is not None for index in op.inputs if index >= 0)
    beside = (*_writers(subgraph, op), *_readers(subgraph, op))
    return constant and any(other.op in _WITH_WEIGHTS for other in beside)


def _behind_weights(subgraph: Subgraph, op: Operator) -> bool:
    return any(other.op in _WITH_WEIGHTS for other in _writers(subgraph, op))


def _activates(subgraph: Subgraph, op: Operator) -> bool:
    """Say whether the operator is an activation within the model, and no gate of a product."""
    gate = any(reader.op == "MUL" for reader in _readers(subgraph, op))
    return _behind_weights(subgraph, op) and not gate and not _at_end(subgraph, op)


def _is_swish(subgraph: Subgraph, op: Operator) -> bool:
    """Say whether the operator's output multiplies the operator's input."""
    return any(
        reader.op == "MUL" and op.inputs[0] in reader.inputs for reader in _readers(subgraph, op)
    )


def _multiplies_activations(subgraph: Subgraph, op: Operator) -> bool:
    softmax = any(other.op == "SOFTMAX" for other in subgraph.operators)
    return softmax and all(subgraph.tensors[index].data is None for index in op.inputs[:2])


def _of_map_beside_pooling(subgraph: Subgraph, op: Operator) -> bool:
    pooled = any(other.op == "AVERAGE_POOL_2D" for other in subgraph.operators)
    return pooled and len(subgraph.tensors[op.inputs[0]].shape) == _MAP_DIMENSIONS


def _always(_subgraph: Subgraph, _op: Operator) -> bool:
    return True


def _readers(subgraph: Subgraph, op: Operator) -> Iterator[Operator]:
    return (other for other in subgraph.operators if set(op.outputs) & set(other.inputs))


def _writers(subgraph: Subgraph, op: Operator) -> Iterator[Operator]:
    return (other for other in subgraph.operators if set(other.outputs) & set(op.inputs))


_FUSED = (_behind_weights, "use ReLU, which is fused into the layer before")
_FOLDED = (
    _takes_constant_beside_weights,
    "fold its constants into the convolution or dense layer next to it",
)
_RELU_WITHIN = (_activates, "use ReLU within the model")

# What spares an operator, and where that is so; the first that holds counts.
_RULES: Mapping[str, Sequence[tuple[Holds, str]]] = {
    "ADD": (_FOLDED,),
    "BATCH_MATMUL": ((_multiplies_activations, "attention costs it; convolutions do without"),),
    "LEAKY_RELU": (_FUSED,),
    "LOGISTIC": (
        (_at_end, "end with logits"),
        (_is_swish, "use ReLU in place of SiLU"),
        _RELU_WITHIN,
    ),
    "MEAN": ((_of_map_beside_pooling, "use AveragePooling2D, which the model has anyway"),),
    "MUL": (_FOLDED,),
    "PRELU": (_FUSED,),
    "SOFTMAX": ((_at_end, "end with logits: the greatest is the same"),),
    "SUB": (_FOLDED,),
    "TANH": (_RELU_WITHIN,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ((_always, "convolutions over time do without"),),
}
