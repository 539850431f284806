"""What the original and the result answer on the test split: where they agree, and where not."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecompress.dataset.split import arrays_of, samples_at
from edgecompress.explain.confidence import label_of
from edgecompress.explain.probabilities import probabilities
from edgecompress.metrics import predicted_classes
from edgecompress.report.final import Final
from edgecompress.report.samples import drawn_samples

_SHOWN = 12
_MOST_CLASSES = 40  # of a matrix that people read


def confusion(final: Final, labels: Sequence[str]) -> dict[str, Any] | None:
    """Return how many samples of each class [true, answered] were given each answer.

    None where there are no classes, or too many for a matrix to be read.
    """
    counts = final.confusions(labels)
    if counts is None or len(counts[0]) > _MOST_CLASSES:
        return None
    before, after = counts
    return {
        "labels": [label_of(index, labels) for index in range(len(before))],
        "float": before.tolist(),
        "int8": after.tolist(),
    }


def disagreements(final: Final, labels: Sequence[str]) -> dict[str, Any] | None:
    """Return where the float original and the int8 result answer differently, a dozen at most.

    Shown first is what int8 lost, then what it won, then what neither knows; of these what the
    float original was surest of. None where answers are no classes.
    """
    if not final.has_classes:
        return None
    outputs = [final.outputs[name] for name in ("float_original", "int8_result")]
    before, after = (predicted_classes(final.job.task, each) for each in outputs)
    true = np.asarray(final.test.y).reshape(-1)
    sure = [probabilities(each).max(axis=1) for each in outputs]
    kinds = np.where(before == true, 0, np.where(after == true, 1, 2))
    differ = np.flatnonzero(before != after)
    chosen = differ[np.lexsort((differ, -sure[0][differ], kinds[differ]))][:_SHOWN]
    pictures = drawn_samples(arrays_of(samples_at(final.test.x, chosen)))
    return {
        "compared": len(true),
        "int8_lost": int((kinds[differ] == 0).sum()),
        "int8_won": int((kinds[differ] == 1).sum()),
        "both_wrong": int((kinds[differ] == 2).sum()),  # noqa: PLR2004 - the third kind
        "shown": [
            {
                "sample": int(index),
                "true": label_of(int(true[index]), labels),
                "float": label_of(int(before[index]), labels),
                "int8": label_of(int(after[index]), labels),
                "float_certainty": float(sure[0][index]),
                "int8_certainty": float(sure[1][index]),
                "inputs": inputs,
            }
            for index, inputs in zip(chosen, pictures, strict=True)
        ],
    }
