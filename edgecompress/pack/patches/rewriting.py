"""Recipes put into a model: into its graph, which is quick, or into its file."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecompress.pack.patches.growing import NewOperator, NewTensor
from edgecompress.pack.patches.recipe import Recipe
from edgecompress.tflite.graph import Graph, Operator, Subgraph, Tensor

# Source: versions of the operators in tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc.
_VERSIONS: Mapping[str, Mapping[int, int]] = {
    "SLICE": {schema.TensorType.INT8: 2, schema.TensorType.INT16: 4},
    "CONCATENATION": {schema.TensorType.INT8: 2, schema.TensorType.INT16: 3},
}


def patched_graph(graph: Graph, recipe: Recipe) -> Graph:
    """Return a graph with a recipe in its main subgraph; its size is that of before."""
    main = graph.main
    numbers = range(len(main.tensors), len(main.tensors) + len(recipe.tensors))
    kept = [replace(t, shape=recipe.resized.get(t.index, t.shape)) for t in main.tensors]
    added = [_tensor(main, n, new) for n, new in zip(numbers, recipe.tensors, strict=True)]
    written = [_operator(main, new) for new in recipe.operators]
    operators = [*main.operators[: recipe.start], *written, *main.operators[recipe.stop :]]
    patched = replace(
        main,
        tensors=(*kept, *added),
        operators=tuple(replace(each, index=number) for number, each in enumerate(operators)),
    )
    return replace(graph, subgraphs=(patched, *graph.subgraphs[1:]))


def _tensor(main: Subgraph, index: int, new: NewTensor) -> Tensor:
    if new.like is None:
        data = memoryview(np.array(new.values, np.int32).tobytes())
        return Tensor(index, "", "INT32", new.shape, 0, data)
    like = main.tensors[new.like]
    return replace(like, index=index, name="", shape=new.shape, shape_signature=())


def _operator(main: Subgraph, new: NewOperator) -> Operator:
    if new.like is not None:
        return replace(main.operators[new.like], inputs=new.inputs, outputs=(new.output,))
    joins = new.op == "CONCATENATION"
    options = {"axis": new.axis, "fused_activation_function": "NONE"} if joins else {}
    return Operator(0, new.op, 1, new.inputs, (new.output,), options=options)


def put_recipe(content: Any, recipe: Recipe) -> None:
    """Put a recipe into a schema.ModelT. Weights stay there once."""
    main = content.subgraphs[0]
    for index, shape in recipe.resized.items():
        main.tensors[index].shape = np.array(shape, np.int32)
        main.tensors[index].shapeSignature = None
    main.tensors.extend([_schema_tensor(content, new) for new in recipe.tensors])
    written = [_schema_operator(content, new) for new in recipe.operators]
    main.operators = [*main.operators[: recipe.start], *written, *main.operators[recipe.stop :]]


def _schema_tensor(content: Any, new: NewTensor) -> Any:
    if new.like is not None:
        tensor = copy(content.subgraphs[0].tensors[new.like])
        tensor.shape, tensor.shapeSignature = np.array(new.shape, np.int32), None
        tensor.name, tensor.buffer = None, 0
        return tensor
    values = np.array(new.values, np.int32).view(np.uint8)
    content.buffers.append(schema.BufferT(data=values))
    return schema.TensorT(
        shape=np.array(new.shape, np.int32),
        type=schema.TensorType.INT32,
        buffer=len(content.buffers) - 1,
    )


def _schema_operator(content: Any, new: NewOperator) -> Any:
    main = content.subgraphs[0]
    if new.like is not None:
        operator = copy(main.operators[new.like])
        operator.inputs = np.array(new.inputs, np.int32)
        operator.outputs = np.array([new.output], np.int32)
        return operator
    kind = "ConcatenationOptions" if new.op == "CONCATENATION" else "SliceOptions"
    options = getattr(schema, f"{kind}T")()
    if new.op == "CONCATENATION":
        options.axis = new.axis
    return schema.OperatorT(
        opcodeIndex=_operator_code(content, new.op, main.tensors[new.output].type),
        inputs=np.array(new.inputs, np.int32),
        outputs=np.array([new.output], np.int32),
        builtinOptionsType=getattr(schema.BuiltinOptions, kind),
        builtinOptions=options,
    )


def _operator_code(content: Any, op: str, tensor_type: int) -> int:
    """Return the number of a builtin operator's code, added if need be."""
    code = getattr(schema.BuiltinOperator, op)
    for number, each in enumerate(content.operatorCodes):
        if max(each.builtinCode, each.deprecatedBuiltinCode) == code:
            each.version = max(each.version, _VERSIONS[op][tensor_type])
            return number
    content.operatorCodes.append(
        schema.OperatorCodeT(
            builtinCode=code, deprecatedBuiltinCode=code, version=_VERSIONS[op][tensor_type]
        )
    )
    return len(content.operatorCodes) - 1
