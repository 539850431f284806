"""Which augmentation images of a task bear: asked of the model that was trained on them."""

import logging
from typing import Any

import numpy as np

from edgecompress.dataset import Split, Task
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.metrics import fitness
from edgecompress.train.settings import Augmentation

_log = logging.getLogger(__name__)

_SAMPLES = 500
# What mirrored images may cost: a photograph's class survives the mirror, a digit's does not.
_TOLERANCE = 0.02


def choose_augmentation(model: Any, train: Split, task: Task, seed: int) -> Augmentation:
    """Return "shift+flip" if `model` does as well on mirrored images as on others, else "shift".

    Args:
        model: the trained keras.Model.
        train: samples it was trained on, or like them: images [n, height, width, channels].
        task: what the model is for.
        seed: of the samples that are looked at.
    """
    chosen = train.sample(_SAMPLES, seed)
    mirrored = Split(np.ascontiguousarray(chosen.x[:, :, ::-1]), chosen.y)
    plain, flipped = (
        fitness(task, outputs_of(model, split.x), split) for split in (chosen, mirrored)
    )
    augmentation: Augmentation = "shift+flip" if flipped >= plain - _TOLERANCE else "shift"
    _log.info(
        "training images are augmented by %s (the original scores %.3f on them, %.3f mirrored)",
        augmentation, plain, flipped,
    )  # fmt: skip
    return augmentation
