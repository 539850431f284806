"""Layers that others can do: gone from the .tflite and its flash, the outputs as they were."""

import numpy as np
import pytest
from support.trained.samples import digits

from edgecompress.board import load_board
from edgecompress.cli import main
from edgecompress.dataset import Split
from edgecompress.evaluate.score import evaluate
from edgecompress.graph.averages import average_rewrites
from edgecompress.graph.simplify import (
    affine_rewrites,
    constant_rewrites,
    merging_rewrites,
    rewritten,
)
from edgecompress.keras_files.model import import_keras, save_keras, set_seed
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.memory.verdict.fit import fit
from edgecompress.quantize.layer_errors import layer_errors
from edgecompress.quantize.output_error import output_snr_db
from edgecompress.quantize.post_training import conversion, converted, quantize
from edgecompress.quantize.qat import quantize_aware
from edgecompress.tflite.pack import packed
from edgecompress.tflite.reader import read_model
from edgecompress.train.settings import Training

ARITHMETIC = {"MUL", "ADD", "SUB"}


@pytest.fixture
def keras():
    set_seed(0)
    return import_keras()


def _as_converted(model, x):
    """Return what the converter alone makes of a model."""
    return packed(converted("to_int", conversion(model, x, "int8"), model.name))


def _operators(tflite):
    return [operator.op for operator in read_model(tflite).main.operators]


def _flash(tflite):
    """Return the flash on an nRF52840, whose core is a Cortex-M4F."""
    board = load_board("arduino_nano_33_ble_sense")
    assert board.core == "cortex-m4f"
    return fit(tflite, [board], others=()).verdicts[0].flash.used_bytes


def _trained(model, epochs=4):
    """Train a classifier of the digits; what normalizes learns from what reaches it."""
    keras, (train, _) = import_keras(), digits()
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            before = keras.Model(model.inputs, layer.input)
            layer.adapt(before.predict(train.x, verbose=0))
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy")
    model.fit(train.x, train.y, batch_size=64, epochs=epochs, verbose=0)
    return model


def _chain(*layers):
    keras = import_keras()
    softmax = keras.layers.Dense(10, activation="softmax")
    return keras.Sequential([keras.Input((8, 8, 1)), *layers, softmax])


def _norm(layers):
    return layers.BatchNormalization(momentum=0.8)


# What lies between, and what is left of the operators that it was.
FOLDED = {
    "Normalization, Dense": lambda layers: [
        layers.Flatten(), layers.Dense(16, activation="relu"), layers.Normalization(),
    ],
    "BatchNormalization, Conv2D": lambda layers: [
        layers.Conv2D(8, 3, activation="relu"), _norm(layers), layers.Dropout(0.1),
        layers.Conv2D(8, 3, activation="relu", use_bias=False), layers.Flatten(),
    ],
    "BatchNormalization, pointwise": lambda layers: [
        layers.Conv2D(8, 3, activation="relu"), _norm(layers),
        layers.Conv2D(8, 1, padding="same", activation="relu"), layers.Flatten(),
    ],
    "BatchNormalization, pooling, Dense": lambda layers: [
        layers.Conv2D(8, 3, activation="relu"), _norm(layers), layers.MaxPooling2D(),
        layers.Flatten(),
    ],
    "BatchNormalization, mean, Dense": lambda layers: [
        layers.Conv2D(16, 3, activation="relu"), _norm(layers), layers.GlobalAveragePooling2D(),
    ],
    "BatchNormalization, DepthwiseConv2D": lambda layers: [
        layers.Conv2D(8, 3, activation="relu"), _norm(layers),
        layers.DepthwiseConv2D(3, activation="relu"), layers.Flatten(),
    ],
    "scale alone, Conv2D with zeros around": lambda layers: [
        layers.Conv2D(8, 3, activation="relu"), layers.Rescaling(np.linspace(0.5, 2, 8).tolist()),
        layers.Conv2D(8, 3, padding="same", activation="relu"), layers.Flatten(),
    ],
    "a chain, Conv1D": lambda layers: [
        layers.Reshape((8, 8)), layers.Conv1D(8, 3, activation="relu"), _norm(layers),
        layers.Rescaling(2.0, -1.0), layers.Conv1D(8, 3, activation="relu"), layers.Flatten(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDED)
def test_what_the_next_kernel_can_do_costs_nothing(keras, name, caplog):
    model, (train, test) = _trained(_chain(*FOLDED[name](keras.layers))), digits()
    plain = _as_converted(model, train.x)
    with caplog.at_level("INFO", "edgecompress"):
        tflite = quantize(model, train.x)
    assert "folded" in caplog.text
    assert ARITHMETIC & set(_operators(plain))
    assert not ARITHMETIC & set(_operators(tflite))
    assert _flash(tflite) < _flash(plain) - 5000
    near = output_snr_db(model, tflite, [test.x])
    assert near > min(30, output_snr_db(model, plain, [test.x]) - 0.5)
    folded = outputs_of(rewritten(model, affine_rewrites(model)), test.x)
    np.testing.assert_allclose(folded, outputs_of(model, test.x), rtol=0, atol=1e-5)


PADDED = {
    "Conv2D": lambda layers: [
        layers.Conv2D(8, 3, padding="same", activation="relu", use_bias=False), _norm(layers),
        layers.Conv2D(8, 3, padding="same", activation="relu"), layers.Flatten(),
    ],
    "pooling between, a row of three": lambda layers: [
        layers.Conv2D(8, 3, padding="same"), layers.ReLU(6.0), _norm(layers),
        layers.Conv2D(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        _norm(layers), layers.Conv2D(8, 3, padding="same", activation="relu"), layers.Flatten(),
    ],
    "Conv1D": lambda layers: [
        layers.Reshape((8, 8)), layers.Conv1D(8, 3, activation="relu"), _norm(layers),
        layers.Conv1D(8, 3, padding="causal", activation="relu"), layers.Flatten(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PADDED)
def test_an_offset_before_padding_is_a_constant_channel(keras, name, caplog):
    model, (train, test) = _trained(_chain(*PADDED[name](keras.layers))), digits()
    rewrites = constant_rewrites(model)
    assert rewrites
    np.testing.assert_allclose(
        outputs_of(rewritten(model, rewrites), test.x), outputs_of(model, test.x), rtol=0, atol=1e-5
    )
    plain = _as_converted(model, train.x)
    with caplog.at_level("INFO", "edgecompress"):
        tflite = quantize(model, train.x)
    assert "by a constant channel" in caplog.text
    assert not ARITHMETIC & set(_operators(tflite))
    assert _flash(tflite) < _flash(plain) - 9000
    before, after = (output_snr_db(model, each, [test.x]) for each in (plain, tflite))
    assert after > min(before - 7, 30)
    assert layer_errors(model, tflite, test.x)


def test_weights_that_would_lose_their_steps_are_left(keras, caplog):
    """Units that fire seldom are normalized by a thousandth: all share one scale in a Dense."""
    layers, train = keras.layers, digits()[0]
    first, norm = layers.Dense(16, activation="relu"), layers.Normalization()
    model = _trained(_chain(layers.Flatten(), first, norm))
    kernel, bias = first.get_weights()
    mean, variance, count = norm.get_weights()
    quiet = np.geomspace(1, 1e-3, 16)
    first.set_weights([kernel * quiet, bias * quiet])
    norm.set_weights([mean * quiet, variance * quiet**2, count])
    norm.finalize_state()
    plain = _as_converted(model, train.x)
    with caplog.at_level("INFO", "edgecompress"):
        tflite = quantize(model, train.x)
    near, before = (output_snr_db(model, each, [train.x[:200]]) for each in (tflite, plain))
    assert near > min(before - 1, 24)
    assert ("not done" in caplog.text) == bool(ARITHMETIC & set(_operators(tflite)))


def test_what_no_kernel_can_do_is_one_affine(keras, caplog):
    layers = keras.layers
    model = _trained(_chain(
        layers.Conv2D(8, 3, activation="relu"), _norm(layers), layers.Rescaling(2.0, -1.0),
        layers.DepthwiseConv2D(3, padding="same", activation="relu"), layers.Flatten(),
    ))  # fmt: skip
    train, test = digits()
    merged = rewritten(model, merging_rewrites(model))
    np.testing.assert_allclose(
        outputs_of(merged, test.x), outputs_of(model, test.x), rtol=0, atol=1e-5
    )
    plain = _as_converted(model, train.x)
    assert _operators(plain).count("MUL") == 2
    unjudged = _operators(quantize(model, train.x, judged=False))
    assert (unjudged.count("MUL"), unjudged.count("ADD")) == (1, 1)
    with caplog.at_level("INFO", "edgecompress"):  # in int8 it would cost more than 4 dB
        tflite = quantize(model, train.x)
    assert "not done" in caplog.text
    assert _operators(tflite) == _operators(plain)


def test_what_the_converter_folds_itself_is_left_to_it(keras):
    layers = keras.layers
    model = _chain(layers.Conv2D(8, 3), _norm(layers), layers.ReLU(), layers.Flatten())
    assert not affine_rewrites(model)


def test_an_affine_that_something_else_reads_stays(keras):
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = _norm(layers)(layers.Conv2D(8, 3, activation="relu")(image))
    y = layers.Conv2D(8, 1)(x)
    assert not affine_rewrites(keras.Model(image, layers.Add()([x, y])))
    assert not affine_rewrites(keras.Model(image, [x, y]))


def test_layers_of_users_that_share_a_name_stay(keras):
    class Rescaling(keras.layers.Layer):
        def call(self, x):
            return x * x

    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = Rescaling()(layers.Conv2D(8, 3, activation="relu")(image))
    assert not affine_rewrites(keras.Model(image, layers.Conv2D(8, 3)(x)))


def test_branches_that_read_an_affine_all_take_it(keras):
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = _norm(layers)(layers.Conv2D(8, 3, activation="relu")(image))
    y = layers.Concatenate()([layers.Conv2D(4, 3)(x), layers.Conv2D(4, 3, use_bias=False)(x)])
    model = _trained(
        keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(y)))
    )
    train, _ = digits()
    assert not ARITHMETIC & set(_operators(quantize(model, train.x)))


def _averaging(keras):
    layers = keras.layers
    return _trained(_chain(
        layers.Conv2D(16, 3, padding="same", activation="relu"), layers.AveragePooling2D(2),
        layers.Conv2D(24, 3, padding="same", activation="relu"), layers.GlobalAveragePooling2D(),
    ), epochs=12)  # fmt: skip


def test_averages_are_one_kernel(keras, caplog):
    model, (train, test) = _averaging(keras), digits()
    plain = quantize(model, train.x, judged=False)
    with caplog.at_level("INFO", "edgecompress"):
        tflite = quantize(model, train.x)
    assert "no MEAN kernel" in caplog.text
    assert "MEAN" in _operators(plain)
    assert "MEAN" not in _operators(tflite)
    assert _flash(tflite) < _flash(plain) - 4000
    assert output_snr_db(model, tflite, [test.x]) > 25
    lost = [evaluate(each, test, "classification")["accuracy"] for each in (plain, tflite)]
    assert lost[1] > lost[0] - 0.01


@pytest.mark.parametrize("keepdims", [False, True])
def test_means_over_time_and_maps_become_pools(keras, keepdims):
    layers, random = keras.layers, np.random.default_rng(0)
    for rank in (1, 2):
        source = keras.Input((6,) * rank + (4,))
        x = getattr(layers, f"AveragePooling{rank}D")(2)(source)
        x = getattr(layers, f"GlobalAveragePooling{rank}D")(keepdims=keepdims)(x)
        model = keras.Model(source, layers.Dense(3)(x))
        other = rewritten(model, average_rewrites(model))
        samples = random.normal(size=(5, *source.shape[1:])).astype(np.float32)
        np.testing.assert_allclose(
            outputs_of(other, samples), outputs_of(model, samples), rtol=0, atol=1e-5
        )
        assert other.output_shape == model.output_shape


def test_a_mean_that_stays_anyway_keeps_the_others(keras):
    layers = keras.layers
    source = keras.Input((8, 8, 4))
    x = layers.LayerNormalization()(layers.AveragePooling2D(2)(source))
    assert not average_rewrites(keras.Model(source, layers.GlobalAveragePooling2D()(x)))


def test_training_with_rounding_folds_as_well(keras):
    model, (train, test) = _trained(_chain(*FOLDED["a chain, Conv1D"](keras.layers))), digits()
    few = Split(train.x[:256], train.y[:256])
    aware = quantize_aware(model, few, few, Training(epochs=1, seed=0), task="classification")
    assert not ARITHMETIC & set(_operators(aware.tflite))
    assert output_snr_db(aware.model, aware.tflite, [test.x]) > 20


def test_the_command_says_what_it_folded(keras, tmp_path, capsys):
    model, (train, _) = _trained(_chain(*FOLDED["Normalization, Dense"](keras.layers))), digits()
    save_keras(model, tmp_path / "net.keras")
    np.savez(tmp_path / "digits.npz", x=train.x, y=train.y)
    paths = [str(tmp_path / name) for name in ("net.keras", "digits.npz", "net.tflite")]
    with pytest.raises(SystemExit) as ended:
        main(["quantize", paths[0], "--data", paths[1], "-o", paths[2]])
    assert not ended.value.code
    assert "folded normalization" in capsys.readouterr().err
    again = (tmp_path / "net.tflite").read_bytes()
    assert not ARITHMETIC & set(_operators(again))
    assert {error.op for error in layer_errors(model, again, train.x)} >= {"FULLY_CONNECTED"}
