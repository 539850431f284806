"""What the code keeps to beyond what the linters look at."""

import ast

import pytest
from support import REPOSITORY

PACKAGE = REPOSITORY / "edgecompress"
MOST_LINES = 50
MOST_FILES = 20


def functions_over(path, most):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > most:
            yield f"{path.relative_to(REPOSITORY)}: {node.name}"


def test_no_function_is_longer_than_a_page() -> None:
    found = [name for path in PACKAGE.rglob("*.py") for name in functions_over(path, MOST_LINES)]
    assert not found


@pytest.mark.parametrize(
    "room", [PACKAGE, *(path.parent for path in sorted(PACKAGE.rglob("__init__.py")))], ids=str
)
def test_no_room_is_too_full_to_find_a_file_in(room) -> None:
    files = [path for path in room.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= MOST_FILES


def test_nothing_lies_loose_beside_the_rooms() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert loose == {
        "child", "demo", "errors", "files", "lock", "metrics", "pipeline", "progress",
        "recipe", "refused", "side_by_side",
    }  # fmt: skip
