"""The build systems a project can be written for, and what each calls things."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecompress.board import Board
from edgecompress.errors import BoardError, UsageError
from edgecompress.firmware.sources.targets import CORES, MACHINES


@dataclass(frozen=True)
class Layout:
    """Where a build system expects C++ sources, and the suffix it compiles."""

    sources: str
    suffix: str = ".cc"


LAYOUTS: Mapping[str, Layout] = {
    "cmake": Layout("src"),
    "arduino": Layout("src", ".cpp"),  # older Arduino builders pass over .cc
    "platformio": Layout("src"),
    "esp-idf": Layout("main"),
    "zephyr": Layout("src"),
    "pico": Layout("src"),
    "host": Layout("src"),
}
FRAMEWORKS = tuple(LAYOUTS)
C_FRAMEWORKS = ("cmake", "host")  # whose templates know the C runtime

# PlatformIO's name for the platform of a microcontroller, by how the microcontroller's name
# begins. Source: the platform repositories that the board profiles name in `sources`.
_PLATFORMIO_PLATFORMS: Mapping[str, str] = {
    "nRF52": "nordicnrf52",
    "ESP32": "espressif32",
    "STM32": "ststm32",
    "R7FA": "renesas-ra",
    "RP2040": "raspberrypi",
    "RP2350": "https://github.com/maxgerhardt/platform-raspberrypi.git",
    "i.MX RT": "teensy",
}


def check_framework(framework: str, board: Board, *, in_c: bool = False) -> None:
    """Raise unless a project for `board` can be written for `framework`; `in_c`: without TFLM.

    Raises:
        UsageError: there is no such framework, or not for the C runtime.
        BoardError: the framework does not know the board, or not its core.
    """
    if framework not in LAYOUTS:
        raise UsageError(f"no framework {framework!r}; there are {', '.join(FRAMEWORKS)}")
    if in_c and framework not in C_FRAMEWORKS:
        raise UsageError(
            f"--runtime c is for --framework {' and '.join(C_FRAMEWORKS)} so far, not {framework}: "
            "leave it out for TFLM, or add the folder src/ of a cmake project to your own"
        )
    if framework == "cmake" and board.core not in CORES:
        raise BoardError(
            f"{board.id} has the core {board.core}, and cmake projects are for "
            f"{', '.join(CORES)}. {_offered(board)}"
        )
    if framework not in ("cmake", "host", *board.frameworks):
        raise BoardError(f"{board.id} has no [frameworks.{framework}]. {_offered(board)}")
    if framework == "platformio" and not platformio_platform(board):
        raise BoardError(
            f"{board.id}: PlatformIO's platform for the mcu {board.mcu!r} is not known; it is for "
            f"those that begin with {', '.join(_PLATFORMIO_PLATFORMS)}. {_offered(board)}"
        )
    machine = board.frameworks.get("qemu", {}).get("machine")
    if framework == "cmake" and machine is not None and machine not in MACHINES:
        raise BoardError(
            f"{board.id}: frameworks.qemu.machine is {machine!r}; known are {', '.join(MACHINES)}"
        )


def platformio_platform(board: Board) -> str:
    """Return PlatformIO's platform for the board, "" if it is not known."""
    for beginning, platform in _PLATFORMIO_PLATFORMS.items():
        if board.mcu.startswith(beginning):
            return platform
    return ""


def _offered(board: Board) -> str:
    names = [name for name in board.frameworks if name in LAYOUTS and name != "cmake"]
    cmake = ["cmake"] if board.core in CORES else []
    return f"Its frameworks are: {', '.join([*cmake, *names, 'host'])}"
