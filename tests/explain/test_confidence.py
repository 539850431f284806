"""Probabilities, calibration and agreement."""

import numpy as np
import pytest

from edgecompress.explain.confidence import agreement, calibration_error
from edgecompress.explain.probabilities import probabilities


def test_logits_and_probabilities_come_to_the_same():
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -4.0]])
    exponentials = np.exp(logits)
    expected = exponentials / exponentials.sum(1, keepdims=True)
    assert probabilities(logits) == pytest.approx(expected)
    assert probabilities(expected) == pytest.approx(expected)
    assert probabilities(np.array([[0.25], [0.5]])) == pytest.approx(
        np.array([[0.75, 0.25], [0.5, 0.5]])
    )
    assert probabilities(np.array([[2.0]]))[0, 1] == pytest.approx(1 / (1 + np.exp(-2)))
    assert probabilities(np.zeros((1, 4))) == pytest.approx(0.25 * np.ones((1, 4)))


def test_the_calibration_error_is_the_gap_weighted_by_bin():
    # 0.95 sure and 80 % right of 10; 0.65 sure and 50 % right of 4.
    confidence = np.array([0.95] * 10 + [0.65] * 4)
    right = np.array([1] * 8 + [0] * 2 + [1] * 2 + [0] * 2)
    sure = np.stack([confidence, 1 - confidence], axis=1)
    error = calibration_error(sure, 1 - right)
    assert error == pytest.approx((10 * 0.15 + 4 * 0.15) / 14)


def test_a_model_as_right_as_it_is_sure_has_no_calibration_error():
    sure = np.tile([0.75, 0.25], (8, 1))
    assert calibration_error(sure, np.array([0, 0, 0, 1] * 2)) == pytest.approx(0)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_agreement_is_counted_by_the_class_that_the_first_model_answers():
    rows = agreement(np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2]), ["a", "b"])
    assert rows == [
        {"class": "a", "samples": 2, "agreement": 0.5},
        {"class": "2", "samples": 2, "agreement": 1.0},
    ]
