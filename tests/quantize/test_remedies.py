"""What int8 rounding costs, taken back without training."""

import time

import numpy as np
import pytest

from edgecompress.board import load_board
from edgecompress.dataset import Split
from edgecompress.evaluate.score import evaluate, outputs_for
from edgecompress.graph.fold import fold_batch_norm
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.quantize.equalize import equalizable_pairs, equalized
from edgecompress.quantize.output_error import is_worth_its_bytes, output_snr_db
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.remedies import Remedy, requantize
from edgecompress.recipe import Recipe
from edgecompress.search.attempt import Job
from edgecompress.search.ladder import next_step
from edgecompress.search.remedy import remedy_rounding
from edgecompress.search.steps import measured


@pytest.fixture(scope="module")
def keras():
    return import_keras()


def _images(*shape):
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def _difference(model, copy, x):
    wanted = outputs_of(model, x)
    return np.abs(outputs_of(copy, x) - wanted).max() / np.abs(wanted).max()


@pytest.fixture(scope="module")
def flat_digits(digits_splits):
    return tuple(Split(s.x.reshape(s.size, -1), s.y) for s in digits_splits)


@pytest.fixture(scope="module")
def uneven(keras, flat_digits):
    """A digits classifier one of whose units is 150 times the others: bad for a single scale."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(32, activation="relu", name="hidden"),
            layers.Dense(10, "softmax", name="digit"),
        ]
    )
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    model.fit(flat_digits[0].x, flat_digits[0].y, epochs=15, batch_size=64, verbose=0)
    first, second = model.layers
    factors = np.r_[150.0, np.ones(31)]
    first.set_weights([weight * factors for weight in first.get_weights()])
    second.kernel.assign(second.kernel.numpy() / factors[:, None])
    return model


@pytest.mark.parametrize(
    ("name", "pairs"), [("ic_resnet8", 3), ("vww_mobilenetv1_025", 27), ("ad_autoencoder", 9)]
)
def test_equalization_leaves_the_float_model_what_it_is(name, pairs, shared_dir):
    model = load_keras(shared_dir / f"models/mlperf_tiny/{name}.h5")
    x = _images(8, *model.input_shape[1:])
    copy = equalized(model, [x])
    assert _difference(model, copy, x) < 1e-5
    assert len(list(equalizable_pairs(copy))) == pairs
    before, after = fold_batch_norm(model).get_weights(), copy.get_weights()
    assert any(np.abs(a / b - 1).max() > 0.5 for a, b in zip(before, after, strict=True))


def test_equalization_knows_where_it_may(keras):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    relu, image = layers.ReLU(name="shared"), keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu6", padding="same", name="bounded")(image)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2DTranspose(5, 2, strides=2, name="wider")(x)
    x = layers.LeakyReLU()(x)
    x = y = relu(layers.Conv2D(4, 1, name="twice")(x))
    x = relu(layers.Conv2D(4, 1, name="behind")(x))
    x = layers.Conv2D(4, 3, groups=2, name="grouped")(layers.Add()([x, y]))
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh", name="bent")(x)
    x = layers.Conv1D(4, 3, name="line")(layers.Reshape((-1, 8))(x))
    x = layers.Dense(3, name="answer")(layers.Flatten()(layers.ReLU()(x)))
    model = keras.Model(image, x)
    for layer in model.layers:  # channels of very different sizes; the ReLU6 clips some
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel * 3.0, bias + np.linspace(-1, 4, len(bias))])
    data = _images(64, 8, 8, 3)
    copy = equalized(model, [data])
    pairs = {(pair.first.name, pair.second.name) for pair in equalizable_pairs(copy)}
    assert pairs == {("bounded", "wider"), ("wider", "twice"), ("line", "answer")}
    assert _difference(model, copy, data) < 1e-5


def test_equalization_wins_back_what_one_large_channel_costs(uneven, flat_digits):
    train, _, test = flat_digits
    exact = evaluate(uneven, test, "classification")["accuracy"]
    plain, even = (
        evaluate(quantize(uneven, train.x, equalize=choice), test, "classification")["accuracy"]
        for choice in (False, True)
    )
    assert plain < exact - 0.05
    assert even > exact - 0.01


@pytest.mark.parametrize(
    ("kind", "arguments", "scheme"),
    [
        ("Conv2D", {"filters": 6, "kernel_size": 3, "strides": 2, "padding": "same"}, "int8"),
        ("Conv2D", {"filters": 6, "kernel_size": (3, 2), "dilation_rate": 2}, "int8"),
        ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 2, "padding": "same"}, "int8"),
        ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "strides": 2}, "int8"),
        ("Dense", {"units": 6}, "int8"),
        ("Dense", {"units": 6}, "int16x8"),
    ],
)
def test_bias_correction_brings_the_mean_output_back(kind, arguments, scheme, keras):
    keras.utils.set_random_seed(2)
    layer = getattr(keras.layers, kind)(**arguments, bias_initializer="random_normal")
    model = keras.Sequential([keras.Input((9, 8, 4)), layer])
    kernel = layer.weights[0]
    steps = 127 * kernel.numpy() / np.abs(kernel.numpy()).max()
    kernel.assign((np.floor(steps) + 0.4) / 127)  # all rounded down: the worst case
    x = _images(64, 9, 8, 4)
    wanted = outputs_of(model, x).mean((0, 1, 2))
    plain, corrected = (
        np.abs(
            outputs_for(quantize(model, x, scheme, bias_correction=choice), x).mean((0, 1, 2))
            - wanted
        ).mean()
        for choice in (False, True)
    )
    assert corrected < plain / 3


def test_bias_correction_brings_a_deep_model_nearer_to_float(digits_model, digits_splits):
    train, validation, _ = digits_splits
    plain, corrected = (
        quantize(digits_model, train.x, bias_correction=choice) for choice in (False, True)
    )
    assert len(plain) == len(corrected)
    gain = output_snr_db(digits_model, corrected, [validation.x]) - output_snr_db(
        digits_model, plain, [validation.x]
    )
    assert gain > 1


def test_dense_scales_are_bought_only_at_the_price_of_bits(digits_model, digits_splits):
    train = digits_splits[0].x
    coarse, fine = (quantize(digits_model, train, per_channel_dense=c) for c in (False, True))
    gain = output_snr_db(digits_model, fine, [train[:64]]) - output_snr_db(
        digits_model, coarse, [train[:64]]
    )
    price = 8 * 6.02 * (len(fine) / len(coarse) - 1)
    assert is_worth_its_bytes(digits_model, coarse, fine, [train[:64]]) is (gain > price)
    padded = fine + bytes(len(fine) // 2)
    assert not is_worth_its_bytes(digits_model, coarse, padded, [train[:64]])
    assert not is_worth_its_bytes(digits_model, coarse, coarse, [train[:64]])


def test_the_simplest_remedy_that_suits_is_chosen(uneven, digits_model, digits_splits, flat_digits):
    train, validation, _ = flat_digits
    remedies = (Remedy(), Remedy(bias_correction=True), Remedy(equalize=True))
    found = requantize(uneven, train.x, validation.x, remedies=remedies)
    assert found.remedy == Remedy(equalize=True)
    assert found.snr_db[found.remedy] > found.snr_db[Remedy()] + 6
    assert "minmax calibration, equalization chosen" in str(found)
    assert output_snr_db(found.model, found.tflite, [validation.x]) == pytest.approx(
        found.snr_db[found.remedy], abs=0.01
    )
    x = digits_splits[0].x
    same = requantize(digits_model, x, x[:50], remedies=[Remedy(), Remedy("percentile")])
    assert same.remedy == Remedy(), "what is no better by half a decibel is not worth a remedy"
    assert same.tflite == quantize(digits_model, x)


def test_a_run_remedies_rounding_before_it_trains(uneven, flat_digits):
    train, validation, _ = flat_digits
    job = Job(
        recipe=Recipe(model="m.keras", board="nucleo_f401re", data="d.npz"),
        board=load_board("nucleo_f401re"),
        original=uneven,
        model_sha256="",
        train=train,
        validation=validation,
        task="classification",
        are_images=False,
        reference=evaluate(uneven, validation, "classification")["accuracy"],
        goal=0.0,
        deadline=time.monotonic() + 600,
    )
    first = measured(job, "quantize", "", uneven)
    chosen, why = next_step(job, [first])
    assert chosen is remedy_rounding
    remedied = remedy_rounding(job, [first], why)
    assert remedied.step == "remedy"
    assert "most in layer" in remedied.why
    assert "equalization" in remedied.why
    assert remedied.int8_metric > first.int8_metric + 0.05
    assert next_step(job, [first, remedied]) is None, "it suffices: no training"
