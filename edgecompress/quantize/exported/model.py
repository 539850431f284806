"""A float .tflite, as exporters of PyTorch and ONNX models write it, to int8.

ai-edge-quantizer does the work (https://github.com/google-ai-edge/ai-edge-quantizer), without
TensorFlow: static ranges, int8 activations, inputs and outputs, int8 weights with a scale for each
channel. A model with operators that it has no int8 for goes to the TFLite converter's quantizer.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.child import Child, ChildError
from edgecompress.errors import ConversionError, DataError, ModelError, ToolError
from edgecompress.quantize.post_training import DEFAULT_SAMPLES, Samples, check_runs, choose
from edgecompress.tflite.folded import folded
from edgecompress.tflite.graph import Graph, Subgraph, Tensor
from edgecompress.tflite.names import operator_name
from edgecompress.tflite.pack import packed
from edgecompress.tflite.reader import read_model

_NAME = "the model"
_QUANTIZERS: Mapping[str, str] = {
    "ai-edge-quantizer": "edgecompress.quantize.exported.ai_edge:quantized",
    "the TFLite converter": "edgecompress.quantize.exported.ranged:quantized",
}


def quantize_tflite(
    model: bytes,
    calibration: Samples,
    *,
    samples: int = DEFAULT_SAMPLES,
    names: bool = False,
    seed: int = 0,
) -> bytes:
    """Quantize a float .tflite after training; return one of integers only, with a batch of one.

    Args:
        model: a .tflite with float inputs, weights and activations; its batch may be open.
        calibration: typical inputs [n, ...] as in training; one array for each input.
        samples: how many of `calibration` set the ranges, chosen by `seed`.
        names: keep the names of all tensors, which no device reads.
        seed: of the choice of samples. The same arguments give the same bytes.

    Raises:
        ModelError: the model is quantized already, or leaves a shape open.
        DataError: calibration data is empty, or not of the model's input shape.
        ConversionError: no quantizer takes the model, or all leave operators in float.
        UnsupportedModelError: TFLM cannot run the result; names the operator and the layer.
        ToolError: ai-edge-quantizer is not installed.
    """
    check_float(read_model(model))
    if find_spec("ai_edge_quantizer") is None:
        raise ToolError(
            "a float .tflite is quantized by ai-edge-quantizer, which is not installed: "
            "pip install ai-edge-quantizer"
        )
    prepared = folded(model)
    graph = read_model(prepared)
    _check_no_loop(graph.main)
    chosen = choose(_checked(graph.main, calibration), samples, seed)
    made = _quantized(prepared, chosen)
    check_runs(made, chosen, _NAME)
    return packed(made, names=names)


def check_float(graph: Graph) -> None:
    """Raise ModelError unless a model is all float: one that is not has lost what int8 needs."""
    for index in graph.main.inputs:
        if graph.main.tensors[index].quantization is not None:
            raise ModelError(
                "this .tflite is quantized already, and cannot be quantized again; give the float "
                "one it was made from, or the Keras model"
            )
    for operator in graph.main.operators:
        weights = [t for t in _inputs(graph.main, operator.inputs) if _is_rounded(t)]
        if weights:
            raise ModelError(
                f"this .tflite is quantized in part: {operator_name(graph.main, operator)} has "
                f"{weights[0].type} weights on float activations (dynamic range). Export it in "
                "float32, without optimizations"
            )


def _check_no_loop(subgraph: Subgraph) -> None:
    for operator in subgraph.operators:
        if "SEQUENCE" in operator.op:
            raise ConversionError(
                f"the inner ranges of {operator_name(subgraph, operator)} cannot be calibrated in "
                "a .tflite: write the model in Keras, whose LSTM is quantized with its states"
            )


def _inputs(subgraph: Subgraph, indices: tuple[int, ...]) -> list[Tensor]:
    return [subgraph.tensors[index] for index in indices if index >= 0]


def _is_rounded(tensor: Tensor) -> bool:
    return (
        tensor.data is not None
        and tensor.type in {"INT8", "INT4", "UINT8"}
        and (tensor.quantization is not None)
    )


def _checked(subgraph: Subgraph, calibration: Samples) -> tuple[NDArray[Any], ...]:
    """Return one array for each input of the model, of its shape and type."""
    arrays = (calibration,) if isinstance(calibration, np.ndarray) else tuple(calibration)
    tensors = [subgraph.tensors[index] for index in subgraph.inputs]
    if len(arrays) != len(tensors):
        raise DataError(f"the model has {len(tensors)} inputs, the data has {len(arrays)}")
    for values, tensor in zip(arrays, tensors, strict=True):
        if len(values) == 0:
            raise DataError("calibration data is empty: at least one sample is needed")
        if values.shape[1:] != tensor.shape[1:]:
            raise DataError(
                f"calibration data has samples of shape {values.shape[1:]}, the model takes "
                f"{tensor.shape[1:]}{_channels_first(values.shape[1:], tensor.shape[1:])}"
            )
        if not np.isfinite(values).all():
            raise DataError("calibration data holds NaN or infinity; remove these samples")
    types = [np.dtype(tensor.type.lower()) for tensor in tensors]
    return tuple(a.astype(dtype, copy=False) for a, dtype in zip(arrays, types, strict=True))


def _channels_first(data: tuple[int, ...], model: tuple[int, ...]) -> str:
    if len(data) > 1 and (data[-1], *data[:-1]) == model:
        return (
            ": channels first. Export it with channels last (docs/pytorch-onnx.md), or transpose "
            "the data"
        )
    return ""


def _quantized(model: bytes, samples: tuple[NDArray[Any], ...]) -> bytes:
    """Quantize by ai-edge-quantizer, and by the converter what that leaves in float."""
    failures = []
    for name, function in _QUANTIZERS.items():
        child = Child(function)
        try:
            made: bytes = child.call(model, samples)
        except ChildError as error:
            failures.append(f"{name} failed: {str(error).strip().splitlines()[0]}")
            continue
        finally:
            child.close()
        floats = _left_in_float(read_model(made).main)
        if not floats:
            return made
        failures.append(f"{name} has no int8 for {', '.join(floats)}")
    raise ConversionError(
        f"{'; '.join(failures)}. Replace these layers before the export, or write the model in "
        "Keras, whose layers are rewritten where that helps"
    )


def _left_in_float(subgraph: Subgraph) -> list[str]:
    return [
        operator_name(subgraph, operator)
        for operator in subgraph.operators
        if operator.op != "DEQUANTIZE"
        and any(subgraph.tensors[index].type == "FLOAT32" for index in operator.outputs)
    ]
