"""What int8 loses against float on labelled data, where it begins, and what remedies bring."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from edgecompress.dataset import Split, Task
from edgecompress.dataset.split import Inputs
from edgecompress.evaluate.score import evaluate
from edgecompress.metrics import Loss, largest_loss, primary_metric, unit_of_loss
from edgecompress.quantize.layer_errors import LayerError
from edgecompress.quantize.post_training import Scheme
from edgecompress.quantize.remedies import JUDGED_SAMPLES, requantize

_log = logging.getLogger(__name__)

_POOR_DB = 10.0  # of a layer's output: a tenth of its energy is error
_CLIPPED = 0.01  # share of values
_FEW_SAMPLES, _CHANCE = 50, 2  # of fewer samples, so many may change sides by chance


@dataclass(frozen=True)
class Kept:
    """What a .tflite loses against its float model on labelled samples."""

    task: Task
    loss: Loss  # of the output that loses most
    samples: int

    @property
    def lost(self) -> float:
        """Points of accuracy, or per cent of an error."""
        return self.loss.points

    @property
    def changed(self) -> int | None:
        """How many more samples are wrong, where they are so few that chance may do it."""
        if unit_of_loss(self.loss.task) != "points" or self.samples >= _FEW_SAMPLES:
            return None
        changed = round(self.lost / 100 * self.samples)
        return changed if changed <= _CHANCE else None

    def exceeds(self, allowed: float) -> bool:
        """Say whether more than `allowed` is lost, and by more than one or two samples' chance."""
        return self.lost > allowed and self.changed is None


def kept_accuracy(model: Any, tflite: bytes, split: Split, task: Task) -> Kept | None:
    """Compare a .tflite with the keras.Model it was made of; None where nothing is known."""
    if not split.size or (split.y is None and task != "reconstruction"):
        return None
    before, after = (evaluate(each, split, task) for each in (model, tflite))
    return Kept(task, largest_loss(task, before, after), split.size)


def doubt_in_words(kept: Kept, allowed: float) -> str | None:
    """Say that a loss as large as may be rests on one or two of few samples; None if not."""
    if not kept.changed or round(kept.lost, 6) < allowed:
        return None
    return (
        f"{kept.changed} of {kept.samples} validation samples changed ({kept.lost:.1f} points of "
        f"{kept.loss.metric}), too few to judge a loss of {allowed:g} points; give "
        f"{_FEW_SAMPLES} or more there"
    )


def first_poor_layer(errors: Sequence[LayerError]) -> LayerError | None:
    """Return the first layer whose output is mostly wrong; else the one that is worst."""
    poor = (error for error in errors if error.snr_db < _POOR_DB)
    return next(poor, min(errors, key=lambda error: error.snr_db, default=None))


def loss_in_words(
    kept: Kept,
    allowed: float,
    errors: Sequence[LayerError],
    tried: Sequence[str],
    scheme: str,
    *,
    from_tflite: bool = False,
) -> str:
    """Say in one line how much is lost, where it begins and why, and what can be done.

    `from_tflite` tells a float .tflite, which cannot be trained, from a Keras model.
    """
    loss, (_, more) = kept.loss, primary_metric(kept.loss.task)
    before, after = (
        f"{100 * value:.1f} %" if more else f"{value:.4g}" for value in (loss.before, loss.after)
    )
    done = f"; tried and not enough: {', '.join(tried)}" if tried else ""
    wider = "" if scheme == "int16x8" else ", or activations of 16 bits (--scheme int16x8)"
    advice = f"Try training with rounding (--qat){wider}"
    if from_tflite:
        advice = (
            "Try more --calibration-samples, or the Keras model, which can be trained with --qat"
        )
    return (
        f"{scheme} comes to {after} {loss.metric} and float to {before} on {kept.samples} "
        f"validation samples: {kept.lost:.1f} {unit_of_loss(loss.task)} are lost, {allowed:g} may "
        f"be. {_where(errors)}{done}. {advice}"
    )


def _where(errors: Sequence[LayerError]) -> str:
    layer = first_poor_layer(errors)
    if layer is None or not isfinite(layer.snr_db):
        return "No layer stands out"
    why = (
        f"{layer.saturation:.0%} of its values are beyond its range"
        if layer.saturation > _CLIPPED
        else "one scale cannot hold its values, small and large"
    )
    return f"It begins in {layer.layer or layer.op} ({layer.op}, SNR {layer.snr_db:.0f} dB): {why}"


@dataclass(frozen=True)
class Improved:
    """The best of what was tried to lose less: its float model, and which remedies did not do."""

    model: Any  # keras.Model
    tflite: bytes
    kept: Kept
    remedy: str  # "" if the first way was the best
    tried: tuple[str, ...]


def improved(
    model: Any,
    tflite: bytes,
    calibration: Inputs,
    judge: Split,
    *,
    kept: Kept,
    scheme: Scheme,
    **options: Any,
) -> Improved:
    """Try the remedies for what int8 loses, and keep what loses least on labelled samples.

    Args:
        model: the float keras.Model.
        tflite: what `quantize` made of it.
        calibration: typical inputs [n, ...].
        judge: labelled samples.
        kept: what `tflite` loses there.
        scheme: as of `quantize`.
        options: more arguments of `quantize`, but for those that remedies choose.
    """
    best = Improved(model, tflite, kept, "", ())
    tried: list[str] = []
    for per_unit in (False, True):
        choices = {**options, "per_channel_dense": per_unit or options["per_channel_dense"]}
        sample = judge.sample(JUDGED_SAMPLES, 0)
        found = requantize(model, calibration, sample.x, scheme, **choices)
        name = f"{found.remedy}{', a scale for each dense unit' if per_unit else ''}"
        tried.append(name)
        now = kept_accuracy(model, found.tflite, judge, kept.task)
        if now is not None and now.lost < best.kept.lost:
            best = Improved(found.model, found.tflite, now, name, ())
        _log.info("%s: %.2f %s lost", name, best.kept.lost, unit_of_loss(kept.loss.task))
    return replace(best, tried=tuple(tried))
