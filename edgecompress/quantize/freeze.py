"""A Keras model as a frozen TensorFlow graph of fixed shapes: what the converter gets.

The graph is plain bytes, so converting it needs neither the model's Python code nor its custom
layers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from edgecompress.errors import ConversionError
from edgecompress.quantize.friendlier import friendlier_calls
from edgecompress.quantize.recurrent.trace import traced_sequences
from edgecompress.quantize.rewrite import rewritten


@dataclass(frozen=True)
class FrozenGraph:
    """A serialized GraphDef whose variables are constants, and its tensors' names in order."""

    graph_def: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def freeze(model: Any, shapes: Sequence[tuple[int, ...]], *, unroll: bool = False) -> FrozenGraph:
    """Trace `model` (a keras.Model) for inference, its inputs of exactly `shapes`.

    A fixed batch lets Flatten and Reshape become one RESHAPE; with a batch of None they compute
    the shape at run time, by SHAPE, STRIDED_SLICE and PACK.

    Args:
        model: the model.
        shapes: of its inputs, the batch included.
        unroll: write out the steps of LSTMs too, instead of an operator for each LSTM.

    Raises:
        ConversionError: TensorFlow cannot trace the model; the message says why.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    specs = [
        tf.TensorSpec(shape, tensor.dtype, name=name)
        for shape, tensor, name in zip(shapes, model.inputs, _input_names(model), strict=True)
    ]
    try:
        layers = [*_all_layers(model)]
        with traced_sequences(layers, unroll=unroll), friendlier_calls(layers):
            traced = tf.function(lambda *x: _infer(model, x)).get_concrete_function(*specs)
        frozen = convert_variables_to_constants_v2(traced, lower_control_flow=False)
    except ConversionError:
        raise
    except Exception as error:
        raise ConversionError(
            f"model {model.name!r} cannot be traced with inputs of shape "
            f"{', '.join(map(str, shapes))}: {type(error).__name__}: {error}"
        ) from error
    definition, moved = rewritten(frozen.graph)
    names = _short_names(model, [node.name for node in definition.node])
    _rename(definition, names)
    return FrozenGraph(
        graph_def=definition.SerializeToString(deterministic=True),
        inputs=tuple(_renamed(tensor.name, names) for tensor in frozen.inputs),
        outputs=tuple(_renamed(moved(name), names) for name in _output_names(frozen.outputs)),
    )


def nodes_of(graph: FrozenGraph, op: str) -> list[str]:
    """Return the names of the graph's nodes that are a TensorFlow `op` (as "Erf")."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph.graph_def)
    return [node.name for node in definition.node if node.op == op]


def _input_names(model: Any) -> list[str]:
    """Return a name for each input: of several, the user's own, by which data finds them."""
    if len(model.inputs) == 1:
        return ["input_0"]
    return [re.sub(r"[^A-Za-z0-9_.]", "_", tensor.name) for tensor in model.inputs]


def _infer(model: Any, inputs: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    outputs = model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
    return list(tf.nest.flatten(outputs))


def _output_names(outputs: Sequence[Any]) -> list[str]:
    """Return the outputs' names; those of what they copy, since every copy is called Identity."""
    sources = [t.op.inputs[0] if t.op.type == "Identity" else t for t in outputs]
    distinct = {source.name for source in sources if source.op.type != "Placeholder"}
    return [tensor.name for tensor in (sources if len(distinct) == len(outputs) else outputs)]


def _short_names(model: Any, names: Sequence[str]) -> dict[str, str]:
    """Return a name for each node that starts with the layer's own, as a user knows it.

    TensorFlow numbers the scopes ("net_1/conv_1/Relu" for layer "conv" of model "net"). These
    names end up in the .tflite, in messages, and in the device's flash.
    """
    layers = {layer.name for layer in _all_layers(model)}
    taken: set[str] = set()
    short = {}
    for name in names:
        parts = [_without_number(part, layers) for part in name.split("/")]
        if len(parts) > 1 and parts[0] == model.name:
            del parts[0]
        candidate = base = "/".join(parts)
        for number in count(1):
            if candidate not in taken:
                break
            candidate = f"{base}_{number}"
        taken.add(candidate)
        short[name] = candidate
    return short


def _without_number(part: str, layers: set[str]) -> str:
    base, _, number = part.rpartition("_")
    return base if number.isdigit() and base in layers else part


def _rename(definition: Any, names: Mapping[str, str]) -> None:
    for node in definition.node:
        node.name = names[node.name]
        node.input[:] = [_renamed(reference, names) for reference in node.input]


def _renamed(reference: str, names: Mapping[str, str]) -> str:
    """Return a node's output ("name", "name:1") or control input ("^name") by its new name."""
    control = "^" * reference.startswith("^")
    name, colon, port = reference.removeprefix("^").partition(":")
    return f"{control}{names[name]}{colon}{port}"


def _all_layers(layer: Any) -> Iterator[Any]:
    yield layer
    yield from layer._flatten_layers(include_self=False)  # noqa: SLF001 - public walks stop at wrappers
