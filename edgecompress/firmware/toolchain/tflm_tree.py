"""An upstream tree of TFLM as its own build leaves it: where libraries and headers are."""

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

LIBRARY = "libtensorflow-microlite.a"

# Where TFLM's own build leaves what it downloads, and how it names its output by TARGET_ARCH.
# Source: Makefile (GENDIR) and targets/cortex_m_generic_makefile.inc in that folder.
_DOWNLOADS = Path("tensorflow/lite/micro/tools/make/downloads")
_ARCHITECTURES: Mapping[str, str] = {
    "cortex_m_generic_cortex-m0_": "cortex-m0",
    "cortex_m_generic_cortex-m0plus_": "cortex-m0plus",
    "cortex_m_generic_cortex-m3_": "cortex-m3",
    "cortex_m_generic_cortex-m4_": "cortex-m4",
    "cortex_m_generic_cortex-m4+fp_": "cortex-m4f",
    "cortex_m_generic_cortex-m7+fp_": "cortex-m7",
    "cortex_m_generic_cortex-m33_": "cortex-m33",
    "cortex_m_generic_cortex-m55_": "cortex-m55",
    f"linux_{platform.machine()}_": "host",
}
_DEFINES = ("TF_LITE_STATIC_MEMORY", "TF_LITE_DISABLE_X86_NEON")
_RELEASE_DEFINES = ("NDEBUG", "TF_LITE_STRIP_ERROR_STRINGS")


def built_libraries(tree: Path) -> Mapping[str, Path]:
    """Return the libraries by core id, "core/kernels" for those of a second kernel library.

    Of several for one core, optimized kernels and release builds are preferred.
    """
    libraries: dict[str, Path] = {}
    for library in sorted(tree.glob(f"gen/*/lib/{LIBRARY}"), key=_preference):
        kernels = "cmsis-nn" if _is_cmsis_nn(library) else "reference"
        for beginning, core in _ARCHITECTURES.items():
            if not _build_name(library).startswith(beginning):
                continue
            if core in libraries and not _is_cmsis_nn(libraries[core]) and kernels == "cmsis-nn":
                libraries[f"{core}/reference"] = libraries[core]
            libraries[core] = library
    return libraries


def include_dirs(tree: Path) -> tuple[Path, ...]:
    """Return the tree itself and the headers that its build downloads."""
    downloads = tree / _DOWNLOADS
    return (tree, *(downloads / name for name in ("flatbuffers/include", "gemmlowp", "ruy")))


def defines(libraries: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the definitions that the libraries were compiled with."""
    release = all("_release_" in _build_name(library) for library in libraries.values())
    return (*_DEFINES, *(_RELEASE_DEFINES if release else ()))


def git_commit(tree: Path) -> str:
    """Return the commit of a tree, "" if it has none: a copy in the checkout of something else."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(tree), "rev-parse", "--show-toplevel", "HEAD"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    top, commit = answer.stdout.splitlines()
    return commit if Path(top).resolve() == tree.resolve() else ""


def _is_cmsis_nn(library: Path) -> bool:
    return "_cmsis_nn_" in _build_name(library)


def _build_name(library: Path) -> str:
    return library.parent.parent.name


def _preference(library: Path) -> tuple[bool, bool]:
    """Order builds for one core: the last is taken."""
    return _is_cmsis_nn(library), "_release_" in _build_name(library)
