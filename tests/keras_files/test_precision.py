"""Models trained in half precision are read as float32."""

import numpy as np
import pytest

from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.quantize.post_training import quantize

keras = import_keras()


@pytest.fixture(params=["model.keras", "model.h5"])
def mixed(request, tmp_path):
    """A model under mixed_float16, and its file."""
    policy = keras.mixed_precision.Policy("mixed_float16")
    source = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu", dtype=policy)(source)
    x = keras.layers.Dense(3, dtype=policy)(keras.layers.Flatten(dtype=policy)(x))
    model = keras.Model(source, x)
    model.save(tmp_path / request.param)
    return model, tmp_path / request.param


def test_it_computes_in_float32_with_the_same_weights(mixed):
    model, path = mixed
    read = load_keras(path)
    assert {layer.compute_dtype for layer in read.layers} == {"float32"}
    x = np.random.default_rng(0).random((20, 6, 6, 1), dtype=np.float32)
    np.testing.assert_allclose(read.predict(x, verbose=0), model.predict(x, verbose=0), atol=5e-3)
    assert quantize(read, x)
