"""Quantization by the real converter, judged by the TFLM interpreter."""

import math
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecompress.errors import ConversionError, DataError, UnsupportedModelError, UsageError
from edgecompress.evaluate.score import evaluate, outputs_for
from edgecompress.keras_files.model import import_keras
from edgecompress.quantize import freeze
from edgecompress.quantize.layer_errors import layer_errors, worst_layer
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.scales import Histogram, clipped_range, pow2_range
from edgecompress.tflite.reader import read_model


@pytest.fixture(scope="module")
def keras():
    return import_keras()


def _noise(*shape):
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def _scales(model):
    tensors = read_model(model).main.tensors
    return {t.name: t.quantization for t in tensors if t.quantization is not None}


def test_the_model_is_integer_with_a_batch_of_one(digits_int8):
    graph = read_model(digits_int8).main
    assert {tensor.type for tensor in graph.tensors} == {"INT8", "INT32"}
    source, answer = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    assert (source.type, source.shape) == ("INT8", (1, 8, 8, 1))
    assert (answer.type, answer.shape) == ("INT8", (1, 10))
    # Flatten with a dynamic batch would add SHAPE, STRIDED_SLICE and PACK.
    assert [operator.op for operator in graph.operators] == [
        "CONV_2D", "CONV_2D", "ADD", "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"method": "percentile"},
        {"method": "mse"},
        {"per_channel_dense": True},
        {"scheme": "int16x8"},
        {"scheme": "pow2"},
        {"scheme": "pow2", "method": "mse"},
    ],
    ids=str,
)
def test_every_scheme_keeps_the_accuracy_in_tflm(choices, digits_model, digits_splits):
    train, _, test = digits_splits
    model = quantize(digits_model, train.x, **choices)
    before = evaluate(digits_model, test, "classification")["accuracy"]
    after = evaluate(model, test, "classification")["accuracy"]
    assert before > 0.93
    assert after > before - 0.015
    count = len(read_model(model).main.operators)
    assert count == 7, "ranges that disagree would add QUANTIZE operators"


def test_equal_input_gives_equal_bytes(digits_model, digits_splits, digits_int8):
    assert quantize(digits_model, digits_splits[0].x) == digits_int8
    other = quantize(digits_model, digits_splits[0].x, seed=1, samples=20)
    assert other != digits_int8


def test_nothing_is_printed(digits_model, digits_splits, capfd):
    quantize(digits_model, digits_splits[0].x, samples=5)
    assert capfd.readouterr().out == ""


def test_pow2_scales_are_exact_powers_of_two(digits_model, digits_splits, digits_int8):
    found = _scales(quantize(digits_model, digits_splits[0].x, "pow2"))
    scales = [scale for q in found.values() for scale in q.scales]
    assert all(math.frexp(scale)[0] == 0.5 for scale in scales)
    assert not all(math.frexp(s)[0] == 0.5 for q in _scales(digits_int8).values() for s in q.scales)


def test_int16_activations_are_closer_to_float_than_int8(digits_model, digits_splits, digits_int8):
    x = digits_splits[2].x[:50]
    wanted = outputs_for(digits_model, x)
    wide = quantize(digits_model, digits_splits[0].x, "int16x8")
    graph = read_model(wide).main
    assert graph.tensors[graph.inputs[0]].type == graph.tensors[graph.outputs[0]].type == "INT16"
    error8 = np.abs(outputs_for(digits_int8, x) - wanted).mean()
    error16 = np.abs(outputs_for(wide, x) - wanted).mean()
    assert error16 < 0.75 * error8  # both have int8 weights


def test_an_outlier_does_not_set_a_percentile_range(keras):
    model = keras.Sequential(
        [keras.Input((16,)), keras.layers.Dense(16, name="wide"), keras.layers.Dense(2)]
    )
    model.get_layer("wide").kernel.assign(np.eye(16))
    x = _noise(3000, 16)
    x[7, 3] = 400
    plain, clipped = (quantize(model, x, samples=3000, method=m) for m in ("minmax", "percentile"))
    assert _output_scale(clipped, 0) < _output_scale(plain, 0) / 20


def _output_scale(model, operator):
    graph = read_model(model).main
    return graph.tensors[graph.operators[operator].outputs[0]].quantization.scales[0]


def _mean_error(model, tflite, x):
    return np.abs(outputs_for(tflite, x) - outputs_for(model, x)).mean()


def test_the_mse_range_has_less_error_than_minmax_on_long_tails():
    values = np.random.default_rng(0).laplace(size=200_000)
    histogram = Histogram.empty(float(values.min()), float(values.max()))
    histogram.add(values)
    low, high = clipped_range(histogram, "mse")

    def error(low, high):
        scale = (high - low) / 255
        return np.square(np.clip(np.round(values / scale), low / scale, high / scale) * scale
                         - values).mean()  # fmt: skip

    assert error(low, high) < 0.8 * error(values.min(), values.max())


@given(st.floats(-1e4, 1e4, allow_subnormal=False), st.floats(0, 1e4, allow_subnormal=False))
def test_a_pow2_range_holds_the_values_and_zero(low, width):
    low, high = min(low, 0.0), max(low + width, 0.0)
    left, right = pow2_range(low, high)
    scale = (right - left) / 255
    assert math.frexp(scale)[0] == 0.5
    assert left <= low
    assert right >= high - scale / 2
    assert left <= 0 <= right
    assert (-128 - left / scale) % 1 == 0
    assert scale <= 2.1 * max((high - low) / 255, 2.0**-40)


def test_dense_layers_have_one_scale_unless_asked(digits_model, digits_splits):
    x = digits_splits[0].x
    coarse = quantize(digits_model, x, names=True)
    fine = quantize(digits_model, x, per_channel_dense=True, names=True)
    assert len(_scales(coarse)["digit/MatMul"].scales) == 1
    assert len(_scales(fine)["digit/MatMul"].scales) == 10
    assert 8 * 9 <= len(fine) - len(coarse) <= 16 * 10 + 16


def test_recurrent_and_splitting_layers_are_quantized_right_every_time(keras):
    # The converter crashes on rolled loops, mixes up the outputs of SPLIT, differently from run to
    # run, and gives REVERSE_V2 scales that no kernel converts.
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((3, 4)),
            layers.Lambda(lambda x: keras.ops.concatenate(keras.ops.split(x, 2, -1)[::-1], -1)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.GRU(4),
        ]
    )
    x = _noise(60, 3, 4)
    found = {quantize(model, x) for _ in range(3)}
    assert len(found) == 1
    assert _mean_error(model, found.pop(), x) < 0.01
    gru = model.layers[-1]
    assert (gru.unroll, gru.cell.implementation) == (False, 2), "the user's model is as it was"


def test_a_crash_of_the_converter_is_an_error_and_not_the_end(keras, monkeypatch):
    # Calibrating a rolled GRU ends the converter with SIGSEGV.
    monkeypatch.setattr(freeze, "traced_sequences", lambda *_, **__: nullcontext())
    model = keras.Sequential([keras.Input((6, 3)), keras.layers.GRU(4)])
    with pytest.raises(ConversionError, match="SIG"):
        quantize(model, _noise(20, 6, 3))
    monkeypatch.undo()
    assert quantize(model, _noise(20, 6, 3))


def test_custom_layers_and_several_inputs_and_outputs(keras):
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return x * 2.0

    a, b = keras.Input((4,)), keras.Input((6,))
    joined = keras.layers.Concatenate()([Doubled()(a), b])
    model = keras.Model([a, b], [keras.layers.Dense(3)(joined), keras.layers.Dense(2)(b)])
    data = [_noise(80, 4), _noise(80, 6)]
    graph = read_model(quantize(model, data)).main
    assert [graph.tensors[i].shape for i in graph.inputs] == [(1, 4), (1, 6)]
    assert [graph.tensors[i].shape for i in graph.outputs] == [(1, 3), (1, 2)]


def _sorted(x):
    import tensorflow as tf

    return tf.sort(x)


@pytest.mark.parametrize(
    ("layers", "shape", "error", "message"),
    [
        (["Conv3D", (4, 3)], (6, 6, 6, 1), ConversionError, r"CONV_3D \(culprit\)"),
        (["Lambda", (_sorted,)], (16,), UnsupportedModelError, "TOPK_V2"),
    ],
)
def test_a_layer_that_tflm_cannot_run_is_named(layers, shape, error, message, keras):
    kind, arguments = layers
    bad = getattr(keras.layers, kind)(*arguments, name="culprit")
    with pytest.raises(error, match=message) as caught:
        quantize(keras.Sequential([keras.Input(shape), bad]), _noise(10, *shape))
    assert "culprit" in str(caught.value)


def test_an_operation_that_tflite_lacks_is_named_with_its_layer(keras):
    import tensorflow as tf

    layer = keras.layers.Lambda(lambda x: tf.math.betainc(x, x, x), name="culprit")
    with pytest.raises(ConversionError, match=r"Betainc.*culprit"):
        quantize(keras.Sequential([keras.Input((4,)), layer]), _noise(10, 4))


def test_bad_calibration_data(digits_model):
    with pytest.raises(DataError, match=r"\(9, 8, 1\).*\(8, 8, 1\)"):
        quantize(digits_model, _noise(10, 9, 8, 1))
    with pytest.raises(DataError, match="empty"):
        quantize(digits_model, _noise(0, 8, 8, 1))
    with pytest.raises(DataError, match="NaN"):
        quantize(digits_model, np.full((3, 8, 8, 1), np.nan, np.float32))
    with pytest.raises(UsageError, match=r"int4.*int8, int16x8, pow2"):
        quantize(digits_model, _noise(10, 8, 8, 1), "int4")
    with pytest.raises(UsageError, match="minmax"):
        quantize(digits_model, _noise(10, 8, 8, 1), "int16x8", method="mse")


def test_the_layer_that_suffers_most_is_named(keras):
    # One unit's weights 500 times the others': one scale per layer leaves those few steps.
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16,)),
            layers.Dense(16, activation="relu", name="fine"),
            layers.Dense(16, name="rough"),
        ]
    )
    kernel = model.get_layer("rough").kernel
    kernel.assign(kernel.numpy() * np.r_[500.0, np.ones(15)][:, None] / 500)
    model.get_layer("fine").kernel.assign(
        model.get_layer("fine").kernel.numpy() * np.r_[1 / 500, np.full(15, 1.0)]
    )
    x = _noise(200, 16)
    errors = layer_errors(model, quantize(model, x), x)
    assert [error.layer for error in errors] == ["fine", "rough"]
    worst = worst_layer(errors)
    assert worst is not None
    assert worst.layer == "rough"
    assert worst.snr_db < errors[0].snr_db - 5
    assert all(0.5 < error.cosine <= 1.0001 and error.saturation < 0.01 for error in errors)
