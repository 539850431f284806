"""What of model, data and board can be found out without asking."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgecompress.board import BOARDS_VARIABLE
from edgecompress.cli.start.connected import connected_boards
from edgecompress.dataset.images import holds_images
from edgecompress.errors import ModelError
from edgecompress.keras_files.form import model_form

_MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")
_DATA_SUFFIXES = (".npz", ".csv")


@dataclass(frozen=True)
class Found:
    """What a key of the recipe may be: `choices`, and how they were found."""

    choices: tuple[str, ...]
    how: str = ""

    @property
    def value(self) -> str | None:
        """The value, if there is but one."""
        return self.choices[0] if len(self.choices) == 1 else None


def find_model(folder: Path) -> Found:
    """Return the Keras models in a folder; what a file holds decides, not its name."""
    return Found(tuple(entry.name for entry in _visible(folder) if _is_model(entry)))


def find_data(folder: Path) -> Found:
    """Return the files of arrays or rows in a folder, and its folders of images by class."""
    return Found(tuple(entry.name for entry in _visible(folder) if _is_data(entry)))


def find_board(folder: Path) -> Found:
    """Return the boards that are connected, or else the profiles of the user's own."""
    connected = connected_boards()
    if connected:
        how = ", ".join(f"{each.board}: USB {each.usb_id}" for each in connected)
        return Found(tuple(each.board for each in connected), f"connected ({how})")
    own = Path(os.environ.get(BOARDS_VARIABLE) or folder)
    profiles = tuple(sorted(path for path in own.glob("*.toml") if _is_profile(path)))
    if own == folder:
        return Found(tuple(path.name for path in profiles), "a profile in this folder")
    return Found(tuple(path.stem for path in profiles), f"a profile in {BOARDS_VARIABLE}")


def _visible(folder: Path) -> Iterator[Path]:
    entries = sorted(folder.iterdir()) if folder.is_dir() else ()
    return (entry for entry in entries if not entry.name.startswith("."))


def _is_model(entry: Path) -> bool:
    if not entry.is_dir() and entry.suffix.lower() not in _MODEL_SUFFIXES:
        return False
    try:
        model_form(entry)
    except ModelError:
        return False
    return True


def _is_data(entry: Path) -> bool:
    if entry.is_dir():
        return holds_images(entry)
    return entry.suffix.lower() in _DATA_SUFFIXES


def _is_profile(path: Path) -> bool:
    """Say whether a TOML file is meant to be a board's; whether it is right is said when used."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^\[\[ram\]\]", text, re.MULTILINE) is not None
