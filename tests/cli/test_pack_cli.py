"""`edgecompress pack`: files, JSON, exit codes; without TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.flatbuffer_models import T, one, options
from support.random_branches import random_graph

from edgecompress.memory.arena.plan import plan_arena
from edgecompress.tflite.reader import read_model

BOARD = ("--board", "nucleo_f401re")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A graph whose arena falls by another order and by a plan."""
    path = tmp_path / "loose.tflite"
    path.write_bytes(random_graph(seed=110, operators=29, branching=0.8))
    return path


def test_each_step_says_what_it_saved(model: Path, tmp_path: Path, cli) -> None:
    out = tmp_path / "packed.tflite"
    code, stdout, stderr = cli("pack", model, "-o", out, *BOARD, "--json")
    assert code == 0, stderr
    facts = json.loads(stdout)
    assert [step["name"] for step in facts["steps"]] == ["file", "order", "plan"]
    before, after = facts["before"], facts["after"]
    assert before["model_bytes"] == model.stat().st_size
    assert after["model_bytes"] == out.stat().st_size
    arena = plan_arena(read_model(out), "cortex-m4f", "cmsis-nn")
    assert after["arena_bytes"] == {"cortex-m4f": arena.min_bytes}
    assert arena.min_bytes < before["arena_bytes"]["cortex-m4f"]
    for what in ("model_bytes", "arena_bytes"):
        saved = [step[f"saved_{what}"] for step in facts["steps"]]
        total = (before[what], after[what])
        if what == "arena_bytes":
            saved = [each["cortex-m4f"] for each in saved]
            total = tuple(each["cortex-m4f"] for each in total)
        assert total[0] - sum(saved) == total[1]
    assert facts["problems"] == []


def test_fit_of_the_packed_file_is_what_pack_says(model: Path, tmp_path: Path, cli) -> None:
    out = tmp_path / "packed.tflite"
    _, stdout, _ = cli("pack", model, "-o", out, *BOARD, "--json")
    packed = json.loads(stdout)["after"]["arena_bytes"]["cortex-m4f"]
    code, stdout, _ = cli("fit", out, *BOARD, "--verify", "--json")
    assert code == 0
    (verdict,) = json.loads(stdout)["boards"]
    assert verdict["arena"]["min_bytes"] == packed
    assert verdict["arena"]["basis"] == "exact"


def test_a_budget_out_of_reach_is_exit_5_with_the_result_kept(model, tmp_path, cli) -> None:
    out = tmp_path / "packed.tflite"
    code, _, stderr = cli("pack", model, "-o", out, "--ram-budget", 1000)
    assert code == 5
    assert "over the budget" in stderr
    assert out.exists()


def test_without_a_board_three_families_of_cores_are_shown(model, tmp_path, cli) -> None:
    code, stdout, _ = cli("pack", model, "-o", tmp_path / "packed.tflite")
    assert code == 0
    for word in ("cortex-m0plus", "cortex-m4f", "cortex-m55", "order:", "plan:", "Written to"):
        assert word in stdout


def test_what_cannot_be_packed_says_why(model: Path, tmp_path: Path, cli) -> None:
    out = tmp_path / "packed.tflite"
    out.write_text("of another day")
    assert cli("pack", model, "-o", out)[0] == 2
    assert out.read_text() == "of another day"
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(model.read_bytes()[:900])
    for path in (damaged, tmp_path / "missing.tflite"):
        code, _, stderr = cli("pack", path, "-o", tmp_path / "new.tflite")
        assert code == 3
        assert path.name in stderr


def test_no_tensorflow_is_imported(model: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from edgecompress.cli import app; "
        "app(sys.argv[1:], standalone_mode=False); sys.exit('tensorflow' in sys.modules)"
    )
    words = ["pack", str(model), "-o", str(tmp_path / "packed.tflite")]
    done = subprocess.run([sys.executable, "-c", code, *words], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def heavy(tmp_path: Path) -> Path:
    """A dense layer of 64 KiB, of which nine weights of ten are zero."""
    random = np.random.default_rng(0)
    weights = random.integers(-9, 9, (64, 1024)) * (random.random((64, 1024)) < 0.1)
    tensors = [T((1, 1024)), T(weights.shape, "INT8", weights.astype(np.int8), scale=0.25)]
    path = tmp_path / "heavy.tflite"
    path.write_bytes(
        one("FULLY_CONNECTED", tensors, [T((1, 64))], options("FullyConnectedOptions"))
    )
    return path


def test_weights_are_encoded_within_a_flash_budget(heavy: Path, tmp_path: Path, cli) -> None:
    out = tmp_path / "packed.tflite"
    code, stdout, stderr = cli("pack", heavy, "-o", out, *BOARD, "--flash-budget", 70_000, "--json")
    assert code == 0, stderr
    step = json.loads(stdout)["steps"][1]
    assert step["name"] == "weights"
    assert step["done"]
    assert step["saved_model_bytes"] > 40_000
    assert step["saved_arena_bytes"]["cortex-m4f"] < 0, "what it costs is said"
    code, stdout, _ = cli("fit", out, *BOARD, "--verify", "--json")
    assert code == 0
    (verdict,) = json.loads(stdout)["boards"]
    taken = [item for item in verdict["flash"]["items"] if item["kind"] != "application"]
    assert sum(item["bytes"] for item in taken) <= 70_000
    assert any("TFLM_DECODE" in item["name"] for item in taken), "its code is counted"
    assert cli("inspect", out)[0] == 0


def test_a_flash_budget_out_of_reach_is_exit_5_with_the_result_kept(heavy, tmp_path, cli) -> None:
    out = tmp_path / "packed.tflite"
    code, _, stderr = cli("pack", heavy, "-o", out, "--flash-budget", 1000)
    assert code == 5
    assert "the flash of model and TFLM is" in stderr
    assert out.stat().st_size < heavy.stat().st_size


def test_weights_are_left_where_flash_does_not_bind(heavy: Path, tmp_path: Path, cli) -> None:
    code, stdout, _ = cli("pack", heavy, "-o", tmp_path / "packed.tflite", *BOARD, "--json")
    assert code == 0
    assert [step["name"] for step in json.loads(stdout)["steps"]] == ["file", "order", "plan"]
