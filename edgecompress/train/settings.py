"""How to train, and what from."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from edgecompress.dataset import Task
from edgecompress.train.losses import Loss

Augmentation = Literal["none", "shift", "shift+flip"]

_BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 needs some 500 steps to follow the weights


@dataclass(frozen=True)
class Training:
    """How to train.

    Attributes:
        epochs: passes over the training samples, at most.
        learning_rate: at the start; see `schedule`.
        batch_size: samples a step.
        schedule: "cosine" lets the learning rate fall to zero over the epochs, or over the time
            that is left if that ends sooner.
        optimizer: "adam", or "sgd" with Nesterov momentum 0.9.
        patience: epochs without a better validation metric before it stops; None never stops.
        enough: validation fitness, see `metrics.fitness`, without which patience has no end.
        l1, l2, group_lasso: weights of the kernels' penalties, see `losses.kernel_penalty`.
        class_weights: weight of each class's samples; "balanced" weighs classes equally.
        augmentation: "none", "shift" or "shift+flip", for images.
        alpha: share of the teacher in the loss, if there is one; the rest is the labels'.
        temperature: softens a teacher's class probabilities.
        feature_weight: weight of the feature maps' loss, where pairs of layers are given.
        batch_norm_momentum: upper limit of the momentum of the moving averages while training.
        deadline_seconds: time after which it stops, in the middle of an epoch if need be.
        kernel_bits: 8 or 4, if kernels are rounded (large ones to that many bits) while gradients
            are taken and in what training returns, and the learning rate is relative to each
            weight's root mean square; see `qat`. 0: they are not rounded.
        seed: of the order of samples, of augmentation and dropout.
    """

    epochs: int = 10
    learning_rate: float = 1e-3
    batch_size: int = 64
    schedule: Literal["cosine", "constant"] = "cosine"
    optimizer: Literal["adam", "sgd"] = "adam"
    patience: int | None = None
    enough: float = -math.inf
    l1: float = 0.0
    l2: float = 0.0
    group_lasso: float = 0.0
    class_weights: tuple[float, ...] | Literal["balanced"] | None = None
    augmentation: Augmentation = "none"
    alpha: float = 0.7
    temperature: float = 4.0
    feature_weight: float = 100.0
    batch_norm_momentum: float = _BATCH_NORM_MOMENTUM
    deadline_seconds: float | None = None
    kernel_bits: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """What a model is to learn: its task, and from whom."""

    task: Task
    teacher: Any = None  # a keras.Model
    features: tuple[tuple[str, str], ...] = ()  # (layer of the student, layer of the teacher)
    loss: Loss | None = None  # replaces the task's
