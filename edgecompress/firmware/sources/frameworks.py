"""The build systems a project can be written for, and what each calls things."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecompress.board import Board
from edgecompress.errors import BoardError, UsageError, did_you_mean
from edgecompress.firmware.sources.targets import CORES, MACHINES
from edgecompress.firmware.sources.versions import PLATFORMIO_MCUS, platformio_platform


@dataclass(frozen=True)
class Layout:
    """Where a build system expects C++ sources, and the suffix it compiles."""

    sources: str
    suffix: str = ".cc"
    takes_options: bool = True  # of the compiler, for these sources alone
    kernels: str = ""  # of the one TFLM that it takes, if they are not the board's


LAYOUTS: Mapping[str, Layout] = {
    "cmake": Layout("src"),
    "arduino": Layout("src", ".cpp", takes_options=False),  # older Arduino builders pass over .cc
    "platformio": Layout("src"),
    "esp-idf": Layout("main"),
    "zephyr": Layout("src"),
    "pico": Layout("src", kernels="cmsis-nn"),  # pico-tflmicro compiles no others
    "host": Layout("src"),
}
FRAMEWORKS = tuple(LAYOUTS)


def check_framework(framework: str, board: Board) -> None:
    """Raise unless a project for `board` can be written for `framework`.

    Raises:
        UsageError: there is no such framework.
        BoardError: the framework does not know the board, or not its core.
    """
    if framework not in LAYOUTS:
        raise UsageError(
            f"no framework {framework!r}; there are {', '.join(FRAMEWORKS)}"
            f"{did_you_mean(framework, FRAMEWORKS)}"
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
            f"those that begin with {', '.join(PLATFORMIO_MCUS)}. {_offered(board)}"
        )
    machine = board.frameworks.get("qemu", {}).get("machine")
    if framework == "cmake" and machine is not None and machine not in MACHINES:
        raise BoardError(
            f"{board.id}: frameworks.qemu.machine is {machine!r}; known are {', '.join(MACHINES)}"
        )


def _offered(board: Board) -> str:
    names = [name for name in board.frameworks if name in LAYOUTS and name != "cmake"]
    cmake = ["cmake"] if board.core in CORES else []
    return f"Its frameworks are: {', '.join([*cmake, *names, 'host'])}"
