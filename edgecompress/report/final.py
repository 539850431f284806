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

    def classes(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """Return samples and recall of each class, before and after; nothing without classes."""
        if self.job.task not in ("classification", "binary") or self.test.y is None:
            return []
        count = max(len(labels), int(self.test.y.max()) + 1)
        before, after = (self._confusion(name, count) for name in ("float_original", "int8_result"))
        return [
            {
                "name": labels[index] if index < len(labels) else str(index),
                "samples": int(before[index].sum()),
                "before": float(before[index, index] / before[index].sum()),
                "after": float(after[index, index] / after[index].sum()),
            }
            for index in range(count)
            if before[index].any()
        ]

    def _confusion(self, model: str, count: int) -> NDArray[np.int64]:
        predicted = predicted_classes(self.job.task, self.outputs[model])
        return confusion_matrix(predicted, np.asarray(self.test.y), max(count, predicted.max() + 1))


@doing("measuring the result on the test split")
def measure_final(job: Job, first: Attempt, best: Attempt, test: SealedSplit) -> Final:
    """Open the test split, run the three models on it, and return what they answer."""
    opened = test.open("final figures of the run")
    plain = outputs_for(first.tflite, opened.x)
    result = plain if best is first else outputs_for(best.tflite, opened.x)
    original = outputs_for(job.original, opened.x)
    names = ("float_original", "int8_original", "int8_result")
    return Final(job, opened, dict(zip(names, (original, plain, result), strict=True)))
