"""Ids of tokens are no pixels; layers that keep a state are refused when a model is loaded."""

import numpy as np
import pytest

from edgecompress.dataset import load_dataset
from edgecompress.evaluate.guessing import guessing
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.keras_files.model import import_keras, save_keras
from edgecompress.keras_files.token_ids import id_inputs


@pytest.fixture(scope="module")
def reader():
    """A model of two inputs, not trained: ids of tokens, by way of a reshape, and numbers."""
    keras = import_keras()
    numbers, ids = keras.Input((3,)), keras.Input((2, 4))
    words = keras.layers.Embedding(40, 6)(keras.layers.Reshape((8,))(ids))
    pooled = keras.layers.GlobalAveragePooling1D()(words)
    both = keras.layers.Concatenate()([pooled, numbers])
    return keras.Model([numbers, ids], keras.layers.Dense(2, activation="softmax")(both))


@pytest.fixture(scope="module")
def untrained():
    keras = import_keras()
    layers = keras.layers
    ids = keras.Input((8,))
    pooled = layers.GlobalAveragePooling1D()(layers.Embedding(40, 6)(ids))
    return keras.Model(ids, layers.Dense(2, activation="softmax")(pooled))


def _ids(tmp_path, type_):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 200)
    np.savez(tmp_path / "ids.npz", x=random.integers(0, 40, (200, 8)).astype(type_), y=y)
    return tmp_path / "ids.npz"


def test_inputs_of_ids_are_those_that_an_embedding_looks_up(reader, untrained):
    assert id_inputs(reader) == (1,)
    assert id_inputs(untrained) == (0,)


def test_bytes_that_are_ids_are_not_scaled(untrained, tmp_path):
    data = str(_ids(tmp_path, np.uint8))
    dataset = load_dataset(data, input_shape=(8,), output_shape=(2,))
    assert dataset.pixel_range == "0..255"
    resolved = resolve_pixels(dataset, untrained)
    assert resolved.pixel_range is None
    assert (resolved.train.x == dataset.train.x).all()


@pytest.mark.parametrize("type_", [np.uint8, np.int32, np.float32])
def test_a_model_of_ids_that_guesses_is_said_so_and_converted(untrained, cli, tmp_path, type_):
    save_keras(untrained, tmp_path / "ids.keras")
    code, _, err = cli("quantize", tmp_path / "ids.keras", "--data", _ids(tmp_path, type_),
                       "-o", tmp_path / "ids.tflite")  # fmt: skip
    assert code in (0, 4)  # int8 may lose what little there is
    assert (tmp_path / "ids.tflite").exists()
    assert "pixels" not in err


def test_ids_have_no_other_range(untrained, tmp_path):
    dataset = load_dataset(str(_ids(tmp_path, np.int32)), input_shape=(8,), output_shape=(2,))
    found = guessing(untrained, dataset.train, "classification")
    assert found is None or not any("inputs are" in cause for cause, _ in found.helps)


@pytest.mark.parametrize("layer", ["GRU", "LSTM", "SimpleRNN"])
def test_a_stateful_layer_ends_quantize_with_its_name(cli, tmp_path, layer):
    keras = import_keras()
    inputs = keras.Input(batch_shape=(1, 6, 3))
    recurrent = getattr(keras.layers, layer)(5, stateful=True, name="endless")
    outputs = keras.layers.Dense(2, activation="softmax")(recurrent(inputs))
    save_keras(keras.Model(inputs, outputs), tmp_path / "endless.keras")
    data = np.random.default_rng(0).normal(size=(40, 6, 3)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=data, y=np.arange(40) % 2)
    code, _, err = cli("quantize", tmp_path / "endless.keras", "--data", tmp_path / "data.npz",
                       "-o", tmp_path / "out.tflite")  # fmt: skip
    assert code == 3
    assert "'endless' is stateful" in err
