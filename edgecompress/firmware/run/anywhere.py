"""Run a model's firmware with what is installed here: in QEMU, or on this machine itself."""

import logging
from pathlib import Path

from edgecompress.board import Board
from edgecompress.dataset.split import Inputs
from edgecompress.errors import BoardError, DoesNotFitError, ToolError
from edgecompress.firmware.run.emulate import Emulation, emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.write import write_firmware
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.host import build_host

_log = logging.getLogger(__name__)


def run_anywhere(
    model: Path, board: Board, folder: Path, *, samples: Inputs | None = None, force: bool = False
) -> Emulation:
    """Write a model as firmware of the C runtime, which needs no TFLM, build it and run it.

    On the machine of QEMU's that has the board's core, or the nearest; if that cannot be, on this
    machine, and why is logged.

    Args:
        model: a .tflite file.
        board: whose core the code is for.
        folder: to write the project to.
        samples: real inputs [n, ...] in the model's units for the golden vectors; noise otherwise.
        force: overwrite files that differ.

    Raises:
        ToolError: there is neither a cross compiler with QEMU nor a compiler for this machine;
            the message says what to install.
        EdgecompressError: the C runtime has no kernel for an operator, or the self-test failed.
    """
    try:
        _write(model, board, folder, "cmake", samples, force=force)
        build(folder)
        return emulate(folder)
    except (BoardError, DoesNotFitError, ToolError) as error:
        _log.info("not in QEMU: %s", error)
    _write(model, board, folder, "host", samples, force=True)
    build_host(folder, None)
    return emulate(folder)


def _write(
    model: Path, board: Board, folder: Path, framework: str, samples: Inputs | None, *, force: bool
) -> None:
    files = generate([model], board, framework, samples=samples, runtime="c")
    write_firmware(folder, files, force=force)
