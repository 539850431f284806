"""Build a project of the framework host with g++, or gcc for the C runtime."""

from pathlib import Path

from edgecompress.errors import UsageError
from edgecompress.firmware.sources.project import Project, read_project
from edgecompress.firmware.toolchain.cmake import building, compile_project, configure, failed_build
from edgecompress.firmware.toolchain.tflm import Tflm
from edgecompress.firmware.toolchain.tools import require
from edgecompress.progress import doing


@doing("building the firmware for this machine", said=True)
def build_host(folder: Path, tflm: Tflm | None, *, sanitize: bool = False) -> Path:
    """Build a project for this machine and return its program.

    Args:
        folder: of the project.
        tflm: must have a library for the host; None for a project of the C runtime.
        sanitize: let AddressSanitizer and UndefinedBehaviorSanitizer watch the program.

    Raises:
        UsageError: the folder is not a generated project, or one for a board; or another process
            builds in it.
        ToolError: TFLM has no library for the host, a program is missing, or the build failed.
    """
    project = read_project(folder)
    if project.framework != "host":
        raise UsageError(f"{folder} is a project for {project.board}, not for this machine")
    if tflm is not None:
        # For its message: it matters more than a missing compiler.
        tflm.library(project.core, project.kernels)
    compilers = {"C": "gcc", **({} if tflm is None else {"CXX": "g++"})}
    require("cmake", *compilers.values())
    chosen = [f"CMAKE_{language}_COMPILER={name}" for language, name in compilers.items()]
    with building(project):
        configure(project, tflm, *chosen, f"EDGECOMPRESS_SANITIZE={'ON' if sanitize else 'OFF'}")
        result = compile_project(project)
        if result.returncode != 0:
            raise failed_build(project, result.stdout)
    return host_program(project)


def host_program(project: Project) -> Path:
    """Return where the build leaves the program."""
    return project.built(project.name)
