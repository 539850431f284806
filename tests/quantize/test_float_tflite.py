"""Float .tflite models, as exporters of PyTorch and ONNX models write them, to int8."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.flatbuffer_models import Graph, Op, T, build, integers, options

from edgecompress.errors import ConversionError, DataError, ModelError
from edgecompress.evaluate.score import outputs_for
from edgecompress.memory.arena.cross_check import verify
from edgecompress.quantize.exported.model import quantize_tflite
from edgecompress.tflite.folded import folded
from edgecompress.tflite.interpreter import predict
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model


def _float(shape: tuple[int, ...], values: Any = None) -> T:
    return T(shape, "FLOAT32", values, scale=None)


def _weights(random: np.random.Generator, *shape: int) -> T:
    return _float(shape, random.normal(0, 0.5, shape).astype(np.float32))


def network(activation: str = "TANH", batch: int = -1, channels: int = 2) -> bytes:
    """Convolution, activation and dense layer, with the reshape as exporters write it."""
    random = np.random.default_rng(0)
    tensors = {
        "image": _float((1, 6, 6, channels)),
        "kernel": _weights(random, 4, 3, 3, channels),
        "bias": _weights(random, 4),
        "conv": _float((1, 4, 4, 4)),
        "active": _float((1, 4, 4, 4)),
        "shape": T((4,), "INT32", scale=None),
        "first": integers(0),
        "second": integers(1),
        "batch": T((), "INT32", scale=None),
        "features": T((), "INT32", np.array(64, np.int32), scale=None),
        "flat_shape": T((2,), "INT32", scale=None),
        "flat": _float((1, 64)),
        "weights": _weights(random, 3, 64),
        "scores": _float((1, 3)),
    }
    ops = [
        Op("CONV_2D", ["image", "kernel", "bias"], ["conv"],
           options("Conv2DOptions", strideH=1, strideW=1, padding=1,
                   dilationHFactor=1, dilationWFactor=1)),
        Op(activation, ["conv"], ["active"],
           options("LeakyReluOptions", alpha=0.1) if activation == "LEAKY_RELU" else None),
        Op("SHAPE", ["active"], ["shape"], options("ShapeOptions", outType=2)),
        Op("STRIDED_SLICE", ["shape", "first", "second", "second"], ["batch"],
           options("StridedSliceOptions", shrinkAxisMask=1)),
        Op("PACK", ["batch", "features"], ["flat_shape"], options("PackOptions", valuesCount=2)),
        Op("RESHAPE", ["active", "flat_shape"], ["flat"], options("ReshapeOptions")),
        Op("FULLY_CONNECTED", ["flat", "weights", ""], ["scores"],
           options("FullyConnectedOptions")),
    ]  # fmt: skip
    return _with_batch(build(Graph(tensors, ops, ["image"], ["scores"])), batch)


def _with_batch(model: bytes, batch: int) -> bytes:
    from ai_edge_litert import schema_py_generated as schema

    from edgecompress.tflite.pack import serialized

    content = schema.ModelT.InitFromPackedBuf(model)
    tensor = content.subgraphs[0].tensors[content.subgraphs[0].inputs[0]]
    tensor.shapeSignature = [batch, *tensor.shape[1:]]
    return serialized(content)


def samples(count: int = 40, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (count, 6, 6, channels)).astype(np.float32)


def operators(model: bytes) -> list[str]:
    return [operator.op for operator in read_model(model).main.operators]


def test_an_open_batch_becomes_one_and_its_reshape_needs_no_computing() -> None:
    model = folded(network())
    assert operators(model) == ["CONV_2D", "TANH", "RESHAPE", "FULLY_CONNECTED"]
    graph = read_model(model).main
    assert all(-1 not in (t.shape or t.shape_signature) for t in graph.tensors)
    named = {i for operator in graph.operators for i in (*operator.inputs, *operator.outputs)}
    assert len(graph.tensors) == len(named - {-1})


def test_the_int8_model_is_integers_only_and_near_to_the_float_one() -> None:
    model = network()
    made = quantize_tflite(model, samples())
    graph = read_model(made)
    check_supported(graph)
    assert {graph.main.tensors[i].type for i in (*graph.main.inputs, *graph.main.outputs)} == {
        "INT8"
    }
    assert operators(made) == ["CONV_2D", "TANH", "RESHAPE", "FULLY_CONNECTED"]
    unseen = np.random.default_rng(2).normal(0, 1, (100, 6, 6, 2)).astype(np.float32)
    exact = outputs_for(model, unseen)
    error = predict(made, unseen)[0] - exact
    assert 10 * np.log10((exact**2).mean() / (error**2).mean()) > 25
    assert not verify(made).differences


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert quantize_tflite(network(), samples()) == quantize_tflite(network(), samples())


def test_what_ai_edge_quantizer_leaves_in_float_the_converter_quantizes() -> None:
    made = quantize_tflite(network("LEAKY_RELU"), samples())
    assert operators(made) == ["CONV_2D", "LEAKY_RELU", "RESHAPE", "FULLY_CONNECTED"]
    exact = outputs_for(network("LEAKY_RELU"), samples())
    error = predict(made, samples())[0] - exact
    assert 10 * np.log10((exact**2).mean() / (error**2).mean()) > 20


def test_an_operator_that_stays_in_float_is_named() -> None:
    with pytest.raises(ConversionError, match=r"no int8 for SIN.*Replace these layers"):
        quantize_tflite(network("SIN"), samples())


def test_a_batch_of_several_is_refused() -> None:
    with pytest.raises(ModelError, match="takes 8 samples at once"):
        folded(network(batch=8))


def test_a_quantized_model_is_not_quantized_again() -> None:
    made = quantize_tflite(network(), samples())
    with pytest.raises(ModelError, match="quantized already"):
        quantize_tflite(made, samples())


def test_a_hybrid_model_is_named_with_its_layer() -> None:
    tensors = {"x": _float((1, 4)), "w": T((2, 4), "INT8", np.ones((2, 4), np.int8)),
               "y": _float((1, 2))}  # fmt: skip
    ops = [Op("FULLY_CONNECTED", ["x", "w", ""], ["y"], options("FullyConnectedOptions"))]
    with pytest.raises(ModelError, match=r"quantized in part.*FULLY_CONNECTED.*in float32"):
        quantize_tflite(build(Graph(tensors, ops, ["x"], ["y"])), np.zeros((2, 4), np.float32))


def test_channels_first_is_said() -> None:
    with pytest.raises(DataError, match="channels first"):
        quantize_tflite(network(), samples().reshape(40, 6, 2, 6))


def test_the_command_needs_no_tensorflow_and_measures_both(tmp_path: Path) -> None:
    model, out = tmp_path / "float.tflite", tmp_path / "int8.tflite"
    model.write_bytes(network())
    y = outputs_for(network(), samples()).argmax(axis=1)
    np.savez(tmp_path / "data.npz", x=samples(), y=y)
    program = (
        "import sys; from edgecompress.cli import app\n"
        f"app(['quantize', {str(model)!r}, '--data', {str(tmp_path / 'data.npz')!r}, '-o', "
        f"{str(out)!r}, '--json', '--max-accuracy-drop', '100'], standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras', 'ai_edge_quantizer'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"float"' in done.stdout
    assert '"int8"' in done.stdout
    check_supported(read_model(out))


@pytest.mark.parametrize("options", [["--scheme", "pow2"], ["--equalize"], ["--qat"],
                                     ["--calibration", "mse"]])  # fmt: skip
def test_options_for_keras_layers_are_refused(tmp_path: Path, options: list[str]) -> None:
    from click.testing import CliRunner

    from edgecompress.cli.quantize import command
    from edgecompress.errors import UsageError

    model = tmp_path / "float.tflite"
    model.write_bytes(network())
    arguments = [str(model), "--data", "none.npz", "-o", str(tmp_path / "o.tflite"), *options]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, UsageError)
    assert f"{options[0]} works on the layers of a Keras model" in str(result.exception)


def test_a_loss_is_exit_4_with_advice_that_a_tflite_can_follow(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from edgecompress.cli.quantize import command
    from edgecompress.errors import AccuracyError

    model, out = tmp_path / "float.tflite", tmp_path / "o.tflite"
    model.write_bytes(network())
    x = samples(400) * np.float32(1e-3)  # below a step of int8, but for the first two
    x[:2] *= 1e5
    y = outputs_for(network(), x).argmax(axis=1)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y, x_val=x[2:], y_val=y[2:])
    arguments = [str(model), "--data", str(tmp_path / "data.npz"), "-o", str(out)]
    result = CliRunner().invoke(command, [*arguments, "--calibration-samples", "400"])
    assert isinstance(result.exception, AccuracyError), result.exception
    assert "Try more --calibration-samples, or the Keras model" in str(result.exception)
    assert out.is_file()


def test_an_operator_that_overflows_is_named() -> None:
    tensors = {"x": _float((1, 4)), "large": _float((1, 4)), "huge": _float((1, 4))}
    tensors |= {"factor": _float((1,), np.array([1e38], np.float32)), "out": _float((1, 4))}
    ops = [
        Op("MUL", ["x", "factor"], ["large"], options("MulOptions")),
        Op("MUL", ["large", "factor"], ["huge"], options("MulOptions")),
        Op("RELU6", ["huge"], ["out"]),
    ]
    model = build(Graph(tensors, ops, ["x"], ["out"]))
    with pytest.raises(ModelError, match="MUL 1 gives NaN or infinity"):
        quantize_tflite(model, np.ones((4, 4), np.float32))
