"""The TFLite converter's quantizer on a float .tflite, in a child process, for more operators.

It imports TensorFlow; ai-edge-quantizer does not, but has no int8 for LEAKY_RELU, PRELU and
others that TFLM runs.
"""

from ai_edge_litert import schema_py_generated as schema

from edgecompress.quantize.calibrated import activation_ranges, along_copies, with_ranges
from edgecompress.quantize.exported.ranges import Samples, observed_ranges
from edgecompress.quantize.scales import Range
from edgecompress.tflite.pack import serialized


def quantized(model: bytes, samples: Samples) -> bytes:
    """Return `model`, a folded float .tflite, with int8 inputs, outputs, activations and weights.

    Ranges are those of the samples [n, ...] (one array for each input).
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    calibrated = _with_minmax(model, observed_ranges(model, samples))
    ranges = along_copies(calibrated, activation_ranges(calibrated))
    made: bytes = mlir_quantize(
        with_ranges(calibrated, ranges), input_data_type=tf.int8, output_data_type=tf.int8
    )
    return made


def _with_minmax(model: bytes, ranges: dict[int, Range]) -> bytes:
    content = schema.ModelT.InitFromPackedBuf(model)
    for index, (low, high) in ranges.items():
        parameters = schema.QuantizationParametersT(min=[low], max=[high])
        content.subgraphs[0].tensors[index].quantization = parameters
    return serialized(content)
