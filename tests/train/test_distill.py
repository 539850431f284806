"""Distillation: what a student learns from its teacher."""

import json

import numpy as np
import pytest

from edgecompress.dataset import Split
from edgecompress.errors import UsageError
from edgecompress.evaluate.score import evaluate, outputs_for
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.prune.student import derive_student
from edgecompress.train.distill import distill, residuals
from edgecompress.train.fine_tune import Training


@pytest.fixture(scope="module")
def keras():
    return import_keras()


@pytest.fixture(scope="module")
def student(digits_model):
    return derive_student(digits_model, 0.5)


def _accuracy(model, split):
    return evaluate(model, split, "classification")["accuracy"]


def test_a_derived_student_is_narrower_and_not_quite_ignorant(digits_model, student, digits_splits):
    assert student.get_layer("down").filters == 8
    assert student.get_layer("stem").filters == 4
    assert student.output_shape == digits_model.output_shape
    assert student.count_params() < 0.6 * digits_model.count_params()
    assert derive_student(digits_model, 1.0).count_params() == digits_model.count_params()
    with pytest.raises(UsageError, match=r"1\.5"):
        derive_student(digits_model, 1.5)


def test_unlabelled_samples_teach_more_than_a_few_labels(digits_model, student, digits_splits):
    train, validation, test = digits_splits
    few = train.take(np.arange(60))
    settings = Training(epochs=8, learning_rate=3e-3, batch_size=32, alpha=0.9)
    alone = distill(
        digits_model, student, few, validation, Training(epochs=8, learning_rate=3e-3, alpha=0.0)
    )
    taught = distill(digits_model, student, few, validation, settings, unlabelled=train.x[60:])
    assert _accuracy(taught, test) > _accuracy(alone, test) + 0.03
    assert _accuracy(taught, test) > 0.85


def test_no_labels_at_all(digits_model, student, digits_splits):
    train, validation, test = digits_splits
    settings = Training(epochs=6, learning_rate=3e-3, batch_size=32)
    taught = distill(
        digits_model, student, Split(train.x), validation, settings, task="classification"
    )
    assert _accuracy(taught, test) > 0.85


def test_feature_maps_come_nearer_to_the_teachers(digits_model, student, digits_splits):
    train, validation, _ = digits_splits
    settings = Training(epochs=2, learning_rate=1e-3)
    pairs = [("down", "down")]
    plain = distill(digits_model, student, train, validation, settings)
    matched = distill(digits_model, student, train, validation, settings, features=pairs)

    def attention(model):
        import keras

        layer = keras.Model(model.input, model.get_layer("down").output)
        energy = np.square(outputs_for(layer, validation.x)).mean(axis=-1).reshape(200, -1)
        return energy / np.linalg.norm(energy, axis=1, keepdims=True)

    distances = [
        np.linalg.norm(attention(model) - attention(digits_model), axis=1).mean()
        for model in (plain, matched)
    ]
    assert distances[1] < distances[0]
    with pytest.raises(UsageError, match=r"nowhere.*down"):
        distill(digits_model, student, train, validation, settings, features=[("nowhere", "down")])


def test_a_regression_teacher(keras):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 6), dtype=np.float32)
    keras.utils.set_random_seed(0)
    layers = keras.layers
    teacher = keras.Sequential(
        [keras.Input((6,)), layers.Dense(32, activation="tanh"), layers.Dense(2)]
    )
    small = keras.Sequential(
        [keras.Input((6,)), layers.Dense(12, activation="tanh"), layers.Dense(2)]
    )
    data = Split(x)
    wanted = Split(x, outputs_for(teacher, x))
    settings = Training(epochs=40, learning_rate=1e-2, alpha=1.0)
    taught = distill(teacher, small, data, wanted, settings, task="regression")
    assert evaluate(taught, wanted, "regression")["r2"] > 0.9
    (row,) = residuals(teacher, taught, data, "regression")
    assert row.label is None
    assert row.agreement is None
    assert row.difference < residuals(teacher, small, data, "regression")[0].difference / 2


def test_the_residual_is_counted_class_by_class(digits_model, digits_splits):
    test = digits_splits[2]
    rows = residuals(digits_model, digits_model, test, "classification", 10)
    assert [row.label for row in rows] == [None, *range(10)]
    assert rows[0].samples == sum(row.samples for row in rows[1:]) == test.size
    assert all(row.difference == 0 and row.agreement == 1 for row in rows)
    assert rows[0].teacher_accuracy == pytest.approx(_accuracy(digits_model, test))


def test_models_of_other_shapes_cannot_learn_from_each_other(keras, digits_model, digits_splits):
    other = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    with pytest.raises(UsageError, match=r"\(None, 10\).*\(None, 64\)"):
        distill(digits_model, other, digits_splits[0], digits_splits[1], Training())


def test_the_command_derives_a_student_without_the_block_that_matters_least(
    digits_files, tmp_path, cli
):
    out = tmp_path / "student.keras"
    code, stdout, stderr = cli(
        "distill", digits_files / "digits.keras", "--student", "auto", "--width", 1, "--depth", 0,
        "--data", digits_files / "digits.npz", "--epochs", 0, "-o", out, "--json",
    )  # fmt: skip
    assert code == 0
    assert "left out: inner, " in stderr
    facts = json.loads(stdout)
    # the kernel of 3 x 3 x 8 x 8 and the batch normalization after it
    assert facts["teacher_parameters"] - facts["parameters"] == 576 + 4 * 8
    assert "inner" not in {layer.name for layer in load_keras(out).layers}
