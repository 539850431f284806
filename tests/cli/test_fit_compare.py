"""What a change of the model costs, and the action and the hook that ask."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import REPOSITORY
from support.tflite_models import dense_model

from edgecompress.memory.verdict.changes import IN_ALL

BOARD = "rpi_pico"


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A folder with a model, `before.tflite`, and a larger one, `after.tflite`."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "before.tflite").write_bytes(dense_model(units=3))
    (folder / "after.tflite").write_bytes(dense_model(units=300, features=400))
    return folder


def _fit(cli, models, *options):
    return cli("fit", models / "after.tflite", "--board", BOARD, *options)


def test_each_item_that_differs_is_named_with_its_bytes(cli, models) -> None:
    _, before, _ = cli("fit", models / "before.tflite", "--board", BOARD, "--json")
    code, after, _ = _fit(cli, models, "--compare", models / "before.tflite", "--json")
    assert code == 0
    document, old = json.loads(after), json.loads(before)["boards"][0]
    rows = {(row["memory"], row["name"]): row for row in document["compared_with"]["changes"]}
    verdict = document["boards"][0]
    for memory in ("flash", "ram"):
        row = rows[memory, IN_ALL]
        assert row["before_bytes"] == old[memory]["used_bytes"]
        assert row["after_bytes"] == verdict[memory]["used_bytes"]
        parts = [
            each["added_bytes"]
            for (of, name), each in rows.items()
            if of == memory and name != IN_ALL
        ]
        assert sum(parts) == row["added_bytes"] != 0
    assert document["compared_with"]["model"]["path"].endswith("before.tflite")


def test_people_see_a_table_and_equal_models_say_so(cli, models) -> None:
    _, shown, _ = _fit(cli, models, "--compare", models / "before.tflite")
    assert "Against" in shown
    assert any(line.split()[:4] == [BOARD, "flash", "in", "all"] for line in shown.splitlines())
    _, same, _ = _fit(cli, models, "--compare", models / "after.tflite")
    assert "nothing changes" in " ".join(same.split())


@pytest.fixture
def repository(tmp_path, models) -> Path:
    """A git repository with both models, of which `after.tflite` changed since the first commit."""

    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for name in ("before", "after"):
        (tmp_path / f"{name}.tflite").write_bytes((models / "before.tflite").read_bytes())
    git("add", ".")
    git("commit", "-qm", "first")
    git("tag", "first")
    (tmp_path / "after.tflite").write_bytes((models / "after.tflite").read_bytes())
    git("commit", "-qam", "second")
    return tmp_path


def _environment(folder: Path, **variables: str) -> dict[str, str]:
    """The environment in which `edgecompress` is the one that is tested."""
    program = folder / "bin" / "edgecompress"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m edgecompress "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY), **variables}


@pytest.mark.parametrize(
    ("since", "board", "judged", "code"),
    [("", BOARD, 2, 0), ("first", BOARD, 1, 0), ("first", "tiny_board.toml", 1, 5)],
)
def test_the_action_judges_what_changed(repository, since, board, judged, code) -> None:
    profile = (REPOSITORY / "boards" / "nucleo_f401re.toml").read_text()
    (repository / "tiny_board.toml").write_text(profile.replace("98_304", "2_000"))
    summary = repository / "summary.md"
    action = yaml.safe_load((REPOSITORY / ".github/actions/fit/action.yml").read_text())
    defaults = {name: value.get("default") for name, value in action["inputs"].items()}
    inputs = defaults | {"models": "*.tflite", "boards": board, "changed-since": since}
    step = action["runs"]["steps"][-1]
    variables = {
        name: inputs[value[len("${{ inputs.") : -len(" }}")]]
        for name, value in step["env"].items()
        if "inputs." in value
    }
    place = {"GITHUB_ACTION_PATH": str(REPOSITORY / ".github" / "actions" / "fit")}
    done = subprocess.run(
        ["bash", "-c", step["run"]], cwd=repository, capture_output=True, text=True, check=False,
        env=_environment(repository, **variables, **place, GITHUB_STEP_SUMMARY=str(summary)),
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert f"{judged} models judged" in done.stdout
    assert summary.read_text().count("### Memory of") == judged
    assert ("::error" in done.stderr) is (code == 5)


def test_the_hook_judges_each_file_by_its_options(repository) -> None:
    (hook,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    files = ["before.tflite", "after.tflite"]
    for boards, code in ((["--board", BOARD], 0), (["--board", "no_such_board"], 2)):
        done = subprocess.run(
            [*shlex.split(hook["entry"]), *boards, *files], cwd=repository,
            capture_output=True, text=True, check=False, env=_environment(repository),
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stdout.count("bytes, 1 ") >= (len(files) if code == 0 else 0)
