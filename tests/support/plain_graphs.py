"""Models as plain values, of any size, for tests that need no file."""

from edgecompress.tflite.graph import Graph, Operator, Quantization, Subgraph, Tensor

_SCALE = Quantization((0.1,), (0,), 0)


def adds(elements: int, count: int = 1, size_bytes: int = 1000, *, float_io: bool = False) -> Graph:
    """Return `count` ADD operators in a row on int8 vectors; each adds its input to itself.

    With `float_io` a QUANTIZE stands before them and a DEQUANTIZE behind them.
    """
    shape = (1, elements)
    tensors = [_tensor(index, "INT8", shape) for index in range(count + 1)]
    operators = [Operator(i, "ADD", 1, (i, i), (i + 1,)) for i in range(count)]
    first, last = 0, count
    if float_io:
        tensors += [_tensor(count + 1, "FLOAT32", shape), _tensor(count + 2, "FLOAT32", shape)]
        operators = [
            Operator(0, "QUANTIZE", 1, (count + 1,), (0,)),
            *(Operator(op.index + 1, op.op, 1, op.inputs, op.outputs) for op in operators),
            Operator(count + 1, "DEQUANTIZE", 1, (count,), (count + 2,)),
        ]
        first, last = count + 1, count + 2
    main = Subgraph("main", tuple(tensors), tuple(operators), (first,), (last,))
    return Graph(size_bytes, "0" * 64, (main,))


def _tensor(index: int, kind: str, shape: tuple[int, ...]) -> Tensor:
    quantization = _SCALE if kind == "INT8" else None
    return Tensor(index, f"layer_{index}/out", kind, shape, 0, quantization=quantization)
