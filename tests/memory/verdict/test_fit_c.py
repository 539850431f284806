"""`fit --runtime c` and `both`: the contract's keys, exit codes, and what only one runtime fits."""

import json
from pathlib import Path

import pytest
from support.firmware_tools import run_cli
from support.tiny_models import conv, dense
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.memory.verdict.document import fit_document
from edgecompress.side_by_side import fit

SMALL = "bluepill_f103c8"  # 64 KiB of flash, 20 of RAM


def written(folder: Path, model: bytes) -> Path:
    path = folder / "m.tflite"
    path.write_bytes(model)
    return path


def test_both_gives_a_verdict_of_each_runtime() -> None:
    document = fit_document(fit(conv((9, 8, 12), (3, 3), 6), [load_board(SMALL)], runtime="both"))
    tflm, own = document["boards"]
    assert (tflm["runtime"], own["runtime"]) == ("tflm", "c")
    assert list(tflm) == list(own)
    arena = own["arena"]
    assert arena["min_bytes"] == arena["used_bytes"] == arena["head_bytes"] > 0
    assert (arena["tail_bytes"], arena["basis"]) == (0, "exact")
    assert own["arena"]["min_bytes"] < tflm["arena"]["min_bytes"]
    for memory in ("flash", "ram"):
        items = own[memory]["items"]
        assert sum(item["bytes"] for item in items) == own[memory]["used_bytes"]
        assert own[memory]["used_bytes"] < tflm[memory]["used_bytes"]
    assert {item["kind"] for item in own["flash"]["items"]} == {"model", "runtime", "application"}
    basis = {(item["kind"], item["basis"]) for item in own["ram"]["items"]}
    assert {("arena", "exact"), ("runtime", "exact"), ("stack", "measured")} <= basis
    assert "estimated" not in {item["basis"] for item in own["ram"]["items"]}


@pytest.mark.parametrize(("model", "state_bytes"), [("stateful", 4), ("circular_buffer", 20)])
def test_variables_count_as_the_runtime_s_state(model: str, state_bytes: int) -> None:
    (verdict,) = fit(ZOO[model](), [load_board(SMALL)], runtime="c").verdicts
    (state,) = (item for item in verdict.ram.arena.items if item.kind == "runtime")
    assert (state.bytes, state.basis) == (state_bytes + 1, "exact")  # and a flag


def test_a_model_that_fits_with_the_c_runtime_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path, dense((1, 1000), 38))
    assert run_cli("fit", model, "--board", SMALL, "--runtime", "c") == 0
    assert "C runtime): fits" in capsys.readouterr().out
    assert run_cli("fit", model, "--board", SMALL) == 5
    told = " ".join(capsys.readouterr().out.split())
    assert "suggestion: the C runtime (--runtime c) frees" in told
    assert run_cli("fit", model, "--board", SMALL, "--runtime", "both") == 5
    told = " ".join(capsys.readouterr().out.split())
    assert "bytes TFLM C runtime does not fit fits" in told


def test_what_does_not_fit_in_c_either_is_told_what_to_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path, conv((64, 64, 8), (3, 3), 8))
    assert run_cli("fit", model, "--board", SMALL, "--runtime", "c", "--json") == 5
    (verdict,) = json.loads(capsys.readouterr().out)["boards"]
    over = -verdict["ram"]["headroom_bytes"]
    assert over > 0
    assert verdict["suggestions"][0].startswith(f"cut {over:,} bytes of RAM: the arena's")
    named = verdict["suggestions"][1].split()[0]
    assert fit(model, [load_board(named)], runtime="c").fits


def test_too_many_weights_are_told_how_many_would_fit() -> None:
    (verdict,) = fit(dense((1, 2000), 60), [load_board(SMALL)], runtime="c").verdicts
    stored = sum(item.bytes for item in verdict.flash.items if item.kind == "model")
    assert stored - verdict.model_room_bytes == pytest.approx(-verdict.flash.headroom_bytes, abs=16)
    assert f"at most {verdict.model_room_bytes:,} bytes would fit" in verdict.suggestions[0]


def test_an_operator_that_the_c_runtime_lacks_is_a_problem_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path, ZOO["condition"]())
    for runtime in ("c", "both"):
        assert run_cli("fit", model, "--board", SMALL, "--runtime", runtime, "--json") == 3
        output = capsys.readouterr()
        verdict = json.loads(output.out)["boards"][-1]
        assert (verdict["runtime"], verdict["fits"]) == ("c", False)
        (problem,) = verdict["problems"]
        assert "IF" in problem
        assert "`--runtime tflm` runs it" in problem
        assert problem in output.err
    assert run_cli("fit", model, "--board", "mps2_an386") == 0
    assert run_cli("fit", model, "--all-boards", "--runtime", "both") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [f"{SMALL},", "C", "runtime", "NO"] in rows


def test_a_baseline_knows_runtimes_apart(tmp_path: Path) -> None:
    model, kept = written(tmp_path, conv((9, 8, 12), (3, 3), 6)), tmp_path / "b.json"
    both = ("fit", model, "--board", SMALL, "--runtime", "both")
    assert run_cli(*both, "--save-baseline", kept) == 0
    assert run_cli(*both, "--baseline", kept, "--ci") == 0
    assert list(json.loads(kept.read_text())["boards"]) == [SMALL, f"{SMALL}, C runtime"]
