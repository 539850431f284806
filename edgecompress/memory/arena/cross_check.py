"""Cross-check: the TFLM interpreter of the host counts its allocations, and so do we.

The same replay as for a board, with the host's 64-bit structures and reference kernels, must
agree with RecordingMicroAllocator byte by byte: a drift of a later TFLM release shows at once.
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from edgecompress.child import Child, ChildError
from edgecompress.errors import ToolError, UnsupportedModelError
from edgecompress.memory.arena.allocations import SECTIONS
from edgecompress.memory.arena.plan import Arena, plan_for
from edgecompress.memory.arena.target import HOST
from edgecompress.tflite.interpreter import INTERPRETER_BYTES, START_SECONDS
from edgecompress.tflite.reader import read_model

# What PrintAllocations calls each section.
_TITLES: Mapping[str, str] = {
    "TfLiteEvalTensor data": "eval_tensor",
    "Persistent TfLiteTensor data": "persistent_tensor",
    "Persistent TfLiteTensor quantization data": "persistent_quant",
    "Persistent buffer data": "persistent_buffer",
    "TfLiteTensor variable buffer data": "variable_buffer",
    "NodeAndRegistration struct": "node_and_registration",
    "Operator runtime data": "op_data",
}
_TOTAL = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
_SECTION = re.compile(r"'([^']+)' used (\d+) bytes .*?\(requested (\d+) bytes for (\d+) ")
_SPARE_BYTES = 1 << 20
_MOST_ARENA_BYTES = 1 << 29


@dataclass(frozen=True)
class Comparison:
    """One figure: what was predicted for the host, and what its interpreter counted."""

    what: str  # "head", "tail", or "<section> requested" / "used" / "count"
    predicted: int
    measured: int


@dataclass(frozen=True)
class Verification:
    """All figures of one model."""

    comparisons: tuple[Comparison, ...]

    @property
    def differences(self) -> tuple[Comparison, ...]:
        """The figures that do not agree."""
        return tuple(c for c in self.comparisons if c.predicted != c.measured)


def verify(model: bytes) -> Verification:
    """Run the model's allocation in the host's TFLM interpreter and compare.

    Raises:
        ToolError: the tflite-micro package is not installed, or does not print allocations.
        UnsupportedModelError: TFLM refuses the model.
    """
    arena = plan_for(read_model(model), HOST, recording=True)
    measured = measure(model, arena.min_bytes + _SPARE_BYTES)
    return Verification(
        tuple(Comparison(what, value, measured[what]) for what, value in _figures(arena).items())
    )


def _figures(arena: Arena) -> Mapping[str, int]:
    figures = {"head": arena.head_bytes, "tail": arena.tail_bytes}
    for name, section in arena.sections.items():
        figures[f"{name} requested"] = section.requested_bytes
        figures[f"{name} used"] = section.used_bytes
        figures[f"{name} count"] = section.count if section.requested_bytes else 0
    return figures


def measure(model: bytes, arena_bytes: int) -> Mapping[str, int]:
    """Return what the host's interpreter records, under the names of `Comparison.what`.

    It runs in a process of its own, which a damaged model may end.

    Raises:
        ToolError: the tflite-micro package is not installed, or does not print allocations.
        UnsupportedModelError: TFLM refuses the model, or the arena is too small.
    """
    if arena_bytes > _MOST_ARENA_BYTES:
        raise UnsupportedModelError(
            f"the model needs an arena of {arena_bytes:,} bytes; the host's interpreter is given "
            f"{_MOST_ARENA_BYTES:,} at most"
        )
    try:
        text: str = _child().call(model, arena_bytes, cpu_seconds=START_SECONDS)
    except ChildError as error:
        raise UnsupportedModelError(f"the host's TFLM interpreter says: {error}") from error
    return _parse(text)


@cache
def _child() -> Child:
    return Child("edgecompress.memory.arena.cross_check:printed", INTERPRETER_BYTES)


def printed(model: bytes, arena_bytes: int) -> str:
    """Return what TFLM prints of its allocations for a model.

    Raises:
        ToolError: the tflite-micro package is not installed.
        RuntimeError: TFLM refuses the model.
    """
    try:
        from tflite_micro import runtime
    except ImportError as error:
        raise ToolError("the cross-check needs TFLM: pip install --pre tflite-micro") from error
    interpreters = []

    def allocate() -> None:
        interpreters.append(runtime.Interpreter.from_bytes(model, arena_size=arena_bytes))
        interpreters[0].print_allocations()

    return _standard_error_of(allocate)


def _standard_error_of(call: Callable[[], None]) -> str:
    """Return what C code writes to the process's standard error during a call."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            call()
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        file.seek(0)
        return file.read().decode("utf-8", errors="replace")


def _parse(text: str) -> Mapping[str, int]:
    figures = {kind: int(value) for kind, value in _TOTAL.findall(text)}
    if "head" not in figures:
        raise ToolError("the tflite-micro package printed no allocations; update it")
    for name in SECTIONS:
        figures.update({f"{name} {part}": 0 for part in ("requested", "used", "count")})
    for title, used, requested, count in _SECTION.findall(text):
        name = _TITLES.get(title, title)
        figures[f"{name} used"] = int(used)
        figures[f"{name} requested"] = int(requested)
        figures[f"{name} count"] = int(count)
    return figures
