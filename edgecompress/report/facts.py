"""All that a run found out, as the plain values of report.json."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgecompress import __version__
from edgecompress.dataset import Dataset
from edgecompress.memory.verdict.document import verdict_document
from edgecompress.memory.verdict.fit import fit
from edgecompress.memory.verdict.room import arena_apart, kept_room
from edgecompress.metrics import primary_metric
from edgecompress.quantize.layer_errors import (
    LayerError,
    distribution_rows,
    error_rows,
    worst_layer,
)
from edgecompress.report import facts_answers, facts_network, facts_search
from edgecompress.report.evidence.facts import explained, removed_channels
from edgecompress.report.final import Final
from edgecompress.search.attempt import Attempt, Job
from edgecompress.search.front import Measured
from edgecompress.tflite.summary import normalized_inputs_of

_PACKAGES = ("tensorflow", "keras", "numpy", "tflite-micro", "ai-edge-litert")
_FLOAT_BYTES = 4
_GO_ON = " The run was interrupted; to go on, give the same command with --resume."


def report_facts(
    job: Job,
    attempts: Sequence[Attempt],
    best: Attempt,
    final: Final,
    data: Dataset,
    *,
    interrupted: bool = False,
    candidates: Sequence[Measured] = (),
) -> dict[str, Any]:
    """Return the content of report.json; accuracies are fractions, sizes bytes."""
    metric, _ = primary_metric(job.task)
    return {
        "edgecompress": __version__,
        "headline": _headline(job, best, final) if not best.fits else "",
        "summary": _summary(job, best, final) + (_GO_ON if interrupted else ""),
        "interrupted": interrupted,
        "fits": best.fits,
        "accurate": final.points_lost <= job.recipe.max_accuracy_drop,
        "points_lost": final.points_lost,
        "task": str(job.task),
        "metric": metric,
        "board": {name: getattr(job.board, name) for name in ("id", "name", "core", "kernels")},
        "model": {"name": Path(job.recipe.model).name, "sha256": job.model_sha256},
        "data": _data(job, final, data),
        "recipe": _recipe(job),
        "before": _before(job, attempts[0], final),
        "after": _after(best, final),
        "verdict": verdict_document(best.verdict),
        "verdict_before": verdict_document(attempts[0].verdict),
        "runtimes": _runtimes(job, best),
        "steps": facts_search.steps(attempts, best),
        "trainings": facts_search.trainings(attempts),
        "candidates": facts_search.candidates(job, candidates),
        "sensitivity": facts_search.sensitivity(attempts),
        **_network(job, attempts[0], best),
        **_answers(job, best, final, data),
        "seed": job.recipe.seed,
        "versions": {name: version(name) for name in _PACKAGES},
    }


def _network(job: Job, first: Attempt, best: Attempt) -> dict[str, Any]:
    """Return what the result is made of, and how near it comes to the same weights in float."""
    errors = facts_network.compared(job, first, best)
    narrowed = facts_network.channels(job, best)
    estimated = facts_network.estimated_instructions(job, best)
    return {
        "layers": _layers(errors),
        "distributions": distribution_rows(errors),
        "network": facts_network.network(job, best, errors, estimated),
        "instructions": facts_network.instructions(job, estimated),
        "arenas": facts_network.arenas(job, first, best),
        "channels": narrowed,
        "left_alone": [
            {"name": note.partition(": ")[0], "why": note.partition(": ")[2]} for note in best.notes
        ],
        "removed": removed_channels(job, narrowed),
    }


def _answers(job: Job, best: Attempt, final: Final, data: Dataset) -> dict[str, Any]:
    """Return what original and result answer on the test split, and by what evidence."""
    return {
        "classes": final.classes(data.labels),
        "confusion": facts_answers.confusion(final, data.labels),
        "disagreements": facts_answers.disagreements(final, data.labels),
        "explain": explained(job, best, final, data),
    }


def _runtimes(job: Job, best: Attempt) -> list[dict[str, Any]]:
    """Return what the result takes with each runtime; the one of the recipe is chosen."""
    both = fit(best.tflite, [job.board], others=(), runtime="both", optimize=job.optimize)
    return [
        {
            "runtime": verdict.runtime,
            "chosen": verdict.runtime == job.runtime,
            "runs": verdict.runs,
            "fits": verdict.fits,
            "arena_bytes": verdict.arena.min_bytes,
            "flash_bytes": verdict.flash.used_bytes,
            "ram_bytes": verdict.ram.used_bytes,
        }
        for verdict in both.verdicts
    ]


def _summary(job: Job, best: Attempt, final: Final) -> str:
    """Say in a sentence or two how the run ended, and what to do if it missed its goal."""
    sizes, lost = _sizes_in_words(best), _lost(final)
    if not best.fits:
        return _sentences(
            (_headline(job, best, final), *best.verdict.problems, *best.verdict.suggestions)
        )
    if final.points_lost > job.recipe.max_accuracy_drop:
        return (
            f"It fits {job.board.name} ({sizes}), but on the test split it is {lost}; "
            f"{job.recipe.max_accuracy_drop:g} are allowed. Give it more --time-budget, allow a "
            "larger --max-accuracy-drop, or name a larger board."
        )
    in_c = " with the C runtime" if job.runtime == "c" else ""
    outcome = f"It fits {job.board.name}{in_c}: {sizes}; {lost} on the test split"
    where = arena_apart(best.verdict)
    return _sentences((outcome, *where, *kept_room(job.board), *best.verdict.suggestions))


def _headline(job: Job, best: Attempt, final: Final) -> str:
    """Say in half a sentence how far from its goal a run that fits nothing has come."""
    sizes, lost = _sizes_in_words(best), _lost(final)
    return (
        f"Nothing fits {job.board.name}: the closest ({sizes}, {lost}) is "
        f"{best.shortfall_bytes:,} bytes too large"
    )


def _sizes_in_words(best: Attempt) -> str:
    arena = best.verdict.arena.min_bytes
    return f"{len(best.tflite):,} bytes of model, {arena:,} of tensor arena"


def _lost(final: Final) -> str:
    change = "better" if final.points_lost < 0 else "worse"
    return f"{abs(final.points_lost):.2f} {final.unit} {change} than the float original"


def _sentences(texts: Sequence[str]) -> str:
    """Return `texts` as sentences: with a capital, unless the first word is a name, and a stop."""
    return " ".join(
        f"{text[0].upper() if text.split()[0].isalpha() else text[0]}{text[1:].rstrip('.')}."
        for text in texts
    )


def _data(job: Job, final: Final, data: Dataset) -> dict[str, Any]:
    return {
        "name": Path(data.source).name,
        "sha256": data.sha256,
        "train": job.train.size,
        "validation": job.validation.size,
        "test": final.size,
        "labels": list(data.labels),
        "pixel_range": data.pixel_range,
    }


def _recipe(job: Job) -> dict[str, Any]:
    """Return the choices; paths by name only, since the page travels."""
    choices = asdict(job.recipe)
    return choices | {name: Path(choices[name]).name for name in ("model", "data", "board")}


def _before(job: Job, quantized: Attempt, final: Final) -> dict[str, Any]:
    parameters = job.original.count_params()
    return {
        "parameters": parameters,
        "float_bytes": parameters * _FLOAT_BYTES,
        "float_validation": job.reference,
        "float_test": final.metrics("float_original"),
        **facts_search.sizes(quantized),
        "int8_validation": quantized.int8_metric,
        "int8_test": final.metrics("int8_original"),
    }


def _after(best: Attempt, final: Final) -> dict[str, Any]:
    return {
        "parameters": best.model.count_params(),
        "sha256": hashlib.sha256(best.tflite).hexdigest(),
        "normalized_inputs": normalized_inputs_of(best.tflite),
        **facts_search.sizes(best),
        "float_validation": best.float_metric,
        "int8_validation": best.int8_metric,
        "int8_test": final.metrics("int8_result"),
    }


def _layers(errors: Sequence[LayerError]) -> list[dict[str, Any]]:
    """Compare the result, layer by layer, with the same weights in float on validation samples."""
    worst = worst_layer(errors)
    return [
        row | {"worst": error is worst}
        for error, row in zip(errors, error_rows(errors), strict=True)
    ]
