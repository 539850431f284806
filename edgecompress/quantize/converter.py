"""The TFLite converter. Its functions run in a child process, since it may crash (see quantize).

Source of the flow: tensorflow/lite/python/lite.py. A float model is calibrated (each activation
tensor gets a min and a max) and then quantized; where ranges other than min-max are asked for,
they replace the calibrated ones in between.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.quantize.bias_correction import bias_corrected
from edgecompress.quantize.calibrated import (
    activation_ranges,
    along_copies,
    inner_tensors,
    with_pow2_weights,
    with_ranges,
)
from edgecompress.quantize.freeze import FrozenGraph
from edgecompress.quantize.recurrent.call import has_calls
from edgecompress.quantize.recurrent.names import loop_layers, with_loop_layers
from edgecompress.quantize.recurrent.ranges import beginning_anew, carried_names, in_loops
from edgecompress.quantize.recurrent.steps import alike_in_steps, has_steps
from edgecompress.quantize.scales import Histogram, Range, choose_ranges, pow2_range
from edgecompress.quantize.tables.lookups import has_functions, with_stand_ins, with_tables
from edgecompress.quantize.tensor_values import batches_of_one, tensor_values
from edgecompress.tflite.affine import dequantize, quantize, real_range
from edgecompress.tflite.graph import Tensor
from edgecompress.tflite.names import layer_name, with_names_of
from edgecompress.tflite.reader import read_model


@dataclass(frozen=True)
class Conversion:
    """What to convert, and how."""

    graph: FrozenGraph
    samples: tuple[NDArray[Any], ...]  # one array [n, ...] for each input
    scheme: str  # "int8", "int16x8", "pow2"
    per_channel_dense: bool
    method: str = "minmax"  # or "percentile", "mse"
    bias_correction: bool = False
    # Ranges that are known (from training), each with what the tensor holds for the first sample:
    # names do not survive the conversion, values do.
    points: tuple[tuple[NDArray[np.float32], Range], ...] = ()


@dataclass(frozen=True)
class TensorError:
    """How an operator's integers differ from its float values: sums over all values compared."""

    layer: str  # "" if its name is lost
    op: str
    operator: int  # its place in the integer model
    values: Histogram  # of the float values
    held: Range  # what the integers can hold
    disparity: float  # of what a CONCATENATION joins: its widest range over its narrowest
    count: float
    signal: float  # float^2
    noise: float  # (float - integer's value)^2
    product: float  # float * integer's value
    answer: float  # integer's value^2
    clipped: float  # float values outside of what the integers can hold


def call(function: str, job: Conversion, *arguments: Any) -> Any:
    """Call a function of this module by name: the child's entry."""
    functions = (to_int, to_ranged_int8, tensor_errors)
    return {known.__name__: known for known in functions}[function](job, *arguments)


def to_int(job: Conversion) -> bytes:
    """Return a .tflite with integer activations, inputs and outputs, ranges by min-max."""
    graph = job.graph.graph_def
    if job.scheme == "int8" and (has_functions(graph) or has_calls(graph) or has_steps(graph)):
        return to_ranged_int8(job)  # the converter would choose other ranges, see there
    data: bytes = _converter(job).convert()
    if job.bias_correction:
        # The float model is the same for all schemes; that for int16 cannot be had.
        data = bias_corrected(to_float(replace(job, scheme="int8")), data, job.samples)
    return data


def to_float(job: Conversion) -> bytes:
    """Return a float .tflite whose activation tensors carry the min and max of the samples."""
    converter = _converter(job)
    converter._experimental_calibrate_only = True  # noqa: SLF001 - no public name
    data: bytes = converter.convert()
    return beginning_anew(data, job.samples)


def to_ranged_int8(job: Conversion) -> bytes:
    """Return an int8 .tflite whose ranges are chosen by `job.method`, or by powers of two."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    calibrated = to_float(job)
    ranges = activation_ranges(calibrated)
    if job.method != "minmax":
        inner = inner_tensors(calibrated) - carried_names(calibrated)
        histograms = {name: Histogram.empty(*ranges[name]) for name in inner if name in ranges}
        for values in tensor_values(calibrated, job.samples):
            for name, histogram in histograms.items():
                histogram.add(values[name])
        ranges |= choose_ranges(histograms, job.method)
    ranges |= _known_ranges(job, calibrated)
    ranges = in_loops(calibrated, along_copies(calibrated, alike_in_steps(ranges)))
    if job.scheme == "pow2":
        ranges = {name: pow2_range(low, high) for name, (low, high) in ranges.items()}
    prepared, functions = with_stand_ins(with_ranges(calibrated, ranges))
    quantized: bytes = mlir_quantize(
        prepared,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        disable_per_channel_for_dense_layers=not job.per_channel_dense,
    )
    if job.scheme == "pow2":
        quantized = with_pow2_weights(quantized, calibrated)
    quantized = with_tables(quantized, functions)
    if job.bias_correction:
        quantized = bias_corrected(calibrated, quantized, job.samples)
    return with_loop_layers(quantized, loop_layers(calibrated, job.graph.graph_def))


def _known_ranges(job: Conversion, calibrated: bytes) -> dict[str, Range]:
    """Return the range of each tensor that holds what one of the job's points holds."""
    first = tuple(values[:1] for values in job.samples)
    found = {}
    for name, values in next(tensor_values(calibrated, first)).items() if job.points else ():
        for wanted, chosen in job.points:
            if values.size == wanted.size and values.dtype == np.float32:
                tolerance = 1e-4 * float(np.abs(wanted).max()) + 1e-6
                if np.allclose(values.ravel(), wanted.ravel(), rtol=0, atol=tolerance):
                    found[name] = chosen
    return found


def tensor_errors(job: Conversion, quantized: bytes) -> list[TensorError]:
    """Compare the output of each operator of an integer model with that of the float one."""
    calibrated = to_float(job)
    calibrated = with_loop_layers(calibrated, loop_layers(calibrated, job.graph.graph_def))
    quantized = with_names_of(calibrated, quantized)
    graph = read_model(quantized).main
    tensors = {t.name: t for t in graph.tensors if t.data is None and t.quantization is not None}
    integers = [graph.tensors[index] for index in graph.inputs]
    rows = tuple(quantize(v, t) for v, t in zip(job.samples, integers, strict=True))
    pairs = zip(tensor_values(calibrated, job.samples), tensor_values(quantized, rows), strict=True)
    sums: dict[str, NDArray[np.float64]] = {}
    spans = activation_ranges(calibrated)
    histograms = {
        name: Histogram.empty(*spans.get(name, real_range(tensors[name]))) for name in tensors
    }
    for exact, rounded in pairs:
        for name in tensors.keys() & exact.keys():
            if exact[name].shape != rounded[name].shape:  # it has one more, constant channel
                continue
            row = _compared(exact[name], rounded[name], tensors[name])
            sums[name] = sums.get(name, np.zeros(len(row))) + row
            histograms[name].add(exact[name])
    names = [(operator, graph.tensors[operator.outputs[0]].name) for operator in graph.operators]
    joined = _disparities(calibrated)
    return [
        TensorError(
            layer_name(graph, operator),
            operator.op,
            operator.index,
            histograms[name],
            real_range(tensors[name]),
            joined.get(name, 1.0),
            *sums[name].tolist(),
        )
        for operator, name in names
        if name in sums
    ]


def _disparities(calibrated: bytes) -> dict[str, float]:
    """Return for each CONCATENATION, by its output, how far the ranges that it joins differ."""
    ranges, main, found = activation_ranges(calibrated), read_model(calibrated).main, {}
    for operator in main.operators:
        names = [main.tensors[index].name for index in operator.inputs if index >= 0]
        widths = [high - low for low, high in (ranges[n] for n in names if n in ranges)]
        if operator.op == "CONCATENATION" and widths and min(widths) > 0:
            found[main.tensors[operator.outputs[0]].name] = max(widths) / min(widths)
    return found


def _compared(exact: NDArray[Any], stored: NDArray[Any], tensor: Tensor) -> NDArray[np.float64]:
    rounded = dequantize(stored, tensor).astype(np.float64)
    low, high = real_range(tensor)
    half = tensor.quantization.scales[0] / 2 if tensor.quantization is not None else 0.0
    outside = (exact < low - half) | (exact > high + half)
    return np.array(
        [
            exact.size,
            np.square(exact, dtype=np.float64).sum(),
            np.square(exact - rounded).sum(),
            (exact * rounded).sum(),
            np.square(rounded).sum(),
            outside.sum(),
        ]
    )


def _converter(job: Conversion) -> Any:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    int16 = job.scheme == "int16x8"
    ops = tf.lite.OpsSet
    function = _imported(job.graph)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    # Frozen again, the marks that make an operator of an LSTM would be lost.
    definition = function.graph.as_graph_def(add_shapes=True)
    converter._freeze_concrete_function = lambda: (  # noqa: SLF001 - no public name
        definition,
        function.inputs,
        function.outputs,
        function,
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: batches_of_one(job.samples)
    converter.target_spec.supported_ops = [
        ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        if int16
        else ops.TFLITE_BUILTINS_INT8
    ]
    converter.inference_input_type = tf.int16 if int16 else tf.int8
    converter.inference_output_type = converter.inference_input_type
    converter._experimental_disable_per_channel_quantization_for_dense_layers = (  # noqa: SLF001 - no public name
        not job.per_channel_dense
    )
    return converter


def _imported(graph: FrozenGraph) -> Any:
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph.graph_def)
    function = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    tensor = function.graph.get_tensor_by_name
    return function.prune([*map(tensor, graph.inputs)], [*map(tensor, graph.outputs)])
