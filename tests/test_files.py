import stat
from pathlib import Path

import pytest

from edgecompress.errors import OutputExistsError
from edgecompress.files import write_file, write_tree


def test_a_changed_file_of_the_user_stops_the_whole_tree(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"b\.txt.*--force"):
        write_tree(tmp_path, {"a.txt": "new", "b.txt": "new"}, force=False)
    assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "b.txt").read_text() == "mine"


def test_writing_the_same_again_is_no_overwrite(tmp_path: Path) -> None:
    for _ in range(2):
        write_tree(tmp_path, {"x/a.txt": "text", "b.bin": b"\x00"}, force=False)
    assert (tmp_path / "x" / "a.txt").read_text() == "text"


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    write_tree(tmp_path, {"a.txt": "new"}, force=True)
    assert (tmp_path / "a.txt").read_text() == "new"


def test_no_temporary_file_is_left_and_others_may_read(tmp_path: Path) -> None:
    write_file(tmp_path / "a.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) & stat.S_IRUSR
