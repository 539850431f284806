"""Quantization-aware training, and the folding of batch normalization before it."""

from dataclasses import replace

import numpy as np
import pytest

from edgecompress.dataset import Split
from edgecompress.evaluate.score import evaluate, outputs_for
from edgecompress.graph.fold import fold_batch_norm
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.quantize.fake_quant import (
    quantization_points,
    trained_ranges,
    with_fake_quant,
)
from edgecompress.quantize.post_training import conversion, converted, quantize
from edgecompress.quantize.qat import quantize_aware
from edgecompress.tflite.reader import read_model
from edgecompress.train.fine_tune import Training
from edgecompress.train.kernel_rounding import kernel_rounding, rounded_kernels


@pytest.fixture(scope="module")
def keras():
    return import_keras()


def _kinds(model):
    return {type(layer).__name__ for layer in model.layers}


def _same(model, copy, x):
    wanted = outputs_of(model, x)
    return np.abs(outputs_of(copy, x) - wanted).max() < 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("name", ["ic_resnet8", "vww_mobilenetv1_025", "ad_autoencoder"])
def test_folding_leaves_the_mlperf_tiny_models_what_they_are(name, shared_dir):
    model = load_keras(shared_dir / f"models/mlperf_tiny/{name}.h5")
    folded = fold_batch_norm(model)
    assert "BatchNormalization" in _kinds(model)
    assert "BatchNormalization" not in _kinds(folded)
    x = np.random.default_rng(0).random((4, *model.input_shape[1:]), dtype=np.float32)
    assert _same(model, folded, x)


def test_folding_knows_where_it_may(keras):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    inner = keras.Sequential(
        [keras.Input((8, 8, 4)), layers.DepthwiseConv2D(3, depth_multiplier=2, name="shared"),
         layers.BatchNormalization(), layers.ReLU()], name="inner",
    )  # fmt: skip
    x = layers.BatchNormalization(name="first")(shared(image))
    y = layers.Conv2D(4, 1, name="twice")(x)
    x = layers.Add()([layers.BatchNormalization(name="second")(y), y])  # y is read twice
    x = layers.Conv2DTranspose(6, 2, strides=2, use_bias=False)(inner(x))
    x = layers.Conv2D(2, 1, activation="tanh")(layers.BatchNormalization(scale=False)(x))
    model = keras.Model(image, x)
    for weight in model.weights:  # batch normalization that does something
        weight.assign(
            weight.numpy() + np.abs(np.random.default_rng(1).normal(0, 0.3, weight.shape))
        )
    folded = fold_batch_norm(model)
    kept = [layer.name for layer in folded.layers if "BatchNormalization" in type(layer).__name__]
    assert kept == ["second"]
    assert _same(model, folded, np.random.default_rng(0).random((4, 8, 8, 3), dtype=np.float32))


def test_points_are_where_tflite_has_ranges(digits_model, digits_int8):
    points = quantization_points(fold_batch_norm(digits_model))
    assert [name.split("_lu")[0] for name in points] == ["re", "inner", "re", "down", "digit"]
    graph = read_model(digits_int8).main
    fixed_or_copied = {"RESHAPE", "SOFTMAX"}
    assert len(points) == sum(op.op not in fixed_or_copied for op in graph.operators)


def test_fake_quantized_outputs_are_those_of_int8(digits_model, digits_splits):
    """What is trained is what the device will compute, within a step or two."""
    train, _, test = digits_splits
    folded = fold_batch_norm(digits_model)
    import keras

    points = quantization_points(folded)
    taps = keras.Model(folded.input, [folded.get_layer(name).output for name in points])
    values = {"input": train.x, **dict(zip(points, taps.predict(train.x, verbose=0), strict=True))}
    ranges = {name: (min(0.0, v.min()), v.max()) for name, v in values.items()}
    student = with_fake_quant(folded, ranges)
    assert trained_ranges(student).keys() == ranges.keys()
    with rounded_kernels(kernel_rounding(student, 8)):
        rounded = outputs_of(student, test.x)
    device = outputs_for(quantize(digits_model, train.x, samples=train.size), test.x)
    exact = outputs_of(digits_model, test.x)
    assert np.abs(rounded - device).mean() < 0.5 * np.abs(exact - device).mean() + 1 / 512
    assert (rounded.argmax(axis=1) == device.argmax(axis=1)).mean() > 0.99
    assert np.allclose(outputs_of(folded, test.x), exact, atol=1e-4), "the kernels are back"


def test_averages_are_rounded_to_the_range_of_what_is_averaged(keras):
    """TFLM's AVERAGE_POOL_2D does not rescale: a small average of large values gets few steps."""
    layers = keras.layers
    image = keras.Input((4, 4, 2))
    x = layers.Conv2D(3, 1, activation="relu", name="conv")(image)
    twice = layers.MaxPooling2D(2, strides=1, padding="same")
    model = keras.Model(image, layers.AveragePooling2D(4)(twice(twice(x))))
    assert quantization_points(model) == ("conv",)
    student = with_fake_quant(model, {"input": (-1.0, 1.0), "conv": (0.0, 51.0)})
    x = np.random.default_rng(0).uniform(-1, 1, (50, 4, 4, 2)).astype(np.float32)
    steps = outputs_of(student, x) / (51 / 255)
    assert np.abs(steps - steps.round()).max() < 1e-3
    assert len(np.unique(steps.round())) > 3


def test_known_ranges_become_scales(digits_model, digits_splits):
    folded = fold_batch_norm(digits_model)
    job = conversion(folded, digits_splits[0].x, "int8")
    import keras

    tap = keras.Model(folded.input, folded.get_layer("down").output)
    values = tap.predict(job.samples[0][:1], verbose=0)
    tflite = converted("to_ranged_int8", replace(job, points=((values, (0.0, 51.0)),)), "digits")
    graph = read_model(tflite).main
    scales = {op.op: graph.tensors[op.outputs[0]].quantization.scales[0] for op in graph.operators}
    # The last convolution, and the RESHAPE that copies what it gives.
    assert scales["CONV_2D"] == scales["RESHAPE"] == pytest.approx(51 / 255)


def test_training_for_int8_wins_back_what_rounding_loses(keras, digits_splits):
    train, validation, test = [Split(s.x.reshape(s.size, -1), s.y) for s in digits_splits]
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10, "softmax")]
    )
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    model.fit(train.x, train.y, epochs=15, batch_size=64, verbose=0)
    # Equal in float, but one unit's weights now make the layer's only scale 150 times coarser.
    first, second = model.layers
    first.kernel.assign(first.kernel.numpy() * np.r_[150.0, np.ones(31)])
    first.bias.assign(first.bias.numpy() * np.r_[150.0, np.ones(31)])
    second.kernel.assign(second.kernel.numpy() / np.r_[150.0, np.ones(31)][:, None])

    exact = evaluate(model, test, "classification")["accuracy"]
    rounded = evaluate(quantize(model, train.x), test, "classification")["accuracy"]
    settings = Training(epochs=8, learning_rate=3e-3, batch_size=64)
    tflite = quantize_aware(model, train, validation, settings).tflite
    trained = evaluate(tflite, test, "classification")["accuracy"]
    assert rounded < exact - 0.05
    assert trained - rounded > 0.5 * (exact - rounded)
    graph = read_model(tflite).main
    assert [op.op for op in graph.operators] == ["FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX"]
