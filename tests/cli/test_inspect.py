"""`edgecompress inspect`: exit codes, JSON, the timeline."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.flatbuffer_models import T, one, options
from support.tiny_models import lstm, residual, transpose_conv
from support.zoo import ZOO

from edgecompress.cli import app
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.arena.timeline import draw, numbered, timeline
from edgecompress.tflite.macs import operator_macs
from edgecompress.tflite.reader import read_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "residual.tflite"
    path.write_bytes(residual())
    return path


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgecompress", *words], capture_output=True, text=True, check=False
    )


def test_says_which_runtimes_run_the_model(model: Path, tmp_path: Path) -> None:
    branches = tmp_path / "if.tflite"
    branches.write_bytes(ZOO["condition"]())
    for path, lacking in ((model, None), (branches, "operator 0 (IF, layer 'y')")):
        facts = json.loads(CliRunner().invoke(app, ["inspect", str(path), "--json"]).output)
        assert facts["tflm"]["supported"]
        assert facts["c"]["supported"] == (lacking is None)
        assert lacking is None or lacking in facts["c"]["reason"]
    shown = CliRunner().invoke(app, ["inspect", str(model)])
    assert "runs on TFLM; runs on the C runtime" in shown.output


def test_shows_operators_the_peak_and_what_is_free(model: Path) -> None:
    result = CliRunner().invoke(app, ["inspect", str(model)], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    for word in ("CONCATENATION", "1x8x8x8 int8", "arena (exact)", "head over time", "*"):
        assert word in result.output


def test_json_is_one_document_with_the_arena_of_the_board(model: Path) -> None:
    result = CliRunner().invoke(app, ["inspect", str(model), "--board", "rpi_pico", "--json"])
    document = json.loads(result.stdout)
    arena = plan_arena(read_model(model), "cortex-m0plus", document["arena"]["target"]["kernels"])
    assert document["arena"]["min_bytes"] == arena.min_bytes
    assert document["tflm"] == {
        "commit": "90b983c2b3f1480642e040bbd2ddb37b998f3424", "supported": True, "reason": None,
        "known_defects": [],
    }  # fmt: skip
    assert [step["op"] for step in document["timeline"]] == [
        "inputs", "RELU", "ADD", "CONCATENATION", "MEAN", "RESHAPE",
    ]  # fmt: skip
    assert any(step["peak"] for step in document["timeline"])


def test_an_unsupported_model_is_shown_and_ends_with_3(tmp_path: Path) -> None:
    path = tmp_path / "gelu.tflite"
    path.write_bytes(one("GELU", [T((1, 4))], [T((1, 4))], options("GeluOptions")))
    result = _run("inspect", str(path), "--json")
    assert result.returncode == 3
    assert "TFLM has no operator GELU" in result.stderr
    document = json.loads(result.stdout)
    assert not document["tflm"]["supported"]
    assert "arena" not in document


def test_a_truncated_model_ends_with_3_and_no_traceback(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:300])
    result = _run("inspect", str(model))
    assert result.returncode == 3
    assert "damaged or truncated" in result.stderr
    assert "Traceback" not in result.stderr


def test_board_and_core_are_alternatives(model: Path) -> None:
    result = _run("inspect", str(model), "--board", "rpi_pico", "--core", "cortex-m7")
    assert result.returncode == 2


def test_verify_agrees_with_the_interpreter_of_this_computer(model: Path) -> None:
    pytest.importorskip("tflite_micro", reason="needs TFLM: pip install --pre tflite-micro")
    result = _run("inspect", str(model), "--verify", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["verify"] == {"comparisons": 23, "differences": []}


def test_needs_no_tensorflow(model: Path) -> None:
    code = (
        "import sys; from edgecompress.cli import main\n"
        f"try: main(['inspect', {str(model)!r}])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'tf_keras')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.returncode == 0


def test_live_buffers_and_gaps_fill_the_head() -> None:
    for name, make in ZOO.items():
        if name == "residual_offline":  # its plan lets buffers lie apart from one another
            continue
        graph = read_model(make())
        arena = plan_arena(graph, "cortex-m4f", "cmsis-nn")
        life = timeline(graph, arena)
        assert any(step.peak for step in life) or arena.head_bytes == 0, name
        for step in life:
            free = sum(gap.bytes for gap in step.gaps)
            assert step.live_bytes + free == arena.head_bytes, name
            assert len(draw(arena, step, 40, numbered(arena))) == 40


def test_macs_of_layers_with_weights() -> None:
    def macs(content: bytes) -> int:
        main = read_model(content).main
        return sum(operator_macs(main, operator) for operator in main.operators)

    assert macs(ZOO["conv_3x3"]()) == 8 * 7 * 6 * 9 * 5
    assert macs(ZOO["conv_grouped"]()) == 6 * 6 * 8 * 9 * 4
    assert macs(ZOO["depthwise_3x3"]()) == 8 * 7 * 6 * 9
    assert macs(transpose_conv((4, 5, 6), 3, 4)) == 4 * 5 * 6 * 9 * 4
    assert macs(lstm(5, 6, 8)) == 5 * 4 * (8 * 6 + 8 * 8)
    assert macs(ZOO["batch_matmul"]()) == 2 * 3 * 5 * 4
    assert macs(ZOO["relu"]()) == 0
