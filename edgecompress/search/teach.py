"""How the forms of a run are trained: the original teaches them, in float or under rounding."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgecompress.evaluate.score import evaluate
from edgecompress.metrics import primary_metric
from edgecompress.quantize.qat import AwareModel, quantize_aware
from edgecompress.search.attempt import Job, metric_lost
from edgecompress.train.checkpoint import Epoch
from edgecompress.train.fine_tune import finetune
from edgecompress.train.settings import Training

# Share of the time left that a training step may take: the rest is for quantizing, measuring, and a
# short training with rounding. One long training comes further than two that share its time.
_TRAINING_SHARE = 0.7
# Of the epochs; it counts once the goal is reached. The last epochs gain most, at low rates.
_PATIENCE_SHARE = 1 / 3
# What is trained already is trained on at a lower rate: the full one would first undo it.
_FURTHER_RATE = 1 / 3
# Points of accuracy, or per cent of error: a form that has lost no more is trained under rounding
# at once, if it will be at all.
_NEAR = 3.0
# Relative to each weight's size, see quantize_aware. What comes to it is trained already.
_QAT_LEARNING_RATE = 3e-4
# Share of the teacher where it leads: under rounding, since what the rounded model is to answer is
# known; and in float, if a form learns better so.
LEADING = 0.9


def training(job: Job, round_number: int, alpha: float | None = None) -> Training:
    """Return how the recipe wants a model trained: what was trained before, at a lower rate.

    Args:
        job: with the recipe.
        round_number: 0 for a form that was not trained yet.
        alpha: replaces the recipe's.
    """
    recipe = job.recipe
    return Training(
        epochs=recipe.max_epochs,
        learning_rate=recipe.learning_rate * (_FURTHER_RATE if round_number else 1),
        batch_size=recipe.batch_size,
        patience=math.ceil(_PATIENCE_SHARE * recipe.max_epochs),
        enough=job.goal,
        augmentation=job.augmentation,
        alpha=recipe.alpha if alpha is None else alpha,
        temperature=recipe.temperature,
        deadline_seconds=max(1.0, _TRAINING_SHARE * job.seconds_left),
        seed=recipe.seed + round_number,
    )


def is_near(job: Job, model: Any) -> bool:
    """Say whether a form of the original has lost little, on the validation split and in float."""
    metric, _ = primary_metric(job.task)
    return metric_lost(job, evaluate(model, job.validation, job.task)[metric]) <= _NEAR


def taught(
    job: Job, model: Any, settings: Training, on_epoch: Callable[[Epoch], None] | None = None
) -> Any:
    """Train `model` on the labels and on the original's answers; `on_epoch` as of `finetune`."""
    return finetune(
        model,
        job.train,
        job.validation,
        settings,
        teacher=job.original,
        task=job.task,
        on_epoch=on_epoch,
        keeping=job.keeping,
    )


def taught_rounding(
    job: Job,
    model: Any,
    settings: Training,
    weight_bits: int,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> AwareModel:
    """Train `model` as `taught` does, with the rounding of its integers in it (QAT).

    Args:
        job: whose original is the teacher.
        model: a functional keras.Model.
        settings: how to train, but for the learning rate and the teacher's share, if it has one.
        weight_bits: as of `quantize_aware`.
        on_epoch: as of `finetune`.

    Raises:
        ModelError: the model is not functional.
    """
    settings = replace(
        settings,
        learning_rate=_QAT_LEARNING_RATE,
        alpha=settings.alpha and max(settings.alpha, LEADING),
    )
    return quantize_aware(
        model,
        job.train,
        job.validation,
        settings,
        samples=job.recipe.calibration_samples,
        input_normalization=job.recipe.input_normalization,
        weight_bits=weight_bits,
        teacher=job.original,
        task=job.task,
        on_epoch=on_epoch,
        keeping=job.keeping,
    )
