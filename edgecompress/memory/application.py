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


@dataclass(frozen=True)
class Application:
    """Flash and RAM items of kind "application", and the stack that startup sets aside."""

    flash: tuple[Item, ...]
    ram: tuple[Item, ...]
    stack_bytes: int  # 0 where the framework's figure has its stack in it


def application(board: Board) -> Application:
    """Return what the firmware of `board` holds besides model and TFLM.

    Args:
        board: the board; its first framework decides what an empty program costs.
    """
    costs = _costs()
    glue = costs["glue"]
    framework = _framework(board)
    flash = [
        Item("startup and glue of the generated firmware", "application", glue["flash_bytes"],
             glue["basis"]),
    ]  # fmt: skip
    ram = [Item("startup and glue", "application", glue["ram_bytes"], glue["basis"])]
    if framework is None:
        return Application(tuple(flash), tuple(ram), glue["stack_bytes"])
    name = f"{framework['name']}, an empty program"
    flash.append(Item(name, "application", framework["flash_bytes"], "estimated"))
    ram.append(Item(name, "application", framework["ram_bytes"], "estimated"))
    ram.extend(_shared_iram(board.core, framework["name"]))
    return Application(tuple(flash), tuple(ram), 0)


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


def _shared_iram(core: str, framework: str) -> tuple[Item, ...]:
    """Return code that ESP-IDF keeps in RAM, as far as it is the same RAM as data's."""
    iram = _costs()["iram"]
    shared = iram["bytes"] - iram["apart_bytes"].get(core, 0)
    if framework != "ESP-IDF" or shared <= 0:
        return ()
    return (Item("ESP-IDF's code in RAM that data shares", "application", shared, "estimated"),)
