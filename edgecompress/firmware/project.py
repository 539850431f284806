"""A generated firmware folder, read back from its firmware.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecompress.errors import UsageError
from edgecompress.firmware.targets import Memory

FACTS_FILE = "firmware.json"
BUILD_DIR = "build"


@dataclass(frozen=True)
class PlannedModel:
    """What `generate` said of a model."""

    name: str
    bytes: int
    vectors: int
    arena_used_bytes: int
    arena_basis: str


@dataclass(frozen=True)
class Project:
    """A generated folder of the framework cmake."""

    folder: Path
    name: str
    board: str
    core: str
    kernels: str
    arena_bytes: int
    flash: Memory
    ram: Memory
    arena_region: Memory  # `ram`, or another
    image: str
    machine: str
    machine_image: str
    models: tuple[PlannedModel, ...]
    predicted_runtime_flash_bytes: int

    def built(self, image: str) -> Path:
        """Return where the build leaves an image."""
        return self.folder / BUILD_DIR / image


def read_project(folder: Path) -> Project:
    """Read the facts of a generated folder.

    Raises:
        UsageError: the folder was not written by `edgecompress generate --framework cmake`.
    """
    file = folder / FACTS_FILE
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts["framework"] != "cmake":
            raise UsageError(
                f"{folder} is a project for {facts['framework']}: build it as its README.md says. "
                "Only --framework cmake projects are built and emulated here"
            )
        return _project(folder, facts)
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file}: cannot be read ({type(error).__name__}: {error}). "
            "Give a folder that `edgecompress generate` wrote"
        ) from error


def _project(folder: Path, facts: Mapping[str, Any]) -> Project:
    return Project(
        folder=folder,
        name=facts["project"],
        board=facts["board"],
        core=facts["core"],
        kernels=facts["kernels"],
        arena_bytes=facts["arena_bytes"],
        flash=Memory(**facts["flash"]),
        ram=Memory(**facts["ram"]),
        arena_region=Memory(**facts["arena_region"]),
        image=facts["image"],
        machine=facts["qemu"]["machine"],
        machine_image=facts["qemu"]["image"],
        models=tuple(
            PlannedModel(
                name=model["name"],
                bytes=model["bytes"],
                vectors=model["vectors"],
                arena_used_bytes=model["arena_used_bytes"],
                arena_basis=model["arena_basis"],
            )
            for model in facts["models"]
        ),
        predicted_runtime_flash_bytes=facts["predicted_runtime_flash_bytes"],
    )
