"""How layers of sequences are traced: LSTM as one operation, other recurrent layers unrolled.

TFLM runs an LSTM as one operator, UNIDIRECTIONAL_SEQUENCE_LSTM. It has none for other recurrent
layers, and calibrating a WHILE loop ends the converter with SIGSEGV: their steps are written out.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from edgecompress.errors import ConversionError
from edgecompress.keras_files.stateful import refuse_stateful
from edgecompress.quantize.recurrent.steps import step_loop

_log = logging.getLogger(__name__)


@contextmanager
def traced_sequences(layers: Sequence[Any], *, unroll: bool) -> Iterator[None]:
    """Have `layers` traced as TFLM can run them; afterwards they are as they were.

    Args:
        layers: all layers of a model, those inside others too.
        unroll: write out the steps of LSTMs as well.

    Raises:
        ConversionError: a layer keeps its state from one inference to the next, or gets a mask.
    """
    import keras

    refusals: list[ConversionError] = []
    with ExitStack() as changes:
        for layer in layers:
            if isinstance(layer, keras.layers.TimeDistributed):
                changes.enter_context(_changed(layer, call=partial(_at_once, layer, layer.call)))
            elif isinstance(layer, keras.layers.RNN):
                changes.enter_context(_traced_recurrent(layer, refusals, unroll=unroll))
        try:
            yield
        except Exception:
            if refusals:  # without the words that Keras and TensorFlow put around them
                raise refusals[0] from None
            raise


@contextmanager
def _traced_recurrent(
    layer: Any, refusals: list[ConversionError], *, unroll: bool
) -> Iterator[None]:
    refuse_stateful([layer])
    with ExitStack() as changes:
        if hasattr(layer, "use_cudnn"):
            changes.enter_context(_changed(layer, use_cudnn=False))
        # Gate by gate (implementation 1), so that each gate has its own range.
        if hasattr(layer.cell, "implementation"):
            changes.enter_context(_changed(layer.cell, implementation=1))
        reason = "asked for" if unroll else _not_one_operator(layer)
        loop: Any = partial(_written_out, layer, layer.inner_loop, refusals, reason=reason)
        if not reason:
            loop = partial(_fused, layer, loop)
        changes.enter_context(_changed(layer, inner_loop=loop))
        yield


def _not_one_operator(layer: Any) -> str:
    """Say why a recurrent layer cannot be TFLM's LSTM operator; "" if it can."""
    import keras

    cell = layer.cell
    if type(cell) is not keras.layers.LSTMCell or type(layer) not in (
        keras.layers.LSTM,
        keras.layers.RNN,
    ):
        return "TFLM has an operator for LSTM only"
    activations = cell.activation.__name__, cell.recurrent_activation.__name__
    if activations != ("tanh", "sigmoid"):
        return f"TFLM's LSTM has tanh and sigmoid, not {' and '.join(activations)}"
    if layer.return_state:
        return "TFLM's LSTM does not give its state"
    return ""


def _fused(
    layer: Any, written_out: Any, *, sequences: Any, initial_state: Any, mask: Any, **rest: Any
) -> Any:
    """Return what an LSTM's own loop returns, by one operation that `rewrite` knows.

    BlockLSTMV2 takes time first and both kernels in one; `rewrite` undoes the transpositions.
    """
    import tensorflow as tf

    if mask is not None or not all(map(_is_zero, initial_state)):
        arguments = {"sequences": sequences, "initial_state": initial_state, "mask": mask}
        return written_out(reason="its first state is not zero", **arguments, **rest)
    cell = layer.cell
    if layer.go_backwards:
        sequences = tf.reverse(sequences, [1])
    hidden, state = initial_state
    unused = tf.zeros(cell.units)
    *_, output = tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.constant(sequences.shape[1], tf.int64),
        x=tf.transpose(sequences, (1, 0, 2)),
        cs_prev=state,
        h_prev=hidden,
        w=tf.concat([cell.kernel.value, cell.recurrent_kernel.value], 0),
        wci=unused,
        wcf=unused,
        wco=unused,
        b=tf.zeros(4 * cell.units) if cell.bias is None else cell.bias.value,
    )
    outputs = tf.transpose(output, (1, 0, 2))
    # What is not traced further, as the states, costs nothing.
    return outputs[:, -1], outputs, [outputs[:, -1], state]


def _is_zero(state: Any) -> bool:
    import tensorflow as tf

    known = tf.get_static_value(state)
    return known is not None and not known.any()


def _written_out(
    layer: Any,
    loop: Any,
    refusals: list[ConversionError],
    *,
    reason: str,
    sequences: Any,
    mask: Any,
    **rest: Any,
) -> Any:
    """Return what a layer's own loop returns, step by step."""
    if mask is not None:
        refusals.append(_masked(layer))
        raise refusals[-1]
    _log.warning(
        "layer %s is unrolled to %d steps: %s. Each step is operators of its own in flash, and "
        "tensors in the arena",
        layer.name,
        sequences.shape[1],
        reason,
    )
    steps = step_loop(layer)
    if steps is not None and sequences.shape[0] == 1:
        return steps(sequences=sequences, **rest)
    with _changed(layer, unroll=True):
        return loop(sequences=sequences, mask=None, **rest)


def _masked(layer: Any) -> ConversionError:
    return ConversionError(
        f"layer {layer.name!r} gets a mask, which has it skip steps: no recurrent kernel of TFLM "
        "does. Train without the Masking layer, or without mask_zero=True of the Embedding: the "
        "network learns what padding looks like, best put before the sequence"
    )


def _at_once(layer: Any, call: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """Return what TimeDistributed returns, with a batch of frames for one of samples.

    Keras would call the wrapped layer frame by frame. The batch is one, so that frames follow each
    other in memory as the samples of a batch do.
    """
    import tensorflow as tf

    if mask is not None or inputs.shape[0] != 1:
        return call(inputs, training=training, mask=mask)
    arguments = {"training": training} if layer.layer._call_has_training_arg else {}  # noqa: SLF001 - as Keras asks
    frames = layer.layer(tf.reshape(inputs, inputs.shape[1:]), **arguments)
    return tf.reshape(frames, (1, *frames.shape))


@contextmanager
def _changed(owner: Any, **values: Any) -> Iterator[None]:
    """Set attributes of an object, and put back what they hid."""
    before = {name: vars(owner)[name] for name in values if name in vars(owner)}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name in values:
            delattr(owner, name)
        for name, value in before.items():
            setattr(owner, name, value)
