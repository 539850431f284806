"""Models of the digits: what is like the original and what is not."""

import numpy as np
import pytest

from edgecompress.dataset import Dataset, SealedSplit, Split
from edgecompress.explain.occlusion import answering, occlusion_maps
from edgecompress.explain.places import places_of
from edgecompress.explain.run import explain
from edgecompress.explain.samples import spread_over_classes


def _data(train: Split, test: Split) -> Dataset:
    labels = tuple(map(str, range(10)))
    empty = train.take(np.arange(0))
    return Dataset(train, empty, SealedSplit(test), labels, "classification", "digits", "")


@pytest.fixture(scope="module")
def data(digits_splits):
    return _data(digits_splits[0], digits_splits[2])


def _copy(model):
    from edgecompress.keras_files.model import import_keras

    copy = import_keras().models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


@pytest.fixture(scope="module")
def broken(digits_model):
    """The digits model, the channels of one layer in another order than they are read."""
    model = _copy(digits_model)
    layer = model.get_layer("inner")
    (kernel,) = layer.get_weights()
    layer.set_weights([kernel[..., np.roll(np.arange(kernel.shape[-1]), 3)]])
    return model


@pytest.fixture(scope="module")
def half(digits_model, digits_splits):
    """Half the channels, and a short training."""
    from edgecompress.prune.methods import Pruning, prune
    from edgecompress.train.settings import Training

    train, validation, _ = digits_splits
    return prune(digits_model, Pruning(rate=0.5), train, validation, Training(epochs=4)).model


def _mean(entry):
    return entry["similarity"]["mean"]["rank_correlation"]


def test_int8_looks_where_the_original_looks_and_a_broken_model_does_not(
    digits_model, digits_int8, half, broken, data
):
    names = ["original", "int8", "half", "broken"]
    document = explain([digits_model, digits_int8, half, broken], data, names=names)
    original, int8, pruned, wrong = document["models"]
    assert _mean(original) == 1
    assert _mean(int8) > 0.85
    assert _mean(int8) > _mean(pruned) > _mean(wrong) + 0.15
    assert (int8["finding"], wrong["finding"]) == ("same", "elsewhere")
    assert int8["similarity"]["mean"]["top_overlap"] > 0.8
    assert wrong["similarity"]["mean"]["top_overlap"] < 0.6
    assert document["chance"] < document["threshold"] < 0.75
    assert document["verdict"][0].startswith("int8 looks at the same evidence as original")
    assert document["verdict"][2].startswith("broken loses the accuracy of original and looks else")


def test_similarity_is_given_by_sample(digits_model, digits_int8, data):
    document = explain([digits_model, digits_int8], data, names=["a", "b"], samples=12)
    samples = document["models"][1]["similarity"]["samples"]
    known = [row["rank_correlation"] for row in samples if row["rank_correlation"] is not None]
    assert np.mean(known) == pytest.approx(_mean(document["models"][1]))
    assert len(samples) == 12
    assert {row["class"] for row in samples} == set(map(str, range(10)))
    assert all(len(row["map"]) == 64 for row in samples)


def test_a_model_that_keeps_accuracy_by_a_mark_on_the_border_is_found_out(digits_splits):
    train, _, test = digits_splits
    rng = np.random.default_rng(0)
    honest = _trained(_marked(train, rng.integers(0, 10, train.size)))
    other_digits = Split(rng.permutation(train.x), train.y)
    cheat = _trained(_marked(other_digits, train.y))
    marked = _data(_marked(train, train.y), _marked(test, test.y))
    document = explain([honest, cheat], marked, names=["honest", "cheat"])
    first, other = document["models"]
    assert other["accuracy"] >= first["accuracy"] - 0.01
    assert other["finding"] == "elsewhere"
    assert "cheat keeps the accuracy of honest but looks elsewhere" in document["verdict"][0]


def _marked(split: Split, marks) -> Split:
    """The digits with one pixel of the upper row and one of the left column set, by `marks`."""
    x = split.x.copy()
    x[:, 0] = x[:, :, 0] = 0
    x[np.arange(split.size), 0, marks // 2 + 2] = 1
    x[np.arange(split.size), marks % 2 * 4 + 2, 0] = 1
    return Split(x, split.y)


def _trained(train: Split):
    from edgecompress.keras_files.model import import_keras, set_seed

    keras = import_keras()
    set_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    model.fit(train.x, train.y, batch_size=32, epochs=12, verbose=0)
    return model


def test_a_map_shows_what_a_class_depends_on():
    """A model of logits that are single features: only these matter, and by their weight."""
    weights = np.array([[4.0, 0], [2, 0], [0, 0], [0, 3]])
    x = np.ones((2, 4), np.float32)
    places = [places_of((4,))]
    covers = [np.zeros(4, np.float32)]
    maps = occlusion_maps(lambda x: x @ weights, x, np.array([0, 1]), places, covers)
    assert maps[0, 2] == pytest.approx(0)
    assert maps[0, 0] > maps[0, 1] > 0 > maps[0, 3]
    assert maps[1] == pytest.approx(-maps[0])


def test_several_inputs_are_covered_one_after_another():
    pair = (np.ones((3, 2), np.float32), np.ones((3, 5), np.float32))
    covers = [np.zeros(2, np.float32), np.zeros(5, np.float32)]

    def answer(x):
        return np.stack([x[1][:, 4] * 2, x[0][:, 0] * 3], axis=1)

    places = [places_of((2,)), places_of((5,))]
    maps = occlusion_maps(answer, pair, np.array([0, 0, 1]), places, covers)
    assert maps.shape == (3, 7)
    assert set(np.flatnonzero(maps[0])) == {0, 6}


def test_a_tflite_is_a_black_box_and_answers_as_its_keras_model_does(
    digits_model, digits_int8, digits_splits
):
    x = digits_splits[2].x[:4]
    places, covers = [places_of((8, 8, 1))], [np.zeros((8, 8, 1), np.float32)]
    float_maps, int8_maps = (
        occlusion_maps(answering(model), x, digits_splits[2].y[:4], places, covers)
        for model in (digits_model, digits_int8)
    )
    assert float_maps.max() > 0.2
    assert np.abs(float_maps - int8_maps).max() < 0.25


def test_samples_are_spread_over_the_classes():
    classes = np.array([0] * 50 + [1] * 3 + [2] * 1)
    chosen = spread_over_classes(classes, 8)
    assert np.bincount(classes[chosen]).tolist() == [4, 3, 1]
    assert sorted(set(chosen)) == sorted(chosen)
    assert len(spread_over_classes(classes, 100)) == 54
    assert chosen.tolist() == spread_over_classes(classes, 8).tolist()
