"""Models of several inputs or outputs, as a user runs the commands on them."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from edgecompress.cli import main
from edgecompress.tflite.reader import read_model


@pytest.fixture(scope="module")
def folder(digits_splits, tmp_path_factory) -> Path:
    """A classifier of a digit's class that needs both inputs: it is upside down if hint says so."""
    path = tmp_path_factory.mktemp("several")
    train, _, test = digits_splits
    random = np.random.default_rng(0)
    arrays = {}
    for part, split in (("train", train), ("test", test)):
        turned = random.integers(0, 2, split.size)
        image = np.where(turned[:, None, None, None] == 1, split.x[:, ::-1], split.x)
        hint = np.stack([turned, 1 - turned, random.random(split.size)], axis=1)
        arrays |= {f"hint_{part}": hint.astype(np.float32), f"image_{part}": image}
        arrays |= {f"y_{part}": split.y}
    np.savez(path / "d.npz", **arrays)
    np.savez(path / "half.npz", image=arrays["image_train"], y=arrays["y_train"])
    _two_inputs(arrays).save(path / "m.keras")
    ink = {part: _ink(split.x) for part, split in (("train", train), ("test", test))}
    outputs = {f"ink_{part}": values for part, values in ink.items()}
    outputs |= {"digit_train": train.y, "digit_test": test.y, "x_train": train.x, "x_test": test.x}
    np.savez(path / "two.npz", **outputs)
    _two_outputs(outputs).save(path / "two.keras")
    return path


def _ink(images):
    """Return how dark the left and the right half of each image are, about -1 to 1, [n, 2]."""
    halves = images / images.max()
    halves = np.stack([halves[:, :, :4].mean((1, 2, 3)), halves[:, :, 4:].mean((1, 2, 3))], axis=1)
    return (halves - 0.3) * 10


def _two_outputs(arrays):
    keras.utils.set_random_seed(0)
    image = keras.Input(arrays["x_train"].shape[1:], name="image")
    x = keras.layers.Conv2D(8, 3, activation="relu", name="conv")(image)
    x = keras.layers.Dense(32, activation="relu", name="inner")(keras.layers.Flatten()(x))
    ink = keras.layers.Dense(2, name="ink")(x)
    digit = keras.layers.Dense(10, activation="softmax", name="digit")(x)
    model = keras.Model(image, [ink, digit])
    losses = {"digit": "sparse_categorical_crossentropy", "ink": "mse"}
    model.compile("adam", losses, loss_weights={"digit": 1.0, "ink": 3.0})
    labels = {"ink": arrays["ink_train"], "digit": arrays["digit_train"]}
    model.fit(arrays["x_train"], labels, epochs=12, batch_size=32, verbose=0)
    return model


def _two_inputs(arrays):
    keras.utils.set_random_seed(0)
    image = keras.Input(arrays["image_train"].shape[1:], name="image")
    hint = keras.Input((3,), name="hint")
    x = keras.layers.Conv2D(8, 3, activation="relu", name="conv")(image)
    x = keras.layers.Concatenate(name="both")([keras.layers.Flatten()(x), hint])
    x = keras.layers.Dense(32, activation="relu", name="inner")(x)
    model = keras.Model(
        [image, hint], keras.layers.Dense(10, activation="softmax", name="digit")(x)
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = [arrays["image_train"], arrays["hint_train"]], arrays["y_train"]
    model.fit(x, y, epochs=12, batch_size=32, verbose=0)
    return model


@pytest.fixture
def run(folder, capfd, monkeypatch):
    """Run a command in the folder; return its exit code, stdout and stderr."""
    monkeypatch.chdir(folder)

    def call(*words):
        capfd.readouterr()
        try:
            main(list(words))
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        return (code, *capfd.readouterr())

    return call


def test_two_inputs_are_quantized_and_measured(run, folder):
    code, out, err = run("quantize", "m.keras", "--data", "d.npz", "-o", "q.tflite", "--json")
    assert code == 0, err
    assert json.loads(out)["validation"]["int8"]["accuracy"] > 0.8
    graph = read_model(folder / "q.tflite").main
    assert [graph.tensors[index].name for index in graph.inputs] == ["image", "hint"]
    code, out, err = run("evaluate", "q.tflite", "m.keras", "--data", "d.npz", "--json")
    assert code == 0, err
    rounded, exact = (row["accuracy"] for row in json.loads(out)["models"])
    assert exact > 0.8
    assert rounded > exact - 0.03


def test_an_array_that_is_missing_is_named(run):
    code, _, err = run("quantize", "m.keras", "--data", "half.npz", "-o", "h.tflite")
    assert code == 2
    assert "hint (3,)" in err
    assert "hint_train" in err


def test_two_inputs_are_compressed_to_a_limit_and_their_firmware_has_both(run, folder):
    code, _, err = run(
        "compress", "m.keras", "--data", "d.npz", "--board", "nucleo_f401re", "-o", "out",
        "--max-model-bytes", "9000", "--time-budget", "20s", "--max-accuracy-drop", "8",
    )  # fmt: skip
    assert code == 0, err
    assert (folder / "out" / "model.tflite").stat().st_size <= 9000
    runner = next((folder / "out" / "firmware").rglob("*model_runner.h")).read_text()
    assert "m_set_input1(const float* values)" in runner
    assert "m_set_input_hint(const float* values)" in runner


def test_each_output_is_measured_by_its_own_metric(run, folder):
    code, out, err = run("quantize", "two.keras", "--data", "two.npz", "-o", "t.tflite", "--json")
    assert code == 0, err
    exact, rounded = (json.loads(out)["validation"][name] for name in ("float", "int8"))
    assert exact["digit/accuracy"] > 0.8
    assert rounded["ink/r2"] > 0.8
    both = (exact["digit/accuracy"] + 3 * exact["ink/r2"]) / 4
    assert exact["fitness"] == pytest.approx(both)
    code, out, err = run("evaluate", "t.tflite", "--data", "two.npz", "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert facts["task"] == "ink: regression, digit: classification"
    assert facts["models"][0]["digit/accuracy"] > 0.8


def test_two_outputs_are_trained_to_a_limit(run, folder):
    code, _, err = run(
        "compress", "two.keras", "--data", "two.npz", "--board", "nucleo_f401re", "-o", "outs",
        "--max-model-bytes", "9000", "--time-budget", "15s", "--max-accuracy-drop", "100",
    )  # fmt: skip
    assert code == 0, err
    facts = json.loads((folder / "outs" / "report.json").read_text())
    assert facts["after"]["int8_test"] > 0.7
