"""The loss of a batch: labels, penalties, and what a teacher answers or looks at."""

from collections.abc import Callable
from functools import partial
from typing import Any

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

    def loss_of(x: Any, y: Any, weight: Any, taught: Any) -> Any:
        import tensorflow as tf

        outputs, *maps = student_maps(x, training=True)
        labels = of_labels(x if task == "reconstruction" else y, outputs)
        known = tf.math.count_nonzero(weight, dtype=tf.float32)
        loss = (1 - alpha) * tf.reduce_sum(weight * labels) / tf.maximum(known, 1.0)
        loss += kernel_penalty(student, settings.l1, settings.l2, settings.group_lasso)
        loss += tf.add_n(student.losses) if student.losses else 0.0
        if teacher is None:
            return loss
        if samples.taught is None:
            taught, *its_maps = teacher_maps(x, training=False)
            for wanted, got in zip(its_maps, maps, strict=True):
                loss += settings.feature_weight * tf.reduce_mean(attention_loss(wanted, got))
        soft = teacher_loss(
            task,
            taught,
            outputs,
            settings.temperature,
            probabilities=probabilities,
            teacher_probabilities=softened,
        )
        return loss + alpha * tf.reduce_mean(soft)

    return loss_of


def _with_features(model: Any, names: list[str]) -> Callable[..., list[Any]]:
    """Return a function that gives the model's first output, and those of the layers named."""
    import keras
    import tensorflow as tf

    known = {layer.name: layer for layer in model.layers}
    missing = [name for name in names if name not in known]
    if missing:
        raise UsageError(
            f"model {model.name!r} has no layer {', '.join(missing)}; it has {', '.join(known)}"
        )
    outputs = [model.outputs[0], *(known[name].output for name in names)]
    extended = keras.Model(model.inputs[0], outputs) if names else model
    return lambda x, training: tf.nest.flatten(extended(x, training=training))
