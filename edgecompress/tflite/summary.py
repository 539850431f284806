"""What a model is made of: operators, shapes, quantization, parameters, multiply-accumulates."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecompress.tflite.graph import Graph, Operator, Subgraph, Tensor
from edgecompress.tflite.macs import operator_macs
from edgecompress.tflite.reader import read_model

_SHOWN = 8  # means and deviations in a line for people


@dataclass(frozen=True)
class TensorSummary:
    """A tensor; `scale` and `zero_point` are the first of `channels`, None if not quantized."""

    index: int
    name: str
    type: str
    shape: tuple[int, ...]
    bytes: int
    constant: bool
    scale: float | None
    zero_point: int | None
    channels: int  # quantization parameters: 1 per tensor, or one for each channel


@dataclass(frozen=True)
class OperatorSummary:
    """An operator with its tensors; inputs that are left out are not listed."""

    subgraph: int
    index: int
    op: str
    activation: str | None
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class ModelSummary:
    """A whole model. Parameters are weights and biases, each counted once."""

    bytes: int
    sha256: str
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    operators: tuple[OperatorSummary, ...]
    counts: Mapping[str, int]
    parameters: int
    parameter_bytes: int
    macs: int


def summarize(graph: Graph) -> ModelSummary:
    """Return what the model is made of."""
    operators = tuple(
        _operator(s, subgraph, operator)
        for s, subgraph in enumerate(graph.subgraphs)
        for operator in subgraph.operators
    )
    weights = [t for s in graph.subgraphs for t in s.tensors if _is_parameter(t)]
    once = {tensor.buffer: tensor for tensor in weights}.values()
    main = graph.main
    return ModelSummary(
        bytes=graph.size_bytes,
        sha256=graph.sha256,
        inputs=tuple(_tensor(main.tensors[i]) for i in main.inputs),
        outputs=tuple(_tensor(main.tensors[i]) for i in main.outputs),
        operators=operators,
        counts=dict(Counter(operator.op for operator in operators)),
        parameters=sum(tensor.elements for tensor in once),
        parameter_bytes=sum(tensor.size_bytes for tensor in once),
        macs=sum(operator.macs for operator in operators),
    )


def normalized_inputs_of(model: bytes) -> list[dict[str, Any]]:
    """Return what is done to each input of a .tflite that is normalized, as plain values."""
    main = read_model(model).main
    tensors = [main.tensors[index] for index in main.inputs]
    return [
        {
            "input": index,
            "name": tensor.name,
            "mean": list(tensor.normalization.mean),
            "std": list(tensor.normalization.std),
        }
        for index, tensor in enumerate(tensors)
        if tensor.normalization
    ]


def normalization_in_words(row: Mapping[str, Any]) -> str:
    """Return one of `normalized_inputs_of` as a line for people."""
    mean, std = (_shortened(row[key]) for key in ("mean", "std"))
    return (
        f"Input {row['name']} is normalized before it is quantized: (x - mean) / std, mean {mean}, "
        f"std {std}; the file's metadata holds them, the generated runner applies them"
    )


def _shortened(values: list[float]) -> str:
    shown = ", ".join(f"{value:.4g}" for value in values[:_SHOWN])
    return f"{shown}, ... ({len(values)} values)" if len(values) > _SHOWN else shown


def _is_parameter(tensor: Tensor) -> bool:
    """Tell weights and biases from constants that say how: shapes, axes, paddings."""
    return tensor.data is not None and (tensor.quantization is not None or tensor.type == "FLOAT32")


def _operator(s: int, subgraph: Subgraph, operator: Operator) -> OperatorSummary:
    inputs = [subgraph.tensors[i] for i in operator.inputs if i >= 0]
    activation = operator.options.get("fused_activation_function")
    return OperatorSummary(
        subgraph=s,
        index=operator.index,
        op=operator.op,
        activation=None if activation == "NONE" else activation,
        inputs=tuple(_tensor(tensor) for tensor in inputs),
        outputs=tuple(_tensor(subgraph.tensors[i]) for i in operator.outputs),
        parameters=sum(tensor.elements for tensor in inputs if _is_parameter(tensor)),
        macs=operator_macs(subgraph, operator),
    )


def _tensor(tensor: Tensor) -> TensorSummary:
    quantization = tensor.quantization
    return TensorSummary(
        index=tensor.index,
        name=tensor.name,
        type=tensor.type,
        shape=tensor.shape,
        bytes=tensor.size_bytes,
        constant=tensor.data is not None,
        scale=quantization.scales[0] if quantization else None,
        zero_point=next(iter(quantization.zero_points), None) if quantization else None,
        channels=len(quantization.scales) if quantization else 0,
    )
