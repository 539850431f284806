"""How the shapes and options of operators with weights or windows must go together.

Rules as in `relations`. Source: the Prepare functions of tensorflow/lite/kernels.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from edgecompress.tflite.checks.case import Case, Rule, Shape

_LARGEST_STEP = 1 << 15  # of a stride or a dilation: kernels keep them in 16 bits
_QUANTIZED = ("INT8", "INT4")
_LSTM_GATES, _LSTM_CELL = 4, 19


def _conv(case: Case) -> Iterator[str]:
    image, weights, out = case.shape(0), case.shape(1), case.output()
    groups = image[3] // weights[3] if weights[3] else 0
    if not groups or image[3] % weights[3] or weights[0] % groups or weights[0] != out[3]:
        yield f"makes {list(out)} of {list(image)} by weights of {list(weights)}"
    yield from _weights(case, 2, weights[0])
    yield from _window(case, image, out, weights[1:3])


def _depthwise(case: Case) -> Iterator[str]:
    image, weights, out = case.shape(0), case.shape(1), case.output()
    if not image[3] or weights[0] != 1 or weights[3] % image[3] or weights[3] != out[3]:
        yield f"makes {list(out)} of {list(image)} by weights of {list(weights)}"
    yield from _weights(case, 2, weights[3])
    yield from _window(case, image, out, weights[1:3])


def _transposed(case: Case) -> Iterator[str]:
    weights, image, out = case.shape(1), case.shape(2), case.output()
    if image[3] != weights[3] or weights[0] != out[3] or image[0] != out[0]:
        yield f"makes {list(out)} of {list(image)} by weights of {list(weights)}"
    yield from _weights(case, 3, weights[0])
    yield from _window(case, out, image, weights[1:3])  # the other way round


def _pool(case: Case) -> Iterator[str]:
    image, out = case.shape(0), case.output()
    if image[3] != out[3]:
        yield f"makes {list(out)} of {list(image)}"
    kernel = case.option("filter_height"), case.option("filter_width")
    yield from _window(case, image, out, kernel)


def _window(case: Case, image: Shape, out: Shape, kernel: Sequence[int]) -> Iterator[str]:
    padding = case.operator.options.get("padding")
    if padding not in ("SAME", "VALID"):
        yield f"has the padding {padding}"
    if image[0] != out[0]:
        yield f"makes {out[0]} images of {image[0]}"
    for axis, place in (("h", 1), ("w", 2)):
        stride = case.option(f"stride_{axis}")
        dilation = case.option(f"dilation_{axis}_factor", 1) or 1
        size = kernel[place - 1]
        if not (0 < stride < _LARGEST_STEP and 0 < dilation < _LARGEST_STEP):
            yield f"has a stride of {stride} and a dilation of {dilation}"
            return
        if not 0 < size < _LARGEST_STEP:
            yield f"has a window of {list(kernel)}"
        reach = (size - 1) * dilation if padding == "VALID" else 0
        if out[place] != -(-(image[place] - reach) // stride):
            yield (
                f"makes {list(out)} of {list(image)} by windows of {list(kernel)} with a stride of "
                f"{stride}, a dilation of {dilation}, {padding} padding"
            )


def _weights(case: Case, bias: int, channels: int) -> Iterator[str]:
    """Check the scales of weights, which are input 1, and the biases."""
    weights = case.tensor(1)
    if weights is not None and weights.type in _QUANTIZED:
        scales = len(weights.quantization.scales) if weights.quantization else 0
        if scales not in (1, channels):
            yield f"has weights of {scales} scales for {channels} channels"
    yield from _bias(case, bias, channels)


def _bias(case: Case, place: int, channels: int) -> Iterator[str]:
    if case.tensor(place) is not None and prod(case.shape(place)) != channels:
        yield f"has {prod(case.shape(place))} biases for {channels} channels"


def _dense(case: Case) -> Iterator[str]:
    values, weights, out = prod(case.shape(0)), case.shape(1), case.output()
    if not weights[1] or values % weights[1] or values // weights[1] * weights[0] != prod(out):
        yield f"makes {list(out)} of {list(case.shape(0))} by weights of {list(weights)}"
    yield from _weights(case, 2, weights[0])


def _matrices(case: Case) -> Iterator[str]:
    left, right, out = list(case.shape(0)), list(case.shape(1)), list(case.output())
    if case.option("adj_x"):
        left[-2:] = left[:-3:-1]
    if case.option("adj_y"):
        right[-2:] = right[:-3:-1]
    if left[-1] != right[-2] or out[-2:] != [left[-2], right[-1]]:
        yield f"makes {out} of {list(case.shape(0))} times {list(case.shape(1))}"


def _svdf(case: Case) -> Iterator[str]:
    (batch, features), (filters, width), (rows, memory) = (case.shape(i) for i in range(3))
    rank, units = case.option("rank"), case.output()[-1]
    if not 0 < rank <= filters or units * rank != filters or rows != filters or width != features:
        yield f"has {filters} filters of rank {rank} for {units} units"
    yield from _bias(case, 3, units)
    if prod(case.shape(4)) != batch * memory * filters:
        yield f"keeps {prod(case.shape(4))} values of {batch} times {filters} filters"


def _lstm(case: Case) -> Iterator[str]:
    sequence, out = case.shape(0), case.output()
    if sequence[:2] != out[:2]:
        yield f"makes {list(out)} of {list(sequence)}"
    for gate in range(1, _LSTM_GATES + 1):
        wanted = {gate: (out[2], sequence[2]), gate + _LSTM_GATES: (out[2], out[2])}
        for place, shape in wanted.items():
            if case.tensor(place) is not None and case.shape(place) != shape:
                yield f"has weights of {list(case.shape(place))} as input {place}"
        yield from _bias(case, 11 + gate, out[2])
    batch = sequence[1 if case.option("time_major") else 0]
    for place in (_LSTM_CELL - 1, _LSTM_CELL):
        if prod(case.shape(place)) != batch * out[2]:
            yield f"keeps a state of {list(case.shape(place))}"


RULES: Mapping[str, Sequence[Rule]] = {
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), (_pool,)),
    "BATCH_MATMUL": (_matrices,),
    "CONV_2D": (_conv,),
    "DEPTHWISE_CONV_2D": (_depthwise,),
    "FULLY_CONNECTED": (_dense,),
    "SVDF": (_svdf,),
    "TRANSPOSE_CONV": (_transposed,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (_lstm,),
}
