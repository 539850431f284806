"""What was found out about models' evidence and confidence, as plain values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.explain.confidence import agreement, calibration_error, label_of
from edgecompress.explain.evidence import Evidence, Likeness
from edgecompress.explain.probabilities import Probabilities
from edgecompress.explain.verdict import sentence


def explain_document(
    names: Sequence[str],
    evidence: Evidence,
    sure: Sequence[Probabilities],
    y: NDArray[np.int64] | None,
    labels: Sequence[str],
) -> dict[str, Any]:
    """Return all as one JSON object.

    Args:
        names: of the models, the first one's first.
        evidence: what they look at.
        sure: each model's probabilities on the samples that answers are compared on.
        y: the right classes of these, if they are known.
        labels: names of classes.
    """
    models = [
        {
            "model": name,
            **_confidence(answered, y),
            "agreement": float((answered.argmax(axis=1) == sure[0].argmax(axis=1)).mean()),
            "agreement_by_class": agreement(
                sure[0].argmax(axis=1), answered.argmax(axis=1), labels
            ),
            "finding": evidence.finding(likeness),
            "importance": _importance(evidence, likeness),
            "similarity": _similarity(evidence, likeness, labels),
        }
        for name, likeness, answered in zip(names, evidence.models, sure, strict=True)
    ]
    return {
        "samples": len(evidence.samples),
        "answers_compared": len(sure[0]),
        "shapes": [list(each.masks.shape[1:]) for each in evidence.places],
        "grids": [list(each.grid) for each in evidence.places],
        "chance": evidence.chance,
        "threshold": evidence.threshold,
        "models": models,
        "verdict": [sentence(models[0], each, evidence) for each in models[1:]],
    }


def _confidence(sure: Probabilities, y: NDArray[np.int64] | None) -> dict[str, float | None]:
    if y is None:
        return {"accuracy": None, "calibration_error": None}
    right = float((sure.argmax(axis=1) == y).mean())
    return {"accuracy": right, "calibration_error": calibration_error(sure, y)}


def _importance(evidence: Evidence, likeness: Likeness) -> list[list[float]]:
    """Return the mean change of probability, either way, at each place of each input."""
    mean = np.abs(likeness.maps).mean(axis=0)
    ends = np.cumsum([len(each.masks) for each in evidence.places])
    return [[round(float(value), 4) for value in part] for part in np.split(mean, ends[:-1])]


def _similarity(evidence: Evidence, likeness: Likeness, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "mean": {
            "rank_correlation": likeness.mean,
            "top_overlap": likeness.mean_overlap,
            "interval": likeness.interval,
        },
        "samples": [
            {
                "sample": int(sample),
                "class": label_of(int(index), labels),
                "rank_correlation": _known(correlation),
                "top_overlap": _known(overlap),
                "map": [round(float(value), 4) for value in values],
            }
            for sample, index, correlation, overlap, values in zip(
                evidence.samples,
                evidence.classes,
                likeness.rank_correlations,
                likeness.top_overlaps,
                likeness.maps,
                strict=True,
            )
        ],
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
