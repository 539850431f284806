"""Small .tflite models, built in code with the schema's own object API."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def tensor(name: str, shape: tuple[int, ...], type_: str, buffer: int = 0, **scale: Any) -> Any:
    made = schema.TensorT()
    made.name = name.encode()
    made.shape = list(shape)
    made.type = getattr(schema.TensorType, type_)
    made.buffer = buffer
    if scale:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = [scale["scale"]]
        made.quantization.zeroPoint = [scale["zero_point"]]
    return made


def model_bytes(
    tensors: list[Any], operators: list[tuple[int, list[int], list[int], int, Any]],
    inputs: list[int], outputs: list[int], buffers: list[bytes],
) -> bytes:  # fmt: skip
    """Operators are (builtin code, inputs, outputs, type of the options, options)."""
    codes = sorted({code for code, *_ in operators})
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes = []
    for code in codes:
        entry = schema.OperatorCodeT()
        entry.builtinCode = code
        entry.deprecatedBuiltinCode = min(code, 127)
        entry.version = 1
        model.operatorCodes.append(entry)
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = tensors, inputs, outputs
    graph.operators = []
    for code, taken, given, options_type, options in operators:
        operator = schema.OperatorT()
        operator.opcodeIndex = codes.index(code)
        operator.inputs, operator.outputs = taken, given
        operator.builtinOptionsType, operator.builtinOptions = options_type, options
        graph.operators.append(operator)
    model.subgraphs = [graph]
    model.buffers = []
    for content in (b"", *buffers):
        buffer = schema.BufferT()
        if content:
            buffer.data = np.frombuffer(content, np.uint8)
        model.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def dense_model(name: str = "input", units: int = 3, features: int = 8) -> bytes:
    """A dense int8 layer with fixed weights: [1, features] -> [1, units]."""
    random = np.random.default_rng(7)
    weights = random.integers(-127, 128, (units, features), np.int8)
    bias = random.integers(-500, 500, units).astype(np.int32)
    tensors = [
        tensor(name, (1, features), "INT8", scale=0.05, zero_point=3),
        tensor("weights", (units, features), "INT8", 1, scale=0.01, zero_point=0),
        tensor("bias", (units,), "INT32", 2, scale=0.0005, zero_point=0),
        tensor("scores", (1, units), "INT8", scale=0.1, zero_point=-5),
    ]
    options = schema.FullyConnectedOptionsT()
    code = schema.BuiltinOperator.FULLY_CONNECTED
    kind = schema.BuiltinOptions.FullyConnectedOptions
    return model_bytes(
        tensors, [(code, [0, 1, 2], [3], kind, options)], [0], [3],
        [weights.tobytes(), bias.tobytes()],
    )  # fmt: skip


def add_model(type_: str = "INT8", shape: tuple[int, ...] = (1, 6)) -> bytes:
    """The sum of two inputs; of INT8, INT16 or FLOAT32."""
    scale = {} if type_ == "FLOAT32" else {"scale": 0.1, "zero_point": 0}
    tensors = [tensor(name, shape, type_, **scale) for name in ("left", "right", "sum")]
    code, kind = schema.BuiltinOperator.ADD, schema.BuiltinOptions.AddOptions
    return model_bytes(tensors, [(code, [0, 1], [2], kind, schema.AddOptionsT())], [0, 1], [2], [])


def reshape_model(elements: int = 12) -> bytes:
    """An int8 model whose output is its input: [1, elements] -> [1, elements]."""
    tensors = [
        tensor("in", (1, elements), "INT8", scale=0.1, zero_point=4),
        tensor("shape", (2,), "INT32", 1),
        tensor("out", (1, elements), "INT8", scale=0.1, zero_point=4),
    ]
    options = schema.ReshapeOptionsT()
    options.newShape = [1, elements]
    code, kind = schema.BuiltinOperator.RESHAPE, schema.BuiltinOptions.ReshapeOptions
    shape = np.array([1, elements], np.int32).tobytes()
    return model_bytes(tensors, [(code, [0, 1], [2], kind, options)], [0], [2], [shape])
