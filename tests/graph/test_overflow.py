"""Models whose weights are finite and whose activations are not, on the samples they are given."""

import numpy as np
import pytest

from edgecompress.errors import ModelError
from edgecompress.graph.overflow import refuse_overflow
from edgecompress.keras_files.model import import_keras, save_keras

keras = import_keras()
layers = keras.layers
X = np.linspace(-1, 1, 4 * 200, dtype=np.float32).reshape(200, 4)


def _twice_scaled(x):
    return layers.Rescaling(1e38, name="huge")(layers.Rescaling(1e38, name="large")(x))


def _exponential(x):
    return keras.ops.exp(layers.Rescaling(1000, name="loud")(x))


def _hidden_by_what_follows(x):
    return layers.ReLU(6)(_exponential(x))


def _model(middle, outputs=2):
    inputs = keras.Input((4,))
    x = middle(layers.Dense(4, kernel_initializer="identity", name="first")(inputs))
    return keras.Model(inputs, layers.Dense(outputs, activation="softmax", name="last")(x))


@pytest.mark.parametrize(
    ("middle", "layer"),
    [(_twice_scaled, "huge"), (_exponential, "exp"), (_hidden_by_what_follows, "exp")],
)
def test_the_first_layer_that_overflows_is_named(middle, layer):
    model = _model(middle)
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    with pytest.raises(ModelError, match=rf"m\.keras: layer {layer}\w* gives .*reaches \d"):
        refuse_overflow(model, [X], "m.keras")


def test_a_layer_within_a_model_is_named_with_it():
    inner = keras.Sequential([keras.Input((4,)), layers.Rescaling(1e38, name="huge")], name="inner")
    with pytest.raises(ModelError, match="layer inner/huge gives"):
        refuse_overflow(_model(lambda x: inner(layers.Rescaling(1e38)(x))), [X], "m.keras")


def test_the_first_layer_counts_though_later_samples_show_it():
    late = np.zeros_like(X)
    late[0, 0], late[-1, 0] = 1e-30, 1
    model = _model(lambda x: keras.ops.log(_twice_scaled(x) + 1e-30))  # log of less than nothing
    late[0, 1] = -1e-30
    with pytest.raises(ModelError, match="layer huge gives"):
        refuse_overflow(model, [late], "m.keras")


def test_a_model_that_is_no_graph_is_judged_by_its_outputs():
    class Own(keras.Model):
        def call(self, x):
            return keras.ops.exp(1000 * x)

    model = Own()
    model(X)
    with pytest.raises(ModelError, match="its output gives NaN or infinity"):
        refuse_overflow(model, [X], "m.keras")


def test_what_cannot_run_is_left_to_the_steps_that_need_it():
    inputs = keras.Input(batch_shape=(1, 4, 1))
    stateful = keras.Model(inputs, layers.LSTM(2, stateful=True)(inputs))
    refuse_overflow(stateful, [X[..., np.newaxis]], "m.keras")


def test_finite_models_pass(digits_model, digits_splits):
    refuse_overflow(digits_model, [digits_splits[0].x], "digits")


@pytest.mark.parametrize("command", ["quantize", "compress"])
def test_commands_end_with_exit_code_3(cli, tmp_path, command):
    save_keras(_model(_twice_scaled), tmp_path / "m.keras")
    y = (X[:, 0] > 0).astype(int)
    np.savez(tmp_path / "d.npz", x=X, y=y)
    where = {
        "quantize": ("-o", tmp_path / "m.tflite"),
        "compress": ("-o", tmp_path / "out", "--board", "mps2_an386"),
    }
    words = ("--data", tmp_path / "d.npz", *where[command])
    code, _, err = cli(command, tmp_path / "m.keras", *words)
    assert code == 3
    assert "layer huge gives NaN or infinity" in err
    assert "Scale that down" in err
    assert "guessing" not in err
