"""What was tried, as plain values: each step, each candidate, how training went."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from edgecompress.search.attempt import Attempt, Job
from edgecompress.search.front import Measured, pareto_front, pick
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.reader import read_model


def sizes(attempt: Attempt) -> dict[str, int]:
    """Return what an attempt takes on the board."""
    return {
        "model_bytes": len(attempt.tflite),
        "arena_bytes": attempt.verdict.arena.min_bytes,
        "flash_bytes": attempt.verdict.flash.used_bytes,
        "ram_bytes": attempt.verdict.ram.used_bytes,
        "macs": graph_macs(read_model(attempt.tflite)),
    }


def steps(attempts: Sequence[Attempt], best: Attempt) -> list[dict[str, Any]]:
    """Describe each attempt, and what it saved on this board against the one before it."""
    before = (attempts[0], *attempts)
    return [
        {
            "step": attempt.step,
            "why": attempt.why,
            "chosen": attempt is best,
            "fits": attempt.fits,
            "float_validation": attempt.float_metric,
            "int8_validation": attempt.int8_metric,
            **sizes(attempt),
            "saved_flash_bytes": (
                previous.verdict.flash.used_bytes - attempt.verdict.flash.used_bytes
            ),
            "saved_ram_bytes": previous.verdict.ram.used_bytes - attempt.verdict.ram.used_bytes,
        }
        for previous, attempt in pairwise(before)
    ]


def candidates(job: Job, measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """List all that was measured, and what of it no other candidate betters."""
    front, picked = pareto_front(job, measured), pick(job, measured)
    return [
        {**asdict(each), "on_front": each in front, "picked": each == picked} for each in measured
    ]


def sensitivity(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """List what was left of the original without shares of each group, if groups were cut."""
    rows = next((attempt.sensitivity for attempt in attempts if attempt.sensitivity), ())
    return [asdict(row) for row in rows]


def trainings(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """List the epochs of each attempt that was trained.

    `epoch` counts on where a step trains twice; `score` is `metrics.fitness` on the validation
    split.
    """
    return [
        {
            "step": f"{number}-{attempt.step}",
            "epochs": [
                {"epoch": place, "loss": epoch.loss, "score": epoch.score}
                for place, epoch in enumerate(attempt.epochs, 1)
            ],
        }
        for number, attempt in enumerate(attempts)
        if attempt.epochs
    ]
