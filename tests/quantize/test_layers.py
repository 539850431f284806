"""Layers that Keras computes otherwise than TFLM can: what they become, and that it is near."""

import numpy as np
import pytest

from edgecompress.evaluate.score import outputs_for
from edgecompress.keras_files.model import import_keras
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.reader import read_model

keras = import_keras()
layers = keras.layers
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(0, 1, (100, 6, 6, 8)).astype(np.float32)
STEPS = RNG.normal(0, 1, (100, 8, 6)).astype(np.float32)
IDS = RNG.integers(0, 20, (100, 8)).astype(np.int32)


def _model(shape, layer, dtype="float32"):
    source = keras.Input(shape, dtype=dtype)
    return keras.Model(source, layer(source))


def _operators(tflite):
    return [operator.op for operator in read_model(tflite).main.operators]


@pytest.mark.parametrize(
    ("x", "layer", "operator", "steps"),
    [
        (STEPS, layers.LayerNormalization, "SUB", 12),
        (STEPS, lambda: layers.LayerNormalization(center=False, scale=False), "SUB", 12),
        (STEPS, layers.RMSNormalization, "MEAN", 12),
        (IMAGES, lambda: layers.GroupNormalization(4), "SUB", 8),
        (STEPS, layers.UnitNormalization, "L2_NORMALIZATION", 4),
        (STEPS, lambda: layers.UpSampling1D(2), "RESIZE_NEAREST_NEIGHBOR", 1),
        (STEPS[:, 0], lambda: layers.RepeatVector(5), "RESIZE_NEAREST_NEIGHBOR", 1),
        (IMAGES, lambda: layers.UpSampling2D(2), "RESIZE_NEAREST_NEIGHBOR", 1),
        (
            IMAGES,
            lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"),
            "RESIZE_BILINEAR",
            3,
        ),
    ],
)  # fmt: skip
def test_a_layer_runs_near_to_float(x, layer, operator, steps):
    model = _model(x.shape[1:], layer())
    tflite = quantize(model, x)
    assert operator in _operators(tflite)
    exact = model.predict(x, verbose=0)
    error = np.abs(outputs_for(tflite, x).ravel() - exact.ravel()).max()
    assert error < steps * np.ptp(exact) / 255


def test_token_ids_are_looked_up():
    model = _model((8,), layers.Embedding(20, 4), "int32")
    tflite = quantize(model, IDS)
    assert _operators(tflite) == ["GATHER"]
    source = read_model(tflite).main
    assert source.tensors[source.inputs[0]].type == "INT32"
    exact = model.predict(IDS, verbose=0)
    error = np.abs(outputs_for(tflite, IDS).ravel() - exact.ravel()).max()
    assert error <= np.abs(exact).max() / 127


def test_attention_stays_in_integers():
    source = keras.Input((8, 6))
    x = layers.Add()([source, layers.MultiHeadAttention(2, 3)(source, source)])
    model = keras.Model(source, layers.LayerNormalization()(x))
    tflite = quantize(model, STEPS)
    types = {tensor.type for tensor in read_model(tflite).main.tensors}
    assert types == {"INT8", "INT32"}


def test_the_model_itself_is_left_as_it_is():
    """Its layers compute otherwise only while they are traced."""
    model = _model((8, 6), layers.LayerNormalization())
    before = model.predict(STEPS, verbose=0)
    quantize(model, STEPS)
    assert "call" not in vars(model.layers[-1])
    np.testing.assert_array_equal(model.predict(STEPS, verbose=0), before)
