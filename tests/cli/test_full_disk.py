"""On a full disk: exit code 6, nothing half-written, the user's files untouched."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import tiny_models
from support.full_disk import room_for

BOARD = ("--board", "mps2_an386")


def contents(folder):
    return {path.name: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(tiny_models.dense((1, 64), 40))
    return path


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("runtime", ["tflm", "c"])
def test_no_half_of_a_firmware_folder(model, cli, seed, runtime, cached_vectors):
    del cached_vectors
    room = int(np.random.default_rng(seed).integers(4000))
    before = contents(model.parent)
    with room_for(room):
        words = (*BOARD, "-o", model.parent / "out", "--runtime", runtime)
        code, _, err = cli("generate", model, *words)
    assert code == 6, err
    assert "no room for its" in err
    assert "free on its disk" in err
    assert contents(model.parent) == before


def test_an_earlier_firmware_folder_is_kept_whole(model, cli):
    out = model.parent / "out"
    assert cli("generate", model, *BOARD, "-o", out)[0] == 0
    before = contents(model.parent)
    with room_for(1500):
        words = (*BOARD, "--framework", "host", "-o", out, "--force")
        assert cli("generate", model, *words)[0] == 6
    assert contents(model.parent) == before


def test_an_earlier_packed_model_is_kept(model, cli):
    out = model.parent / "packed.tflite"
    out.write_bytes(b"mine")
    with room_for(500):
        code, _, err = cli("pack", model, "-o", out, "--force")
    assert code == 6
    assert "packed.tflite: there is no room for its" in err
    assert contents(model.parent) == {"model.tflite": model.read_bytes(), "packed.tflite": b"mine"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_result_that_nobody_can_take_is_no_defect(model, cli, monkeypatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr("sys.stdout", full)
        code, _, err = cli("boards", "--json")
        monkeypatch.undo()
    assert code == 6
    assert "no room is left" in err


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space as Linux can")
def test_memory_that_runs_out_is_no_defect(tmp_path):
    model = tmp_path / "model.tflite"
    model.write_bytes(tiny_models.dense((1, 4000), 8000))
    words = ("generate", model, *BOARD, "-o", tmp_path / "out", "--runtime", "c")
    limited = ("sh", "-c", 'ulimit -v 400000; exec "$@"', "sh", sys.executable, "-m")
    threads = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # each takes address space
    ended = subprocess.run(
        [*limited, "edgecompress", *words], env=threads, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 6, ended.stderr
    assert "memory ran out: close other programs" in ended.stderr
    assert "defect" not in ended.stderr
    assert contents(tmp_path) == {"model.tflite": model.read_bytes()}


def test_memory_that_runs_out_in_a_training_is_no_defect(digits_files, tmp_path, cli, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr("edgecompress.pipeline.load_keras", lambda _: tf.zeros((1 << 48,)))
    data = ("--data", digits_files / "digits.npz", "-o", tmp_path / "out")
    code, _, err = cli("compress", digits_files / "digits.keras", *BOARD, *data)
    assert code == 6, err
    assert "memory ran out: close other programs" in err
    assert not (tmp_path / "out").exists()
