"""Generated projects equal, byte for byte, those under tests/golden."""

import pytest
from support import REPOSITORY, golden_trees

RENEW = (
    "if the change is meant, run `PYTHONPATH=tests python -m support.golden_trees` and read "
    "`git diff tests/golden`"
)


@pytest.mark.parametrize("tree", golden_trees.TREES)
def test_the_project_is_as_it_was(tree: str) -> None:
    folder = golden_trees.FOLDER / tree
    golden = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    files = {
        path: content if isinstance(content, bytes) else content.encode()
        for path, content in golden_trees.project(tree).items()
    }
    assert sorted(files) == sorted(golden), RENEW
    changed = [path for path, content in files.items() if content != golden[path]]
    assert not changed, f"{tree}: {', '.join(changed)} changed; {RENEW}"


def test_the_documentation_shows_a_model_as_it_is_written() -> None:
    text = (REPOSITORY / "docs" / "runtime.md").read_text(encoding="utf-8")
    shown = next(part for part in text.split("```c\n")[1:] if "Weights[" in part)
    written = golden_trees.FOLDER / "c" / "host" / "src" / "tiny_model.c"
    assert shown.split("```")[0] in written.read_text(encoding="utf-8")
