"""`edgecompress explain`: what it prints, and what it refuses."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest


@pytest.fixture(scope="module")
def files(digits_files, digits_int8):
    (digits_files / "digits_explained.tflite").write_bytes(digits_int8)
    return digits_files


@pytest.fixture
def words(files):
    models = files / "digits.keras", files / "digits_explained.tflite"
    return ["explain", *models, "--data", files / "digits.npz"]


def test_json_has_similarity_by_sample_and_in_the_mean(cli, words):
    code, out, _ = cli(*words, "--samples", 6, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["samples"] == 6
    assert document["grids"] == [[8, 8]]
    assert document["answers_compared"] == 397
    original, int8 = document["models"]
    assert set(int8) == {
        "model", "accuracy", "calibration_error", "agreement", "agreement_by_class", "finding",
        "importance", "similarity",
    }  # fmt: skip
    assert int8["similarity"]["mean"]["rank_correlation"] > 0.8
    assert original["similarity"]["mean"]["top_overlap"] == 1
    low, high = int8["similarity"]["mean"]["interval"]
    assert low < int8["similarity"]["mean"]["rank_correlation"] < high
    assert len(int8["similarity"]["samples"]) == 6
    assert set(int8["similarity"]["samples"][0]) == {
        "sample", "class", "rank_correlation", "top_overlap", "map",
    }  # fmt: skip
    assert 0.95 < int8["accuracy"] <= 1
    assert 0 < int8["calibration_error"] < 0.05
    assert sum(row["samples"] for row in int8["agreement_by_class"]) == 397
    assert cli(*words, "--samples", 6, "--json")[1] == out


def test_the_verdict_is_a_sentence_with_its_threshold(cli, words):
    code, out, _ = cli(*words)
    text = " ".join(out.split())
    assert code == 0
    assert "digits_explained.tflite looks at the same evidence as digits.keras: rank" in text
    assert "halfway between maps of different samples" in text
    assert "calibratio" in text


def test_without_labels_models_are_compared_all_the_same(cli, words, digits_splits, tmp_path):
    np.savez(tmp_path / "unlabelled.npz", x=digits_splits[2].x)
    words[words.index("--data") + 1] = tmp_path / "unlabelled.npz"
    code, out, stderr = cli(*words, "--samples", 4, "--json")
    assert code == 0, stderr
    int8 = json.loads(out)["models"][1]
    assert int8["accuracy"] is int8["calibration_error"] is None
    assert int8["agreement"] > 0.9


def test_models_of_tflite_alone_need_no_tensorflow(files):
    model, data = str(files / "digits_explained.tflite"), str(files / "digits.npz")
    arguments = ["explain", model, model, "--data", data, "--samples", "2"]
    program = (
        "import sys\n"
        "from edgecompress.cli import app\n"
        f"app({arguments!r}, standalone_mode=False)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def sensors(tmp_path_factory):
    """Two models of a channel over time each, and data with four of them; and tables likewise."""
    from edgecompress.keras_files.model import import_keras, save_keras

    keras = import_keras()
    folder = tmp_path_factory.mktemp("sensors")
    rng = np.random.default_rng(0)
    for name, shape in (("series", (24, 4)), ("table", (4,))):
        for channel in (1, 2):
            weights = np.zeros((*shape, 1), np.float32)
            weights[..., channel, 0] = 8 / np.prod(shape[:-1])
            taken = keras.Input(shape)
            dense = keras.layers.Dense(1, activation="sigmoid", use_bias=False)
            model = keras.Model(taken, dense(keras.layers.Flatten()(taken)))
            dense.set_weights([weights.reshape(-1, 1)])
            save_keras(model, folder / f"{name}{channel}.keras")
        y = rng.integers(0, 2, 200)
        x = rng.normal(0, 0.1, (200, *shape)) + (y - 0.5).reshape(-1, *[1] * len(shape))
        np.savez(folder / f"{name}.npz", x=x.astype(np.float32), y=y)
    return folder


@pytest.mark.parametrize("kind", ["series", "table"])
def test_features_are_told_by_what_they_matter_to_each_model(cli, sensors, kind):
    words = ["explain", *(sensors / f"{kind}{n}.keras" for n in (1, 2))]
    words += ["--data", sensors / f"{kind}.npz"]
    code, out, stderr = cli(*words)
    assert code == 0, stderr
    rows = out[out.index("Change of probability") :].splitlines()
    cells = [re.split("[│┃]", row)[1:-1] for row in rows if row.startswith("│")]
    first = {int(row[0]): float(row[1]) for row in cells}
    other = {int(row[0]): float(row[2]) for row in cells}
    assert max(first, key=first.get) == int(cells[0][0]) == 1
    assert max(other, key=other.get) == 2
    assert first[0] == first[3] == other[0] == other[1] == 0
    assert f"{kind}2.keras keeps the accuracy of {kind}1.keras but looks elsewhere" in out
    document = json.loads(cli(*words, "--json")[1])
    assert document["shapes"] == [[24, 4] if kind == "series" else [4]]
    (importance,) = document["models"][0]["importance"]
    assert len(importance) == np.prod(document["grids"][0])


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Models that do not go with the digits, and data that is no classes."""
    from edgecompress.keras_files.model import import_keras, save_keras

    keras = import_keras()
    folder = tmp_path_factory.mktemp("others")

    def save(name, shape, outputs):
        image = keras.Input(shape)
        answer = keras.layers.Dense(outputs)(keras.layers.Flatten()(image))
        save_keras(keras.Model(image, answer), folder / f"{name}.keras")

    save("larger", (16, 16, 1), 10)
    save("fewer", (8, 8, 1), 3)
    save("amount", (8, 8, 1), 1)
    rng = np.random.default_rng(0)
    x = rng.random((40, 8, 8, 1), np.float32)
    np.savez(folder / "amounts.npz", x=x, y=rng.random(40))
    np.savez(folder / "empty.npz", x=x[:0], y=np.zeros(0, np.int64))
    return folder


def test_models_of_other_inputs_are_refused(cli, files, others):
    code, out, stderr = cli(
        "explain", files / "digits.keras", others / "larger.keras", "--data", files / "digits.npz"
    )
    assert (code, out) == (2, "")
    assert "larger.keras takes [16, 16, 1]" in stderr
    assert "digits.keras takes [8, 8, 1]" in stderr
    assert "give models of one input shape" in stderr


def test_models_of_other_classes_are_refused(cli, files, others):
    code, _, stderr = cli(
        "explain", files / "digits.keras", others / "fewer.keras", "--data", files / "digits.npz"
    )
    assert code == 2
    assert "fewer.keras tells 3 classes apart" in stderr


def test_regression_is_refused(cli, others):
    model = others / "amount.keras"
    code, _, stderr = cli("explain", model, model, "--data", others / "amounts.npz")
    assert code == 2
    assert "answer no class (regression)" in stderr
    assert "evaluate" in stderr


def test_data_is_needed(cli, words, others):
    without = words[: words.index("--data")]
    code, _, stderr = cli(*without)
    assert code == 2
    assert "--data" in stderr
    assert cli(*without, "--data", others / "missing.npz")[0] == 2
    assert cli(*without, "--data", others / "empty.npz")[0] == 2


def test_one_model_is_nothing_to_compare(cli, files):
    code, _, stderr = cli("explain", files / "digits.keras", "--data", files / "digits.npz")
    assert code == 2
    assert "name the original first" in stderr


def test_a_damaged_model_is_named(cli, words, tmp_path):
    (tmp_path / "cut.tflite").write_bytes(b"\x1c\0\0\0TFL3 no more than this")
    code, _, stderr = cli(words[0], tmp_path / "cut.tflite", *words[1:])
    assert code == 3
    assert "cut.tflite" in stderr
