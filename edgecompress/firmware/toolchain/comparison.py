"""Linked flash and RAM against what `fit` predicted: part by part, and why they differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgecompress.firmware.sources.prediction import ARENA, GLUE, STACK, STATIC_DATA, Prediction
from edgecompress.firmware.toolchain.link_map import Contributor
from edgecompress.memory.flash import RUNNER

_VECTORS = "golden vectors"


@dataclass(frozen=True)
class PartComparison:
    """A part of the image in one memory, in bytes."""

    memory: str  # "flash" or "ram"
    part: str
    linked_bytes: int
    predicted_bytes: int

    @property
    def difference_bytes(self) -> int:
        """Linked less predicted."""
        return self.linked_bytes - self.predicted_bytes


def compare(parts: Sequence[Contributor], prediction: Prediction) -> tuple[PartComparison, ...]:
    """Return every part that is linked or predicted, in flash and then in RAM, largest first."""
    flash: Counter[str] = Counter()
    ram: Counter[str] = Counter()
    for part in parts:
        flash[_flash_part(part)] += part.flash_bytes
        ram[_ram_part(part)] += part.ram_bytes
    return (*_compared("flash", flash, prediction.flash), *_compared("ram", ram, prediction.ram))


def explain(
    compared: Sequence[PartComparison],
    prediction: Prediction,
    *,
    compiler: str,
    commit: str,
    known_commit: str,
    is_release: bool = True,
) -> tuple[str, ...]:
    """Return in words where the differences are from.

    Args:
        compared: the parts.
        prediction: what they were compared with.
        compiler: version of the compiler, "" if it cannot be told.
        commit: of the TFLM that was linked, "" if it cannot be told.
        known_commit: of the TFLM that the tables were measured with.
        is_release: whether TFLM was built without assertions and messages, as for the tables.
    """
    flash = {row.part: row for row in compared if row.memory == "flash"}
    reasons = list(prediction.notes)
    if commit != known_commit:
        reasons.append(
            f"TFLM is at {commit[:12] or 'an unknown commit'}, "
            f"fit's tables are of {known_commit[:12]}"
        )
    if not is_release:
        reasons.append(
            "TFLM was built with assertions and messages; fit's tables are of release builds "
            "(BUILD_TYPE=release)"
        )
    if compiler and compiler not in prediction.compiler:
        reasons.append(f"compiled with {compiler}, fit's tables with {prediction.compiler}")
    if any(row.predicted_bytes and not row.linked_bytes for row in flash.values()):
        reasons.append(
            "code that several kernels have alike counts for the one that the linker found first, "
            "here and when the tables were measured"
        )
    if _VECTORS in flash:
        reasons.append("fit does not count golden vectors: the firmware that ships has none")
    if any(row.difference_bytes for row in flash.values()):
        reasons.append(
            "the rest: fit counts each section in multiples of 4 bytes, and has one figure each "
            f"for the {RUNNER} and for {GLUE}, which differ a little from model to model"
        )
    return tuple(reasons)


def _flash_part(part: Contributor) -> str:
    if part.name.startswith(_VECTORS):
        return _VECTORS
    if part.kind == "application":
        return GLUE
    return RUNNER if part.name.startswith(RUNNER) else part.name


def _ram_part(part: Contributor) -> str:
    parts = {"arena": ARENA, "stack": STACK, "runtime": STATIC_DATA}
    return parts.get(part.kind, GLUE)


def _compared(
    memory: str, linked: Mapping[str, int], predicted: Mapping[str, int]
) -> list[PartComparison]:
    rows = [
        PartComparison(memory, part, linked.get(part, 0), predicted.get(part, 0))
        for part in {**linked, **predicted}
    ]
    used = [row for row in rows if row.linked_bytes or row.predicted_bytes]
    return sorted(used, key=lambda row: (-row.linked_bytes, -row.predicted_bytes, row.part))
