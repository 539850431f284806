"""Zeros are chosen as told, stay zeros through training, and stay zeros in the int8 file."""

import logging
import re

import numpy as np
import pytest
from support.random_models import randomize

from edgecompress.dataset import Split
from edgecompress.errors import UsageError
from edgecompress.graph.macs import count_macs
from edgecompress.graph.surgery import prune_channels
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.prune.methods import Pruning, prune
from edgecompress.prune.weights import (
    apply_masks,
    hold_masks,
    polynomial_rate,
    sparsity,
    weight_masks,
)
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.reader import read_model
from edgecompress.train.settings import Training

keras = import_keras()
layers = keras.layers


def network():
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    start = keras.Input((8, 8, 2))
    x = layers.Conv2D(8, 3, padding="same", name="conv")(start)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, activation="relu", name="depthwise")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(16, activation="relu", name="hidden")(x)
    model = keras.Model(start, layers.Dense(3, activation="softmax", name="classes")(x))
    randomize(model, np.random.default_rng(0))
    return model


def samples(n=128):
    """Three classes by where the image is bright."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 0.3, (n, 8, 8, 2)).astype("float32")
    for image, label in zip(x, y, strict=True):
        image[label * 3 : label * 3 + 2] += 1
    return Split(x, y)


def zeros_of(model):
    return {kernel.layer: kernel.zeros / kernel.size for kernel in sparsity(model)}


@pytest.mark.parametrize("method", ["magnitude", "importance"])
def test_a_rate_holds_in_every_layer(method):
    model = network()
    masks = weight_masks(model, method, rate=0.75, train=samples())
    assert set(masks) == {
        "conv/kernel", "depthwise/kernel", "hidden/kernel", "classes/kernel"
    }  # fmt: skip
    for mask in masks.values():
        assert mask.sum() == mask.size - round(0.75 * mask.size)
    apply_masks(model, masks)
    assert zeros_of(model) == pytest.approx(dict.fromkeys(zeros_of(model), 0.75), abs=0.02)


def test_magnitude_removes_the_smallest_of_all_layers_together():
    model = network()
    masks = weight_masks(model, "magnitude", rate=0.6, scope="global")
    kernels = {v.path: np.abs(v.numpy()) for v in model.variables if v.path in masks}
    removed = np.concatenate([kernels[path][~mask] for path, mask in masks.items()])
    kept = np.concatenate([kernels[path][mask] for path, mask in masks.items()])
    assert removed.max() <= kept.min()
    assert len(removed) == round(0.6 * (len(removed) + len(kept)))


def test_a_threshold_removes_what_is_at_most_as_large():
    model = network()
    masks = weight_masks(model, "threshold", threshold=0.25)
    for variable in model.variables:
        if variable.path in masks:
            np.testing.assert_array_equal(masks[variable.path], np.abs(variable.numpy()) > 0.25)


def test_importance_spares_weights_that_samples_need():
    """A large weight behind a dead unit goes before a small one that is used."""
    model = network()
    kernel, bias = model.get_layer("hidden").get_weights()
    kernel[:, 3], bias[3] = 5.0, -1000.0
    model.get_layer("hidden").set_weights([kernel, bias])
    by_size = weight_masks(model, "magnitude", rate=0.9)["hidden/kernel"]
    by_effect = weight_masks(model, "importance", rate=0.9, train=samples())["hidden/kernel"]
    assert by_size[:, 3].all()
    assert not by_effect[:, 3].any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"method": "magnitude"}, "needs a rate"),
        ({"method": "magnitude", "rate": 1.0}, "needs a rate"),
        ({"method": "threshold"}, "needs a threshold"),
        ({"method": "importance", "rate": 0.5}, "needs samples"),
        ({"method": "magnitude", "rate": 0.5, "scope": "row"}, "layer or global"),
        ({"method": "size", "rate": 0.5}, "it is one of magnitude"),
    ],
)
def test_wrong_settings_are_refused(arguments, words):
    with pytest.raises(UsageError, match=words):
        weight_masks(network(), **arguments)


def test_masks_of_another_model_are_refused():
    with pytest.raises(UsageError, match="no weight of that path and shape"):
        apply_masks(network(), {"conv/kernel": np.ones((1, 1), np.bool_)})


def test_the_schedule_is_zhu_and_guptas():
    rates = [polynomial_rate(step / 4, final=0.8, initial=0.2) for step in range(5)]
    np.testing.assert_allclose(rates, [0.2, 0.546875, 0.725, 0.790625, 0.8])


def test_a_callback_holds_zeros_in_keras_fit():
    model, split = network(), samples()
    masks = weight_masks(model, "magnitude", rate=0.5)
    before = model.get_layer("hidden").get_weights()[0]
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(split.x, split.y, epochs=2, verbose=0, callbacks=[hold_masks(model, masks)])
    after = model.get_layer("hidden").get_weights()[0]
    assert (after[~masks["hidden/kernel"]] == 0).all()
    assert (after != before)[masks["hidden/kernel"]].mean() > 0.2  # some units are dead


@pytest.mark.parametrize("schedule", ["polynomial", "one-shot"])
def test_zeros_are_held_through_training_while_the_rest_learns(schedule):
    model, split = network(), samples()
    pruning = Pruning(method="magnitude", rate=0.7, schedule=schedule)
    result = prune(model, pruning, split, split, Training(epochs=4, batch_size=32))
    assert zeros_of(result.model) == pytest.approx(dict.fromkeys(zeros_of(model), 0.7), abs=0.02)
    assert zeros_of(model) == dict.fromkeys(zeros_of(model), 0)
    assert result.parameters[0] == result.parameters[1]
    before, after = (m.get_layer("hidden").get_weights()[0] for m in (model, result.model))
    kept = after != 0
    assert np.abs(after[kept] - before[kept]).max() > 1e-4


def test_zeros_grow_within_one_training_and_survive_int8(caplog):
    """One optimizer and one learning rate schedule; zeros never come back."""
    model, split, epochs = network(), samples(), []
    caplog.set_level(logging.INFO, "edgecompress")
    training = Training(epochs=6, batch_size=32, learning_rate=3e-3)
    pruning = Pruning(method="magnitude", rate=0.8)
    result = prune(model, pruning, split, split, training, on_epoch=epochs.append)
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    zeros = [float(rate) for rate in re.findall(r"epoch \d: ([\d.]+) % zeros", caplog.text)]
    assert zeros == [pytest.approx(80 * (1 - (1 - n / 3) ** 3), abs=0.05) for n in (1, 2, 3)]
    assert zeros_of(result.model) == pytest.approx(dict.fromkeys(zeros_of(model), 0.8), abs=0.02)
    graph = read_model(quantize(result.model, split.x))
    for op in ("CONV_2D", "FULLY_CONNECTED"):
        operator = next(o for o in graph.main.operators if o.op == op)
        stored = np.frombuffer(graph.main.tensors[operator.inputs[1]].data, np.int8)
        assert (stored == 0).mean() >= 0.78


def test_a_short_time_leaves_all_the_zeros_asked_for():
    model, split = network(), samples()
    training = Training(epochs=50, batch_size=32, deadline_seconds=0.0)
    result = prune(model, Pruning(method="magnitude", rate=0.8), split, split, training)
    assert zeros_of(result.model) == pytest.approx(dict.fromkeys(zeros_of(model), 0.8), abs=0.02)


def test_pruned_weights_are_zero_in_the_int8_file():
    """Batch norm is folded into the kernels on the way, and zeros stay exactly zero."""
    model, split = network(), samples()
    masks = weight_masks(model, "magnitude", rate=0.75)
    apply_masks(model, masks)
    graph = read_model(quantize(model, split.x))
    for name, op in (("conv", "CONV_2D"), ("hidden", "FULLY_CONNECTED")):
        operator = next(o for o in graph.main.operators if o.op == op)
        tensor = graph.main.tensors[operator.inputs[1]]
        assert set(tensor.quantization.zero_points) == {0}
        stored = np.frombuffer(tensor.data, np.int8).reshape(tensor.shape)
        mask = masks[f"{name}/kernel"]
        order = (3, 0, 1, 2) if op == "CONV_2D" else (1, 0)  # TFLite has outputs first
        assert (stored[~mask.transpose(order)] == 0).all()
        assert np.count_nonzero(stored) > 0.8 * mask.sum()


MACS = {  # of the published MLPerf Tiny models, without biases
    "ad_autoencoder.h5": 264192,
    "ic_resnet8.h5": 12501632,
    "vww_mobilenetv1_025.h5": 7489664,
}


@pytest.mark.parametrize("name", MACS)
def test_macs_of_known_models(shared_dir, name):
    assert count_macs(load_keras(shared_dir / "models" / "mlperf_tiny" / name)) == MACS[name]


def test_macs_of_recurrent_and_nested_layers():
    start = keras.Input((5, 4))
    x = layers.Bidirectional(layers.GRU(6, return_sequences=True))(start)
    inside = keras.Input((12,))
    block = keras.Model(inside, layers.Dense(3)(inside))
    x = layers.TimeDistributed(block)(x)
    model = keras.Model(start, x)
    assert count_macs(model) == 5 * (2 * (4 * 18 + 6 * 18) + 12 * 3)
    assert count_macs(prune_channels(model, {})) == count_macs(model)
