"""Configure and build a generated project with CMake, against the user's TFLM."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgecompress.errors import DiskFullError, ToolError
from edgecompress.firmware.sources.project import BUILD_DIR, Project
from edgecompress.firmware.toolchain.tflm import Tflm
from edgecompress.firmware.toolchain.tools import last_lines, run
from edgecompress.lock import alone_in
from edgecompress.refused import told

_LITTLE_BYTES = 1 << 20  # room on a disk that is as good as full for a build
_UNFINISHED = ".edgecompress-unfinished"


@contextmanager
def building(project: Project) -> Iterator[None]:
    """Be alone in a project's build folder. What a build left that did not come to its end goes.

    Objects that a killed compiler, and maps that a linker on a full disk left, look finished.

    Raises:
        UsageError: another process builds there, or nothing can be written there.
        DiskFullError: the disk is full.
    """
    folder = project.folder / BUILD_DIR
    mark = folder / _UNFINISHED
    with alone_in(folder):
        if mark.exists():
            shutil.rmtree(folder / "CMakeFiles", ignore_errors=True)  # objects: all is made anew
        with told(mark, 0):
            mark.touch()
        yield
        mark.unlink()


def configure(project: Project, tflm: Tflm | None, *definitions: str) -> None:
    """Configure the build folder of a project anew.

    Args:
        project: what to configure.
        tflm: must have a library for the project's core; None for the C runtime.
        definitions: further variables of CMake, "NAME=VALUE".

    Raises:
        ToolError: TFLM has no such library, or CMake failed.
        DiskFullError: it failed where the disk is full.
    """
    # CMake keeps flags and paths of the first configuration: the folder may have been generated
    # for another board since, or moved. Absolute paths go to the build folder only.
    (project.folder / BUILD_DIR / "CMakeCache.txt").unlink(missing_ok=True)
    variables = (*definitions, *(_tflm_variables(project, tflm) if tflm else ()))
    configured = run(
        [
            "cmake",
            "-S", str(project.folder),
            "-B", str(project.folder / BUILD_DIR),
            *(("-G", "Ninja") if shutil.which("ninja") else ()),
            *(f"-D{variable}" for variable in variables),
        ],
    )  # fmt: skip
    if configured.returncode != 0:
        raise _failed(project, f"configuring {project.folder} failed (cmake)", configured.stdout)


def _tflm_variables(project: Project, tflm: Tflm) -> tuple[str, ...]:
    library = tflm.library(project.core, project.kernels)
    return (
        f"TFLM_LIBRARY={library.resolve()}",
        f"TFLM_INCLUDE_DIRS={';'.join(str(path) for path in tflm.include_dirs)}",
        f"TFLM_DEFINES={';'.join(tflm.defines)}",
    )


def compile_project(project: Project) -> subprocess.CompletedProcess[str]:
    """Build a configured project, and return what the build said, whether it failed or not."""
    return run(["cmake", "--build", str(project.folder / BUILD_DIR)])


def failed_build(project: Project, output: str) -> ToolError:
    """Return the error of a build that failed, with the end of what it said."""
    return _failed(project, f"building {project.folder} failed", output)


def _failed(project: Project, what: str, output: str) -> ToolError:
    """Return the error of a tool that failed; tools do not always notice that a disk is full."""
    said = f"{what}:\n{last_lines(output)}"
    for folder in (project.folder, Path(tempfile.gettempdir())):
        free_bytes = shutil.disk_usage(folder).free
        if free_bytes < _LITTLE_BYTES:
            return DiskFullError(
                f"{said}\nThere may be no room for what is built: {free_bytes:,} bytes are free on "
                f"the disk of {folder}; make room, and build again"
            )
    return ToolError(said)
