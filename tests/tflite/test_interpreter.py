"""Running .tflite files on the host's interpreters."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated

from edgecompress.errors import DataError, ToolError, UnsupportedModelError, UsageError
from edgecompress.evaluate.score import outputs_for
from edgecompress.tflite import interpreter
from edgecompress.tflite.affine import dequantize, quantize
from edgecompress.tflite.graph import Quantization, Tensor
from edgecompress.tflite.interpreter import chosen_runtime, predict, run
from edgecompress.tflite.reader import read_model


def test_tflm_and_tflite_reference_kernels_agree(digits_int8, digits_splits):
    x = digits_splits[2].x[:64]
    (device,) = run(digits_int8, x)
    assert device.shape == (64, 10)
    assert device.dtype == np.int8
    for runtime in ("litert", "auto"):
        (host,) = run(digits_int8, x, runtime)
        # FULLY_CONNECTED rounds differently, by two steps at most; softmax can amplify that.
        assert np.abs(host.astype(int) - device).mean() < 0.5
        assert (host.argmax(axis=1) == device.argmax(axis=1)).mean() > 0.95


def test_outputs_are_near_the_float_model(digits_int8, digits_model, digits_splits):
    x = digits_splits[2].x
    (outputs,) = predict(digits_int8, x)
    assert outputs.dtype == np.float32
    assert np.abs(outputs - outputs_for(digits_model, x)).mean() < 0.01


def test_the_number_of_workers_changes_nothing(digits_int8, digits_splits):
    x = digits_splits[2].x[:31]
    (one,), (many,) = run(digits_int8, x, workers=1), run(digits_int8, x)
    assert np.array_equal(one, many)
    assert np.array_equal(run(digits_int8, x[:1])[0], one[:1])


def test_integers_are_taken_as_they_are(digits_int8, digits_splits):
    x = digits_splits[2].x[:5]
    source = read_model(digits_int8).main.tensors[0]
    assert np.array_equal(run(digits_int8, quantize(x, source))[0], run(digits_int8, x)[0])


def test_quantizing_rounds_half_away_from_zero_and_saturates():
    tensor = Tensor(0, "t", "INT8", (5,), 0, quantization=Quantization((0.5,), (3,), 0))
    values = np.float32([0.25, -0.25, 0.0, 1000, -1000])
    assert quantize(values, tensor).tolist() == [4, 2, 3, 127, -128]
    assert dequantize(np.int8([4, 2]), tensor).tolist() == [0.5, -0.5]


def test_each_sample_starts_from_the_first_state(shared_dir):
    from tflite_micro import runtime

    model = (shared_dir / "models/tflm/mnist_lstm_int8.tflite").read_bytes()
    graph = read_model(model).main
    (shape,) = (graph.tensors[index].shape for index in graph.inputs)
    x = np.random.default_rng(0).integers(-128, 0, (8, *shape), dtype=np.int8)
    (together,) = run(model, x, workers=1)
    for row, sample in zip(together, x, strict=True):
        fresh = runtime.Interpreter.from_bytes(model)
        fresh.set_input(sample, 0)
        fresh.invoke()
        assert np.array_equal(row, fresh.get_output(0)[0])


def test_auto_prefers_litert_and_passes_over_what_does_not_work(monkeypatch):
    assert chosen_runtime("auto") == "litert"
    assert chosen_runtime("tflm") == "tflm"
    chosen_runtime.cache_clear()
    monkeypatch.setattr(interpreter, "TFLITE_RUNTIMES", ("missing", "litert"))
    monkeypatch.setitem(interpreter.INSTALL, "missing", "pip install missing")
    assert chosen_runtime("auto") == "litert"
    chosen_runtime.cache_clear()
    monkeypatch.setattr(interpreter, "TFLITE_RUNTIMES", ("missing",))
    with pytest.raises(ToolError, match="pip install missing"):
        chosen_runtime("auto")
    chosen_runtime.cache_clear()


def test_bad_inputs_are_said_so(digits_int8):
    with pytest.raises(DataError, match=r"\(9, 9\).*\(1, 8, 8, 1\)"):
        run(digits_int8, np.zeros((2, 9, 9), np.float32))
    with pytest.raises(DataError, match=r"1 inputs.*2"):
        run(digits_int8, [np.zeros((2, 8, 8, 1))] * 2)
    with pytest.raises(DataError, match="no samples"):
        run(digits_int8, np.zeros((0, 8, 8, 1), np.float32))
    with pytest.raises(UsageError, match=r"xnnpack.*tflm"):
        run(digits_int8, np.zeros((1, 8, 8, 1), np.float32), "xnnpack")


def test_what_the_runtime_says_of_a_model_it_refuses_is_passed_on(digits_int8, monkeypatch):
    monkeypatch.setattr(interpreter, "_arena_bytes", lambda _: 100)
    with pytest.raises(UnsupportedModelError, match=r"tflm cannot run.*allocate"):
        run(digits_int8, np.zeros((1, 8, 8, 1), np.float32))


def test_running_a_model_starts_no_tensorflow(digits_int8, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(digits_int8)
    program = (
        "import sys, pathlib, numpy as np\n"
        "from edgecompress.tflite.interpreter import run\n"
        f"run(pathlib.Path({str(path)!r}).read_bytes(), np.zeros((4, 8, 8, 1), np.float32))\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="tflite-runtime has no wheel for this Python"
)
def test_tflite_runtime_is_chosen_in_an_environment_of_its_own(
    digits_int8, digits_splits, tmp_path
):
    """tflite-runtime needs numpy < 2, which cannot be installed beside the rest."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env/bin/python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "tflite-runtime==2.14.0", "numpy<2", "flatbuffers"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"pip cannot install tflite-runtime: {installed.stderr[-300:]}")
    np.savez(tmp_path / "x.npz", x=digits_splits[2].x[:32])
    (tmp_path / "m.tflite").write_bytes(digits_int8)
    # LiteRT's schema, which reading a .tflite needs, without LiteRT's interpreter.
    package = tmp_path / "ai_edge_litert"
    package.mkdir()
    package.joinpath("__init__.py").touch()
    shutil.copy(schema_py_generated.__file__, package)
    program = (
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from edgecompress.tflite.interpreter import chosen_runtime, predict\n"
        "assert np.__version__ < '2'\n"
        "assert chosen_runtime('auto') == 'tflite_runtime'\n"
        "outputs = predict(Path('m.tflite').read_bytes(), np.load('x.npz')['x'], 'auto')\n"
        "np.save('y.npy', outputs[0])\n"
    )
    path = f"{tmp_path}:{Path(interpreter.__file__).parents[2]}"
    subprocess.run(
        [python, "-c", program], check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    )
    (device,) = predict(digits_int8, digits_splits[2].x[:32])
    # tflite-runtime's reference kernels are bit-equal to TFLM's.
    assert np.array_equal(np.load(tmp_path / "y.npy"), device)
