"""The notebooks of examples/ run as they stand there, and show what their text says."""

import os

import nbformat
import pytest
from nbclient import NotebookClient
from support import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


def _read(name: str):
    return nbformat.read(EXAMPLES / name, as_version=4)


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """Run a notebook in an empty folder; return what its cells show, as text and as HTML."""
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(REPOSITORY), before))))

    def run(name: str) -> tuple[list[str], list[str]]:
        notebook = _read(name)
        place = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, timeout=None, resources=place).execute()
        shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        data = [output.data for output in shown if "data" in output]
        said = [output.text for output in shown if output.get("name") == "stdout"]
        assert list(tmp_path.iterdir()) == []
        return (
            [*said, *(each["text/plain"] for each in data)],
            [each["text/html"] for each in data if "text/html" in each],
        )

    return run


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_stored_without_what_a_run_left(name) -> None:
    notebook = _read(name)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [cell.outputs for cell in code if cell.outputs] == []
    assert {cell.execution_count for cell in code} == {None}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_found_from_the_docs_and_the_readme(name) -> None:
    assert f"](../examples/{name})" in (REPOSITORY / "docs" / "index.md").read_text("utf-8")
    assert f"](examples/{name})" in (REPOSITORY / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_a_model_that_does_not_fit_is_made_to(outputs) -> None:
    texts, (before, after, beside) = outputs("compress_for_a_board.ipynb")
    assert "<td>NO</td>" in before
    assert "RAM region RAM" in before
    assert "<td>yes</td>" in after
    assert "digits.keras" in beside
    assert "from the first to the last" in beside
    shown = "\n".join(texts)
    assert "fits bbc_microbit, C runtime" in shown
    assert "It fits BBC micro:bit" in shown
    assert "src/digits_model_runner.h" in shown


def test_the_callback_says_before_training_what_fits(outputs) -> None:
    texts, _ = outputs("check_fit_while_training.ipynb")
    shown = "\n".join(texts)
    assert "does not fit bbc_microbit" in shown
    assert "'fits': 1.0" in shown
    assert "{32: True, 64: True, 96: False, 128: False}" in shown
