"""One step of training, as a compiled TensorFlow function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import arrays_of
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
        samples: some as they come in a batch: their shape, and what outputs look like.
        rounding: for gradients; the learning rate is then relative to the size of each weight.

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
    _hold(held, masks)
    relative = [*_sizes(variables), *(1.0 for _ in growths)] if rounding else []
    loss_of = lesson_loss(student, lesson, settings, samples)
    gradient_of = _rounded_gradient(loss_of, trained, rounding)

    def step(*batch: Any) -> Any:
        loss, gradients = gradient_of(*batch)
        _apply(optimizer, gradients, trained, relative)
        for variable, mask in held.values():
            variable.assign(variable * mask)
        return loss

    compiled = tf.function(step, input_signature=[_spec(v) for v in _arrays(samples)])

    def run(batch: Samples, learning_rate: float) -> float:
        optimizer.learning_rate = learning_rate
        return float(compiled(*_arrays(batch)))

    kept = (*growths, *optimizer.variables, *(mask for _, mask in held.values()))
    return Step(run, (*student.variables, *kept), partial(_hold, held))


def _rounded_gradient(
    loss_of: Callable[..., Any], trained: Sequence[Any], rounding: Sequence[RoundedKernel]
) -> Callable[..., tuple[Any, list[Any]]]:
    """Return the function of a batch that gives its loss, and the gradient by each of `trained`.

    Both are those of rounded kernels; these are in place only meanwhile.
    """
    import tensorflow as tf

    kernels = [each.kernel for each in rounding]

    def gradient_of(*batch: Any) -> tuple[Any, list[Any]]:
        exact = [tf.identity(kernel) for kernel in kernels]
        with tf.GradientTape() as rounding_tape:
            rounded = [each.rounded() for each in rounding]
        _assign(kernels, rounded)
        with tf.GradientTape() as tape:
            loss = loss_of(*batch)
        gradients, of_rounded = tape.gradient(loss, (trained, kernels))
        _assign(kernels, exact)
        if not rounding:
            return loss, gradients
        known = [  # kernels that are not trained, or not used, have none
            tf.zeros_like(values) if gradient is None else gradient
            for gradient, values in zip(of_rounded, exact, strict=True)
        ]
        inner = rounding_tape.gradient(rounded, trained, known)
        return loss, [o if i is None else i for i, o in zip(inner, gradients, strict=True)]

    return gradient_of


def _apply(
    optimizer: Any, gradients: Sequence[Any], trained: Sequence[Any], relative: Sequence[float]
) -> None:
    """Take the optimizer's step; where sizes are given, as many times as large."""
    import tensorflow as tf

    before = [(v, tf.identity(v), size) for v, size in zip(trained, relative, strict=False)]
    optimizer.apply(gradients, trained)
    for variable, start, size in before:
        variable.assign(start + size * (variable - start))


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


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


def _hold(held: Mapping[str, tuple[Any, Any]], masks: Masks) -> None:
    for path, (variable, mask) in held.items():
        mask.assign(masks[path])
        variable.assign(variable * mask)


def _arrays(samples: Samples) -> list[NDArray[Any]]:
    """Return an array for each input, each output's labels, the weights, each teacher's output."""
    nothing = np.zeros((samples.size, 0), np.float32)
    taught = nothing if samples.taught is None else samples.taught
    return [*arrays_of(samples.x), *arrays_of(samples.y), samples.weight, *arrays_of(taught)]


def _spec(values: NDArray[Any]) -> Any:
    import tensorflow as tf

    return tf.TensorSpec((None, *values.shape[1:]), values.dtype)
