"""GRU and SimpleRNN step by step, in as few operators as they can be said.

What a layer reads of its input is computed for all steps by one dense layer, so that a step is left
with what depends on the step before.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgecompress.quantize.scales import Range

_SCOPE = "unrolled_"  # before the number of a step, in the names of its tensors

Step = Callable[[list[Any], Any], Any]  # (what each projection of the input is, state) -> state


def step_loop(layer: Any) -> Callable[..., Any] | None:
    """Return an inner loop for a recurrent layer of keras.layers; None where there is none here."""
    import keras

    parts = {keras.layers.GRUCell: _gru, keras.layers.SimpleRNNCell: _simple}
    known = parts.get(type(layer.cell))
    if known is None:
        return None

    def loop(*, sequences: Any, initial_state: Any, **_: Any) -> Any:
        import tensorflow as tf

        if layer.go_backwards:
            sequences = tf.reverse(sequences, [1])
        projections, step = known(layer.cell)
        state, states = initial_state[0], []
        for number, inputs in enumerate(zip(*_by_step(sequences, projections), strict=True)):
            with tf.name_scope(f"{_SCOPE}{number}"):
                state = step(list(inputs), state)
            states.append(state)
        return state, tf.stack(states, 1), [state]

    return loop


def has_steps(graph_def: bytes) -> bool:
    """Say whether a serialized GraphDef has loops of `step_loop`."""
    return f"/{_SCOPE}0/".encode() in graph_def


def alike_in_steps(ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Return ranges such that tensors which differ in nothing but their step have the same.

    So they are described once in the file, which halves what a step takes there.
    """
    groups: dict[str, list[str]] = {}
    for name in ranges:
        first = name.partition(";")[0]
        if f"/{_SCOPE}" in first:
            groups.setdefault(re.sub(rf"/{_SCOPE}\d+/", f"/{_SCOPE}/", first), []).append(name)
    alike = dict(ranges)
    for group in groups.values():
        lows, highs = zip(*(ranges[name] for name in group), strict=True)
        alike |= dict.fromkeys(group, (min(lows), max(highs)))
    return alike


def _by_step(sequences: Any, projections: list[tuple[Any, Any]]) -> Iterator[list[Any]]:
    """Yield kernel and bias applied to a sequence [1, time, features]: [1, units] for each step."""
    import tensorflow as tf

    _, time, features = sequences.shape
    for kernel, bias in projections:
        projected = tf.matmul(tf.reshape(sequences, (time, features)), kernel) + bias
        yield tf.unstack(tf.reshape(projected, (time, 1, kernel.shape[1])))


def _simple(cell: Any) -> tuple[list[tuple[Any, Any]], Step]:
    import tensorflow as tf

    bias = tf.zeros(cell.units) if cell.bias is None else cell.bias.value

    def step(inputs: list[Any], state: Any) -> Any:
        return cell.activation(inputs[0] + tf.matmul(state, cell.recurrent_kernel.value))

    return [(cell.kernel.value, bias)], step


def _gru(cell: Any) -> tuple[list[tuple[Any, Any]], Step]:
    """Return the projections of a GRU's input, to both gates and to the candidate, and its step.

    h = c + z (h - c) is what Keras has as z h + (1 - z) c, by one operator less.
    """
    import tensorflow as tf

    units = cell.units
    gates, candidate = slice(None, 2 * units), slice(2 * units, None)
    kernel, recurrent = tf.identity(cell.kernel.value), tf.identity(cell.recurrent_kernel.value)
    bias = tf.zeros((2, 3 * units)) if cell.bias is None else tf.identity(cell.bias.value)
    outer, inner = (bias[0], bias[1]) if len(bias.shape) > 1 else (bias, tf.zeros(3 * units))
    to_gates, to_candidate = recurrent[:, gates], recurrent[:, candidate]

    def step(inputs: list[Any], state: Any) -> Any:
        both = cell.recurrent_activation(inputs[0] + tf.matmul(state, to_gates))
        update, reset = both[:, :units], both[:, units:]
        if cell.reset_after:
            recalled = reset * (tf.matmul(state, to_candidate) + inner[candidate])
        else:
            recalled = tf.matmul(reset * state, to_candidate)
        new = cell.activation(inputs[1] + recalled)
        return new + update * (state - new)

    projections = [
        (kernel[:, gates], outer[gates] + inner[gates]),
        (kernel[:, candidate], outer[candidate]),
    ]
    return projections, step
