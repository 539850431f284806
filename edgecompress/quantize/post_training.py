"""Post-training quantization of a Keras model to a full-integer .tflite with a batch of one."""

import logging
import math
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgecompress.child import Child, ChildError
from edgecompress.errors import ConversionError, DataError, UsageError
from edgecompress.progress import doing
from edgecompress.quantize.converter import Conversion
from edgecompress.quantize.equalize import equalized
from edgecompress.quantize.fewer_kernels import with_fewer_kernels
from edgecompress.quantize.freeze import FrozenGraph, freeze, nodes_of
from edgecompress.quantize.input_normalization import NormalizedInputs, normalized_inputs
from edgecompress.quantize.output_error import is_worth_its_bytes
from edgecompress.quantize.recurrent.ranges import HIDDEN_STATE, LSTM
from edgecompress.quantize.scales import METHODS, Method
from edgecompress.tflite import int4
from edgecompress.tflite.graph import Operator, Quantization, Subgraph
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.metadata import with_normalizations
from edgecompress.tflite.names import operator_name
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.pack import packed, with_ordered_constants
from edgecompress.tflite.reader import read_model

Scheme = Literal["int8", "int16x8", "pow2"]
Samples = NDArray[np.float32] | Sequence[NDArray[np.float32]]

SCHEMES: tuple[str, ...] = get_args(Scheme)
DEFAULT_SAMPLES = 200
_JUDGED_SAMPLES = 64
_SOFTMAX_SHIFTED = 1 << 26

# Operators whose int8 kernels copy integers, so that input and output must have one scale.
_COPYING = frozenset(
    {
        "BATCH_TO_SPACE_ND", "CONCATENATION", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER",
        "MAX_POOL_2D", "MIRROR_PAD", "PACK", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2",
        "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE",
        "STRIDED_SLICE", "TRANSPOSE", "UNPACK",
    }
)  # fmt: skip

_log = logging.getLogger(__name__)


def quantize(
    model: Any,
    calibration: Samples,
    scheme: Scheme = "int8",
    *,
    method: Method = "minmax",
    samples: int = DEFAULT_SAMPLES,
    equalize: bool = False,
    bias_correction: bool = False,
    per_channel_dense: bool | Literal["auto"] = False,
    weight_bits: int = 8,
    input_normalization: bool = True,
    judged: bool = True,
    unroll: bool = False,
    names: bool = False,
    seed: int = 0,
) -> bytes:
    """Quantize `model` after training; return a .tflite of integers only, with a batch of one.

    Args:
        model: any keras.Model that Keras can trace; custom layers are fine.
        calibration: typical inputs [n, ...], scaled as in training; an array for each input.
        scheme: "int8"; "int16x8" (int16 activations); "pow2" (int8, all scales powers of two).
        method: how activations' ranges are chosen, see `quantize.scales`.
        samples: how many of `calibration` set the ranges, chosen by `seed`.
        equalize: scale channels to like ranges first, see `quantize.equalize`.
        bias_correction: see `quantize.bias_correction`.
        per_channel_dense: one weight scale per unit of a dense layer; "auto": if it is worth that.
        weight_bits: of large kernels; 5 and 6 are for encoders alone, see `tflite.int4`.
        input_normalization: it may leave the graph, see `quantize.input_normalization`.
        judged: do without kernels by what int8 makes of it, see `quantize.fewer_kernels`.
        unroll: write out the steps of LSTMs too.
        names: keep the names of all tensors, which no device reads; else of inputs and outputs.
        seed: of the choice of samples.

    Raises:
        DataError: calibration data is empty, or not of the model's input shape.
        ModelError: TensorFlow or the converter refused the model, or crashed on it; TFLM cannot
            run the result; a model to be equalized is not functional.
    """
    _check_choice(scheme, method, weight_bits)
    chosen = choose(_checked(model, calibration), samples, seed)
    model = equalized(model, chosen) if equalize else model
    inputs = normalized_inputs(model, chosen, wanted=input_normalization)
    make = partial(
        _quantized, chosen, scheme, method=method, bias_correction=bias_correction,
        weight_bits=weight_bits, unroll=unroll, names=names,
    )  # fmt: skip
    judge = choose(chosen, _JUDGED_SAMPLES, seed)
    return _best(cache(make), inputs, model, judge, per_channel_dense, judged=judged)


def _best(
    make: Callable[..., bytes],
    inputs: NormalizedInputs,
    model: Any,
    judge: tuple[NDArray[Any], ...],
    per_channel: bool | Literal["auto"],
    *,
    judged: bool,
) -> bytes:
    """Return what `make` makes of the form with the fewest kernels that is as good.

    Where `per_channel` is "auto": with a scale for each unit of a dense layer, at 8 to 16 bytes, if
    the error falls by enough for these; see `is_worth_its_bytes`.
    """
    plainly = partial(make, per_channel_dense=False)
    inputs = with_fewer_kernels(inputs, model, judge, plainly if judged else None)
    if per_channel != "auto":
        return make(inputs, per_channel_dense=per_channel)
    coarse, fine = plainly(inputs), make(inputs, per_channel_dense=True)
    return fine if is_worth_its_bytes(model, coarse, fine, judge) else coarse


def _quantized(
    chosen: tuple[NDArray[Any], ...],
    scheme: str,
    inputs: NormalizedInputs,
    *,
    weight_bits: int,
    names: bool,
    **choices: Any,
) -> bytes:
    name, samples = inputs.model.name, len(chosen[0])
    with doing(f"quantizing to {scheme}, calibrated with {samples} samples", said=True):
        job = conversion(inputs.model, inputs.applied(chosen), scheme, samples=samples, **choices)
        plain = job.method == "minmax" and scheme != "pow2"
        quantized = converted("to_int" if plain else "to_ranged_int8", job, name, weight_bits)
    return packed(with_normalizations(quantized, inputs.normalizations), names=names)


def converted(function: str, job: Conversion, name: str, weight_bits: int = 8) -> bytes:
    """Return the .tflite that `function` of the converter makes, after checking it; not packed."""
    quantized = with_ordered_constants(convert(function, job))
    if weight_bits in int4.FEWER_BITS:
        quantized = int4.with_fewer_steps(quantized, weight_bits)
    check_runs(quantized, job.samples, name)
    if job.scheme == "pow2":
        _check_pow2(quantized)
    return quantized


def conversion(
    model: Any,
    calibration: Samples,
    scheme: str,
    *,
    method: str = "minmax",
    samples: int = DEFAULT_SAMPLES,
    bias_correction: bool = False,
    per_channel_dense: bool = False,
    unroll: bool = False,
    seed: int = 0,
) -> Conversion:
    """Return what the converter gets: the frozen model and the samples chosen; see `quantize`."""
    chosen = choose(_checked(model, calibration), samples, seed)
    shapes = [(1, *values.shape[1:]) for values in chosen]
    return Conversion(
        # The converter makes an operator of an LSTM for int8 only.
        graph=freeze(model, shapes, unroll=unroll or scheme == "int16x8"),
        samples=chosen,
        scheme=scheme,
        per_channel_dense=per_channel_dense,
        method=method,
        bias_correction=bias_correction,
    )


@doing("at work in the converter")
def convert(function: str, job: Conversion, *arguments: Any) -> Any:
    """Call `function` of edgecompress.quantize.converter in the converter's own process.

    Raises:
        ConversionError: it raised or crashed; the message holds the cause and the layer.
    """
    try:
        return _converter_process().call(function, job, *arguments)
    except ChildError as error:
        raise ConversionError(_explained(str(error), job.graph)) from error


@cache
def _converter_process() -> Child:
    """One process for all conversions: it imports TensorFlow, which takes seconds, only once."""
    return Child("edgecompress.quantize.converter:call")


def _explained(cause: str, graph: FrozenGraph) -> str:
    unknown = re.findall(r"'tf\.(\w+)' op is neither", cause)
    if unknown:
        nodes = [name for op in dict.fromkeys(unknown) for name in nodes_of(graph, op)]
        return (
            f"TFLite has no operator for {', '.join(dict.fromkeys(unknown))}, "
            f"used in {', '.join(nodes) or 'the model'}; replace the layer by supported ones"
        )
    return (
        f"the TFLite converter failed: {cause.strip().splitlines()[0]}; simplify the model by "
        "halves to find the layer it fails on, and replace that layer"
    )


def _check_choice(scheme: str, method: str, weight_bits: int) -> None:
    if weight_bits not in (*int4.FEWER_BITS, 8):
        raise UsageError(f"weights of {weight_bits} bits: they have 8, or 4 to 6 in large kernels")
    if weight_bits in int4.FEWER_BITS and scheme != "int8":
        raise UsageError(
            f"weights of {weight_bits} bits go with the int8 scheme only, not with {scheme}"
        )
    if scheme not in SCHEMES:
        raise UsageError(f"unknown scheme {scheme!r}; known are {', '.join(SCHEMES)}")
    if method not in METHODS:
        raise UsageError(f"unknown calibration {method!r}; known are {', '.join(METHODS)}")
    if scheme == "int16x8" and method != "minmax":
        raise UsageError(
            f"int16x8 is calibrated by minmax only, not by {method}: 65,536 steps make clipping "
            "pointless"
        )


def _checked(model: Any, calibration: Samples) -> tuple[NDArray[Any], ...]:
    """Return one array for each input of the model, of its shape and type."""
    arrays = (calibration,) if isinstance(calibration, np.ndarray) else tuple(calibration)
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if len(arrays) != len(shapes):
        raise DataError(f"model {model.name!r} has {len(shapes)} inputs, data has {len(arrays)}")
    for values, shape in zip(arrays, shapes, strict=True):
        if len(values) == 0:
            raise DataError("calibration data is empty: at least one sample is needed")
        if not _fits(values.shape[1:], shape[1:]):
            raise DataError(
                f"calibration data has samples of shape {values.shape[1:]}, "
                f"model {model.name!r} takes {shape[1:]}"
            )
        if not np.isfinite(values).all():
            raise DataError("calibration data holds NaN or infinity; remove these samples")
    types = [tensor.dtype for tensor in model.inputs]
    return tuple(a.astype(dtype, copy=False) for a, dtype in zip(arrays, types, strict=True))


def _fits(shape: tuple[int, ...], declared: tuple[int | None, ...]) -> bool:
    return len(shape) == len(declared) and all(
        want in (None, got) for got, want in zip(shape, declared, strict=True)
    )


def choose(arrays: tuple[NDArray[Any], ...], count: int, seed: int) -> tuple[NDArray[Any], ...]:
    """Return `count` samples of each input, the same of all, in their order."""
    if count < 1:
        raise UsageError(f"{count} calibration samples: at least one is needed")
    total = len(arrays[0])
    if count >= total:
        return arrays
    chosen = np.sort(np.random.default_rng(seed).choice(total, count, replace=False))
    return tuple(values[chosen] for values in arrays)


def check_runs(model: bytes, samples: tuple[NDArray[Any], ...], name: str) -> None:
    """Raise unless `model` is of integers only, and TFLM runs it."""
    graph = read_model(model)
    tensors = graph.main.tensors
    floats = [
        operator_name(graph.main, operator)
        for operator in graph.main.operators
        if any("FLOAT" in tensors[index].type for index in operator.outputs)
        and operator.op != "DEQUANTIZE"
    ]
    if floats:
        raise ConversionError(
            f"model {name!r} is not fully quantized: {', '.join(floats[:3])} "
            f"{'and others stay' if len(floats) > 3 else 'would run'} in floating point; "  # noqa: PLR2004
            "replace that layer"
        )
    for operator in graph.main.operators:
        if operator.op in _COPYING and len(_scales(graph.main, operator)) > 1:
            raise ConversionError(
                f"the converter gave input and output of {operator_name(graph.main, operator)} "
                "different scales, which no kernel converts: its values would be wrong. Replace "
                "that layer"
            )
    _check_loops(graph.main)
    _check_softmax(graph.main)
    check_supported(graph)
    run(model, [values[:1] for values in samples], "tflm")


def _check_loops(subgraph: Subgraph) -> None:
    """Raise unless each LSTM writes its output with the scale of its hidden state."""
    for operator in subgraph.operators:
        if operator.op == LSTM:
            output, hidden = operator.outputs[0], operator.inputs[HIDDEN_STATE]
            if subgraph.tensors[output].quantization != subgraph.tensors[hidden].quantization:
                raise ConversionError(
                    f"the converter gave output and state of {operator_name(subgraph, operator)} "
                    "different scales, which no kernel converts: its values would be wrong. "
                    "Quantize with the steps written out: --unroll"
                )


def _check_softmax(subgraph: Subgraph) -> None:
    """Raise if a softmax reads integers of a scale that TFLM ends the process for.

    Its multiplier, 2^26 times the scale, must be above 1: tensorflow/lite/kernels/internal/
    quantization_util.cc, PreprocessSoftmaxScaling.
    """
    for operator in subgraph.operators:
        source = subgraph.tensors[operator.inputs[0]] if operator.inputs else None
        if operator.op != "SOFTMAX" or source is None or source.quantization is None:
            continue
        scale = source.quantization.scales[0]
        if source.type == "INT8" and scale * _SOFTMAX_SHIFTED <= 1:
            raise ConversionError(
                f"what {operator_name(subgraph, operator)} reads is the same for all samples (its "
                f"scale would be {scale:.2g}, the least is {1 / _SOFTMAX_SHIFTED:.2g}): the model "
                "is untrained, or its signals vanish on the way. Train it first"
            )


def _scales(subgraph: Subgraph, operator: Operator) -> set[Quantization]:
    tensors = [subgraph.tensors[i] for i in (*operator.inputs, *operator.outputs) if i >= 0]
    return {t.quantization for t in tensors if t.quantization is not None and t.type != "INT32"}


def _check_pow2(model: bytes) -> None:
    """Raise unless every scale is an exact power of two: those have the mantissa 0.5."""
    for tensor in read_model(model).main.tensors:
        scales = tensor.quantization.scales if tensor.quantization is not None else ()
        if any(math.frexp(scale)[0] != 0.5 for scale in scales):  # noqa: PLR2004
            raise ConversionError(
                f"the scale of {tensor.name} cannot be made a power of two; use the int8 scheme"
            )
