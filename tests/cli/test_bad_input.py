"""Bad input: exit code 2 or 3, one clear message, no traceback, nothing written."""

import numpy as np
import pytest
from support import REPOSITORY
from support.flatbuffer_models import Graph, Op, T, build, zeros

BOARD = "nucleo_f401re"


@pytest.fixture
def files(tmp_path, digits_int8, digits_files):
    """A folder with every kind of bad input, and the good ones beside them."""
    (tmp_path / "good.tflite").write_bytes(digits_int8)
    (tmp_path / "truncated.tflite").write_bytes(digits_int8[: len(digits_int8) // 2])
    (tmp_path / "float.tflite").write_bytes(_dense("FLOAT32", "FLOAT32"))
    (tmp_path / "hybrid.tflite").write_bytes(_dense("FLOAT32", "INT8"))
    (tmp_path / "gelu.tflite").write_bytes(_gelu())
    (tmp_path / "text.h5").write_text("this is not a model\n")
    (tmp_path / "empty").mkdir()
    profile = (REPOSITORY / "boards" / "rpi_pico.toml").read_text()
    (tmp_path / "board.toml").write_text(profile.replace("clock_hz", "clok_hz", 1))
    wrong = np.zeros((20, 5, 5, 1), np.float32)
    np.savez(tmp_path / "wrong.npz", x=wrong, y=np.arange(20) % 10)
    for name in ("digits.keras", "digits.npz"):
        (tmp_path / name).symlink_to(digits_files / name)
    return tmp_path


def _dense(activations: str, weights: str) -> bytes:
    scale = None if activations == "FLOAT32" else 0.5
    tensors = {
        "x": T((1, 8), activations, scale=scale),
        "w": zeros((4, 8), weights, scale=None if weights == "FLOAT32" else 0.5),
        "y": T((1, 4), activations, scale=scale),
    }
    graph = Graph(tensors, [Op("FULLY_CONNECTED", ["x", "w", ""], ["y"])], ["x"], ["y"])
    return build(graph)


def _gelu() -> bytes:
    tensors = {"x": T((1, 8)), "y": T((1, 8), name="block/gelu")}
    return build(Graph(tensors, [Op("GELU", ["x"], ["y"])], ["x"], ["y"]))


FIT = ("fit", "--board", BOARD)
GENERATE = ("generate", "--board", "mps2_an386", "-o", "OUT")
COMPRESS = ("compress", "digits.keras", "--board", BOARD, "-o", "OUT", "--data")
QUANTIZE = ("quantize", "digits.keras", "-o", "OUT", "--data")

CASES = [
    ((*FIT, "absent.tflite"), 3, "absent.tflite: no such file"),
    ((*GENERATE, "absent.tflite"), (2, 3), "absent.tflite"),
    ((*FIT, "truncated.tflite"), 3, "truncated"),
    ((*GENERATE, "truncated.tflite"), 3, "truncated"),
    (("evaluate", "truncated.tflite", "--data", "digits.npz"), 3, "truncated"),
    ((*FIT, "float.tflite"), 3, "edgecompress quantize"),
    ((*GENERATE, "float.tflite"), 3, "edgecompress quantize"),
    ((*FIT, "hybrid.tflite"), 3, "edgecompress quantize"),
    ((*FIT, "gelu.tflite"), 3, "TFLM has no operator GELU"),
    ((*GENERATE, "gelu.tflite"), 3, "TFLM has no operator GELU"),
    ((*FIT, "text.h5"), 3, "text.h5: not a Keras model"),
    (("compress", "text.h5", *COMPRESS[2:], "digits.npz"), 3, "text.h5: not a Keras model"),
    (("fit", "good.tflite", "--board", "nucleo_f401r"), 2, "did you mean nucleo_f401re"),
    (("fit", "good.tflite", "--board", "board.toml"), 2, "did you mean clock_hz"),
    (("boards", "validate", "board.toml"), 2, "did you mean clock_hz"),
    ((*QUANTIZE, "wrong.npz"), 2, r"(5, 5, 1)"),
    ((*COMPRESS, "wrong.npz"), 2, r"(5, 5, 1)"),
    ((*QUANTIZE, "empty"), 2, "empty"),
    ((*COMPRESS, "empty"), 2, "empty"),
    ((*COMPRESS, "absent.npz"), 2, "absent.npz: no such file"),
    ((*COMPRESS, "edgecompress.demo:absent"), 2, "absent"),
    (("compress", "good.tflite", *COMPRESS[2:], "digits.npz"), 3, "give the Keras model"),
    ((*COMPRESS, "digits.npz", "--time-budget", "soon"), 2, "write it as"),
    (("compress", "digits.keras", "-o", "OUT"), 2, "board, data not given"),
]


@pytest.mark.parametrize(("words", "code", "message"), CASES)
def test_bad_input(files, cli, monkeypatch, words, code, message) -> None:
    monkeypatch.chdir(files)
    before = sorted(path.name for path in files.iterdir())
    ended, stdout, stderr = cli(*words)
    assert ended in (code if isinstance(code, tuple) else (code,)), stderr
    assert message in stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    assert sorted(path.name for path in files.iterdir()) == before


NO_PLACE = [
    ("generate", "good.tflite", "--board", "mps2_an386", "-o", "text.h5/out"),
    ("pack", "good.tflite", "-o", "text.h5/packed.tflite"),
    ("quantize", "digits.keras", "--data", "digits.npz", "-o", "text.h5/model.tflite"),
    ("compress", "digits.keras", "--board", BOARD, "--data", "digits.npz", "-o", "text.h5/out"),
    ("fit", "good.tflite", "--board", BOARD, "--save-baseline", "text.h5/figures.json"),
]


@pytest.mark.parametrize("words", NO_PLACE)
def test_a_place_below_a_file_is_a_wrong_option(files, cli, monkeypatch, words):
    monkeypatch.chdir(files)
    code, _, err = cli(*words)
    assert code == 2
    assert "text.h5" in err
    assert "defect" not in err
    assert (files / "text.h5").read_text() == "this is not a model\n"
