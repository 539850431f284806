"""What a project is written for where the user leaves it open: ecosystem and runtime."""

from dataclasses import dataclass

from edgecompress.board import Board
from edgecompress.errors import BoardError, UsageError
from edgecompress.firmware.sources.frameworks import check_framework
from edgecompress.firmware.sources.model import Runtime
from edgecompress.firmware.sources.optimize import FLAGS, Optimize
from edgecompress.firmware.sources.targets import TFLM_CORES

# An ecosystem made for the board comes before those that serve any. Boards of Arduino's are that
# whatever their chip is; other STM32 boards are for PlatformIO rather than for Arduino's IDE.
_ORDER = ("pico", "esp-idf", "arduino", "zephyr", "platformio", "cmake")
_ORDER_STM32 = ("platformio", "zephyr", "arduino", "cmake")

# Arduino's architectures that the library Chirale_TensorFlowLite names, and Seeed's mbed core,
# which is Arduino's. Source: library.properties of spaziochirale/Chirale_TensorFlowLite@46da2f9
# (v2.0.0), README.md there: "mbed or ESP32 architecture".
_PORTED = frozenset({"mbed_nano", "mbed_nicla", "mbed_portenta", "mbed", "esp32"})
_WITH_PORT = ("arduino", "platformio")


@dataclass(frozen=True)
class Choice:
    """What a project is written for; `no_tflm` says why TFLM is not to be had for it, if so."""

    framework: str
    runtime: Runtime
    optimize: Optimize
    no_tflm: str


def choose(
    board: Board,
    framework: str | None = None,
    runtime: str | None = None,
    optimize: str | None = None,
) -> Choice:
    """Return what was asked for, with the board's defaults where it is None.

    Raises:
        UsageError: there is no such framework or optimization, or TFLM is to be optimized.
        BoardError: the framework cannot build for the board, or not with TFLM.
    """
    framework = framework or default_framework(board)
    check_framework(framework, board)
    no_tflm = _no_tflm(framework, board)
    if runtime == "tflm" and framework == "cmake" and no_tflm:
        raise BoardError(f"{board.id}: {no_tflm}; give --runtime c, whose firmware needs none")
    in_c = runtime == "c" or (runtime is None and no_tflm != "")
    if optimize not in (None, *FLAGS):
        raise UsageError(f"no optimization for {optimize!r}; there are {', '.join(FLAGS)}")
    if optimize is not None and not in_c:
        raise UsageError(
            "--optimize is for the C runtime: TFLM and its kernels are compiled as their own "
            "build says. Leave it out, or give --runtime c"
        )
    optimized: Optimize = "size" if optimize == "size" else "speed"
    return Choice(framework, "c" if in_c else "tflm", optimized, no_tflm)


def default_framework(board: Board) -> str:
    """Return the ecosystem of a board: the first of an order that its profile has.

    A machine of QEMU's gets `cmake`, whose projects run there; others what they are sold for.
    """
    if "qemu" in board.frameworks:
        return "cmake"
    return next((name for name in _order(board) if _can_build(name, board)), "cmake")


def _order(board: Board) -> tuple[str, ...]:
    if _fqbn(board).startswith("arduino:"):
        return ("arduino", *_ORDER)
    return _ORDER_STM32 if board.mcu.startswith("STM32") else _ORDER


def _can_build(framework: str, board: Board) -> bool:
    try:
        check_framework(framework, board)
    except BoardError:
        return False
    return framework in board.frameworks


def _no_tflm(framework: str, board: Board) -> str:
    """Return why TFLM cannot be had as the ecosystem's users have it, "" if it can."""
    if framework == "cmake" and board.core not in TFLM_CORES:
        return f"cmake projects with TFLM are for Cortex-M, not for {board.core}"
    if framework not in _WITH_PORT or _architecture(board) in _PORTED:
        return ""
    return (
        f"the port of TFLM that {framework} projects take, Chirale_TensorFlowLite, is for mbed "
        f"and ESP32 cores, not for that of {board.name}"
    )


def _architecture(board: Board) -> str:
    """Return the architecture of a board's Arduino core, which PlatformIO's is as well."""
    if not _fqbn(board):
        return "esp32" if board.mcu.startswith("ESP32") else ""
    return _fqbn(board).split(":")[1] if ":" in _fqbn(board) else ""


def _fqbn(board: Board) -> str:
    return str(board.frameworks.get("arduino", {}).get("fqbn", ""))
