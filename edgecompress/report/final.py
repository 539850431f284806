"""The figures on the test split: the one time it is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import SealedSplit, Split
from edgecompress.evaluate.score import outputs_for
from edgecompress.metrics import (
    Loss,
    confusion_matrix,
    largest_loss,
    measure,
    predicted_classes,
    primary_metric,
    unit_of_loss,
    wilson_interval,
)
from edgecompress.progress import doing
from edgecompress.search.attempt import Attempt, Job


@dataclass(frozen=True)
class Final:
    """What the float original, its plain int8 version and the result answer on the test split."""

    job: Job
    test: Split
    outputs: Mapping[str, Any]  # "float_original", "int8_original", "int8_result"

    @property
    def size(self) -> int:
        """The number of test samples."""
        return self.test.size

    @property
    def unit(self) -> str:
        """What `points_lost` counts."""
        return unit_of_loss(self.loss.task)

    @property
    def points_lost(self) -> float:
        """How much worse the int8 result is than the float original."""
        return self.loss.points

    @cached_property
    def loss(self) -> Loss:
        """What the int8 result loses against the float original, by the output that loses most."""
        before, after = (
            measure(self.job.task, self.outputs[name], self.test)
            for name in ("float_original", "int8_result")
        )
        return largest_loss(self.job.task, before, after)

    def metrics(self, model: str) -> float:
        """Return the task's primary metric of one of the three models."""
        metric, _ = primary_metric(self.job.task)
        return measure(self.job.task, self.outputs[model], self.test)[metric]

    @property
    def has_classes(self) -> bool:
        """Whether answers are classes, and it is known which are right."""
        return self.job.task in ("classification", "binary") and self.test.y is not None

    def classes(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """Return samples and recall of each class, before and after; nothing without classes."""
        counts = self.confusions(labels)
        if counts is None:
            return []
        before, after = counts
        return [
            {
                "name": labels[index] if index < len(labels) else str(index),
                "samples": int(before[index].sum()),
                **_recall("before", before, index),
                **_recall("after", after, index),
            }
            for index in range(len(before))
            if before[index].any()
        ]

    def confusions(
        self, labels: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Return counts [true class, answered class] of original and result; None: no classes."""
        if not self.has_classes:
            return None
        true = np.asarray(self.test.y).reshape(-1)
        answers = [
            predicted_classes(self.job.task, self.outputs[name])
            for name in ("float_original", "int8_result")
        ]
        count = int(max(len(labels), *(each.max() + 1 for each in (true, *answers))))
        before, after = (confusion_matrix(answer, true, count) for answer in answers)
        return before, after


def _recall(name: str, counts: NDArray[np.int64], index: int) -> dict[str, Any]:
    """Return the share of a class that was recognized, with its 95 % interval."""
    samples = int(counts[index].sum())
    share = float(counts[index, index] / samples)
    return {name: share, f"{name}_interval": list(wilson_interval(share, samples))}


@doing("measuring the result on the test split")
def measure_final(job: Job, first: Attempt, best: Attempt, test: SealedSplit) -> Final:
    """Open the test split, run the three models on it, and return what they answer."""
    opened = test.open("final figures of the run")
    plain = outputs_for(first.tflite, opened.x)
    result = plain if best is first else outputs_for(best.tflite, opened.x)
    original = outputs_for(job.original, opened.x)
    names = ("float_original", "int8_original", "int8_result")
    return Final(job, opened, dict(zip(names, (original, plain, result), strict=True)))
