"""Edits of a .tflite in place: ranges of a calibrated float model, weights of a quantized one.

Nothing changes its size, so that the file keeps its structure and the alignment of its buffers,
which a flatbuffer packed anew by Python would lose.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.quantize.scales import Range, pow2_scales
from edgecompress.tflite.reader import read_model

_HIGHEST = 127
_LSTM_INPUTS, _LSTM_BIASES = 24, 12  # how many inputs, and where the biases of its gates begin
_COPYING = frozenset(
    {"AVERAGE_POOL_2D", "MAX_POOL_2D", "RESHAPE", "SLICE", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE"}
)


def activation_ranges(calibrated: bytes) -> dict[str, Range]:
    """Return the range of each tensor that has one, by name."""
    return {
        tensor.Name().decode(): (float(q.Min(0)), float(q.Max(0)))
        for tensor, q in _quantized(calibrated)
        if q.MinLength() == 1
    }


def inner_tensors(model: bytes) -> set[str]:
    """Return the names of the tensors that are neither inputs nor outputs of the model.

    Clipping those two would change what the user sees.
    """
    subgraph = schema.Model.GetRootAs(model, 0).Subgraphs(0)
    outer = {*subgraph.InputsAsNumpy().tolist(), *subgraph.OutputsAsNumpy().tolist()}
    return {
        subgraph.Tensors(index).Name().decode()
        for index in range(subgraph.TensorsLength())
        if index not in outer
    }


def along_copies(calibrated: bytes, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Return the ranges with those of copying operators' outputs set to their inputs'.

    Their int8 kernels do not rescale. Elsewhere the quantizer would have to choose between two
    ranges, or add QUANTIZE operators.
    """
    chosen = dict(ranges)
    graph = read_model(calibrated).main
    for operator in graph.operators:
        source = chosen.get(graph.tensors[operator.inputs[0]].name)
        if operator.op in _COPYING and source is not None:
            chosen |= {graph.tensors[index].name: source for index in operator.outputs}
    return chosen


def with_ranges(calibrated: bytes, ranges: Mapping[str, Range]) -> bytes:
    """Return a calibrated float model with the ranges of the tensors named in `ranges`."""
    edited = bytearray(calibrated)
    for tensor, q in _quantized(edited):
        chosen = ranges.get(tensor.Name().decode())
        if chosen is not None and q.MinLength() == 1:
            q.MinAsNumpy()[:], q.MaxAsNumpy()[:] = chosen
    return bytes(edited)


def with_constant(model: bytes, index: int, values: NDArray[Any]) -> bytes:
    """Return a model whose constant tensor `index` holds `values`, of its own shape and type."""
    edited = bytearray(model)
    root = schema.Model.GetRootAs(edited, 0)
    tensor = root.Subgraphs(0).Tensors(index)
    _values(root, tensor, values.dtype.type)[...] = values
    return bytes(edited)


def with_pow2_weights(quantized: bytes, calibrated: bytes) -> bytes:
    """Return an int8 model whose constants are rounded anew, to scales that are powers of two.

    Its activations must have such scales already. w' = round(w * 2^p), per tensor or channel as
    the converter had it, from the float values of `calibrated`; biases stay int32, with the
    product of input and weight scale.
    """
    edited = bytearray(quantized)
    model = schema.Model.GetRootAs(edited, 0)
    floats = {
        tensor.Name().decode(): _values(model_, tensor, np.float32)
        for model_, tensor in _tensors(calibrated)
        if tensor.Type() == schema.TensorType.FLOAT32
    }
    scales: dict[int, NDArray[np.float64]] = {}  # by buffer, which tensors may share
    for _, tensor in _tensors(edited):
        if tensor.Type() == schema.TensorType.INT8 and _holds_values(model, tensor):
            _round_anew(model, tensor, floats.get(tensor.Name().decode()), scales)
    subgraph = model.Subgraphs(0)
    for index in range(subgraph.OperatorsLength()):
        _rescale_bias(model, subgraph, subgraph.Operators(index))
    return bytes(edited)


def _round_anew(
    model: Any,
    tensor: Any,
    wanted: NDArray[np.float32] | None,
    scales: dict[int, NDArray[np.float64]],
) -> None:
    """Round a constant to scales of powers of two; once, if its buffer is shared."""
    q = tensor.Quantization()
    if tensor.Buffer() not in scales:
        stored = _values(model, tensor, np.int8)
        old = _by_channel(q.ScaleAsNumpy().astype(np.float64), q, stored.ndim)
        zero_point = _by_channel(q.ZeroPointAsNumpy(), q, stored.ndim)
        real = (stored - zero_point) * old
        # The converter may have merged equal constants under one name: check before believing it.
        if wanted is not None and wanted.shape == real.shape:
            near = np.abs(wanted - real) <= old
            real = np.where(near, wanted, real)
        if q.ScaleLength() == 1:
            largest = np.abs(real).max(keepdims=True).reshape(1)
        else:
            others = tuple(axis for axis in range(real.ndim) if axis != q.QuantizedDimension())
            largest = np.abs(real).max(axis=others)
        new = pow2_scales(largest)
        steps = np.round(real / _by_channel(new, q, stored.ndim))
        stored[...] = np.clip(steps, -_HIGHEST, _HIGHEST).astype(np.int8)
        scales[tensor.Buffer()] = new
    q.ScaleAsNumpy()[:] = scales[tensor.Buffer()]
    q.ZeroPointAsNumpy()[:] = 0


def _rescale_bias(model: Any, subgraph: Any, operator: Any) -> None:
    """Give each int32 bias of an operator the product of its input's and its weights' scales."""
    inputs = [subgraph.Tensors(i) if i >= 0 else None for i in operator.InputsAsNumpy().tolist()]
    for place, bias in enumerate(inputs):
        if bias is None or bias.Type() != schema.TensorType.INT32 or not _is_scaled(bias):
            continue
        others = [inputs[index] for index in _factors(place, len(inputs))]
        factors = [
            other.Quantization().ScaleAsNumpy().astype(np.float64)
            for other in others
            if other is not None and _is_scaled(other)
        ]
        new = np.prod(np.broadcast_arrays(*factors), axis=0)
        scale = bias.Quantization().ScaleAsNumpy()
        stored = _values(model, bias, np.int32)
        stored[...] = np.round(stored * (scale.astype(np.float64) / new)).astype(np.int32)
        scale[:] = new


def _factors(bias: int, inputs: int) -> list[int]:
    """Return which inputs of an operator the scale of its bias is the product of.

    All others; but an LSTM has a bias for each gate, to the weights of its input.
    """
    if inputs == _LSTM_INPUTS:
        return [0, bias - _LSTM_BIASES + 1]
    return [index for index in range(inputs) if index != bias]


def _tensors(content: bytes | bytearray) -> Iterator[tuple[Any, Any]]:
    """Yield (model, tensor) for each tensor of the first subgraph."""
    model = schema.Model.GetRootAs(content, 0)
    subgraph = model.Subgraphs(0)
    for index in range(subgraph.TensorsLength()):
        yield model, subgraph.Tensors(index)


def _quantized(content: bytes | bytearray) -> Iterator[tuple[Any, Any]]:
    """Yield (tensor, its quantization) of each tensor that has one."""
    for _, tensor in _tensors(content):
        if tensor.Quantization() is not None:
            yield tensor, tensor.Quantization()


def _is_scaled(tensor: Any) -> bool:
    return tensor.Quantization() is not None and tensor.Quantization().ScaleLength() > 0


def _holds_values(model: Any, tensor: Any) -> bool:
    return _is_scaled(tensor) and model.Buffers(tensor.Buffer()).DataLength() > 0


def _values(model: Any, tensor: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """Return a constant's values in its shape, as a view into the file; empty for none."""
    buffer = model.Buffers(tensor.Buffer())
    if not buffer.DataLength():
        return np.zeros(0, dtype)
    view: NDArray[Any] = buffer.DataAsNumpy().view(dtype)
    return view.reshape(tensor.ShapeAsNumpy() if tensor.ShapeLength() else ())


def _by_channel(values: NDArray[Any], q: Any, rank: int) -> NDArray[Any]:
    """Return one value per channel (or one in all) in a shape that broadcasts with the tensor."""
    shape = [1] * rank
    if len(values) > 1:
        shape[q.QuantizedDimension()] = len(values)
    return values.reshape(shape)
