"""Losses by task, for labels and for a teacher's outputs. All return one value per sample."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgecompress.dataset import Task
from edgecompress.dataset.split import Tasks

_SMALLEST_PROBABILITY = 1e-12

Loss = Callable[[Any, Any], Any]  # (labels, outputs) -> [batch]


def label_loss(task: Task, y: Any, outputs: Any, *, probabilities: Any) -> Any:
    """Return the loss [batch] of `outputs` [batch, ...] for labels or targets `y`.

    Cross-entropy for classes, from the logits even where the model ends in a softmax or sigmoid;
    mean squared error else. Of several outputs, the weighted sum; then `y`, `outputs` and
    `probabilities` are tuples.
    """
    import tensorflow as tf

    if isinstance(task, Tasks):
        each = zip(task.tasks, y, outputs, probabilities, strict=True)
        return _weighted(task, [label_loss(t, w, o, probabilities=p) for t, w, o, p in each])
    if task == "classification":
        logits = class_logits(outputs, probabilities=probabilities)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int64), logits)
    if task == "binary":
        logit = binary_logit(outputs, probabilities=probabilities)
        target = tf.reshape(tf.cast(y, tf.float32), [-1])
        return tf.nn.sigmoid_cross_entropy_with_logits(target, logit)
    return _squared_error(outputs, y)


def teacher_loss(
    task: Task,
    taught: Any,
    outputs: Any,
    temperature: float,
    *,
    probabilities: Any,
    teacher_probabilities: Any,
) -> Any:
    """Return the loss [batch] of `outputs` against the teacher's outputs `taught`.

    For classes, T^2 times the divergence of the softened distributions (Hinton, Vinyals and Dean,
    "Distilling the Knowledge in a Neural Network", 2015, equation 1 and section 2.1), which keeps
    its gradient's size whatever the temperature; mean squared error else. Several outputs as in
    `label_loss`.
    """
    import tensorflow as tf

    if isinstance(task, Tasks):
        each = zip(task.tasks, taught, outputs, probabilities, teacher_probabilities, strict=True)
        return _weighted(
            task,
            [
                teacher_loss(t, w, o, temperature, probabilities=p, teacher_probabilities=q)
                for t, w, o, p, q in each
            ],
        )
    if task == "classification":
        wanted = class_logits(taught, probabilities=teacher_probabilities) / temperature
        got = class_logits(outputs, probabilities=probabilities) / temperature
        target = tf.nn.softmax(wanted)
        divergence = target * (tf.nn.log_softmax(wanted) - tf.nn.log_softmax(got))
        return temperature**2 * tf.reduce_sum(divergence, axis=-1)
    if task == "binary":
        target = tf.sigmoid(binary_logit(taught, probabilities=teacher_probabilities) / temperature)
        got = binary_logit(outputs, probabilities=probabilities) / temperature
        return temperature**2 * tf.nn.sigmoid_cross_entropy_with_logits(target, got)
    return _squared_error(outputs, taught)


def attention_loss(taught: Any, learnt: Any) -> Any:
    """Return how far [batch] two feature maps [batch, ..., channels] look at different places.

    The maps' mean squares over channels, normalized, are compared, so that their channels may
    differ in number. Source: Zagoruyko and Komodakis, "Paying More Attention to Attention", 2017,
    equation 2.
    """
    import tensorflow as tf

    def attention(features: Any) -> Any:
        energy = tf.reduce_mean(tf.square(features), axis=-1)
        return tf.math.l2_normalize(tf.reshape(energy, [tf.shape(energy)[0], -1]), axis=-1)

    return tf.reduce_sum(tf.square(attention(taught) - attention(learnt)), axis=-1)


def kernel_penalty(model: Any, l1: float, l2: float, group_lasso: float) -> Any:
    """Return the penalty of the model's kernels, a scalar.

    Args:
        model: a keras.Model.
        l1: weight of the sum of absolute values.
        l2: weight of the sum of squares.
        group_lasso: weight of the sum over output channels of sqrt(size) * norm, which drives
            whole channels to zero (Yuan and Lin, 2006).
    """
    import tensorflow as tf

    total = tf.constant(0.0)
    for kernel, axis in _kernels(model):
        if l1:
            total += l1 * tf.reduce_sum(tf.abs(kernel))
        if l2:
            total += l2 * tf.reduce_sum(tf.square(kernel))
        if group_lasso:
            others = [i for i in range(len(kernel.shape)) if i != axis]
            size = float(np.prod([kernel.shape[i] for i in others]))
            norms = tf.sqrt(tf.reduce_sum(tf.square(kernel), axis=others) + _SMALLEST_PROBABILITY)
            total += group_lasso * size**0.5 * tf.reduce_sum(norms)
    return total


def class_logits(outputs: Any, *, probabilities: bool) -> Any:
    """Return the logits [batch, classes] behind a classifier's outputs, up to a constant."""
    import tensorflow as tf

    if outputs.op.type == "Softmax":
        outputs = outputs.op.inputs[0]
    elif probabilities:
        outputs = tf.math.log(tf.maximum(outputs, _SMALLEST_PROBABILITY))
    return tf.reshape(outputs, [tf.shape(outputs)[0], -1])


def binary_logit(outputs: Any, *, probabilities: bool) -> Any:
    """Return the logit [batch] behind the single output of a binary classifier."""
    import tensorflow as tf

    if outputs.op.type == "Sigmoid":
        outputs = outputs.op.inputs[0]
    elif probabilities:
        # In float32, 1 - 1e-7 is the last probability below 1 but one.
        p = tf.clip_by_value(outputs, 1e-7, 1 - 1e-7)
        outputs = tf.math.log(p) - tf.math.log1p(-p)
    return tf.reshape(outputs, [-1])


def are_probabilities(task: Task, outputs: Any) -> Any:
    """Say whether a classifier's outputs [n, ...] are probabilities; else they are logits.

    Of several outputs, a tuple that says so of each.
    """
    if isinstance(task, Tasks):
        return tuple(are_probabilities(t, o) for t, o in zip(task.tasks, outputs, strict=True))
    if task not in ("classification", "binary"):
        return False
    flat = outputs.reshape(len(outputs), -1)
    inside = bool(flat.min() >= 0 and flat.max() <= 1)
    return inside and (task == "binary" or bool(np.allclose(flat.sum(axis=1), 1, atol=1e-3)))


def _weighted(tasks: Tasks, losses: list[Any]) -> Any:
    import tensorflow as tf

    return tf.add_n([weight * loss for weight, loss in zip(tasks.weights, losses, strict=True)])


def _squared_error(outputs: Any, target: Any) -> Any:
    import tensorflow as tf

    rows = tf.shape(outputs)[0]
    difference = tf.reshape(outputs, [rows, -1]) - tf.reshape(
        tf.cast(target, outputs.dtype), [rows, -1]
    )
    return tf.reduce_mean(tf.square(difference), axis=-1)


def _kernels(model: Any) -> Iterator[tuple[Any, int]]:
    """Yield each kernel with the axis of its output channels."""
    for variable in model.trainable_variables:
        if variable.name == "depthwise_kernel":
            yield variable, len(variable.shape) - 2
        elif variable.name.endswith("kernel"):
            yield variable, len(variable.shape) - 1
