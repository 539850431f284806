"""The runs of a case: the original, ways to quantize it, and ways to make it smaller."""

import logging
import shutil
from pathlib import Path
from typing import Any

from bench import Bench, EpochCounter
from cases import Case, Target
from rivals import plain_int8, scratch, tfmot

from edgecompress import compress
from edgecompress.keras_files.model import save_keras, set_seed
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.qat import quantize_aware
from edgecompress.recipe import Recipe
from edgecompress.train.fine_tune import finetune

# A model (keras.Model, or the bytes of a .tflite), the epochs it was trained for, and notes.
Made = tuple[Any, int, dict[str, Any]]

_QAT_LEARNING_RATE = 3e-4  # what quantize_aware's documentation calls a good start


def runs_of(case: Case) -> tuple[str, ...]:
    """Return the names of all runs, in the order in which they need each other."""
    ways = ("scratch", "tfmot", "int8", "ours")
    smaller = tuple(f"{way}-{target.name}" for way in ways for target in reversed(case.targets))
    resumed = tuple(f"resumed-{target.name}" for target in case.targets if target.resumed)
    return ("original", "ptq", "ptq-mse", "pow2", "qat", *smaller, *resumed)


def make(bench: Bench, run: str, tfmot_python: Path | None) -> Made:
    """Do one run."""
    way, _, name = run.partition("-")
    target = next((target for target in bench.case.targets if target.name == name), None)
    if run == "original":
        return _original(bench)
    if run == "qat":
        return _qat(bench)
    if target is None:
        return _quantized(bench, run), 0, {}
    if way == "scratch":
        return scratch(bench, target)
    if way in ("int8", "ours", "resumed"):
        return _ours(bench, run, target, way)
    if tfmot_python is None:
        raise SystemExit(f"{run} needs --tfmot-python, see benchmarks/compression/README.md")
    return tfmot(bench, target, tfmot_python)


def _original(bench: Bench) -> Made:
    case, data = bench.case, bench.dataset
    set_seed(bench.seed)
    settings = bench.training(case.epochs, case.learning_rate)
    model = finetune(bench.network(), data.train, data.validation, settings, task=data.task)
    save_keras(model, bench.original_path)
    return model, case.epochs, {}


def _quantized(bench: Bench, run: str) -> bytes:
    x, seed = bench.dataset.train.x, bench.seed
    if run == "ptq-mse":
        return quantize(bench.original, x, method="mse", seed=seed)
    if run == "pow2":
        return quantize(bench.original, x, "pow2", seed=seed)
    return plain_int8(bench, bench.original)


def _qat(bench: Bench) -> Made:
    case, data = bench.case, bench.dataset
    set_seed(bench.seed)
    settings = bench.training(case.qat_epochs, _QAT_LEARNING_RATE)
    aware = quantize_aware(bench.original, data.train, data.validation, settings, task=data.task)
    return aware.tflite, case.qat_epochs, {}


def _ours(bench: Bench, run: str, target: Target, way: str) -> Made:
    """Compress with the settings of a first run, but go on for as long as it gets better.

    "resumed" gives what "ours" has made a second time budget, in a copy of its folder.
    """
    out = bench.folder / f"{run}-{bench.seed}"
    if way == "resumed":
        before = bench.folder / f"ours-{target.name}-{bench.seed}"
        shutil.copytree(before, out, dirs_exist_ok=True)
    recipe = Recipe(
        model=str(bench.original_path),
        board=target.board,
        data=bench.data,
        max_accuracy_drop=0.0,
        time_budget=(target.resumed if way == "resumed" else None) or bench.case.time_budget,
        max_model_bytes=bench.byte_limit(target),
        max_epochs=bench.case.compress_epochs,
        weight_bits=8 if way == "int8" else 4,
        seed=bench.seed,
    )
    counter = EpochCounter()
    logger = logging.getLogger("edgecompress")
    logger.addHandler(counter)
    try:
        outcome = compress(recipe, out, force=True, resume=True)
    finally:
        logger.removeHandler(counter)
    steps = [
        {
            "step": attempt.step,
            "bytes": len(attempt.tflite),
            "weight_bits": attempt.weight_bits,
            "validation_float": attempt.float_metric,
            "validation_int8": attempt.int8_metric,
        }
        for attempt in outcome.attempts
    ]
    return outcome.best.tflite, counter.epochs, {"steps": steps}
