"""docs/architecture.md is true: its rooms and files are there, and no room is left out."""

import re

from support import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([\w./-]+/[\w./-]*)`", PAGE))


def test_every_path_on_the_page_is_there() -> None:
    assert NAMED
    assert [name for name in sorted(NAMED) if not (REPOSITORY / name).exists()] == []


def test_every_room_is_on_the_page() -> None:
    rooms = {
        f"{path.parent.relative_to(REPOSITORY).as_posix()}/"
        for path in (REPOSITORY / "edgecompress").rglob("__init__.py")
    }
    groups = {"edgecompress/", "edgecompress/firmware/"}  # hold rooms, not files
    assert rooms - groups <= NAMED


def test_every_file_beside_the_rooms_is_on_the_page() -> None:
    files = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "edgecompress").glob("*.py")
        if not path.name.startswith("_")
    }
    assert files <= NAMED


def test_tests_mirror_the_rooms() -> None:
    rooms = {
        path.parent.relative_to(REPOSITORY / "tests").as_posix()
        for path in (REPOSITORY / "tests").rglob("test_*.py")
    } - {"."}
    assert [
        room for room in sorted(rooms) if not (REPOSITORY / "edgecompress" / room).is_dir()
    ] == []
