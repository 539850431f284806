"""Run a built project, in QEMU or on this machine, and read what its self-test says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgecompress.errors import EdgecompressError, UsageError
from edgecompress.firmware.run.profile import longest_inferences
from edgecompress.firmware.run.self_test import PASSED, read_self_test, why_it_failed
from edgecompress.firmware.sources.project import BUILD_DIR, BareMetalProject, Project, read_project
from edgecompress.firmware.sources.targets import CORES, MACHINES, qemu_command
from edgecompress.firmware.toolchain.host import host_program
from edgecompress.firmware.toolchain.tools import check, require, run
from edgecompress.progress import doing


@dataclass(frozen=True)
class OperatorRun:
    """An operator of the longest inference; one that runs subgraphs includes theirs.

    On the C runtime it is a call of a kernel, named as in the program: "EcConvS8(&kStem)".
    """

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
    instructions: int | None  # of the longest inference, to within the clock's step; None on a host
    microseconds: int | None  # of processor time of the longest inference; on a host alone
    operators: tuple[OperatorRun, ...] = ()  # in the order in which they ended; () if not profiled


@dataclass(frozen=True)
class Emulation:
    """A self-test that ran to its end with every output right.

    `machine` and `core` are QEMU's: another core than the project's where QEMU has no such
    machine. Both are "host" for a project of this machine, whose stack nobody watches.
    """

    project: Project
    machine: str
    core: str
    models: tuple[ModelRun, ...]
    stack_used_bytes: int | None
    output: str


@doing("running the firmware", said=True)
def emulate(folder: Path, *, timeout_seconds: float = 120, profile: bool = False) -> Emulation:
    """Run a built project on its board's machine, or on the one nearest to its core.

    A project of the framework host runs as it is.

    Args:
        folder: of the project.
        timeout_seconds: how long a program may run.
        profile: build and run a second image, which counts the instructions of each operator.

    Raises:
        UsageError: the folder is not a generated project, or not built; or `profile` is asked of
            a host project.
        ToolError: QEMU is missing, a program did not end in time, or the profiling image cannot be
            built.
        EdgecompressError: an output differs from the golden vectors, the program crashed, or its
            stack is too small; the message shows where.
    """
    project = read_project(folder)
    if isinstance(project, BareMetalProject):
        return _on_qemu(project, timeout_seconds, profile=profile)
    if profile:
        raise UsageError(f"{folder}: QEMU counts instructions, and a host project runs without it")
    program = _existing(project, host_program(project))
    output = _output([str(program.resolve())], program, "this machine", timeout_seconds)
    return _emulation(project, output, "host", "host")


def _on_qemu(project: BareMetalProject, timeout_seconds: float, *, profile: bool) -> Emulation:
    image = _existing(project, project.built(project.machine_image))
    require(MACHINES[project.machine].program, *(["cmake"] if profile else []))
    output = _qemu_output(project, image, timeout_seconds)
    core = project.core if CORES[project.core].cpu else MACHINES[project.machine].core
    result = _emulation(project, output, project.machine, core)
    if result.stack_used_bytes is not None and result.stack_used_bytes >= project.stack_bytes:
        raise EdgecompressError(
            f"{image}: all {project.stack_bytes:,} bytes of stack were used, and maybe more: "
            f"enlarge .stack in {project.folder / 'board' / 'sections.ld'}"
        )
    return _with_operators(result, project, timeout_seconds) if profile else result


def _existing(project: Project, program: Path) -> Path:
    if not program.is_file():
        raise UsageError(
            f"{program} is not there; run `edgecompress build {project.folder}"
            f"{' --tflm PATH' if project.runtime == 'tflm' else ''}`"
        )
    return program


def _output(command: Sequence[str], program: Path, place: str, timeout_seconds: float) -> str:
    """Return what a program prints that ends well, with every vector passed."""
    result = run(command, timeout_seconds=timeout_seconds)
    if result.returncode != 0 or PASSED not in result.stdout:
        what = why_it_failed(result.stdout)
        raise EdgecompressError(f"{program} on {place}: {what}. It printed:\n{result.stdout}")
    return result.stdout


def _qemu_output(project: BareMetalProject, image: Path, timeout_seconds: float) -> str:
    machine = MACHINES[project.machine]
    command = [
        *qemu_command(machine, CORES[project.core]), "-monitor", "none", "-serial", "none",
        "-icount", "shift=0", "-kernel", str(image),
    ]  # fmt: skip
    return _output(command, image, project.machine, timeout_seconds)


def _with_operators(
    result: Emulation, project: BareMetalProject, timeout_seconds: float
) -> Emulation:
    target = f"{project.name}_profile"
    build_dir = str(project.folder / BUILD_DIR)
    check(["cmake", "--build", build_dir, "--target", target], what=f"building {target}")
    output = _qemu_output(project, project.built(f"{target}.elf"), timeout_seconds)
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


def _emulation(project: Project, output: str, machine: str, core: str) -> Emulation:
    report = read_self_test(output)
    planned = {model.name: model.arena_used_bytes for model in project.models}
    return Emulation(
        project=project,
        machine=machine,
        core=core,
        models=tuple(
            ModelRun(
                name=model.name,
                vectors=model.vectors,
                failed=model.failed,
                arena_used_bytes=model.arena_used_bytes,
                arena_planned_bytes=planned[model.name],
                instructions=(
                    _instructions(machine, model.inference_counts) if machine in MACHINES else None
                ),
                microseconds=None if machine in MACHINES else model.inference_counts,
            )
            for model in report.models
        ),
        stack_used_bytes=report.stack_used_bytes,
        output=output,
    )


def _instructions(machine: str, counts: int) -> int:
    """Return instructions: with -icount shift=0, QEMU's clock takes one nanosecond for each."""
    return counts * 1_000_000_000 // MACHINES[machine].counter_hz
