"""What a Keras callback says of the fit while a model is trained."""

import numpy as np
import pytest

import edgecompress as ec
from edgecompress.keras_files.model import import_keras


@pytest.fixture
def train(digits_splits):
    def run(callback, channels=4, epochs=2):
        keras = import_keras()
        image = keras.Input((8, 8, 1))
        x = keras.layers.Conv2D(channels, 3, activation="relu")(image)
        x = keras.layers.Dense(10)(keras.layers.Flatten()(x))
        model = keras.Model(image, x, name="probe")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss)
        train, some = digits_splits[0], np.arange(64)
        data = train.take(some)
        return model.fit(data.x, data.y, epochs=epochs, verbose=0, callbacks=[callback]), model

    return run


def test_history_has_the_figures_of_fit(train, capsys) -> None:
    callback = ec.FitCallback("rpi_pico")
    history, model = train(callback)
    verdict = ec.fit(model, "rpi_pico").verdicts[0]
    assert callback.verdict == verdict  # of the trained model
    assert history.history["fits"] == [1.0, 1.0]
    assert history.history["arena_bytes"] == [verdict.arena.min_bytes] * 2
    assert history.history["ram_bytes"] == [verdict.ram.arena.used_bytes] * 2
    # Of the untrained: its biases are all zero, and a file holds equal constants once.
    assert history.history["flash_bytes"] == pytest.approx([verdict.flash.used_bytes] * 2, abs=256)
    assert capsys.readouterr().out.count("fits rpi_pico: tensor arena") == 2


def test_a_model_that_does_not_fit_may_end_training(train, capsys) -> None:
    callback = ec.FitCallback("bbc_microbit", stop=True)
    history, _ = train(callback, channels=160, epochs=5)
    assert history.history["fits"] == [0.0]
    assert "does not fit bbc_microbit" in capsys.readouterr().out
    quiet = ec.FitCallback("bbc_microbit", verbose=0)
    assert len(train(quiet, channels=160, epochs=2)[0].history["fits"]) == 2
    assert capsys.readouterr().out == ""


def test_it_looks_again_where_asked(train, capsys) -> None:
    train(ec.FitCallback("rpi_pico", every=2, runtime="c"), epochs=4)  # at 0, 2 and 4
    assert capsys.readouterr().out.count("fits rpi_pico, C runtime") == 3
