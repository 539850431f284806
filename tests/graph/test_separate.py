"""Convolutions in two parts: exact at full rank, near at lower ones, and small."""

import numpy as np
import pytest
from support.keras_graphs import nested_models, shared_layers
from support.random_models import randomize
from support.surgery_checks import outputs_of, random_inputs, relative_difference

from edgecompress.errors import UsageError
from edgecompress.graph.groups import find_groups
from edgecompress.graph.separate import separable, separate
from edgecompress.graph.surgery import prune_channels
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.quantize.layer_errors import layer_errors
from edgecompress.quantize.post_training import quantize
from edgecompress.search.shapes import learn_shapes
from edgecompress.tflite.reader import read_model

keras = import_keras()
layers = keras.layers


def one_dimensional():
    return keras.Sequential(
        [keras.Input((40, 3)), layers.Conv1D(12, 5, strides=2, activation="relu"),
         layers.Conv1D(16, 3, padding="same", dilation_rate=2, use_bias=False),
         layers.BatchNormalization(), layers.GlobalAveragePooling1D(), layers.Dense(4)]
    )  # fmt: skip


def strided():
    image = keras.Input((17, 15, 4))
    x = layers.Conv2D(12, (3, 5), strides=2, activation="relu")(image)
    y = layers.Conv2D(20, 3, padding="same", strides=(2, 2))(x)
    z = layers.Conv2D(20, 1, strides=2)(x)
    return keras.Model(image, layers.Dense(3)(layers.Flatten()(layers.Add()([y, z]))))


MODELS = (one_dimensional, strided, shared_layers, nested_models)


@pytest.mark.parametrize("make", MODELS)
def test_at_full_rank_nothing_changes(make):
    model = make()
    randomize(model, np.random.default_rng(1))
    found = separable(model)
    assert found
    inputs = random_inputs(model, np.random.default_rng(2))
    whole = separate(model, {each.path: min(each.taps, each.outputs) for each in found})
    part = separate(model, {each.path: 1 for each in found})
    assert relative_difference(outputs_of(whole, inputs), outputs_of(model, inputs)) < 1e-4
    assert relative_difference(outputs_of(part, inputs), outputs_of(model, inputs)) > 1e-3
    assert part.count_params() < model.count_params()


def test_what_is_lost_falls_to_nothing_with_the_rank():
    for each in separable(strided()):
        assert sorted(each.lost, reverse=True) == list(each.lost)
        assert each.lost[0] > 0.01
        assert each.lost[-1] < 1e-6


def test_weights_are_counted_as_keras_counts_them():
    model = strided()
    for each in separable(model):
        parts = separate(model, {each.path: 2})
        gained = each.parameters(2) - each.parameters(None)
        assert parts.count_params() == model.count_params() + gained


def test_a_separated_resnet_is_small_and_its_channels_can_still_be_pruned(shared_dir):
    model = load_keras(shared_dir / "models" / "mlperf_tiny" / "ic_resnet8.h5")
    found = separable(model)
    assert {each.path for each in found} == {
        layer.name
        for layer in model.layers
        if isinstance(layer, layers.Conv2D) and layer.kernel_size == (3, 3)
    }
    parts = separate(model, {each.path: 1 for each in found})
    assert parts.count_params() < 0.25 * model.count_params()
    free = {group.channels for group in find_groups(parts) if group.frozen is None}
    assert free == {group.channels for group in find_groups(model) if group.frozen is None}
    x = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    operators = [operator.op for operator in read_model(quantize(parts, x)).main.operators]
    assert operators.count("DEPTHWISE_CONV_2D") == len(found)


def test_what_cannot_be_separated_is_refused_by_name():
    model = strided()
    with pytest.raises(UsageError, match=r"dense.* cannot be separated; conv2d"):
        separate(model, {model.layers[-1].name: 1})
    with pytest.raises(UsageError, match="rank 0"):
        separate(model, {separable(model)[0].path: 0})


def test_the_errors_of_separated_layers_can_be_measured(digits_model, digits_splits):
    """On TFLite's own kernels, which crash on a depthwise convolution without a bias."""
    parts = separate(digits_model, {each.path: 1 for each in separable(digits_model)})
    x = digits_splits[0].x[:50]
    errors = layer_errors(parts, quantize(parts, x), x)
    assert "DEPTHWISE_CONV_2D" in {error.op for error in errors}
    assert all(np.isfinite(error.snr_db) for error in errors)


def test_all_groups_of_a_separated_model_can_be_narrowed():
    """The converter numbers biases of zeros anew at other widths; the operators are the same."""
    image = keras.Input((16, 16, 8))
    x = image
    for _ in range(3):
        x = layers.ReLU()(layers.Conv2D(16, 3, padding="same")(x))
    model = keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    parts = separate(model, {each.path: 1 for each in separable(model)})
    full = {group.name: group.channels for group in find_groups(parts) if group.frozen is None}
    samples = np.random.default_rng(0).normal(size=(8, 16, 16, 8)).astype(np.float32)

    def convert(widths):
        keep = {name: list(range(width)) for name, width in widths.items()}
        return quantize(prune_channels(parts, keep), samples)

    shapes, rigid = learn_shapes(full, convert, multiple=4)
    assert not rigid
    assert dict(shapes.full) == full
