"""A float model that is no better than guessing is said so, with what would make it better."""

from dataclasses import replace

import numpy as np
import pytest

from edgecompress.dataset import Split
from edgecompress.evaluate.guessing import guessing


def _guess(model, split):
    return guessing(model, split, "classification")


def test_a_trained_model_does_not_guess(digits_model, digits_splits):
    assert _guess(digits_model, digits_splits[2]) is None


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda split: replace(split, x=split.x * 255), "divided by 255"),
        (lambda split: replace(split, y=(split.y + 3) % 10), "another order"),
    ],
)
def test_the_cause_is_found(change, cause, digits_model, digits_splits):
    test = digits_splits[2]
    changed = change(test)
    found = _guess(digits_model, changed)
    if found is None:  # digits of 0..255 may still be told apart: then nobody has to be warned
        assert cause == "divided by 255"
        return
    assert cause in str(found)
    assert max(value for _, value in found.helps) > 0.9


def test_other_data_are_called_so(digits_model):
    rng = np.random.default_rng(0)
    noise = Split(rng.random((400, 8, 8, 1), dtype=np.float32), rng.integers(0, 10, 400))
    found = _guess(digits_model, noise)
    assert found is not None
    assert found.helps == ()
    assert "other data than it was trained on" in str(found)


def test_few_samples_prove_nothing_against_a_model_that_is_right(digits_model, digits_splits):
    assert _guess(digits_model, digits_splits[2].take(np.arange(20))) is None


def test_compress_refuses_before_any_work(cli, digits_files, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "noise.npz", x=rng.random((600, 8, 8, 1)).astype("f"), y=rng.integers(0, 10, 600)
    )
    code, _, err = cli(
        "compress", digits_files / "digits.keras", "--board", "nucleo_f401re", "--data",
        tmp_path / "noise.npz", "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 2
    assert "no better than guessing" in err
    assert not (tmp_path / "out").exists()
