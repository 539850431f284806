"""Inputs of mixed units: as right in int8, on TFLM, as they are in float."""

import json

import numpy as np
import pytest
from support.motion import FEATURES, TIME, motion_head, motion_normalization, motion_splits

from edgecompress.cli import main
from edgecompress.dataset import Split
from edgecompress.evaluate.score import evaluate, outputs_for
from edgecompress.graph.absorb import relieved
from edgecompress.graph.fold import flat_graph
from edgecompress.graph.leading import lead_of
from edgecompress.keras_files.model import import_keras, save_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.quantize.input_normalization import normalized_inputs
from edgecompress.quantize.layer_errors import layer_errors, mixed_ranges_in_words
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.qat import quantize_aware
from edgecompress.tflite.reader import read_model
from edgecompress.train.settings import Training


@pytest.fixture(scope="module")
def keras():
    return import_keras()


@pytest.fixture(scope="module")
def splits():
    return motion_splits()


@pytest.fixture(scope="module")
def head(splits):
    return motion_head(splits[0])


@pytest.fixture(scope="module")
def model(keras, splits, head):
    """The classifier as people write it: Normalization first."""
    x = keras.Input((TIME, FEATURES))
    return keras.Model(x, head(motion_normalization(splits[0])(x)), name="motion")


def _accuracy(model, split):
    return evaluate(model, split, "classification")["accuracy"]


def _input(tflite):
    main_graph = read_model(tflite).main
    return main_graph.tensors[main_graph.inputs[0]]


def _mean_and_deviation(split):
    return split.x.mean((0, 1)), split.x.std((0, 1))


def _batch_normalization(keras, split):
    mean, deviation = _mean_and_deviation(split)
    layer = keras.layers.BatchNormalization(epsilon=0.0)
    layer.build((None, TIME, FEATURES))
    layer.set_weights([np.ones(FEATURES), np.zeros(FEATURES), mean, deviation**2])
    return layer


def _first_layers(keras, split):
    """Return ways to normalize, by name: functions of a tensor [n, time, features]."""
    mean, deviation = _mean_and_deviation(split)
    layers = keras.layers
    nested = keras.Sequential([keras.Input((TIME, FEATURES)), motion_normalization(split)])
    halves = [layers.Rescaling((0.5 / deviation).tolist()), layers.Rescaling(2.0)]
    centre = layers.Rescaling(1.0, (-mean / deviation).tolist())
    return {
        "Normalization": motion_normalization(split),
        "BatchNormalization": _batch_normalization(keras, split),
        "nested": nested,
        "a chain of Rescaling": lambda x: centre(halves[1](halves[0](x))),
        "arithmetic": lambda x: (x - mean[None, None]) / deviation[None, None],
        "behind a dropout": lambda x: motion_normalization(split)(layers.Dropout(0.2)(x)),
    }


WAYS = (
    "Normalization", "BatchNormalization", "nested", "a chain of Rescaling", "arithmetic",
    "behind a dropout",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_normalization_leaves_the_graph_and_int8_is_right(way, keras, splits, head):
    train, test = splits
    x = keras.Input((TIME, FEATURES))
    model = keras.Model(x, head(_first_layers(keras, train)[way](x)))
    assert _accuracy(model, test) == 1.0
    tflite = quantize(model, train.x)
    assert _accuracy(tflite, test) >= 0.99
    mean, deviation = _mean_and_deviation(train)
    np.testing.assert_allclose(_input(tflite).normalization.mean, mean, atol=1e-3 * deviation.max())
    np.testing.assert_allclose(_input(tflite).normalization.std, deviation, rtol=1e-3)
    kinds = {operator.op for operator in read_model(tflite).main.operators}
    assert not kinds & {"SUB", "MUL", "ADD", "DIV"}


def test_without_it_the_same_model_is_lost(model, splits):
    tflite = quantize(model, splits[0].x, input_normalization=False)
    assert _input(tflite).normalization is None
    assert _accuracy(tflite, splits[1]) < 0.7


def test_flat_samples_are_normalized_behind_a_reshape(keras, splits, head):
    train, test = (Split(split.x.reshape(split.size, -1), split.y) for split in splits)
    x = keras.Input((TIME * FEATURES,))
    y = keras.layers.Reshape((TIME, FEATURES))(x)
    model = keras.Model(x, head(motion_normalization(splits[0])(y)))
    tflite = quantize(model, train.x)
    assert len(_input(tflite).normalization.mean) == TIME * FEATURES
    assert _accuracy(tflite, test) >= 0.99


def test_features_along_the_first_axis_are_normalized_by_element(keras, splits, head):
    train, test = (Split(split.x.transpose(0, 2, 1), split.y) for split in splits)
    x = keras.Input((FEATURES, TIME))
    y = keras.layers.Permute((2, 1))(x)
    model = keras.Model(x, head(motion_normalization(splits[0])(y)))
    tflite = quantize(model, train.x)
    assert len(_input(tflite).normalization.mean) == FEATURES * TIME
    assert _accuracy(tflite, test) >= 0.99


def test_an_input_that_is_also_read_raw_keeps_its_graph(keras, splits, model, head):
    layers = keras.layers
    x = keras.Input((TIME, FEATURES))
    raw = layers.Activation("relu")(layers.GlobalMaxPooling1D()(x))
    both = layers.Concatenate()([head(motion_normalization(splits[0])(x)), raw])
    tflite = quantize(keras.Model(x, both), splits[0].x)
    assert _input(tflite).normalization is None


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_mixed_units_are_found_where_no_layer_normalizes(keras, splits, padding):
    train, test = splits
    mean, deviation = _mean_and_deviation(train)
    if padding == "same":
        mean = np.zeros(FEATURES)  # what pads the signal would be normalized as well
    trained = motion_head(train)
    layers = keras.layers
    first = layers.Conv1D(8, 5, padding=padding, activation="relu", name="first")
    rest = trained.layers[1:]
    x = keras.Input((TIME, FEATURES))
    y = first(x)
    for layer in rest:
        y = layer(y)
    kernel, bias = trained.layers[0].get_weights()
    kernel = kernel / deviation[:, None]
    first.set_weights([kernel, bias - (mean @ kernel.sum(0))])
    model = keras.Model(x, y)
    tflite = quantize(model, train.x)
    assert len(_input(tflite).normalization.mean) == FEATURES
    wanted, got = outputs_of(model, test.x), outputs_for(tflite, test.x)
    assert (wanted.argmax(1) == got.argmax(1)).mean() >= 0.99
    raw = quantize(model, train.x, input_normalization=False)
    assert (wanted.argmax(1) == outputs_for(raw, test.x).argmax(1)).mean() < 0.9
    assert any(_input(tflite).normalization.mean) is (padding == "valid")


def test_a_value_far_from_zero_is_found_too(keras):
    """Air pressure: 101,325 and a few hundred Pa of it, of which one scale keeps one step."""
    random = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    x = (101_325 + 200 * random.standard_normal((300, 8))).astype(np.float32)
    layers = keras.layers
    first = layers.Rescaling(1 / 200, -101_325 / 200)
    model = keras.Sequential(
        [keras.Input((8,)), first, layers.Dense(8, activation="relu"), layers.Dense(3)]
    )
    tflite = quantize(model, x, samples=300)
    assert _input(tflite).normalization is not None
    wanted, got = outputs_of(model, x), outputs_for(tflite, x)
    assert np.abs(wanted - got).max() < 0.05 * np.abs(wanted).max()


def test_images_and_what_one_scale_can_hold_stay_in_their_units(keras, digits_model, digits_splits):
    train, _, _ = digits_splits
    assert _input(quantize(digits_model, train.x)).normalization is None
    layers = keras.layers
    flat = keras.Sequential(
        [keras.Input((64,)), layers.Rescaling(1 / 16), layers.Dense(8, activation="relu"),
         layers.Dense(10)],
    )  # fmt: skip
    tflite = quantize(flat, 16 * train.x.reshape(-1, 64))
    assert _input(tflite).normalization is None
    assert _input(tflite).quantization.scales[0] == pytest.approx(16 / 255, rel=0.01)
    assert "MUL" not in {operator.op for operator in read_model(tflite).main.operators}


def test_a_feature_that_is_multiplied_by_zero_or_less(keras, splits, head):
    train, _ = splits
    layer = _batch_normalization(keras, train)
    gamma, beta, *rest = layer.get_weights()
    layer.set_weights([gamma * [1, -1, 0, 1, 1, 1], beta, *rest])
    x = keras.Input((TIME, FEATURES))
    model = keras.Model(x, head(layer(x)))
    tflite = quantize(model, train.x)
    assert min(_input(tflite).normalization.std) > 0
    same = outputs_of(model, train.x).argmax(1) == outputs_for(tflite, train.x).argmax(1)
    assert same.mean() > 0.98


def test_two_inputs_are_normalized_each_for_itself(keras, splits, head):
    train, _ = splits
    layers = keras.layers
    x, image = keras.Input((TIME, FEATURES)), keras.Input((4,))
    y = layers.Dense(4, activation="softmax")(image)
    model = keras.Model([x, image], layers.Add()([head(motion_normalization(train)(x)), y]))
    noise = np.random.default_rng(0).random((train.size, 4), dtype=np.float32)
    main_graph = read_model(quantize(model, (train.x, noise))).main
    found = [main_graph.tensors[index].normalization for index in main_graph.inputs]
    assert [entry is None for entry in found] == [False, True]


def test_training_with_rounding_knows_it_too(model, splits):
    train, test = splits
    settings = Training(epochs=1, learning_rate=3e-4, seed=0)
    aware = quantize_aware(model, train, test, settings, task="classification")
    assert _input(aware.tflite).normalization is not None
    assert _accuracy(aware.tflite, test) >= 0.99
    assert _accuracy(aware.model, test) >= 0.99  # of real values, as the original


def test_layer_errors_compare_real_samples(model, splits):
    errors = layer_errors(model, quantize(model, splits[0].x), splits[0].x)
    assert {error.layer for error in errors} >= {"head/first", "head/second", "head/kind"}
    assert all(error.snr_db > 20 for error in errors)


def test_a_concatenate_of_branches_of_unlike_ranges_is_named(keras):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    x = keras.Input((4,))
    wide = layers.Dense(4, kernel_initializer=keras.initializers.Constant(100.0), name="wide")(x)
    both = layers.Concatenate(name="both")([layers.Dense(4, name="narrow")(x), wide])
    model = keras.Model(x, layers.Dense(2)(both))
    samples = np.random.default_rng(0).random((50, 4), dtype=np.float32)
    (line,) = mixed_ranges_in_words(layer_errors(model, quantize(model, samples), samples))
    assert "both" in line
    assert "of 255 steps" in line


def _heads(layers):
    return {
        "dense": layers.Dense(4, use_bias=False),
        "convolution": layers.Conv1D(4, 3),
        "depthwise": layers.DepthwiseConv1D(3, depth_multiplier=2, use_bias=False),
        "separable": layers.SeparableConv1D(4, 3, depth_multiplier=2),
        "LSTM": layers.LSTM(3),
        "GRU": layers.GRU(3),
        "GRU, old": layers.GRU(3, reset_after=False),
        "flat": None,
    }


HEADS = ("dense", "convolution", "depthwise", "separable", "LSTM", "GRU", "GRU, old", "flat")


@pytest.mark.parametrize("kind", HEADS)
def test_the_first_layers_take_over_a_scale_and_a_shift_exactly(keras, kind):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = keras.Input((10, 3))
    layer = _heads(keras.layers)[kind]
    flat = keras.layers.Dense(4)(keras.layers.Flatten()(x)) if layer is None else layer(x)
    model = keras.Model(x, flat)
    for weight in model.weights:  # biases start at zero
        weight.assign(random.standard_normal(weight.shape))
    samples = random.standard_normal((5, 10, 3)).astype(np.float32)
    gain, shift = np.array([2.0, -0.5, 3.0]), np.array([0.3, -1.0, 2.0])
    taken = relieved(model, 0, (10, 3), gain, shift)
    wanted = outputs_of(model, (samples * gain + shift).astype(np.float32))
    np.testing.assert_allclose(outputs_of(taken, samples), wanted, rtol=1e-4, atol=1e-4)


def test_what_pads_with_zeros_takes_over_a_scale_and_no_shift(keras):
    x = keras.Input((10, 3))
    model = keras.Model(x, keras.layers.Conv1D(4, 3, padding="same")(x))
    assert relieved(model, 0, (10, 3), np.full(3, 2.0), np.zeros(3)) is not None
    assert relieved(model, 0, (10, 3), np.ones(3), np.ones(3)) is None


def test_a_lead_is_as_long_as_its_values_are_by_feature(keras):
    layers = keras.layers
    x = keras.Input((4, 3))
    y = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0])(x)
    y = layers.Permute((2, 1))(y)
    y = layers.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0] * 4)(y)  # by time
    model = keras.Model(x, layers.Dense(2)(y))
    lead = lead_of(flat_graph(model)[0][0], (4, 3))
    assert len(lead.calls) == 1
    np.testing.assert_allclose(lead.scale, [1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(lead.offset, [-1])  # one for all


def test_a_constant_feature_needs_no_deviation(keras):
    layers = keras.layers
    x = keras.Input((3,))
    y = layers.Normalization(mean=[0.0, 5.0, 0.0], variance=[1e-4, 0.0, 1e4])(x)
    model = keras.Model(x, layers.Dense(2)(y))
    random = np.random.default_rng(0)
    samples = (random.standard_normal((50, 3)) * [0.01, 0, 100] + [0, 5, 0]).astype(np.float32)
    found = normalized_inputs(model, (samples,)).normalizations[0]
    assert found is not None
    assert np.isfinite([*found.mean, *found.std]).all()
    wanted, got = outputs_of(model, samples), outputs_for(quantize(model, (samples,)), samples)
    assert np.abs(wanted - got).max() < 0.05 * np.abs(wanted).max()


def _run(*words):
    """Run a command that has to succeed."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, words)])
    assert not ended.value.code


def test_quantize_says_what_it_normalizes(model, splits, tmp_path, capfd):
    train, test = splits
    save_keras(model, tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", x_train=train.x, y_train=train.y, x_test=test.x, y_test=test.y)
    words = ["quantize", tmp_path / "m.keras", "--data", tmp_path / "d.npz", "--json"]
    _run(*words, "-o", tmp_path / "q.tflite")
    (row,) = json.loads(capfd.readouterr().out)["normalized_inputs"]
    assert len(row["mean"]) == len(row["std"]) == FEATURES
    raw = ("-o", tmp_path / "raw.tflite", "--no-input-normalization")
    _run(*words, *raw, "--max-accuracy-drop", 100)
    facts = json.loads(capfd.readouterr().out)
    assert facts["normalized_inputs"] == []
    assert facts["input_normalization"] is False
    models = [tmp_path / name for name in ("m.keras", "q.tflite", "raw.tflite")]
    _run("evaluate", *models, "--data", tmp_path / "d.npz", "--json")
    rows = json.loads(capfd.readouterr().out)["models"]
    assert [row["accuracy"] >= 0.99 for row in rows] == [True, True, False]
