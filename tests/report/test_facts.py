"""What report.json says of a run, held against the models that the run has written."""

import numpy as np
import pytest
from scipy.stats import binomtest

from edgecompress.keras_files.model import load_keras
from edgecompress.metrics import wilson_interval
from edgecompress.report.samples import drawn_samples
from edgecompress.tflite.interpreter import predict
from edgecompress.tflite.reader import read_model
from edgecompress.tflite.summary import summarize


@pytest.fixture(scope="module")
def answers(small_run, digits_model, digits_splits):
    """True classes of the test split, and what the original and the result answer."""
    test = digits_splits[2]
    int8 = predict((small_run[0] / "model.tflite").read_bytes(), (test.x,))[0]
    return test.y, digits_model.predict(test.x, verbose=0).argmax(axis=1), int8.argmax(axis=1)


def test_the_confusion_matrices_count_what_the_models_answer(small_run, answers) -> None:
    true, float_answers, int8_answers = answers
    confusion = small_run[1]["confusion"]
    for name, given in (("float", float_answers), ("int8", int8_answers)):
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (true, given), 1)
        assert confusion[name] == counts.tolist()


def test_samples_that_disagree_are_those_that_the_models_answer_differently(
    small_run, answers
) -> None:
    true, float_answers, int8_answers = answers
    found = small_run[1]["disagreements"]
    differ = np.flatnonzero(float_answers != int8_answers)
    assert found["compared"] == len(true)
    assert found["int8_lost"] + found["int8_won"] + found["both_wrong"] == len(differ)
    assert found["int8_lost"] == (float_answers == true)[differ].sum()
    assert len(found["shown"]) == min(len(differ), 12)
    for sample in found["shown"]:
        index = sample["sample"]
        assert (sample["float"], sample["int8"]) == (
            str(float_answers[index]), str(int8_answers[index]),
        )  # fmt: skip
        assert sample["inputs"][0]["png"].startswith("data:image/png;base64,")


def test_the_network_is_that_of_the_file(small_run) -> None:
    out, facts = small_run
    summary = summarize(read_model((out / "model.tflite").read_bytes()))
    assert [row["op"] for row in facts["network"]] == [each.op for each in summary.operators]
    assert sum(row["macs"] for row in facts["network"]) == summary.macs
    narrowed = {layer for group in facts["channels"] for layer in group["layers"]}
    shown = {
        row["layer"].rpartition("/")[2]
        for row in facts["network"]
        if row["channels_before"] and row["channels_before"] > row["output"][-1]
    }
    assert narrowed
    assert narrowed <= shown
    assert facts["instructions"] is None  # of TFLM nobody has counted them by kernel
    assert facts["verdict"]["latency"]["cycles"] == sum(
        row["cycles"] or 0 for row in facts["network"]
    )


def test_the_arena_is_drawn_as_it_was_judged(small_run) -> None:
    facts = small_run[1]
    before, after = facts["arenas"][:2]
    assert before["arena_bytes"] == facts["before"]["arena_bytes"]
    assert after["arena_bytes"] == facts["after"]["arena_bytes"]
    assert all(each["arena_bytes"] < after["arena_bytes"] for each in facts["arenas"][2:])


def test_each_epoch_of_a_training_is_recorded(small_run) -> None:
    facts = small_run[1]
    (training,) = [each for each in facts["trainings"] if each["step"].startswith("1-")]
    numbers = [epoch["epoch"] for epoch in training["epochs"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 1
    best = max(epoch["score"] for epoch in training["epochs"])
    assert facts["steps"][1]["float_validation"] >= best - 1e-6


def test_distributions_hold_all_values_and_the_range_of_the_file(small_run) -> None:
    out, facts = small_run
    main = read_model((out / "model.tflite").read_bytes()).main
    for row in facts["distributions"]:
        tensor = main.tensors[main.operators[row["operator"]].outputs[0]]
        low = (-128 - tensor.quantization.zero_points[0]) * tensor.quantization.scales[0]
        assert row["int8_range"][0] == pytest.approx(low)
        assert sum(row["counts"]) == 32 * tensor.elements  # of 32 samples
    assert {row["layer"] for row in facts["distributions"]} >= {"digit"}


def test_what_filled_the_board_before_is_the_verdict_on_the_original(small_run) -> None:
    facts = small_run[1]
    before = facts["verdict_before"]
    assert before["flash"]["used_bytes"] == facts["before"]["flash_bytes"]
    assert before["ram"]["used_bytes"] == facts["before"]["ram_bytes"]


@pytest.mark.parametrize(("right", "samples"), [(0, 7), (3, 7), (45, 45), (460, 500)])
def test_intervals_are_those_of_scipy(right, samples) -> None:
    theirs = binomtest(right, samples).proportion_ci(method="wilson")
    assert wilson_interval(right / samples, samples) == pytest.approx(tuple(theirs), abs=1e-6)


def test_a_run_of_this_release_says_how_sure_each_recall_is(small_run) -> None:
    for row in small_run[1]["classes"]:
        assert row["after_interval"][0] <= row["after"] <= row["after_interval"][1]


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((8, 8, 1), "picture"),
        ((200, 150, 3), "picture"),
        ((49, 10, 1), "picture"),
        ((128, 3), "waveform"),
        ((16000,), "waveform"),
        ((49, 40), "picture"),
        ((5,), "row"),
    ],
)
def test_a_sample_is_drawn_as_what_it_is(shape, kind) -> None:
    values = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    for (drawn,) in drawn_samples((values,)):
        assert drawn["kind"] == kind
        if kind == "waveform":
            assert all(16 <= len(row) <= 200 for row in drawn["series"])


def test_the_original_file_is_found_again(small_run) -> None:
    assert (
        load_keras(small_run[0] / "model.keras").count_params()
        == (small_run[1]["after"]["parameters"])
    )
