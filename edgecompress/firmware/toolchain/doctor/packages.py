"""Python's packages; the interpreters among them run a tiny model, which shows that they work.

TensorFlow takes seconds to import: it is only looked for.
"""

import platform
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from edgecompress.firmware.toolchain.doctor.part import Look, Part
from edgecompress.tflite.interpreter import INSTALL, probe_failure

# Module -> names of its distribution, what it is needed for, how it is had, whether it must be.
_MODULES: Mapping[str, tuple[tuple[str, ...], str, str, bool]] = {
    "tensorflow": (
        ("tensorflow", "tensorflow-cpu"), "compress, quantize, prune and whatever else trains",
        "pip install tensorflow", True,
    ),
    "keras": (("keras",), "the same", "pip install keras", True),
    "ai_edge_quantizer": (
        ("ai-edge-quantizer",), "quantize of a float .tflite", "pip install ai-edge-quantizer",
        True,
    ),
    "tf_keras": (
        ("tf-keras",), ".keras files and SavedModels that Keras 2 wrote",
        "pip install 'edgecompress[keras2]'", False,
    ),
    "psycopg": (
        ("psycopg",), "compress --storage postgresql://",
        "pip install 'edgecompress[postgresql]'", False,
    ),
}  # fmt: skip


def packages() -> Iterator[Look]:
    """Look for Python and the packages that training and conversion need."""
    yield _python
    for module in _MODULES:
        yield partial(_package, module)


def _python() -> Part:
    return Part(
        "Python", "Python", "everything", "https://www.python.org/downloads/",
        platform.python_version(), sys.executable, is_required=True,
    )  # fmt: skip


def _package(module: str) -> Part:
    names, needed_for, get, required = _MODULES[module]
    where, version = _module(module, names)
    return Part("Python", names[0], needed_for, get, version, where, is_required=required)


def _module(module: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Return where a module is and its version, "" each if there is none; nothing is imported."""
    spec = find_spec(module)
    if spec is None:
        return "", ""
    origin = spec.origin or next(iter(spec.submodule_search_locations or ()), module)
    return str(Path(origin).parent), next(filter(None, map(_distribution, names)), "")


def _distribution(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


_RUNTIMES: Mapping[str, tuple[str, str, str, bool]] = {
    "tflm": (
        "tflite_micro", "tflite-micro", "evaluate, compress, generate: outputs as the board's",
        True,
    ),
    "litert": ("ai_edge_litert", "ai-edge-litert", "reading .tflite; --runtime litert", True),
    "tflite_runtime": (
        "tflite_runtime", "tflite-runtime", "evaluate --runtime tflite_runtime", False,
    ),
}  # fmt: skip


def interpreters() -> Iterator[Look]:
    """Try the interpreters of .tflite, each in a process of its own."""
    for runtime in _RUNTIMES:
        yield partial(_interpreter, runtime)


def _interpreter(runtime: str) -> Part:
    module, name, needed_for, required = _RUNTIMES[runtime]
    where, version = _module(module, (name,))
    problem = probe_failure(runtime) if where else ""
    return Part(
        "Interpreters", name, needed_for, INSTALL[runtime], version, where, problem,
        is_required=required,
    )  # fmt: skip
