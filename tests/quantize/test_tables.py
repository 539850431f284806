"""Functions that TFLM has no kernel for become tables: near to float on the TFLM interpreter."""

import numpy as np
import pytest

from edgecompress.evaluate.score import outputs_for
from edgecompress.keras_files.model import import_keras
from edgecompress.memory.arena.cross_check import verify
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.reader import read_model

keras = import_keras()
layers, ops = keras.layers, keras.ops

TABLE = ["CAST", "ADD", "GATHER"]
X = np.random.default_rng(0).normal(0, 2, (200, 12)).astype(np.float32)


def _activated(function):
    source = keras.Input((12,))
    return keras.Model(source, function(source))


def _operators(model):
    return [operator.op for operator in read_model(model).main.operators]


def _steps_off(model, tflite, x=X):
    """The largest error of the outputs, in steps of their own range."""
    exact = model.predict(x, verbose=0)
    return np.abs(outputs_for(tflite, x) - exact.reshape(len(x), -1)).max() / np.ptp(exact) * 255


@pytest.mark.parametrize(
    "name", ["gelu", "mish", "selu", "softplus", "log_sigmoid", "celu", "squareplus", "sparse_plus"]
)
def test_an_activation_is_one_table(name):
    model = _activated(layers.Activation(name))
    tflite = quantize(model, X)
    assert _operators(tflite) == TABLE
    # Half a step of rounding before, as much behind; their slopes are at most 1.1 and ranges alike.
    assert _steps_off(model, tflite) < 2


def test_arithmetic_of_one_tensor_is_one_table():
    model = _activated(
        lambda x: ops.sqrt(ops.abs(x) + 0.5) * ops.sigmoid(x) / 2.0 - ops.square(x) * 0.1
    )
    tflite = quantize(model, X)
    assert _operators(tflite) == TABLE
    assert _steps_off(model, tflite) < 4


def test_tflms_own_kernels_stay():
    """SiLU is two kernels of TFLM, ELU and hard swish are one."""
    for name, kernels in (
        ("silu", ["LOGISTIC", "MUL"]),
        ("elu", ["ELU"]),
        ("hard_swish", ["HARD_SWISH"]),
    ):
        model = _activated(layers.Activation(name))
        tflite = quantize(model, X)
        assert _operators(tflite) == kernels
        assert _steps_off(model, tflite) < 3


def test_the_arena_of_a_table_is_exact():
    assert verify(quantize(_activated(layers.Activation("gelu")), X)).differences == ()


@pytest.mark.parametrize("method", ["percentile", "mse"])
def test_other_calibrations_know_tables(method):
    model = _activated(layers.Activation("gelu"))
    tflite = quantize(model, X, method=method, bias_correction=True)
    assert _operators(tflite) == TABLE


def test_powers_of_two_know_tables():
    model = _activated(layers.Activation("gelu"))
    tflite = quantize(model, X, "pow2")
    assert _operators(tflite) == TABLE
    assert _steps_off(model, tflite) < 4


def test_values_that_get_another_shape_behind_the_table():
    def flat(x):
        x = layers.Activation("mish")(layers.Conv1D(4, 3)(layers.Reshape((6, 2))(x)))
        return layers.Dense(3)(layers.Flatten()(x))

    operators = _operators(quantize(_activated(flat), X))
    assert operators[-5:] == [*TABLE, "RESHAPE", "FULLY_CONNECTED"]


def test_two_functions_of_one_tensor():
    def both(x):
        x = layers.Dense(8)(x)
        return layers.Concatenate()([layers.Activation("gelu")(x), layers.Activation("mish")(x)])

    tflite = quantize(_activated(both), X)
    assert _operators(tflite).count("GATHER") == 2
