"""Run a built project in QEMU and read what its self-test says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecompress.errors import EdgecompressError, UsageError
from edgecompress.firmware.project import Project, read_project
from edgecompress.firmware.targets import MACHINES
from edgecompress.firmware.tools import require, run

_REPORT = "edgecompress: "


@dataclass(frozen=True)
class ModelRun:
    """What the self-test said of one model, beside what `generate` planned."""

    name: str
    vectors: int
    failed: int
    arena_used_bytes: int
    arena_planned_bytes: int
    instructions: int  # of the longest inference, to within the clock's step


@dataclass(frozen=True)
class Emulation:
    """A self-test that ran to its end with every output right."""

    project: Project
    machine: str
    core: str  # of the machine; another than the project's where QEMU has no such machine
    models: tuple[ModelRun, ...]
    stack_used_bytes: int
    output: str


def emulate(folder: Path, *, timeout_seconds: float = 120) -> Emulation:
    """Run a built project on its board's machine, or on the one nearest to its core.

    Raises:
        UsageError: the folder is not a generated project, or not built.
        ToolError: QEMU is missing, or the image did not end in time.
        EdgecompressError: an output differs from the golden vectors, or the image crashed; the
            message shows where.
    """
    project = read_project(folder)
    image = project.built(project.machine_image)
    if not image.is_file():
        raise UsageError(f"{image} is not there; run `edgecompress build {folder} --tflm PATH`")
    require("qemu-system-arm")
    output = run(_command(project, image), timeout_seconds=timeout_seconds).stdout
    if "edgecompress: result=PASS" not in output:
        raise EdgecompressError(f"{image} on {project.machine} failed; it printed:\n{output}")
    return _emulation(project, output)


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
