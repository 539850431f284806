"""Measuring models: Keras in float, .tflite as the device computes it."""

import numpy as np
import pytest

from edgecompress.dataset import Split
from edgecompress.errors import DataError, ModelError
from edgecompress.evaluate.score import evaluate, load_model, outputs_for
from edgecompress.keras_files.model import import_keras, save_keras
from edgecompress.tflite.interpreter import predict


def test_every_form_of_a_model_is_measured(digits_model, digits_int8, digits_splits, tmp_path):
    test = digits_splits[2]
    save_keras(digits_model, tmp_path / "m.keras")
    (tmp_path / "m.tflite").write_bytes(digits_int8)
    by_form = [
        evaluate(model, test, "classification")["accuracy"]
        for model in (
            digits_model, tmp_path / "m.keras", digits_int8, tmp_path / "m.tflite",
        )
    ]  # fmt: skip
    assert by_form[0] == by_form[1]
    assert by_form[2] == by_form[3]
    assert abs(by_form[0] - by_form[2]) < 0.02
    predicted = predict(digits_int8, test.x)[0].argmax(axis=1)
    assert by_form[2] == pytest.approx((predicted == test.y).mean())


def test_outputs_do_not_depend_on_the_batch(digits_model, digits_splits):
    x = digits_splits[2].x[:300]
    halves = [outputs_for(digits_model, x[:7]), outputs_for(digits_model, x[7:])]
    assert np.allclose(outputs_for(digits_model, x), np.concatenate(halves), atol=1e-6)


def test_a_reconstruction_is_measured_against_its_input():
    keras = import_keras()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Activation("linear")])
    x = np.random.default_rng(0).random((20, 3), np.float32)
    assert evaluate(model, Split(x), "reconstruction")["mse"] == 0


def test_what_cannot_be_measured_is_said_so(digits_model, digits_splits, tmp_path):
    with pytest.raises(DataError, match="labels"):
        evaluate(digits_model, Split(digits_splits[2].x), "classification")
    keras = import_keras()
    sources = [keras.Input((2,)), keras.Input((2,))]
    with pytest.raises(DataError, match="2 inputs"):
        outputs_for(keras.Model(sources, keras.layers.Add()(sources)), np.zeros((3, 2)))
    with pytest.raises(ModelError, match=r"missing\.tflite"):
        load_model(tmp_path / "missing.tflite")
    (tmp_path / "cut.tflite").write_bytes(b"\x1c\0\0\0TFL3\0\0")
    with pytest.raises(ModelError, match=r"cut\.tflite"):
        load_model(tmp_path / "cut.tflite")
