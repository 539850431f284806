"""`inspect --plan`: where buffers lie, as text that any terminal and any pipe shows."""

import json
import subprocess
import sys

import pytest
from support.random_branches import random_graph
from support.tiny_models import residual
from support.zoo import ZOO

from edgecompress.pack.picture import drawn, pictures


@pytest.fixture
def model(tmp_path):
    """A graph whose arena a plan lowers."""
    path = tmp_path / "loose.tflite"
    path.write_bytes(random_graph(seed=110, operators=29, branching=0.8))
    return path


def _run(*words: object) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "edgecompress", *map(str, words)], capture_output=True, check=True
    )
    return result.stdout.decode("ascii")


def test_the_plans_before_and_after_have_the_same_scale(model) -> None:
    text = _run("inspect", model, "--plan")
    assert "\x1b" not in text
    before, after = text.split("packed (")
    assert before.startswith("as it is: arena ")
    rows = [[line for line in part.splitlines() if line[:10].strip().replace(",", "").isdigit()
             and " bytes at " not in line] for part in (before, after)]  # fmt: skip
    assert len(rows[0]) == 24 > len(rows[1])
    assert rows[0][1].split()[0] == rows[1][1].split()[0]
    assert "fullest at operator" in after


def test_json_has_the_plans_that_are_drawn(model) -> None:
    facts = json.loads(_run("inspect", model, "--plan", "--json"))
    before, after = facts["plans"]
    assert before["arena_bytes"] == facts["arena"]["min_bytes"] > after["arena_bytes"]
    assert len(before["buffers"]) == len(facts["arena"]["buffers"])
    assert before["moments"][0] == "inputs"
    assert len(before["moments"]) == 30
    assert sorted(before["moments"]) == sorted(after["moments"])


def test_each_buffer_is_drawn_where_it_lies() -> None:
    (picture, _) = pictures(residual(), "cortex-m4f", "cmsis-nn", "tflm")
    title, ruler, *rest = drawn(picture, picture.head_bytes, 80)
    assert title.startswith("as it is: arena ")
    assert ruler.split() == ["0"]
    grid = [line[11:] for line in rest[:24]]
    row_bytes = -(-picture.head_bytes // 24)
    for number, buffer in enumerate(picture.buffers):
        middle = (buffer.offset_bytes + buffer.aligned_bytes // 2) // row_bytes
        for moment in range(len(picture.moments)):
            lives = buffer.first <= moment <= buffer.last
            tall = buffer.aligned_bytes >= row_bytes
            assert not tall or (grid[middle][3 * moment] == str(number)) == lives


def test_the_plan_of_the_c_runtime_is_drawn_too() -> None:
    (picture,) = pictures(residual(), "cortex-m4f", "cmsis-nn", "c")
    lines = list(drawn(picture, picture.head_bytes, 40))
    assert lines[0].startswith("C runtime: arena ")
    assert max(map(len, lines[:20])) <= 40


@pytest.mark.parametrize("name", ZOO)
def test_every_model_can_be_drawn(name: str) -> None:
    for picture in pictures(ZOO[name](), "cortex-m55", "cmsis-nn", "tflm"):
        assert list(drawn(picture, picture.head_bytes, 30))
