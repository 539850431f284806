"""A generated firmware folder, read back from its firmware.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from edgecompress.errors import MALFORMED, UsageError
from edgecompress.firmware.sources.prediction import Prediction
from edgecompress.firmware.sources.targets import CORES, Memory

FACTS_FILE = "firmware.json"
BUILD_DIR = "build"
FIRMWARE_DIR = "firmware"  # in what `compress` writes
T = TypeVar("T")


@dataclass(frozen=True)
class PlannedModel:
    """What `generate` said of a model."""

    name: str
    bytes: int
    vectors: int
    vector_bytes: int  # of all vectors together, in flash
    arena_used_bytes: int
    arena_basis: str


@dataclass(frozen=True)
class Project:
    """A generated folder that can be built and run here: of the framework cmake or host."""

    folder: Path
    framework: str
    name: str
    board: str
    core: str  # that its code runs on: the board's, or "host"
    kernels: str
    runtime: str  # "tflm", or "c": kernels of its own
    arena_bytes: int
    models: tuple[PlannedModel, ...]

    def built(self, image: str) -> Path:
        """Return where the build leaves an image."""
        return self.folder / BUILD_DIR / image


@dataclass(frozen=True)
class BareMetalProject(Project):
    """One of the framework cmake: an image for the board, and one for a machine of QEMU's."""

    flash: Memory
    ram: Memory
    arena_region: Memory  # `ram`, or another
    image: str
    machine: str
    machine_image: str
    stack_bytes: int
    tflm_commit: str  # that the prediction's tables are of
    prediction: Prediction | None  # of TFLM's runtime alone


def read_project(folder: Path) -> Project:
    """Read the facts of a generated folder, or of the one that `compress` wrote into its own.

    Raises:
        UsageError: the folder was not written by `edgecompress generate` for cmake or host.
    """
    if not (folder / FACTS_FILE).is_file() and (folder / FIRMWARE_DIR / FACTS_FILE).is_file():
        folder /= FIRMWARE_DIR
    file = folder / FACTS_FILE
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts["framework"] not in ("cmake", "host"):
            raise UsageError(
                f"{folder} is a project for {facts['framework']}: build it as its README.md says. "
                "Only those of --framework cmake and host are built and emulated here"
            )
        return _project(folder, facts)
    except (OSError, *MALFORMED) as error:
        raise UsageError(
            f"{file}: cannot be read ({type(error).__name__}: {error}). "
            "Give a folder that `edgecompress generate` wrote"
        ) from error


def _project(folder: Path, facts: Mapping[str, Any]) -> Project:
    common = {
        "folder": folder,
        "framework": facts["framework"],
        "name": facts["project"],
        "board": facts["board"],
        "core": facts["core"],
        "kernels": facts["kernels"],
        "runtime": facts.get("runtime", "tflm"),
        "arena_bytes": facts["arena_bytes"],
        "models": tuple(_planned_model(model) for model in facts["models"]),
    }
    if not _is_name(facts["project"]):
        raise ValueError("the project's name is none of a program")
    if facts["framework"] == "host":
        return _checked(Project(**common))
    project = BareMetalProject(
        **common,
        flash=_checked(Memory(**facts["flash"])),
        ram=_checked(Memory(**facts["ram"])),
        arena_region=_checked(Memory(**facts["arena_region"])),
        image=facts["image"],
        machine=facts["qemu"]["machine"],
        machine_image=facts["qemu"]["image"],
        stack_bytes=facts["stack_bytes"],
        tflm_commit=facts["tflm_commit"],
        prediction=_prediction(facts["prediction"]) if "prediction" in facts else None,
    )
    if project.core not in CORES or not all(map(_is_name, (project.image, project.machine_image))):
        raise ValueError("no such core, or images that are not in the build folder")
    return _checked(project)


def _is_name(file: str) -> bool:
    return bool(file) and Path(file).name == file and file.isprintable()


def _checked(facts: T) -> T:
    """Return a dataclass whose plain fields are of their types."""
    for field in fields(facts):  # type: ignore[arg-type]
        value = getattr(facts, field.name)
        if field.type in (str, int) and type(value) is not field.type:
            raise TypeError(f"{field.name} is {value!r}")
    return facts


def _prediction(facts: Mapping[str, Any]) -> Prediction:
    prediction = Prediction(**{**facts, "notes": tuple(facts["notes"])})
    if not all(
        type(each) is int for part in (prediction.flash, prediction.ram) for each in part.values()
    ):
        raise TypeError("a prediction is no number of bytes")
    return _checked(prediction)


def _planned_model(facts: Mapping[str, Any]) -> PlannedModel:
    return _checked(
        PlannedModel(**{field.name: facts[field.name] for field in fields(PlannedModel)})
    )
