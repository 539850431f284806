"""What a firmware needs besides model and TFLM: its framework, startup and glue.

Golden test vectors are not counted: a self-test has them, the firmware that ships has not. Only the
generated bare-metal firmware is measured; frameworks are published figures of empty programs, and
called estimated.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgecompress.board import Board
from edgecompress.files import COSTS_DIR
from edgecompress.memory.flash import Item

RESERVE = "your own application, reserved"  # the name of the item


@dataclass(frozen=True)
class Application:
    """Flash and RAM items of kind "application", and the stack that startup sets aside."""

    flash: tuple[Item, ...]
    ram: tuple[Item, ...]
    stack_bytes: int  # 0 where the framework's figure has its stack in it


@dataclass(frozen=True)
class Glue:
    """What generated firmware holds beside model and runtime, whatever its framework."""

    flash: Item
    ram: Item
    stack_bytes: int  # that startup sets aside on bare metal


def application(board: Board, glue: Glue | None = None) -> Application:
    """Return what the firmware of `board` holds besides model and runtime.

    Args:
        board: the board; its first framework decides what an empty program costs, and it says how
            much is kept for the user's own application.
        glue: what is the same for all frameworks; that of firmware with TFLM by default.
    """
    glue = glue or _tflm_glue()
    framework = _framework(board)
    flash = [glue.flash, *_reserve(board.reserve_flash_bytes)]
    ram = [glue.ram, *_reserve(board.reserve_ram_bytes)]
    if framework is None:
        return Application(tuple(flash), tuple(ram), glue.stack_bytes)
    name = f"{framework['name']}, an empty program"
    flash.append(Item(name, "application", framework["flash_bytes"], "estimated"))
    ram.append(Item(name, "application", framework["ram_bytes"], "estimated"))
    ram.extend(_shared_iram(board.core, framework["name"]))
    return Application(tuple(flash), tuple(ram), 0)


def is_bare_metal(board: Board) -> bool:
    """Say whether nothing but generated firmware is in the image that is judged."""
    return _framework(board) is None


def glue_of(flash_bytes: int, ram_bytes: int, flash_basis: str, ram_basis: str) -> Glue:
    """Return the glue of firmware whose startup sets aside as much stack as generated ones do."""
    name = "startup and glue of the generated firmware"
    flash = Item(name, "application", flash_bytes, flash_basis)
    ram = Item("startup and glue", "application", ram_bytes, ram_basis)
    return Glue(flash, ram, _costs()["glue"]["stack_bytes"])


def _tflm_glue() -> Glue:
    glue = _costs()["glue"]
    return glue_of(glue["flash_bytes"], glue["ram_bytes"], glue["basis"], glue["basis"])


@cache
def _costs() -> dict[str, Any]:
    costs: dict[str, Any] = json.loads((COSTS_DIR / "application.json").read_text(encoding="utf-8"))
    return costs


def _framework(board: Board) -> dict[str, Any] | None:
    """Return the published figures of the board's first framework; None for bare metal."""
    name = next(iter(board.frameworks))
    words = board.frameworks[name].get("fqbn", "")
    for framework in _costs()["frameworks"]:
        if framework["framework"] == name and words.startswith(tuple(framework["prefixes"])):
            return dict(framework)
    return None


def _reserve(size_bytes: int) -> tuple[Item, ...]:
    return (Item(RESERVE, "application", size_bytes, "exact"),) if size_bytes else ()


def _shared_iram(core: str, framework: str) -> tuple[Item, ...]:
    """Return code that ESP-IDF keeps in RAM, as far as it is the same RAM as data's."""
    iram = _costs()["iram"]
    shared = iram["bytes"] - iram["apart_bytes"].get(core, 0)
    if framework != "ESP-IDF" or shared <= 0:
        return ()
    return (Item("ESP-IDF's code in RAM that data shares", "application", shared, "estimated"),)
