"""Run a built project in QEMU and read what its self-test says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgecompress.errors import EdgecompressError, UsageError
from edgecompress.firmware.profile import longest_inferences
from edgecompress.firmware.project import BUILD_DIR, Project, read_project
from edgecompress.firmware.targets import MACHINES
from edgecompress.firmware.tools import check, require, run

_REPORT = "edgecompress: "


@dataclass(frozen=True)
class OperatorRun:
    """An operator of the longest inference; one that runs subgraphs includes theirs."""

    name: str
    instructions: int  # to within the clock's step


@dataclass(frozen=True)
class ModelRun:
    """What the self-test said of one model, beside what `generate` planned."""

    name: str
    vectors: int
    failed: int
    arena_used_bytes: int
    arena_planned_bytes: int
    instructions: int  # of the longest inference, to within the clock's step
    operators: tuple[OperatorRun, ...] = ()  # in the order in which they ended; () if not profiled


@dataclass(frozen=True)
class Emulation:
    """A self-test that ran to its end with every output right."""

    project: Project
    machine: str
    core: str  # of the machine; another than the project's where QEMU has no such machine
    models: tuple[ModelRun, ...]
    stack_used_bytes: int
    output: str


def emulate(folder: Path, *, timeout_seconds: float = 120, profile: bool = False) -> Emulation:
    """Run a built project on its board's machine, or on the one nearest to its core.

    Args:
        folder: of the project.
        timeout_seconds: how long an image may run.
        profile: build and run a second image, which counts the instructions of each operator.

    Raises:
        UsageError: the folder is not a generated project, or not built.
        ToolError: QEMU is missing, an image did not end in time, or the profiling image cannot be
            built.
        EdgecompressError: an output differs from the golden vectors, or the image crashed; the
            message shows where.
    """
    project = read_project(folder)
    image = project.built(project.machine_image)
    if not image.is_file():
        raise UsageError(f"{image} is not there; run `edgecompress build {folder} --tflm PATH`")
    require("qemu-system-arm", *(["cmake"] if profile else []))
    result = _emulation(project, _output(project, image, timeout_seconds))
    return _with_operators(result, timeout_seconds) if profile else result


def _output(project: Project, image: Path, timeout_seconds: float) -> str:
    """Return what an image prints that ends with every vector passed."""
    output = run(_command(project, image), timeout_seconds=timeout_seconds).stdout
    if "edgecompress: result=PASS" not in output:
        raise EdgecompressError(f"{image} on {project.machine} failed; it printed:\n{output}")
    return output


def _with_operators(result: Emulation, timeout_seconds: float) -> Emulation:
    project = result.project
    target = f"{project.name}_profile"
    build_dir = str(project.folder / BUILD_DIR)
    check(["cmake", "--build", build_dir, "--target", target], what=f"building {target}")
    output = _output(project, project.built(f"{target}.elf"), timeout_seconds)
    inferences = longest_inferences(output)
    models = tuple(
        replace(
            model,
            operators=tuple(
                OperatorRun(operator.name, _instructions(project.machine, operator.counts))
                for operator in inferences[model.name]
            ),
        )
        for model in result.models
    )
    return replace(result, models=models)


def _command(project: Project, image: Path) -> list[str]:
    return [
        "qemu-system-arm", "-M", project.machine, "-nographic", "-monitor", "none",
        "-serial", "none", "-semihosting-config", "enable=on,target=native",
        "-icount", "shift=0", "-kernel", str(image),
    ]  # fmt: skip


def _emulation(project: Project, output: str) -> Emulation:
    reports = [_fields(line) for line in output.splitlines() if line.startswith(_REPORT)]
    planned = {model.name: model.arena_used_bytes for model in project.models}
    return Emulation(
        project=project,
        machine=project.machine,
        core=MACHINES[project.machine].core,
        models=tuple(
            ModelRun(
                name=report["model"],
                vectors=int(report["vectors"]),
                failed=int(report["failed"]),
                arena_used_bytes=int(report["arena_used_bytes"]),
                arena_planned_bytes=planned[report["model"]],
                instructions=_instructions(project.machine, int(report["inference_counts"])),
            )
            for report in reports
            if "model" in report
        ),
        stack_used_bytes=max(int(report.get("stack_used_bytes", 0)) for report in reports),
        output=output,
    )


def _instructions(machine: str, counts: int) -> int:
    """Return instructions: with -icount shift=0, QEMU's clock takes one nanosecond for each."""
    return counts * 1_000_000_000 // MACHINES[machine].clock_hz


def _fields(line: str) -> Mapping[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", line))
