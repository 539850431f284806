"""quantize, distill, evaluate and compare as a user runs them."""

import json

import numpy as np
import pytest

from edgecompress.cli import main
from edgecompress.keras_files.model import load_keras, save_keras
from edgecompress.tflite.reader import read_model


@pytest.fixture(scope="module")
def folder(digits_model, digits_splits, tmp_path_factory):
    path = tmp_path_factory.mktemp("digits")
    save_keras(digits_model, path / "m.keras")
    train, _, test = digits_splits
    np.savez(path / "d.npz", x_train=train.x, y_train=train.y, x_test=test.x, y_test=test.y)
    return path


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


def test_quantize_writes_a_model_and_reports_each_layer(run, folder):
    code, out, err = run(
        "quantize", "m.keras", "--data", "d.npz", "-o", "q.tflite", "--json", "--calibration", "mse"
    )
    assert code == 0, err
    facts = json.loads(out)
    assert (folder / "q.tflite").stat().st_size == facts["bytes"]
    assert facts["validation"]["int8"]["accuracy"] > 0.9
    assert {row["layer"] for row in facts["layers"]} >= {"stem", "inner", "down", "digit"}
    assert facts["worst_layer"] in {row["layer"] for row in facts["layers"]}
    assert all(row["snr_db"] > 10 for row in facts["layers"])
    code, _, err = run("quantize", "m.keras", "--data", "d.npz", "-o", "q.tflite")
    assert code == 2
    assert "--force" in err


def test_quantize_trains_for_int8_when_asked(run, folder):
    code, out, err = run(
        "quantize", "m.keras", "--data", "d.npz", "-o", "aware.tflite", "--qat", "--epochs", "1",
        "--json",
    )  # fmt: skip
    assert code == 0, err
    facts = json.loads(out)
    assert facts["qat"] is True
    assert facts["validation"]["int8"]["accuracy"] > 0.9
    assert {row["layer"] for row in facts["layers"]} >= {"stem", "inner", "down", "digit"}
    code, _, err = run(
        "quantize", "m.keras", "--data", "d.npz", "-o", "no.tflite", "--qat", "--scheme", "pow2"
    )
    assert code == 2
    assert "int8" in err


def test_quantize_stores_large_kernels_in_4_bits_when_asked(run, folder):
    sizes = {}
    for bits in (8, 4):
        code, out, err = run(
            "quantize", "m.keras", "--data", "d.npz", "-o", f"{bits}.tflite", "--weight-bits", bits,
            "--json",
        )  # fmt: skip
        assert code == 0, err
        facts = json.loads(out)
        assert facts["weight_bits"] == bits
        sizes[bits] = facts["bytes"]
    assert sizes[8] - sizes[4] == pytest.approx((1152 + 2560) / 2, abs=16)
    code, _, err = run(
        "quantize", "m.keras", "--data", "d.npz", "-o", "no.tflite", "--weight-bits", 4, "--scheme",
        "int16x8",
    )  # fmt: skip
    assert code == 2
    assert "4 bits" in err


def test_quantize_needs_no_labels(run, folder, digits_splits):
    np.savez(folder / "x.npz", x=digits_splits[0].x[:50])
    code, out, err = run(
        "quantize", "m.keras", "--data", "x.npz", "-o", "w.tflite", "--scheme", "int16x8"
    )
    assert code == 0, err
    assert "w.tflite" in out
    graph = read_model(folder / "w.tflite").main
    assert graph.tensors[graph.inputs[0]].type == "INT16"


def test_distill_makes_a_smaller_model(run, folder):
    code, out, err = run(
        "distill", "m.keras", "--student", "auto", "--width", "0.5", "--data", "d.npz",
        "-o", "s.keras", "--epochs", "2", "--json",
    )  # fmt: skip
    assert code == 0, err
    facts = json.loads(out)
    assert facts["parameters"] < 0.6 * facts["teacher_parameters"]
    assert load_keras(folder / "s.keras").count_params() == facts["parameters"]
    assert [row["label"] for row in facts["residuals"]] == [None, *map(str, range(10))]
    assert facts["validation"]["teacher"]["accuracy"] > 0.9
    assert facts["validation"]["student"]["accuracy"] > 0.2


def test_distill_needs_no_labels(run, folder, digits_splits):
    np.savez(folder / "x.npz", x=digits_splits[0].x[:200])
    code, out, err = run(
        "distill", "m.keras", "--student", "auto", "--data", "x.npz", "-o", "u.keras",
        "--epochs", "1", "--json",
    )  # fmt: skip
    assert code == 0, err
    facts = json.loads(out)
    assert facts["validation"] == {}
    assert [row["label"] for row in facts["residuals"]] == [None]


def test_evaluate_and_compare_models_side_by_side(run, folder, digits_int8):
    (folder / "i.tflite").write_bytes(digits_int8)
    code, out, err = run("evaluate", "m.keras", "i.tflite", "--data", "d.npz", "--json")
    assert code == 0, err
    measured = json.loads(out)
    assert measured["samples"] == 397
    assert [row["model"] for row in measured["models"]] == ["m.keras", "i.tflite"]

    code, out, err = run(
        "compare", "i.tflite", "m.keras", "--data", "d.npz", "--board", "nucleo_f401re", "--json"
    )
    assert code == 0, err
    own, converted = json.loads(out)["models"]
    assert own["bytes"] == len(digits_int8)
    assert own["macs"] == converted["macs"] == 8 * 8 * 9 * (8 + 64) + 16 * 9 * 8 * 16 + 2560
    assert own["arena_min_bytes"] == converted["arena_min_bytes"]
    assert own["fits"] is True
    assert own["metrics"] == pytest.approx(
        {key: value for key, value in measured["models"][1].items() if key != "model"}
    )
    assert own["note"] is None
    assert "noise" in converted["note"]


def test_compare_needs_neither_data_nor_board(run, folder, digits_int8):
    (folder / "i.tflite").write_bytes(digits_int8)
    code, out, err = run("compare", "i.tflite", "i.tflite")
    assert code == 0, err
    assert "arena_min_bytes" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("quantize", "none.keras", "--data", "d.npz", "-o", "a.tflite"), 3, "none.keras"),
        (("quantize", "m.keras", "--data", "none.npz", "-o", "a.tflite"), 2, "none.npz"),
        (("quantize", "m.keras", "--data", "shape.npz", "-o", "a.tflite"), 2, "shape"),
        (("evaluate", "text.h5", "--data", "d.npz"), 3, "text.h5"),
        (("evaluate", "m.keras", "--data", "d.npz", "--runtime", "xnnpack"), 2, "tflm"),
        (("distill", "m.keras", "--student", "no.keras", "--data", "d.npz", "-o", "b.keras"), 3,
         "no.keras"),
    ],
)  # fmt: skip
def test_bad_input_ends_in_one_message(words, code, message, run, folder):
    (folder / "text.h5").write_text("no model")
    np.savez(folder / "shape.npz", x=np.zeros((5, 3, 3), np.float32), y=np.zeros(5))
    got, out, err = run(*words)
    assert got == code
    assert message in err
    assert out == ""
    assert "Traceback" not in err


def test_quantize_equalizes_and_corrects_biases(run, folder):
    code, out, err = run(
        "quantize", "m.keras", "--data", "d.npz", "-o", "even.tflite", "--equalize",
        "--bias-correction", "--per-channel-dense", "auto", "--json",
    )  # fmt: skip
    assert code == 0, err
    facts = json.loads(out)
    assert facts["equalize"] is facts["bias_correction"] is True
    assert facts["validation"]["int8"]["accuracy"] > 0.9
    assert all(row["snr_db"] > 15 for row in facts["layers"]), "compared with the equalized model"


def test_quantize_chooses_the_remedy_itself(run, folder):
    code, out, err = run(
        "quantize", "m.keras", "--data", "d.npz", "-o", "r.tflite", "--remedy", "--json"
    )
    assert code == 0, err
    rows = json.loads(out)["remedies"]
    (chosen,) = [row for row in rows if row["chosen"]]
    assert rows[0] | {"method": "minmax", "equalize": False, "bias_correction": False} == rows[0]
    assert chosen["output_snr_db"] >= rows[0]["output_snr_db"]
    for contradiction in ("--qat", "--equalize", "--bias-correction"):
        words = ("quantize", "m.keras", "--data", "d.npz", "-o", "no.tflite", "--remedy")
        code, _, err = run(*words, contradiction)
        assert code == 2
        assert "--remedy" in err
