"""Cross-compile a generated project against the user's TFLM, and read what came out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgecompress.errors import DoesNotFitError, ToolError, UsageError
from edgecompress.firmware.sources.project import BareMetalProject, read_project
from edgecompress.firmware.sources.targets import CORES, RISCV
from edgecompress.firmware.toolchain.archive import contents
from edgecompress.firmware.toolchain.cmake import building, compile_project, configure, failed_build
from edgecompress.firmware.toolchain.comparison import PartComparison, compare, explain
from edgecompress.firmware.toolchain.link_map import Contributor, contributors, region_bytes
from edgecompress.firmware.toolchain.tflm import Tflm
from edgecompress.firmware.toolchain.tools import require, require_picolibc, run
from edgecompress.progress import doing

_CXX_COMPILER = "arm-none-eabi-g++"  # of the cores that TFLM is for


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

    `ram` is the region of the arena; `main` the main one, where that is another. `explanations`
    say where the differences of `compared` to fit's prediction are from.
    """

    project: BareMetalProject
    image: Path
    flash: Use
    ram: Use
    parts: tuple[Contributor, ...]
    compared: tuple[PartComparison, ...]
    explanations: tuple[str, ...]
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


@doing("building the firmware", said=True)
def build(folder: Path, tflm: Tflm | None = None) -> Build:
    """Build a generated cmake project, for its board and for QEMU.

    Args:
        folder: of the project.
        tflm: the user's; None for a project of the C runtime.

    Raises:
        UsageError: the folder is not a generated project, or one for the host; or another process
            builds in it.
        ToolError: TFLM has no library for the core, a program is missing, or the build failed.
        DoesNotFitError: a memory region is too small for the image.
    """
    project = read_project(folder)
    if not isinstance(project, BareMetalProject):
        raise UsageError(f"{folder} is a project for this machine: it has no image for a board")
    if tflm is not None:
        # For its message: it matters more than a missing compiler.
        tflm.library(project.core, project.kernels)
    core = CORES[project.core]
    require("cmake", core.compiler, *([_CXX_COMPILER] if tflm is not None else []))
    if core.toolchain == RISCV:
        require_picolibc(core.compiler)
    toolchain = project.folder.resolve() / "cmake" / f"{core.toolchain}.cmake"
    with building(project):
        configure(project, tflm, f"CMAKE_TOOLCHAIN_FILE={toolchain}")
        _compile(project)
        try:
            return read_build(project, tflm)
        except ToolError as error:
            raise failed_build(project, str(error)) from error


def read_build(project: BareMetalProject, tflm: Tflm | None = None) -> Build:
    """Read flash and RAM of a built project from its ELF file and linker map."""
    image = project.built(project.image)
    regions = tuple(dict.fromkeys((project.flash, project.arena_region, project.ram)))
    flash, ram, *main = (
        Use(region.name, used, region.size_bytes)
        for region, used in zip(regions, region_bytes(image, regions), strict=True)
    )
    parts = contributors(image.with_suffix(".map"))
    compared, explanations = _against_prediction(project, parts, tflm)
    return Build(
        project=project,
        image=image,
        flash=flash,
        ram=ram,
        main=main[0] if main else None,
        parts=parts,
        compared=compared,
        explanations=explanations,
    )


def _against_prediction(
    project: BareMetalProject, parts: Sequence[Contributor], tflm: Tflm | None
) -> tuple[tuple[PartComparison, ...], tuple[str, ...]]:
    """Return the parts beside what fit predicted, and why they differ; nothing without either."""
    if project.prediction is None or tflm is None:
        return (), ()
    compared = compare(parts, project.prediction)
    library = tflm.library(project.core, project.kernels)
    return compared, explain(
        compared,
        project.prediction,
        compiler=_compiler_version(),
        commit=tflm.commit,
        known_commit=project.tflm_commit,
        is_release=not contents(library).has_assertions,
    )


def _about_vectors(project: BareMetalProject, missing_bytes: int) -> str:
    """Say so if fewer golden vectors would do: the firmware that ships has none."""
    vector_bytes = sum(model.vector_bytes for model in project.models)
    if not 0 < missing_bytes <= vector_bytes:
        return ""
    return (
        f". Its golden vectors take {vector_bytes:,} bytes, and only the self-test needs them: "
        "generate fewer with --vectors"
    )


def _compiler_version() -> str:
    return run([_CXX_COMPILER, "-dumpfullversion"]).stdout.strip()


def _compile(project: BareMetalProject) -> None:
    result = compile_project(project)
    overflows = dict(re.findall(r"region `(\w+)' overflowed by (\d+) bytes", result.stdout))
    if overflows:
        sizes = {"FLASH": project.flash, "RAM": project.ram, "ARENA": project.arena_region}
        raise DoesNotFitError(
            f"{project.name} does not fit {project.board}: "
            + "; ".join(
                f"{sizes[name].name} has {sizes[name].size_bytes:,} bytes, {int(extra):,} too few"
                for name, extra in sorted(overflows.items())
            )
            + _about_vectors(project, int(overflows.get("FLASH", 0)))
        )
    if result.returncode != 0:
        raise failed_build(project, result.stdout)
