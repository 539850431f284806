"""An LSTM as the converter knows it: a call of a function marked `api_implements: "lstm_..."`.

The converter replaces the function, whatever is in it, by UNIDIRECTIONAL_SEQUENCE_LSTM. Sources:
tensorflow/compiler/mlir/lite/transforms/prepare_composite_functions_tf.cc and utils/lstm_utils.cc.
"""

import hashlib
from typing import Any

_LOOP = "BlockLSTMV2"
_MARK = "api_implements"
_UNLIKELY = 1.7e-31
_HIDDEN = 6  # of its outputs: the hidden state after each step, [time, batch, units]
_SEQUENCE = 1  # of the function's outputs: the same, [batch, time, units]


def is_loop(operation: Any) -> bool:
    """Say whether a tf.Operation is an LSTM as `trace` makes it."""
    return bool(operation.type == _LOOP)


def has_calls(graph_def: bytes) -> bool:
    """Say whether a serialized GraphDef has LSTMs as `called` makes them."""
    import tensorflow as tf

    library = tf.compat.v1.GraphDef.FromString(graph_def).library
    return any(_MARK in function.attr for function in library.function)


def called(loop: Any) -> tuple[list[Any], Any]:
    """Return the nodes (NodeDef) that stand for an LSTM, and the function (FunctionDef) they call.

    Its arguments are the sequence [batch, time, features], hidden and cell state, the two kernels
    and the bias, gates in Keras's order.
    """
    import tensorflow as tf

    _, sequence, cell, hidden, kernels, *_, bias = loop.inputs
    kernel, recurrent, _ = kernels.op.inputs  # of the ConcatV2
    arguments = [sequence.op.inputs[0], hidden, cell, kernel, recurrent, bias]
    function = _function(loop.name, arguments, loop.outputs[_HIDDEN].shape)
    first = _first_state(f"{loop.name}/first_state", hidden.shape.as_list())
    names = [tensor.name for tensor in arguments]
    names[1:3] = [first.name, first.name]
    call = tf.compat.v1.NodeDef(op="PartitionedCall", name=loop.name, input=names)
    call.attr["Tin"].list.type.extend([tf.float32.as_datatype_enum] * len(arguments))
    call.attr["Tout"].list.type.extend([tf.float32.as_datatype_enum] * 5)
    call.attr["f"].func.name = function.signature.name
    return [first, call], function


def _first_state(name: str, shape: list[int]) -> Any:
    """Return a constant for the variable tensors that keep the state: zeros, when reset.

    The converter makes one of equal constants: with zeros, others would turn into the LSTM's state.
    So it holds a value that no layer has, which the file leaves out.
    """
    import tensorflow as tf

    node = tf.compat.v1.NodeDef(op="Const", name=name)
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(_UNLIKELY, tf.float32, shape))
    return node


def sequences_of(transposed: Any) -> Any:
    """Return a node (NodeDef) for the one that puts an LSTM's batch before its time."""
    import tensorflow as tf

    loop = transposed.input[0].partition(":")[0]
    node = tf.compat.v1.NodeDef(op="Identity", name=transposed.name, input=[f"{loop}:{_SEQUENCE}"])
    node.attr["T"].type = tf.float32.as_datatype_enum
    return node


def _function(name: str, arguments: list[Any], hidden: Any) -> Any:
    """Return a function of the outputs' number and shapes: the converter asks for no more."""
    import tensorflow as tf

    time, batch, units = hidden.as_list()

    def lstm(*_: Any) -> list[Any]:
        last = tf.zeros((batch, units))
        # Last output, all outputs, hidden and cell state, and what Keras 2 calls the runtime.
        return [last, tf.zeros((batch, time, units)), last, last, tf.constant(0.0)]

    specs = [tf.TensorSpec(tensor.shape, tf.float32) for tensor in arguments]
    traced = tf.function(lstm, autograph=False).get_concrete_function(*specs)
    function = traced.function_def
    # TensorFlow knows functions by name, of all models that a process has had.
    key = repr((name, [tensor.shape.as_list() for tensor in arguments]))
    function.signature.name = f"lstm_{hashlib.sha256(key.encode()).hexdigest()}"
    function.attr[_MARK].s = function.signature.name.encode()
    function.attr["time_major"].b = False
    function.attr["go_backwards"].b = False
    return function
