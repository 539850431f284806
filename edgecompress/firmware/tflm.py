"""The TFLM a user has: an upstream tree that was built, or a folder with a tflm.toml."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecompress.errors import ToolError, UsageError
from edgecompress.tflite.operators import TFLM_COMMIT

TFLM_VARIABLE = "EDGECOMPRESS_TFLM"
DESCRIPTION = "tflm.toml"
_LIBRARY = "libtensorflow-microlite.a"
_HEADER = Path("tensorflow/lite/micro/micro_interpreter.h")
_HOW = (
    "Build upstream TFLM as https://github.com/tensorflow/tflite-micro/blob/main/tensorflow/lite/"
    "micro/cortex_m_generic/README.md says, or write a tflm.toml (commit, include_dirs, defines, "
    "and under [libraries] a static library for each core id and for host)"
)
_KEYS: Mapping[str, type] = {"commit": str, "include_dirs": list, "defines": list}

# Where TFLM's own build leaves what it downloads, and how it names its output by TARGET_ARCH.
# Source: Makefile (GENDIR) and targets/cortex_m_generic_makefile.inc in that folder.
_DOWNLOADS = Path("tensorflow/lite/micro/tools/make/downloads")
_ARCHITECTURES: Mapping[str, str] = {
    "cortex_m_generic_cortex-m0plus_": "cortex-m0plus",
    "cortex_m_generic_cortex-m3_": "cortex-m3",
    "cortex_m_generic_cortex-m4_": "cortex-m4",
    "cortex_m_generic_cortex-m4+fp_": "cortex-m4f",
    "cortex_m_generic_cortex-m7+fp_": "cortex-m7",
    "cortex_m_generic_cortex-m33_": "cortex-m33",
    "cortex_m_generic_cortex-m55_": "cortex-m55",
    "linux_x86_64_": "host",
}
_DEFINES = ("TF_LITE_STATIC_MEMORY", "TF_LITE_DISABLE_X86_NEON")


@dataclass(frozen=True)
class Tflm:
    """What there is of TFLM. `libraries` has one static library by core id, and "host"."""

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
        """What is missing, each with what to do."""
        headers = any((folder / _HEADER).is_file() for folder in self.include_dirs)
        gone = [str(p) for p in (*self.include_dirs, *self.libraries.values()) if not p.exists()]
        return (
            *(() if headers else (f"no folder of include_dirs has {_HEADER}",)),
            *(() if self.libraries else (f"no {_LIBRARY}. {_HOW}",)),
            *(f"{path} does not exist" for path in gone),
        )

    def library(self, core: str) -> Path:
        """Return the library for a core id or "host".

        Raises:
            ToolError: there is none.
        """
        if core not in self.libraries:
            found = ", ".join(sorted(self.libraries)) or "none"
            raise ToolError(f"{self.path}: no TFLM library for {core}; there is: {found}. {_HOW}")
        return self.libraries[core]


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
        return _upstream(folder)
    raise ToolError(f"{folder}: neither a tree of TFLM nor a folder with {DESCRIPTION}. {_HOW}")


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
    return Tflm(
        path=folder,
        commit=table.get("commit", ""),
        include_dirs=tuple(folder / str(name) for name in table.get("include_dirs", ())),
        defines=tuple(str(name) for name in table.get("defines", ())),
        libraries={core: folder / str(name) for core, name in libraries.items()},
    )


def _read_toml(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a TOML file: {error}") from error


def _upstream(tree: Path) -> Tflm:
    libraries = {}
    for library in sorted(tree.glob(f"gen/*/lib/{_LIBRARY}"), key=_preference):
        for beginning, core in _ARCHITECTURES.items():
            if _build_name(library).startswith(beginning):
                libraries[core] = library
    release = all("_release_" in _build_name(library) for library in libraries.values())
    downloads = tree / _DOWNLOADS
    return Tflm(
        path=tree,
        commit=_git_commit(tree),
        include_dirs=(
            tree,
            downloads / "flatbuffers" / "include",
            downloads / "gemmlowp",
            downloads / "ruy",
        ),
        defines=(*_DEFINES, *(("NDEBUG", "TF_LITE_STRIP_ERROR_STRINGS") if release else ())),
        libraries=libraries,
    )


def _build_name(library: Path) -> str:
    return library.parent.parent.name


def _preference(library: Path) -> tuple[bool, bool]:
    """Order builds for one core: the last is taken, optimized kernels and release builds."""
    name = _build_name(library)
    return "_cmsis_nn_" in name, "_release_" in name


def _git_commit(tree: Path) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(tree), "rev-parse", "HEAD"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
