"""docs/architecture.md is true: its rooms and files are there, and no room is left out."""

import re
from itertools import chain

from support import REPOSITORY

from edgecompress.files import read_toml

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


ROOMS = {path.name for path in (REPOSITORY / "edgecompress").iterdir() if path.is_dir()}
ROW = re.compile(r"^\| `edgecompress/(\w+)/[\w/]*` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_no_room_is_on_the_page_twice() -> None:
    rows = re.findall(r"^\| `(edgecompress/[\w/]+/)` \|", PAGE, re.MULTILINE)
    assert len(rows) == len(set(rows))


def test_what_rooms_may_use_is_what_the_linter_allows() -> None:
    rows = ROW.findall(PAGE)
    assert {room for room, _ in rows} >= {"cli", "search", "memory", "board"}
    order = list(dict.fromkeys(room for room, _ in rows))
    for room, words in rows:
        below = order[order.index(room) + 1 :]
        assert _named(words, below) == _allowed(room), room


def _named(words: str, below: list[str]) -> set[str]:
    """Expand "all below but x", "x, y" or "none"."""
    everything, _, excepted = words.partition(" but ")
    if everything == "all below":
        return set(below) - set(excepted.split(", "))
    return set() if words == "none" else set(words.split(", "))


def _allowed(room: str) -> set[str]:
    """Return the rooms in lower layers, but those that lead to one which is forbidden."""
    project = read_toml(REPOSITORY / "pyproject.toml")
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = [layer.split(" | ") for layer in contracts[0]["layers"]]
    place = next(number for number, layer in enumerate(layers) if room in layer)
    forbidden = {
        module.removeprefix("edgecompress.")
        for contract in contracts
        if f"edgecompress.{room}" in contract.get("source_modules", ())
        for module in contract["forbidden_modules"]
    }
    lower = ROOMS & set(chain.from_iterable(layers[place + 1 :]))
    return {other for other in lower if not _reached(other) & forbidden}


def _reached(room: str) -> set[str]:
    """Return `room` and all that it imports, and what these import."""
    found, new = {room}, {room}
    while new:
        files = chain.from_iterable((REPOSITORY / "edgecompress" / r).rglob("*.py") for r in new)
        imported = chain.from_iterable(
            re.findall(
                r"^\s*from edgecompress\.(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE
            )
            for file in files
        )
        new = (set(imported) & ROOMS) - found
        found |= new
    return found


def test_every_file_that_knows_an_ecosystem_is_in_the_answer() -> None:
    answer = next(line for line in PAGE.splitlines() if line.startswith("| an ecosystem"))
    files = chain.from_iterable(
        (REPOSITORY / folder).rglob("*.*") for folder in ("edgecompress", "templates/common")
    )
    knowing = {
        file.relative_to(REPOSITORY).as_posix()
        for file in files
        if file.suffix != ".pyc" and "zephyr" in file.read_text(encoding="utf-8").lower()
    }
    named = set(re.findall(r"`([\w./-]+)`", answer))
    assert knowing <= named
