"""How the forms of a run are trained: the original teaches them, in float or under rounding."""

import math
from dataclasses import replace
from typing import Any

from edgecompress.compression.attempt import Job
from edgecompress.compression.qat import AwareModel, quantize_aware
from edgecompress.compression.train import finetune
from edgecompress.compression.training import Training

# Share of the time left that a training step may take: the rest is for quantizing, measuring, and a
# short training with rounding. One long training comes further than two that share its time.
_TRAINING_SHARE = 0.7
# Of the epochs; it counts once the goal is reached. The last epochs gain most, at low rates.
_PATIENCE_SHARE = 1 / 3
# What is trained already is trained on at a lower rate: the full one would first undo it.
_FURTHER_RATE = 1 / 3
_QAT_LEARNING_RATE = 1e-3  # relative to each weight's size, see quantize_aware


def training(job: Job, round_number: int) -> Training:
    """Return how the recipe wants a model trained: what was trained before, at a lower rate."""
    recipe = job.recipe
    return Training(
        epochs=recipe.max_epochs,
        learning_rate=recipe.learning_rate * (_FURTHER_RATE if round_number else 1),
        batch_size=recipe.batch_size,
        patience=math.ceil(_PATIENCE_SHARE * recipe.max_epochs),
        enough=job.goal,
        augmentation=job.augmentation,
        alpha=recipe.alpha,
        temperature=recipe.temperature,
        deadline_seconds=max(1.0, _TRAINING_SHARE * job.seconds_left),
        seed=recipe.seed + round_number,
    )


def taught(job: Job, model: Any, settings: Training) -> Any:
    """Train `model` on the labels and on the original's answers."""
    return finetune(
        model,
        job.train,
        job.validation,
        settings,
        teacher=job.original,
        task=job.task,
        keeping=job.keeping,
    )


def taught_rounding(job: Job, model: Any, settings: Training, weight_bits: int) -> AwareModel:
    """Train `model` as `taught` does, with the rounding of its integers in it (QAT).

    Raises:
        ModelError: the model is not functional.
    """
    return quantize_aware(
        model,
        job.train,
        job.validation,
        replace(settings, learning_rate=_QAT_LEARNING_RATE),
        samples=job.recipe.calibration_samples,
        weight_bits=weight_bits,
        teacher=job.original,
        task=job.task,
        keeping=job.keeping,
    )
