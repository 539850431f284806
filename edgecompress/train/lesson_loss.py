"""The loss of a batch: labels, penalties, and what a teacher answers or looks at."""

from collections.abc import Callable
from functools import partial
from typing import Any

from edgecompress.dataset.split import Task, Tasks, arrays_of
from edgecompress.errors import UsageError
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.train.batches import Samples
from edgecompress.train.losses import (
    are_probabilities,
    attention_loss,
    kernel_penalty,
    label_loss,
    teacher_loss,
)
from edgecompress.train.settings import Lesson, Training


def lesson_loss(
    student: Any, lesson: Lesson, settings: Training, samples: Samples
) -> Callable[[Any, Any, Any, Any], Any]:
    """Return the loss of a batch: of (samples, labels, weights of these, teacher's outputs).

    Of several inputs or outputs, an array for each stands in the place of one.

    Args:
        student: the keras.Model that is trained.
        lesson: what to learn.
        settings: the weights of the parts of the loss.
        samples: some samples as they come in a batch, which show what outputs look like.

    Raises:
        UsageError: a feature names a layer that a model does not have.
    """
    task, teacher = lesson.task, lesson.teacher
    probabilities = are_probabilities(task, outputs_of(student, samples.x))
    softened = teacher is not None and are_probabilities(task, outputs_of(teacher, samples.x))
    student_maps = _with_features(student, [mine for mine, _ in lesson.features])
    teacher_maps = teacher and _with_features(teacher, [its for _, its in lesson.features])
    alpha = settings.alpha if teacher is not None else 0.0
    of_labels = lesson.loss or partial(label_loss, task, probabilities=probabilities)
    parted = _parter(task, samples)

    def loss_of(*batch: Any) -> Any:
        import tensorflow as tf

        x, y, weight, taught = parted(batch)
        outputs, maps = student_maps(x, training=True)
        labels = of_labels(x if task == "reconstruction" else y, outputs)
        known = tf.math.count_nonzero(weight, dtype=tf.float32)
        loss = (1 - alpha) * tf.reduce_sum(weight * labels) / tf.maximum(known, 1.0)
        loss += kernel_penalty(student, settings.l1, settings.l2, settings.group_lasso)
        loss += tf.add_n(student.losses) if student.losses else 0.0
        if teacher is None:
            return loss
        if samples.taught is None:
            taught, its_maps = teacher_maps(x, training=False)
            for wanted, got in zip(its_maps, maps, strict=True):
                loss += settings.feature_weight * tf.reduce_mean(attention_loss(wanted, got))
        soft = teacher_loss(
            task, taught, outputs, settings.temperature,
            probabilities=probabilities, teacher_probabilities=softened,
        )  # fmt: skip
        return loss + alpha * tf.reduce_mean(soft)

    return loss_of


def _parter(task: Task, samples: Samples) -> Callable[[Any], tuple[Any, Any, Any, Any]]:
    """Return a function that sorts the arrays of a batch, which are in the order of `Samples`."""
    inputs, labelled = len(arrays_of(samples.x)), len(arrays_of(samples.y))

    def parted(batch: Any) -> tuple[Any, Any, Any, Any]:
        x, y, weight = batch[:inputs], batch[inputs : inputs + labelled], batch[inputs + labelled]
        taught = batch[inputs + labelled + 1 :]
        x = x[0] if inputs == 1 else list(x)
        return (x, y, weight, taught) if isinstance(task, Tasks) else (x, y[0], weight, taught[0])

    return parted


def _with_features(model: Any, names: list[str]) -> Callable[..., tuple[Any, list[Any]]]:
    """Return a function that gives the model's output (several: a tuple), and the layers' named."""
    import keras
    import tensorflow as tf

    known = {layer.name: layer for layer in model.layers}
    missing = [name for name in names if name not in known]
    if missing:
        raise UsageError(
            f"model {model.name!r} has no layer {', '.join(missing)}; it has {', '.join(known)}"
        )
    outputs, count = list(model.outputs), len(model.outputs)
    maps = [known[name].output for name in names]
    extended = keras.Model(model.inputs, [*outputs, *maps]) if names else model

    def answers(x: Any, *, training: bool) -> tuple[Any, list[Any]]:
        flat = tf.nest.flatten(extended(x, training=training))
        return flat[0] if count == 1 else tuple(flat[:count]), flat[count:]

    return answers
