"""Cross-compile a generated project against the user's TFLM, and read what came out."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from edgecompress.errors import DoesNotFitError, ToolError
from edgecompress.firmware.linkmap import Contributor, contributors, region_bytes
from edgecompress.firmware.project import BUILD_DIR, Project, read_project
from edgecompress.firmware.tflm import Tflm
from edgecompress.firmware.tools import check, last_lines, require, run


@dataclass(frozen=True)
class Use:
    """Bytes used and available in one memory region."""

    region: str
    used_bytes: int
    available_bytes: int

    @property
    def headroom_bytes(self) -> int:
        """Bytes left; negative when it does not fit."""
        return self.available_bytes - self.used_bytes


@dataclass(frozen=True)
class Build:
    """A linked image, and what its ELF file and map say of it.

    `ram` is the region of the arena; `main` the main one, where that is another.
    """

    project: Project
    image: Path
    flash: Use
    ram: Use
    parts: tuple[Contributor, ...]
    main: Use | None = None

    @property
    def regions(self) -> tuple[Use, ...]:
        """All regions that the image is in."""
        return (self.flash, self.ram) if self.main is None else (self.flash, self.ram, self.main)

    @property
    def fits(self) -> bool:
        """Whether all regions have room; the linker refuses an image that has not."""
        return all(use.headroom_bytes >= 0 for use in self.regions)

    @property
    def runtime_flash_bytes(self) -> int:
        """Flash of TFLM, its kernels, the libraries they call and the model runners."""
        return sum(part.flash_bytes for part in self.parts if part.kind == "runtime")


def build(folder: Path, tflm: Tflm) -> Build:
    """Build a generated cmake project, for its board and for QEMU.

    Raises:
        UsageError: the folder is not a generated project.
        ToolError: TFLM has no library for the core, a program is missing, or the build failed.
        DoesNotFitError: a memory region is too small for the image.
    """
    project = read_project(folder)
    library = tflm.library(project.core)
    require("cmake", "arm-none-eabi-g++")
    _configure(project, tflm, library)
    _compile(project)
    return read_build(project)


def read_build(project: Project) -> Build:
    """Read flash and RAM of a built project from its ELF file and linker map."""
    image = project.built(project.image)
    regions = tuple(dict.fromkeys((project.flash, project.arena_region, project.ram)))
    flash, ram, *main = (
        Use(region.name, used, region.size_bytes)
        for region, used in zip(regions, region_bytes(image, regions), strict=True)
    )
    return Build(
        project=project,
        image=image,
        flash=flash,
        ram=ram,
        main=main[0] if main else None,
        parts=contributors(image.with_suffix(".map")),
    )


def _compile(project: Project) -> None:
    result = run(["cmake", "--build", str(project.folder / BUILD_DIR)])
    overflows = dict(re.findall(r"region `(\w+)' overflowed by (\d+) bytes", result.stdout))
    if overflows:
        sizes = {"FLASH": project.flash, "RAM": project.ram, "ARENA": project.arena_region}
        raise DoesNotFitError(
            f"{project.name} does not fit {project.board}: "
            + "; ".join(
                f"{sizes[name].name} has {sizes[name].size_bytes:,} bytes, {int(extra):,} too few"
                for name, extra in sorted(overflows.items())
            )
        )
    if result.returncode != 0:
        raise ToolError(f"building {project.folder} failed:\n{last_lines(result.stdout)}")


def _configure(project: Project, tflm: Tflm, library: Path) -> None:
    # CMake keeps flags and paths of the first configuration: the folder may have been generated
    # for another board since, or moved. Absolute paths go to the build folder only.
    (project.folder / BUILD_DIR / "CMakeCache.txt").unlink(missing_ok=True)
    check(
        [
            "cmake",
            "-S", str(project.folder),
            "-B", str(project.folder / BUILD_DIR),
            *(("-G", "Ninja") if shutil.which("ninja") else ()),
            f"-DCMAKE_TOOLCHAIN_FILE={project.folder.resolve() / 'cmake' / 'arm-none-eabi.cmake'}",
            f"-DTFLM_LIBRARY={library.resolve()}",
            f"-DTFLM_INCLUDE_DIRS={';'.join(str(path) for path in tflm.include_dirs)}",
            f"-DTFLM_DEFINES={';'.join(tflm.defines)}",
        ],
        what=f"configuring {project.folder}",
    )  # fmt: skip
