"""Pages that mkdocs makes from what lies beside them: commands, boards, Python, notebooks."""

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import edgecompress
from edgecompress.board import Board, all_boards
from edgecompress.cli import app

REPOSITORY = Path(__file__).parents[2]
_COLUMNS = 88  # of `--help`
_OUTSIDE = re.compile(r"\]\((?:\.\./)+(benchmarks|examples)/([^)]*)\)")

_BOARDS_HEAD = """\
# Boards

What `boards/` has; sources are in each profile (`edgecompress boards show BOARD`). Bytes are what
an application can use; RAM is the largest contiguous region of the chip.
A [profile of your own](../tutorials/own-board.md) is as good.

| id | board | chip | core | kernels | MHz | flash, bytes | RAM, bytes | frameworks |
|---|---|---|---|---|--:|--:|--:|---|
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the notebooks, and the benchmarks' own READMEs."""
    pages = {
        "reference/cli.md": commands_page(),
        "reference/boards.md": boards_page(),
        "reference/api.md": api_page(),
    }
    for path in sorted((REPOSITORY / "benchmarks").rglob("*.md")):
        pages[path.relative_to(REPOSITORY).as_posix()] = path.read_text(encoding="utf-8")
    for path in sorted((REPOSITORY / "examples").glob("*.ipynb")):
        pages[f"examples/{path.stem}.md"] = notebook_page(path)
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links lead to where a page is in the site: what they name lies beside `docs/`."""
    source = page.file.src_uri
    up = posixpath.relpath(".", posixpath.dirname(source) or ".")

    def _inside(link: re.Match[str]) -> str:
        return f"]({up}/{link[1]}/{link[2].replace('.ipynb', '.md')})"

    markdown = _OUTSIDE.sub(_inside, markdown)
    if source.startswith("benchmarks/"):
        markdown = re.sub(
            r"\]\((?:\.\./)+docs/",
            f"]({posixpath.relpath('.', posixpath.dirname(source))}/",
            markdown,
        )
    return markdown


def commands_page() -> str:
    """Return the `--help` of every command, as it is printed 88 columns wide."""
    parts = ["# Commands\n\nWhat `edgecompress COMMAND --help` prints.\n"]
    parts.extend(
        f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(app, "edgecompress")
    )
    return "\n".join(parts)


def _helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    with click.Context(command, info_name=name, terminal_width=_COLUMNS) as context:
        yield name, command.get_help(context)
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                child = command.get_command(context, below)
                if child is not None:
                    yield from _helps(child, f"{name} {below}")


def boards_page() -> str:
    """Return a table of the profiles in `boards/`."""
    return _BOARDS_HEAD + "".join(f"{_row(board)}\n" for board in all_boards())


def _row(board: Board) -> str:
    cells = (
        f"`{board.id}`", board.name, board.mcu, board.core, board.kernels,
        f"{board.clock_hz / 1e6:g}", f"{board.flash_bytes:,}", f"{board.ram_bytes:,}",
        ", ".join(board.frameworks),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def notebook_page(path: Path) -> str:
    """Return a notebook of `examples/` as Markdown: what it says, and its code."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ((cell["cell_type"], "".join(cell["source"])) for cell in cells)
    parts = (f"```python\n{text}\n```" if kind == "code" else text for kind, text in texts)
    name = path.name
    return "\n\n".join((*parts, f"The notebook is `examples/{name}` of the repository.\n"))


def api_page() -> str:
    """Return directives for every public function of the package."""
    head = "# Python\n\n`import edgecompress as ec`; each name is imported on first use.\n"
    names = (f"::: {module}.{name}\n" for name, module in sorted(edgecompress._PUBLIC.items()))  # noqa: SLF001
    return "\n".join((head, *names))
