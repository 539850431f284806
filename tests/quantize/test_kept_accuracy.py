"""What int8 loses is said, remedied where it can be, and shows in the exit code."""

import json
from functools import partial

import numpy as np
import pytest

from edgecompress.keras_files.model import import_keras, save_keras
from edgecompress.metrics import Loss
from edgecompress.quantize.kept_accuracy import Kept, doubt_in_words
from edgecompress.tflite.interpreter import predict

keras = import_keras()
layers = keras.layers


@pytest.fixture(scope="module")
def dense_digits(digits_splits):
    """A dense network trained on the digits as rows of 64."""
    keras.utils.set_random_seed(0)
    train = digits_splits[0]
    row = keras.Input((64,))
    x = layers.Dense(32, activation="relu", name="hidden")(row)
    model = keras.Model(row, layers.Dense(10, activation="softmax", name="digit")(x))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(train.x.reshape(-1, 64), train.y, batch_size=32, epochs=12, verbose=0)
    return model


@pytest.fixture
def files(dense_digits, digits_splits, tmp_path):
    """A folder with data in rows, and a function that writes a model of given weights."""
    train, _, test = digits_splits
    rows = {"x_train": train.x.reshape(-1, 64), "x_test": test.x.reshape(-1, 64)}
    np.savez(tmp_path / "data.npz", y_train=train.y, y_test=test.y, **rows)

    def written(change=lambda *_: None):
        copy = keras.models.clone_model(dense_digits)
        weights = [w.copy() for w in dense_digits.get_weights()]
        change(weights[0], weights[2])
        copy.set_weights(weights)
        save_keras(copy, tmp_path / "model.keras")
        return tmp_path

    return written


def _quantize(cli, folder, *words):
    code, out, err = cli(
        "quantize", folder / "model.keras", "--data", folder / "data.npz", "-o",
        folder / "model.tflite", "--json", *words,
    )  # fmt: skip
    return code, json.loads(out), err


def _loud_unit(first, second, factor=3e6):
    """One hidden unit far louder than the others, read by as much less: float is as before."""
    first[:, 0] *= factor
    second[0] /= factor


def _nothing_said_of_loss(err):
    return "are lost" not in err


def test_a_model_that_keeps_its_accuracy_is_left_alone(cli, files):
    code, facts, err = _quantize(cli, files())
    assert code == 0
    assert _nothing_said_of_loss(err)
    assert "remedies_tried" not in facts


def test_a_loss_is_remedied(cli, files):
    """Equalization brings the loud unit down to the others."""
    code, facts, err = _quantize(cli, files(_loud_unit))
    assert code == 0, err
    assert "equalization" in facts["remedy_taken"]
    before, after = (facts["validation"][name]["accuracy"] for name in ("float", "int8"))
    assert after > before - 0.05


def test_what_the_user_chose_is_not_overruled_and_the_loss_shows(cli, files):
    folder = files(_loud_unit)
    code, facts, err = _quantize(cli, folder, "--bias-correction")
    assert code == 4
    assert "remedies_tried" not in facts
    assert (folder / "model.tflite").is_file()
    (line,) = [line for line in err.splitlines() if "points are lost" in line]
    assert "5 may be" in line
    assert "It begins in digit" in line
    assert "--qat" in line


def test_more_may_be_allowed(cli, files):
    code, _, err = _quantize(
        cli, files(_loud_unit), "--bias-correction", "--max-accuracy-drop", "99"
    )
    assert code == 0
    assert _nothing_said_of_loss(err)


@pytest.mark.parametrize(
    ("samples", "wrong", "allowed", "exceeds", "doubted"),
    [
        (20, 1, 5, False, True), (20, 2, 5, False, True), (20, 3, 5, True, False),
        (20, 0, 5, False, False), (20, 1, 6, False, False), (50, 3, 5, True, False),
        (50, 2, 5, False, False), (49, 3, 5, True, False), (40, 2, 4, False, True),
    ],
)  # fmt: skip
def test_one_or_two_of_few_samples_are_said_to_prove_nothing(
    samples, wrong, allowed, exceeds, doubted
):
    loss = Loss("accuracy", "classification", 1.0, 1 - wrong / samples)
    kept = Kept("classification", loss, samples)
    assert kept.exceeds(allowed) is exceeds
    words = doubt_in_words(kept, allowed)
    assert (words is not None) is doubted
    if doubted:
        assert f"{wrong} of {samples} validation samples changed" in words
        assert f"too few to judge a loss of {allowed} points" in words


def test_quantize_says_that_samples_are_too_few(cli, files, digits_splits, dense_digits):
    """Of 20 validation samples, two that only the float model is right about."""
    folder = files(partial(_loud_unit, factor=300))
    train, validation, test = digits_splits
    rows = validation.x.reshape(-1, 64)
    answers = dense_digits.predict(rows, verbose=0).argmax(axis=1)

    def quantized(numbers):
        np.savez(
            folder / "data.npz", x_train=train.x.reshape(-1, 64), y_train=train.y,
            x_val=rows[numbers], y_val=answers[numbers],
            x_test=test.x.reshape(-1, 64), y_test=test.y,
        )  # fmt: skip
        return _quantize(cli, folder, "--bias-correction", "--force")

    assert quantized(np.arange(len(rows)))[0] == 4
    (outputs,) = predict((folder / "model.tflite").read_bytes(), rows)
    wrong = outputs.argmax(axis=1) != answers
    chosen = np.concatenate([np.flatnonzero(wrong)[:2], np.flatnonzero(~wrong)[:18]])
    code, _, err = quantized(chosen)
    assert code == 0
    assert "2 of 20 validation samples changed (10.0 points of accuracy), too few to judge" in err


def test_without_labels_it_says_that_nothing_was_measured(cli, files, digits_splits, tmp_path):
    folder = files()
    np.savez(tmp_path / "data.npz", x=digits_splits[0].x.reshape(-1, 64))
    code, _, err = _quantize(cli, folder)
    assert code == 0
    assert "no labels" in err


def test_a_model_that_holds_nan_is_refused_by_its_layer(cli, files, tmp_path):
    def diverged(_, second):
        second[3, 3] = np.nan

    files(diverged)
    words = ("--data", tmp_path / "data.npz", "-o", tmp_path / "o.tflite")
    code, _, err = cli("quantize", tmp_path / "model.keras", *words)
    assert code == 3
    assert "digit" in err
    assert "NaN" in err
