"""What a newcomer starts from: hooks, templates and the workflow are what they say."""

import re
import subprocess
import sys

import pytest
import yaml
from support import REPOSITORY

GITHUB = REPOSITORY / ".github"


def _yaml(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _recipe(target: str) -> list[str]:
    """The commands of a Makefile's target, their tools named without a folder."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (lines,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    return [line.strip().removeprefix("$(BIN)/") for line in lines.splitlines()]


def test_pre_commit_runs_what_make_lint_runs() -> None:
    (local,) = _yaml(REPOSITORY / ".pre-commit-config.yaml")["repos"]
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in local["hooks"]]
    assert hooks == _recipe("lint")


def test_the_workflow_tests_each_python_that_the_readme_names() -> None:
    versions = _yaml(GITHUB / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"][
        "python"
    ]
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (span,) = set(re.findall(r"Python (3\.\d+) to (3\.\d+)", readme))
    assert (versions[0], versions[-1]) == span
    numbers = [int(version.split(".")[1]) for version in versions]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert f'requires-python = ">={span[0]}"' in (REPOSITORY / "pyproject.toml").read_text()


def test_the_workflow_installs_the_tools_that_make_test_does() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    tools = " ".join(re.findall(r"^DEBIAN_\w*TOOLS := (.*)$", makefile, re.MULTILINE))
    steps = _yaml(GITHUB / "workflows" / "test.yml")["jobs"]["test"]["steps"]
    script = next(step["run"] for step in steps if "apt-get" in step.get("run", ""))
    assert set(tools.split()) <= set(script.replace("\\\n", " ").split())
    assert steps[-1]["run"] == "make test"


@pytest.mark.parametrize("form", ["bug", "model", "board"])
def test_issue_forms_ask_for_what_is_needed(form) -> None:
    content = _yaml(GITHUB / "ISSUE_TEMPLATE" / f"{form}.yml")
    assert {"name", "description", "body"} <= set(content)
    assert any(part.get("validations", {}).get("required") for part in content["body"])


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]
)
def test_links_lead_somewhere(page) -> None:
    path = REPOSITORY / page
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert broken == []


def test_the_table_of_models_says_what_it_does_before_ten_minutes_of_work() -> None:
    page = REPOSITORY / "docs" / "models.md"
    before = page.read_text(encoding="utf-8")
    script = REPOSITORY / "benchmarks" / "models" / "table.py"
    done = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, text=True, check=True
    )
    assert "usage: table.py" in done.stdout
    assert "What int8 costs" in done.stdout
    assert page.read_text(encoding="utf-8") == before
