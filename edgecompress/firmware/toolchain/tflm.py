"""The TFLM a user has: an upstream tree that was built, or a folder with a tflm.toml."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecompress.errors import ToolError, UsageError
from edgecompress.files import read_toml
from edgecompress.firmware.sources.targets import TFLM_CORES
from edgecompress.firmware.toolchain import tflm_tree
from edgecompress.firmware.toolchain.archive import contents
from edgecompress.tflite.operators import TFLM_COMMIT

TFLM_VARIABLE = "EDGECOMPRESS_TFLM"
DESCRIPTION = "tflm.toml"
HOST = "host"
_HEADER = Path("tensorflow/lite/micro/micro_interpreter.h")
_HOW = (
    "Build upstream TFLM as https://github.com/tensorflow/tflite-micro/blob/main/tensorflow/lite/"
    "micro/cortex_m_generic/README.md says, or write a tflm.toml (commit, include_dirs, defines, "
    "and under [libraries] a static library for each core id and for host)"
)
_KEYS: Mapping[str, type] = {"commit": str, "include_dirs": list, "defines": list}
_KERNELS = ("cmsis-nn", "reference")


@dataclass(frozen=True)
class Tflm:
    """What there is of TFLM.

    `libraries` has static libraries by core id and "host"; one of another kernel library by
    "core/kernels", such as "cortex-m4f/reference".
    """

    path: Path
    commit: str  # "" when it cannot be told
    include_dirs: tuple[Path, ...]
    defines: tuple[str, ...]
    libraries: Mapping[str, Path]

    @property
    def is_known_commit(self) -> bool:
        """Whether edgecompress's own numbers were measured at this commit."""
        return self.commit == TFLM_COMMIT

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing or wrong, each with what to do."""
        headers = any((folder / _HEADER).is_file() for folder in self.include_dirs)
        gone = [str(p) for p in (*self.include_dirs, *self.libraries.values()) if not p.exists()]
        return (
            *(() if headers else (f"no folder of include_dirs has {_HEADER}",)),
            *(() if self.libraries else (f"no {tflm_tree.LIBRARY}. {_HOW}",)),
            *(f"{path} does not exist" for path in gone),
            *(
                f"{path} is no library for {core}: its code is of another processor"
                for core, path in self.libraries.items()
                if path.is_file() and contents(path).is_arm is (core == HOST)
            ),
        )

    def library(self, core: str, kernels: str) -> Path:
        """Return the library for a core id or "host" that has the kernels of a project.

        Raises:
            ToolError: there is none, or it holds code of another processor or other kernels.
        """
        library = self.libraries.get(f"{core}/{kernels}", self.libraries.get(core))
        if library is None:
            found = ", ".join(sorted(self.libraries)) or "none"
            raise ToolError(f"{self.path}: no TFLM library for {core}; there is: {found}. {_HOW}")
        if not library.is_file():
            raise ToolError(f"{library} does not exist. {_HOW}")
        _check_contents(library, core, kernels)
        return library


def find_tflm(path: Path | None = None) -> Tflm:
    """Describe the TFLM at `path`, or at $EDGECOMPRESS_TFLM.

    Raises:
        UsageError: tflm.toml breaks the rules.
        ToolError: no path is given, or there is no TFLM at it.
    """
    named = path or os.environ.get(TFLM_VARIABLE)
    if not named:
        raise ToolError(f"no TFLM: give --tflm PATH or set {TFLM_VARIABLE}. {_HOW}")
    folder = Path(named).resolve()
    if (folder / DESCRIPTION).is_file():
        return _described(folder)
    if (folder / _HEADER).is_file():
        libraries = tflm_tree.built_libraries(folder)
        return Tflm(
            path=folder,
            commit=tflm_tree.git_commit(folder),
            include_dirs=tflm_tree.include_dirs(folder),
            defines=tflm_tree.defines(libraries),
            libraries=libraries,
        )
    raise ToolError(f"{folder}: neither a tree of TFLM nor a folder with {DESCRIPTION}. {_HOW}")


def _check_contents(library: Path, core: str, kernels: str) -> None:
    found = contents(library)
    if found.is_arm is (core == HOST):
        raise ToolError(f"{library} is no library for {core}: its code is of another processor")
    if found.kernels not in (None, kernels):
        raise ToolError(
            f"{library} has {found.kernels} kernels, and the project is for {kernels}: "
            f"generate it with --kernels {found.kernels}, or build TFLM "
            f"{'with' if kernels == 'cmsis-nn' else 'without'} OPTIMIZED_KERNEL_DIR=cmsis_nn"
        )


def _described(folder: Path) -> Tflm:
    file = folder / DESCRIPTION
    table = _read_toml(file)
    libraries = table.pop("libraries", {})
    for key, kind in _KEYS.items():
        if not isinstance(table.get(key, kind()), kind):
            raise UsageError(f"{file}: {key} must be a {'text' if kind is str else 'list'}")
    unknown = sorted(set(table) - set(_KEYS))
    if unknown or not isinstance(libraries, dict):
        raise UsageError(
            f"{file}: unknown key {', '.join(unknown) or 'libraries'}; "
            f"allowed are {', '.join(_KEYS)} and the table [libraries]"
        )
    _check_cores(file, libraries)
    return Tflm(
        path=folder,
        commit=table.get("commit", ""),
        include_dirs=tuple(folder / str(name) for name in table.get("include_dirs", ())),
        defines=tuple(str(name) for name in table.get("defines", ())),
        libraries={core: folder / str(name) for core, name in libraries.items()},
    )


def _check_cores(file: Path, libraries: Mapping[str, Any]) -> None:
    for name in libraries:
        core, slash, kernels = name.partition("/")
        if core not in (*TFLM_CORES, HOST) or (slash and kernels not in _KERNELS):
            raise UsageError(
                f"{file}: [libraries] has {name!r}; known are {', '.join(TFLM_CORES)} and {HOST}, "
                f"and each with /{' or /'.join(_KERNELS)} behind it"
            )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file)
    except ValueError as error:
        raise UsageError(f"{file}: not a TOML file: {error}") from error
