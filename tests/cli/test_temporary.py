"""Temporary files: all of a command's lie in one folder, and go with it."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from edgecompress.cli.temporary import temporary_files_together


def _known() -> tuple[str | None, str | None]:
    return os.environ.get("TMPDIR"), tempfile.tempdir


@pytest.mark.parametrize("given", [True, False])
def test_files_of_libraries_and_programs_go_too(tmp_path, monkeypatch, given):
    if given:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
    else:
        monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = _known()
    with temporary_files_together():
        of_library = Path(tempfile.mkstemp(prefix="__autograph_generated_file")[1])
        of_program = Path(subprocess.check_output(["mktemp"], text=True).strip())
        assert of_library.parent == of_program.parent
        assert of_library.parent.parent == tmp_path
    assert not list(tmp_path.iterdir())
    assert _known() == before


def test_a_command_without_a_place_for_temporary_files_goes_on(monkeypatch):
    def refused() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", refused)
    before = _known()
    with temporary_files_together():
        assert _known() == before
