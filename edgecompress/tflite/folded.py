"""A float .tflite as a device needs it: a batch of one, fixed shapes, nothing left to compute once.

Exporters leave the batch open, and then write SHAPE, STRIDED_SLICE and PACK in front of a RESHAPE;
those to float16 write DEQUANTIZE behind each constant. All of that is known before the model runs.
"""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.child import Child, ChildError
from edgecompress.errors import ModelError
from edgecompress.tflite.graph import Subgraph
from edgecompress.tflite.interpreter import INTERPRETER_BYTES
from edgecompress.tflite.names import short_name
from edgecompress.tflite.pack import content_of, drop_unused_tensors, serialized
from edgecompress.tflite.reader import read_model

_UNKNOWN_WITHOUT_RUNNING = frozenset({"CALL_ONCE", "RANDOM_UNIFORM", "VAR_HANDLE"})


def folded(model: bytes) -> bytes:
    """Return the model with a batch of one and without operators whose result is always the same.

    Raises:
        ModelError: an input leaves an axis besides the batch open, has a batch of several, or
            TFLite cannot run the model.
    """
    content = content_of(model)
    subgraph = content.subgraphs[0]
    for index in subgraph.inputs:
        _fix_batch(subgraph.tensors[index])
    content.signatureDefs = None  # its names are in no packed file
    fixed = serialized(content)
    constant = _constant_operators(read_model(fixed).main)
    shapes, values = _values_of(fixed, [i for operator in constant.values() for i in operator])
    for tensor, shape in zip(subgraph.tensors, shapes, strict=False):
        tensor.shape, tensor.shapeSignature = list(shape), None
    for index, array in values.items():
        subgraph.tensors[index].buffer = len(content.buffers)
        content.buffers.append(schema.BufferT(data=np.frombuffer(array.tobytes(), np.uint8)))
    subgraph.operators = [o for i, o in enumerate(subgraph.operators) if i not in constant]
    drop_unused_tensors(content)
    _name_apart(subgraph)
    return serialized(content)


def _fix_batch(tensor: Any) -> None:
    name = short_name((tensor.name or b"").decode("utf-8", errors="replace"))
    signature = list(tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature)
    open_axes = [axis for axis, size in enumerate(signature) if size < 1 and axis > 0]
    if open_axes:
        raise ModelError(
            f"input {name!r} of shape {signature} leaves axis {open_axes[0]} open, and a device "
            "plans its memory for one size: export the model with a fixed shape"
        )
    if len(signature) > 1 and signature[0] > 1:
        raise ModelError(
            f"input {name!r} of shape {signature} takes {signature[0]} samples at once, a device "
            "one: export the model with a batch of one, or of any size"
        )
    if signature and signature[0] < 1:
        tensor.shape = [1, *tensor.shape[1:]]


def _constant_operators(subgraph: Subgraph) -> dict[int, tuple[int, ...]]:
    """Return the outputs of each operator whose results do not depend on the model's inputs."""
    known = {tensor.index for tensor in subgraph.tensors if tensor.data is not None}
    constant = {}
    for operator in subgraph.operators:
        inputs = [index for index in operator.inputs if index >= 0]
        same = operator.op == "SHAPE" or (inputs and known.issuperset(inputs))
        given = set(operator.outputs) & set(subgraph.outputs)
        if same and not given and operator.op not in _UNKNOWN_WITHOUT_RUNNING:
            constant[operator.index] = operator.outputs
            known |= set(operator.outputs)
    return constant


def _values_of(
    model: bytes, indices: list[int]
) -> tuple[list[tuple[int, ...]], dict[int, NDArray[Any]]]:
    """Return the shape of every tensor, and the values of some, from one inference."""
    child = Child("edgecompress.tflite.folded:inferred", INTERPRETER_BYTES)
    try:
        found: tuple[list[tuple[int, ...]], dict[int, NDArray[Any]]] = child.call(model, indices)
    except ChildError as error:
        said = " ".join(error.log.split()[-30:])
        raise ModelError(f"TFLite cannot run this model: {error} {said}".strip()) from error
    finally:
        child.close()
    return found


def inferred(
    model: bytes, indices: list[int]
) -> tuple[list[tuple[int, ...]], dict[int, NDArray[Any]]]:
    """Run the model once on zeros; see `_values_of`. To be called in a child process."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    shapes = [tuple(map(int, details[index]["shape"])) for index in sorted(details)]
    return shapes, {index: interpreter.get_tensor(index) for index in indices}


def _name_apart(subgraph: Any) -> None:
    """Give each tensor a name of its own, by which quantizers know it."""
    seen = set()
    for index, tensor in enumerate(subgraph.tensors):
        name = tensor.name or b""
        tensor.name = name if name and name not in seen else name + f"/{index}".encode()
        seen.add(tensor.name)
