"""The TFLite converter. Its functions run in a child process, since it may crash (see quantize).

Source of the flow: tensorflow/lite/python/lite.py. A float model is calibrated (each activation
tensor gets a min and a max) and then quantized; where ranges other than min-max are asked for,
they replace the calibrated ones in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.compress.freeze import FrozenGraph


@dataclass(frozen=True)
class Conversion:
    """What to convert, and how."""

    graph: FrozenGraph
    samples: tuple[NDArray[Any], ...]  # one array [n, ...] for each input
    scheme: str  # "int8", "int16x8"
    per_channel_dense: bool


def call(function: str, job: Conversion) -> Any:
    """Call a function of this module by name: the child's entry."""
    return {"to_int": to_int}[function](job)


def to_int(job: Conversion) -> bytes:
    """Return a .tflite with integer activations, inputs and outputs, ranges by min-max."""
    data: bytes = _converter(job).convert()
    return data


def _converter(job: Conversion) -> Any:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    int16 = job.scheme == "int16x8"
    ops = tf.lite.OpsSet
    converter = tf.lite.TFLiteConverter.from_concrete_functions([_imported(job.graph)])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _batches_of_one(job.samples)
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


def _batches_of_one(samples: tuple[NDArray[Any], ...]) -> Iterator[list[NDArray[Any]]]:
    for index in range(len(samples[0])):
        yield [np.ascontiguousarray(values[index : index + 1]) for values in samples]
