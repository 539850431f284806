"""Means over samples of what each sample's own gradient says about a model's weights."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task, infer_task
from edgecompress.dataset.split import samples_at
from edgecompress.errors import DataError, UsageError
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.train.losses import are_probabilities, label_loss

# From the gradients of one sample's loss to what is averaged; runs inside a TensorFlow function.
Measure = Callable[[list[Any]], list[Any]]


def mean_over_samples(
    model: Any, split: Split, variables: Sequence[Any], measure: Measure, *, samples: int, seed: int
) -> list[NDArray[np.float64]]:
    """Average `measure` of the gradients of `variables` over samples, each by itself.

    Gradients of a batch cancel between samples; the effect of a weight does not.

    Args:
        model: a keras.Model of one output.
        split: samples; without labels, the labels are drawn from the model's own predictions, as
            for the Fisher information (Kunstner, Balles and Hennig, "Limitations of the Empirical
            Fisher Approximation", 2019, equation 3).
        variables: weights of the model (keras.Variable).
        measure: turns the gradients, in the order of `variables`, into what is averaged.
        samples: how many samples are looked at, at most.
        seed: of the choice of samples, and of drawn labels.

    Raises:
        UsageError: the model has several outputs. DataError: there are no samples.
    """
    if len(model.outputs) != 1:
        raise UsageError("gradients of samples need a model of one output; use --score l1 or l2")
    if split.size == 0:
        raise DataError("there are no samples to score by")
    rng = np.random.default_rng(seed)
    some = split.take(rng.choice(split.size, min(samples, split.size), replace=False))
    shapes = model.outputs[0].shape[1:], model.inputs[0].shape[1:]
    task = infer_task(*shapes, split.y)
    outputs = outputs_of(model, some.x)
    targets = _targets(task, some, outputs, rng)
    step = _step(model, task, variables, measure, probabilities=are_probabilities(task, outputs))
    totals: list[NDArray[np.float64]] = []
    for index in range(some.size):
        one = slice(index, index + 1)
        values = [
            np.array(value, np.float64) for value in step(samples_at(some.x, one), targets[one])
        ]
        totals = [a + b for a, b in zip(totals, values, strict=True)] if totals else values
    return [total / some.size for total in totals]


def _step(
    model: Any, task: Task, variables: Sequence[Any], measure: Measure, *, probabilities: bool
) -> Callable[..., Any]:
    import tensorflow as tf

    values = [variable.value for variable in variables]

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            outputs = tf.nest.flatten(
                model(list(x) if isinstance(x, tuple) else x, training=False)
            )[0]
            loss = tf.reduce_sum(label_loss(task, y, outputs, probabilities=probabilities))
        gradients = tape.gradient(loss, values, unconnected_gradients="zero")
        return measure([tf.convert_to_tensor(gradient) for gradient in gradients])

    compiled: Callable[..., Any] = tf.function(step, reduce_retracing=True)
    return compiled


def _targets(
    task: Task, split: Split, outputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[Any]:
    """Return labels or targets [n, ...], the model's own where there are none."""
    if task == "reconstruction" or split.y is not None:
        known: NDArray[Any] = split.x if task == "reconstruction" else split.y
        return known
    if task == "regression":
        noise = rng.normal(0, outputs.std() + 1e-12, outputs.shape)
        return (outputs + noise).astype(np.float32)
    return _drawn(_probabilities(task, outputs), rng)


def _probabilities(task: Task, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return class probabilities [n, classes] of a classifier's outputs."""
    flat: NDArray[np.float64] = outputs.reshape(len(outputs), -1).astype(np.float64)
    if not are_probabilities(task, outputs):
        flat = np.exp(flat - flat.max(axis=1, keepdims=True))
    total: NDArray[np.float64] = flat.sum(axis=1, keepdims=True)
    return flat / total


def _drawn(probabilities: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one class for each row."""
    below = rng.random((len(probabilities), 1)) > np.cumsum(probabilities, axis=1)
    drawn: NDArray[np.int64] = np.minimum(below.sum(axis=1), probabilities.shape[1] - 1)
    return drawn
