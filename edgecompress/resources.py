"""Where the board profiles and the templates are: in the wheel, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


BOARDS_DIR = _folder("boards")
TEMPLATES_DIR = _folder("templates")
COSTS_DIR = _PACKAGE / "memory" / "costs"
