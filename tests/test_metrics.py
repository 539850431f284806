"""Metrics against scikit-learn, and the choices that depend on outputs alone."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from edgecompress.dataset import Split
from edgecompress.errors import DataError
from edgecompress.metrics import (
    allowed_fitness,
    confusion_matrix,
    fitness,
    measure,
    predicted_classes,
    primary_metric,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def samples(y, width=3):
    return Split(np.zeros((len(y), width), np.float32), y)


def test_classification_agrees_with_scikit_learn(rng):
    y = rng.integers(0, 5, 300)
    outputs = rng.random((300, 7)) + 1.5 * np.eye(7)[y]  # better than chance; two classes unseen
    predicted = outputs.argmax(axis=1)
    values = measure("classification", outputs, samples(y))
    assert values["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(y, predicted))
    assert values["macro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(y, predicted, average="macro")
    )
    matrix = confusion_matrix(predicted, y, 7)
    assert (matrix == sklearn_metrics.confusion_matrix(y, predicted, labels=range(7))).all()
    recalls = sklearn_metrics.recall_score(y, predicted, average=None, labels=range(5))
    assert values["balanced_accuracy"] == pytest.approx(recalls.mean())


def test_a_single_output_is_decided_as_probability_or_as_logit():
    y = np.array([0, 1, 1, 0])
    probabilities = np.array([[0.1], [0.9], [0.4], [0.2]])
    logits = np.array([[-3.0], [2.0], [0.3], [-0.1]])
    assert measure("binary", probabilities, samples(y))["accuracy"] == 0.75
    assert measure("binary", logits, samples(y))["accuracy"] == 1.0
    assert predicted_classes("binary", logits).tolist() == [0, 1, 1, 0]


def test_regression_agrees_with_scikit_learn(rng):
    y = rng.normal(size=(50, 2)).astype(np.float32)
    outputs = y + rng.normal(size=y.shape) / 3
    values = measure("regression", outputs, samples(y))
    assert values["mse"] == pytest.approx(sklearn_metrics.mean_squared_error(y, outputs))
    assert values["mae"] == pytest.approx(sklearn_metrics.mean_absolute_error(y, outputs))
    r2 = sklearn_metrics.r2_score(y, outputs, multioutput="variance_weighted")
    assert values["r2"] == pytest.approx(r2)


def test_regression_targets_of_one_axis_meet_outputs_of_two():
    y = np.array([1.0, 2.0, 4.0])
    assert measure("regression", y[:, None], samples(y))["mse"] == 0.0


def test_reconstruction_tells_anomalies_by_their_error(rng):
    x = rng.normal(size=(40, 6)).astype(np.float32)
    y = np.arange(40) % 2
    outputs = x + 0.1 + y[:, None] * rng.random((40, 6))
    values = measure("reconstruction", outputs, Split(x, y))
    errors = ((outputs - x) ** 2).mean(axis=1)
    assert values["mse"] == pytest.approx(errors.mean())
    assert values["roc_auc"] == pytest.approx(sklearn_metrics.roc_auc_score(y, errors))
    assert "roc_auc" not in measure("reconstruction", outputs, Split(x))


def test_the_primary_metric_is_among_those_measured(rng):
    x = rng.random((6, 4)).astype(np.float32)
    y = np.array([0, 1, 0, 1, 1, 0])
    for task in ("classification", "binary", "regression", "reconstruction"):
        outputs = x if task in ("classification", "reconstruction") else x[:, :1]
        values = measure(task, outputs, Split(x, y))
        name, _ = primary_metric(task)
        assert name in values
        assert fitness(task, outputs, Split(x, y)) <= 1


def test_labels_and_outputs_must_be_there_and_as_many():
    with pytest.raises(DataError, match="without labels"):
        measure("classification", np.zeros((3, 2)), Split(np.zeros((3, 2), np.float32)))
    with pytest.raises(DataError, match="2 outputs for 3 samples"):
        measure("classification", np.zeros((2, 2)), samples(np.zeros(3, int)))


def test_the_fitness_that_is_left_when_what_is_allowed_is_lost(rng):
    assert allowed_fitness("classification", 0.9, 1.5) == pytest.approx(0.885)
    x = rng.random((50, 3)).astype(np.float32)
    near = x + 0.1 * rng.standard_normal(x.shape)
    farther = x + 1.05**0.5 * (near - x)  # 5 % more of mean squared error
    before, after = (fitness("reconstruction", out, Split(x)) for out in (near, farther))
    assert allowed_fitness("reconstruction", before, 5) == pytest.approx(after)
