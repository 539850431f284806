"""What a person calls an operator: its kind and the layer it came from."""

from edgecompress.tflite.graph import Operator, Subgraph


def operator_name(subgraph: Subgraph, operator: Operator) -> str:
    """Return for instance "CONV_2D (conv2d_3)"; the kind alone where no layer's name survived."""
    layer = layer_name(subgraph, operator)
    return f"{operator.op} ({layer})" if layer else operator.op


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
