"""Tables in place of functions: a stand-in while the model is quantized, then CAST, ADD, GATHER.

The converter's quantizer gives each operator's output the range that was calibrated for it. So the
function becomes one operator before that, of a kind that TFLM lacks (GELU: none is left in the
model then), and a table of its 256 values behind it. CAST makes an index of an integer, ADD lets it
begin at 0, GATHER looks it up: TFLM and TFLite run these, and each answer is within half a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.quantize.tables.regions import Region, function_values, regions
from edgecompress.tflite.graph import Tensor
from edgecompress.tflite.pack import serialized
from edgecompress.tflite.reader import read_model

STAND_IN = "GELU"
# TensorFlow's operations that become operators which need a table; a model without them is
# converted in one go.
_TABLED = frozenset(
    {
        "Acos", "Asin", "Atan", "Cos", "Elu", "Erf", "Erfc", "Exp", "Expm1", "Floor", "Greater",
        "GreaterEqual", "Less", "LessEqual", "Log", "Log1p", "Neg", "Pow", "RealDiv", "Reciprocal",
        "Round", "Rsqrt", "Selu", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Square",
    }
)  # fmt: skip
_FIRST = 128  # what makes an index of the least int8
_INT8 = np.arange(-_FIRST, _FIRST)


@dataclass(frozen=True)
class Function:
    """A function that a stand-in stands for: its region, and the tensors of the float model."""

    region: Region
    tensors: tuple[Tensor, ...]

    @property
    def is_elu(self) -> bool:
        """Whether it is what TFLM has an integer kernel for, though the quantizer does not know."""
        return [operator.op for operator in self.region.operators] == ["ELU"]

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return its values [n] for `x` [n]."""
        return function_values(self.region, self.tensors, x)


def has_functions(graph_def: bytes) -> bool:
    """Say whether a frozen graph may have functions that become tables."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph_def)
    return any(node.op in _TABLED for node in definition.node)


def with_stand_ins(model: bytes) -> tuple[bytes, tuple[Function, ...]]:
    """Return a float model with a stand-in for each function that TFLM lacks, and these."""
    graph = read_model(model).main
    found = regions(graph)
    if not found:
        return model, ()
    content = schema.ModelT.InitFromPackedBuf(model)
    subgraph = content.subgraphs[0]
    code = _operator_code(content, schema.BuiltinOperator.GELU)
    for region in found:
        operator = _operator(code, [region.root], region.exit)
        operator.builtinOptionsType = schema.BuiltinOptions.GeluOptions
        operator.builtinOptions = schema.GeluOptionsT()
        subgraph.operators[region.operators[-1].index] = operator
    _drop_unread(subgraph)
    ordered = sorted(found, key=lambda region: region.operators[-1].index)
    return serialized(content), tuple(Function(region, graph.tensors) for region in ordered)


def with_tables(model: bytes, functions: Sequence[Function]) -> bytes:
    """Return an integer model whose stand-ins, in order, are tables of `functions`."""
    if not functions:
        return model
    graph = read_model(model).main
    content = schema.ModelT.InitFromPackedBuf(model)
    waiting = iter(functions)
    operators = []
    for operator, read in zip(content.subgraphs[0].operators, graph.operators, strict=True):
        if read.op == STAND_IN:
            source, answer = graph.tensors[read.inputs[0]], graph.tensors[read.outputs[0]]
            operators += _replaced(content, next(waiting), source, answer)
        else:
            operators.append(operator)
    content.subgraphs[0].operators = operators
    return serialized(content)


def _replaced(content: Any, function: Function, source: Tensor, answer: Tensor) -> list[Any]:
    """Return the operators that take a stand-in's place, their tensors added to the model."""
    codes = schema.BuiltinOperator
    if function.is_elu:
        elu = _operator_code(content, codes.ELU)
        return [_operator(elu, [source.index], answer.index)]
    first = _add_constant(content, np.array([_FIRST], np.int32), schema.TensorType.INT32, "first")
    values = _table(function, source, answer)
    table = _add_constant(content, values, schema.TensorType.INT8, f"{answer.name}/table")
    subgraph = content.subgraphs[0]
    subgraph.tensors[table].quantization = subgraph.tensors[answer.index].quantization
    signed, index = (_add_index(subgraph, source, part) for part in ("integer", "index"))
    return [
        _operator(_operator_code(content, codes.CAST), [source.index], signed),
        _operator(_operator_code(content, codes.ADD), [signed, first], index),
        _operator(_operator_code(content, codes.GATHER), [table, index], answer.index),
    ]


def _table(function: Function, source: Tensor, answer: Tensor) -> NDArray[np.int8]:
    """Return the integers of `answer` by those of `source`, from -128 on."""
    steps, zero = _scale(source)
    values = np.nan_to_num(function.at((_INT8 - zero) * np.float64(steps)), nan=0.0)
    out_steps, out_zero = _scale(answer)
    rounded = np.clip(np.rint(values / out_steps) + out_zero, -_FIRST, _FIRST - 1)
    return rounded.astype(np.int8)  # type: ignore[no-any-return]


def _scale(tensor: Tensor) -> tuple[float, int]:
    if tensor.quantization is None or tensor.type != "INT8":
        raise ValueError(f"{tensor.name}: {tensor.type} where a table needs INT8")
    return tensor.quantization.scales[0], tensor.quantization.zero_points[0]


def _add_constant(content: Any, values: NDArray[Any], kind: int, name: str) -> int:
    content.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
    shape, buffer = np.array(values.shape, np.int32), len(content.buffers) - 1
    return _add_tensor(content.subgraphs[0], shape=shape, type=kind, buffer=buffer, name=name)


def _add_index(subgraph: Any, source: Tensor, part: str) -> int:
    shape = np.array(source.shape, np.int32)
    kind = schema.TensorType.INT32
    return _add_tensor(subgraph, shape=shape, type=kind, buffer=0, name=f"{source.name}/{part}")


def _add_tensor(subgraph: Any, **fields: Any) -> int:
    subgraph.tensors.append(schema.TensorT(**fields))
    return len(subgraph.tensors) - 1


def _operator(code: int, inputs: Sequence[int], output: int) -> Any:
    return schema.OperatorT(
        opcodeIndex=code,
        inputs=np.array(inputs, np.int32),
        outputs=np.array([output], np.int32),
    )


def _operator_code(content: Any, code: int) -> int:
    """Return the index of an operator's code, added if the model has none."""
    for index, known in enumerate(content.operatorCodes):
        if max(known.builtinCode, known.deprecatedBuiltinCode) == code:
            return index
    deprecated = min(code, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    content.operatorCodes.append(
        schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=deprecated, version=1)
    )
    return len(content.operatorCodes) - 1


def _drop_unread(subgraph: Any) -> None:
    """Leave out operators whose outputs nothing reads any more."""
    needed = set(map(int, subgraph.outputs))
    kept = []
    for operator in reversed(subgraph.operators):
        if needed.intersection(map(int, operator.outputs)):
            kept.append(operator)
            needed.update(map(int, operator.inputs))
    subgraph.operators = kept[::-1]
