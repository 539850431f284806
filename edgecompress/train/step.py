"""One step of training, as a compiled TensorFlow function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import UsageError
from edgecompress.train.batches import Samples
from edgecompress.train.kernel_rounding import RoundedKernel
from edgecompress.train.lesson_loss import lesson_loss
from edgecompress.train.settings import Lesson, Training

Masks = Mapping[str, NDArray[Any]]  # path of a weight -> 0 where it is held at zero

_SMALLEST_SIZE = 1e-3  # so that biases of zero can move


@dataclass(frozen=True)
class Step:
    """A step of training, and all that it changes."""

    run: Callable[[Samples, float], float]  # (batch, learning rate) -> loss
    variables: tuple[Any, ...]  # student's, random layers' too, scales, optimizer's, and masks
    hold: Callable[[Masks], None]  # from now on, at zero; of the weights that were masked at first


def train_step(
    student: Any,
    lesson: Lesson,
    settings: Training,
    masks: Masks,
    samples: Samples,
    *,
    rounding: Sequence[RoundedKernel] = (),
) -> Step:
    """Return the step that changes the weights of `student` by one batch's gradient.

    Args:
        student: a keras.Model.
        lesson: what to learn.
        settings: the optimizer, the weights of the parts of the loss.
        masks: 0 where a weight stays zero, by the variable's path.
        samples: some samples as they come in a batch: their shape, and what outputs look like.
        rounding: of the kernels of `student`, with whose rounding gradients are taken; then the
            learning rate is relative to the size of each weight.

    Raises:
        UsageError: a mask or a feature names what the model does not have.
    """
    import tensorflow as tf

    optimizer = _optimizer(settings)
    variables = student.trainable_variables
    growths = [each.growth for each in rounding if each.growth is not None]
    trained = [*variables, *growths]
    optimizer.build(trained)
    held = _held(variables, masks)

    def hold(new: Masks) -> None:
        for path, (variable, mask) in held.items():
            mask.assign(new[path])
            variable.assign(variable * mask)

    hold(masks)
    loss_of = lesson_loss(student, lesson, settings, samples)
    relative = [*_sizes(variables), *(1.0 for _ in growths)] if rounding else []

    def step(x: Any, y: Any, weight: Any, taught: Any) -> Any:
        exact = [tf.identity(each.kernel) for each in rounding]
        with tf.GradientTape() as rounding_tape:
            rounded = [each.rounded() for each in rounding]
        for each, values in zip(rounding, rounded, strict=True):
            each.kernel.assign(values)
        with tf.GradientTape() as tape:
            loss = loss_of(x, y, weight, taught)
        kernels = [each.kernel for each in rounding]
        gradients, of_rounded = tape.gradient(loss, (trained, kernels))
        for each, values in zip(rounding, exact, strict=True):
            each.kernel.assign(values)
        if rounding:
            known = [  # kernels that are not trained, or not used, have none
                tf.zeros_like(values) if gradient is None else gradient
                for gradient, values in zip(of_rounded, exact, strict=True)
            ]
            inner = rounding_tape.gradient(rounded, trained, known)
            gradients = [o if i is None else i for i, o in zip(inner, gradients, strict=True)]
        before = [(v, tf.identity(v), size) for v, size in zip(trained, relative, strict=False)]
        optimizer.apply(gradients, trained)
        for variable, start, size in before:
            variable.assign(start + size * (variable - start))
        for variable, mask in held.values():
            variable.assign(variable * mask)
        return loss

    signature = [_spec(values) for values in _arrays(samples)]
    compiled = tf.function(step, input_signature=signature)

    def run(batch: Samples, learning_rate: float) -> float:
        optimizer.learning_rate = learning_rate
        return float(compiled(*_arrays(batch)))

    changed = (
        *student.variables,
        *growths,
        *optimizer.variables,
        *(mask for _, mask in held.values()),
    )
    return Step(run, changed, hold)


def _sizes(variables: list[Any]) -> list[float]:
    """Return the root mean square of each variable, by which its steps are scaled.

    Without batch normalization, a kernel's size follows that of its inputs: steps that suit one
    layer ruin another (pixels of 0..255 make kernels of 0.003). After Shazeer and Stern,
    "Adafactor", 2018, section 8.
    """
    return [max(float(np.sqrt(np.mean(v.numpy() ** 2))), _SMALLEST_SIZE) for v in variables]


def _optimizer(settings: Training) -> Any:
    import keras

    if settings.optimizer == "sgd":
        return keras.optimizers.SGD(settings.learning_rate, momentum=0.9, nesterov=True)
    return keras.optimizers.Adam(settings.learning_rate)


def _held(variables: list[Any], masks: Masks) -> dict[str, tuple[Any, Any]]:
    import tensorflow as tf

    known = {variable.path: variable for variable in variables}
    unknown = [path for path in masks if path not in known]
    if unknown:
        raise UsageError(f"masks for weights that the model does not train: {', '.join(unknown)}")
    return {
        path: (known[path], tf.Variable(mask, trainable=False, dtype=tf.float32))
        for path, mask in masks.items()
    }


def _arrays(samples: Samples) -> list[NDArray[Any]]:
    nothing = np.zeros((len(samples.x), 0), np.float32)
    return [
        samples.x,
        samples.y,
        samples.weight,
        nothing if samples.taught is None else samples.taught,
    ]


def _spec(values: NDArray[Any]) -> Any:
    import tensorflow as tf

    return tf.TensorSpec((None, *values.shape[1:]), values.dtype)
