"""What a person calls an operator: its kind and the layer it came from."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from edgecompress.tflite.graph import Operator, Subgraph
from edgecompress.tflite.pack import content_of, serialized
from edgecompress.tflite.reader import read_model


def operator_name(subgraph: Subgraph, operator: Operator) -> str:
    """Return for instance "CONV_2D (conv2d_3)"; "CONV_2D 4" where no layer's name survived."""
    layer = layer_name(subgraph, operator)
    return f"{operator.op} ({layer})" if layer else f"{operator.op} {operator.index}"


def layer_name(subgraph: Subgraph, operator: Operator) -> str:
    """Return the layer that a tensor of `operator` is named for ("conv2d_3/Relu"), or "".

    The weights' name is the surest: that of an output joins all the operators fused into it.
    """
    tensors = [subgraph.tensors[index] for index in operator.inputs if index >= 0]
    constants = [t.name for t in tensors if t.data is not None and t.quantization is not None]
    outputs = [subgraph.tensors[index].name for index in operator.outputs]
    for name in (*constants, *outputs):
        layer, slash, _ = short_name(name).rpartition("/")
        if slash:
            return layer
    return ""


def short_name(name: str) -> str:
    """Return the first of the names that the converter joins with ";" when it fuses layers."""
    return name.split(";", maxsplit=1)[0].removesuffix("/ReadVariableOp/resource")


def with_names_of(original: bytes, model: bytes) -> bytes:
    """Return `model` with names for its nameless tensors: those of the .tflite it was made of.

    Operators are paired in the order they run, by kind and shapes of outputs. Tensors of those
    that only one of the two models has (that rescale) stay nameless.
    """
    source, target = read_model(original).main, read_model(model).main
    content = content_of(model)
    tensors = content.subgraphs[0].tensors
    for theirs, ours in _paired(source, target):
        constants = [
            (i, j)
            for i, j in zip(theirs.inputs, ours.inputs, strict=False)
            if i >= 0 and j >= 0 and target.tensors[j].data is not None
        ]
        for i, j in (*constants, *zip(theirs.outputs, ours.outputs, strict=True)):
            tensors[j].name = tensors[j].name or source.tensors[i].name
    return serialized(content)


def _paired(one: Subgraph, other: Subgraph) -> Iterator[tuple[Operator, Operator]]:
    matcher = SequenceMatcher(None, _kinds(one), _kinds(other), autojunk=False)
    for i, j, count in matcher.get_matching_blocks():
        yield from zip(one.operators[i : i + count], other.operators[j : j + count], strict=True)


def _kinds(subgraph: Subgraph) -> list[tuple[str, tuple[tuple[int, ...], ...]]]:
    return [
        (operator.op, tuple(subgraph.tensors[index].shape for index in operator.outputs))
        for operator in subgraph.operators
    ]
