"""Temporary files: all of a command's lie in one folder, and go with it."""

import tempfile
from pathlib import Path

import pytest

from edgecompress.child import Child
from edgecompress.cli.temporary import temporary_files_together
from edgecompress.firmware.toolchain.tools import run


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_files_of_libraries_children_and_programs_go_too(place):
    child = Child("tempfile:mkstemp")
    for _ in range(2):  # a child may live longer than the first folder
        with temporary_files_together():
            made = (
                tempfile.mkstemp(prefix="__autograph_generated_file")[1],
                child.call()[1],
                run(["mktemp"]).stdout.strip(),
            )
            (folder,) = {Path(file).parent for file in made}
            assert folder.parent == place
        assert not list(place.iterdir())
        assert tempfile.gettempdir() == str(place)
    child.close()


def test_a_command_without_a_place_for_temporary_files_goes_on(place, monkeypatch):
    def refused() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", refused)
    with temporary_files_together():
        assert tempfile.tempdir == str(place)
