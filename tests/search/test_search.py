"""The search, as a user asks for it."""

import json
import re
from pathlib import Path

import pytest

from edgecompress.graph.groups import find_groups
from edgecompress.keras_files.model import load_keras
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.tflite.reader import read_model

BOARD = "nucleo_f401re"
TRIALS = 4


@pytest.fixture(scope="module")
def limit_bytes(digits_int8) -> int:
    """An arena 15 % smaller than the unpruned model needs."""
    return plan_arena(read_model(digits_int8), "cortex-m4f", "cmsis-nn").min_bytes * 17 // 20


@pytest.fixture(scope="module")
def words(digits_files, limit_bytes: int, tmp_path_factory):
    recipe = tmp_path_factory.mktemp("recipe") / "short.toml"
    recipe.write_text(f"max_epochs = 3\ntrials = {TRIALS}\n")
    return (
        "compress", digits_files / "digits.keras", "--board", BOARD, "--recipe", recipe,
        "--data", digits_files / "digits.npz", "--max-arena-bytes", limit_bytes,
        "--time-budget", "20m", "--max-accuracy-drop", "100", "--runtime", "tflm",
    )  # fmt: skip


@pytest.fixture(scope="module")
def searched(words, tmp_path_factory):
    """The folder of a run that searched, and its report."""
    from edgecompress.cli import main

    out = tmp_path_factory.mktemp("searched") / "out"
    with pytest.raises(SystemExit) as ended:
        main([*map(str, words), "-o", str(out)])
    assert not ended.value.code
    return out, json.loads((out / "report.json").read_text())


def _widths(path: Path) -> dict[str, int]:
    return {group.name: group.channels for group in find_groups(load_keras(path))}


def test_all_that_a_search_trains_fits(searched, limit_bytes: int) -> None:
    out, facts = searched
    assert [step["step"] for step in facts["steps"]][:3] == ["quantize", "prune", "search"]
    trials = sorted((out / ".edgecompress").glob("trial-*.tflite"))
    assert trials
    for path in (*trials, out / "model.tflite"):
        arena = plan_arena(read_model(path), "cortex-m4f", "cmsis-nn")
        assert arena.min_bytes <= limit_bytes


def test_the_first_trial_is_what_pruning_alone_does(searched) -> None:
    kept = searched[0] / ".edgecompress"
    assert _widths(kept / "trial-0.keras") == _widths(kept / "1-prune.keras")


def test_every_candidate_is_reported_and_the_pick_is_on_the_front(searched) -> None:
    out, facts = searched
    candidates = facts["candidates"]
    names = {path.stem for path in (out / ".edgecompress").glob("trial-*.json")}
    assert names <= {candidate["name"] for candidate in candidates}
    (picked,) = [candidate for candidate in candidates if candidate["picked"]]
    assert picked["on_front"]
    assert picked["model_bytes"] == (out / "model.tflite").stat().st_size
    assert picked["int8_metric"] == max(c["int8_metric"] for c in candidates if c["fits"])
    page = (out / "report.html").read_text()
    (plot,) = re.findall(r'id="front-flash_bytes".*?json">(.*?)</script>', page, re.DOTALL)
    assert len(json.loads(plot)["data"]["values"]) == len(candidates)


def test_how_much_each_group_matters_is_reported(searched) -> None:
    facts = searched[1]
    groups = {row["group"] for row in facts["sensitivity"]}
    assert {group["name"] for group in facts["channels"]} <= groups
    assert groups <= set(_widths(searched[0] / ".edgecompress" / "0-quantize.keras"))


def test_a_database_that_cannot_be_opened_is_a_usage_error(words, tmp_path: Path, cli) -> None:
    code, _, stderr = cli(*words, "-o", tmp_path / "out", "--storage", "nosuchdb://host/name")
    assert code == 2
    assert "--storage" in stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_smallest_that_keeps_its_accuracy_is_searched_for_and_picked(
    words, tmp_path: Path, cli
) -> None:
    out = tmp_path / "out"
    code, stdout, _ = cli(*words, "-o", out, "--pick", "size", "--max-accuracy-drop", "5", "--json")
    facts = json.loads(stdout)
    assert code in (0, 4)  # the drop is allowed on the validation split, not known of the test's
    (picked,) = [candidate for candidate in facts["candidates"] if candidate["picked"]]
    allowed = facts["before"]["float_validation"] - 0.05
    enough = [c for c in facts["candidates"] if c["fits"] and c["int8_metric"] >= allowed]
    assert picked["model_bytes"] == min(c["model_bytes"] for c in enough)
    assert picked["model_bytes"] < facts["before"]["model_bytes"]
