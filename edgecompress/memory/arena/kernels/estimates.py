"""Upper estimates for kernels whose allocations are not modelled to the byte.

Signal operators keep state sized by options in their own encoding. Each bound says what it rests
on, and is meant never to lie below TFLM.
"""

from collections.abc import Iterable, Mapping
from math import prod

from edgecompress.memory.arena.requests import Kernel, Node, Persistent, Request, Scratch

_PARAMETERS = (112, 112, 128)  # no signal operator's parameters are larger
_SIGNAL_TENSORS = "i0 i1 i2 i3 i4 i5 o0 o1"
# kiss_fft of n/2 points and its real wrapper: 8 bytes an element for 1.25 n elements, and factors.
_FFT_BYTES_PER_POINT, _FFT_BYTES = 12, 640
_CIRCULAR_BUFFER = (24, 24, 40)  # and 4 bytes for each sample it holds


def _tensor_elements(node: Node) -> int:
    names = (*node.operator.inputs, *node.operator.outputs)
    return sum(node.tensors[i].elements for i in names if i >= 0)


def _signal_state(node: Node) -> Iterable[Request]:
    """Hold every element of inputs and outputs as 8 bytes, in up to one buffer for each row."""
    yield from node.inspect(_SIGNAL_TENSORS)
    image = node.need(node.input(0), "input")
    rows = prod(image.shape[:-1])
    for _ in range(rows):
        yield Persistent(node.target.pick(_CIRCULAR_BUFFER))
    yield Persistent(rows * node.target.pointer_bytes)
    yield Persistent(rows * node.target.pointer_bytes)
    yield Persistent(8 * _tensor_elements(node) + 16 * rows + 512)


def _fourier(node: Node) -> Iterable[Request]:
    points = 2 * max(node.tensors[i].elements for i in (*node.operator.inputs[:1],))
    output = node.need(node.output(0), "output").elements
    points = max(points, output + 2)
    yield from node.inspect("i0 o0")
    yield Persistent(_FFT_BYTES_PER_POINT * points + _FFT_BYTES)
    yield Scratch(4 * points)


def _detection_postprocess(node: Node) -> Iterable[Request]:
    """Follow kernels/detection_postprocess.cc, with its options read from the model."""
    from flatbuffers import flexbuffers

    yield from node.inspect("i0 i1 i2")
    boxes = node.need(node.input(0), "boxes").shape[1]
    scores = node.need(node.input(1), "class predictions").shape
    options = flexbuffers.Loads(node.operator.custom_options)
    most, classes = int(options["max_detections"]), int(options["num_classes"])
    yield Scratch(boxes)
    yield Scratch(boxes * 4 * 4)
    yield Scratch(scores[1] * scores[2] * 4)
    yield Scratch(boxes * 4)
    yield Scratch(boxes * 4)
    yield Scratch(most * boxes * 4)
    yield Scratch(most * boxes * 4)
    yield Scratch(boxes * 4)
    yield Scratch(most * boxes * 4)
    yield Scratch(max(classes, most) * boxes * 4)
    yield Scratch(min(boxes, most) * boxes * 4)


SIGNAL: Mapping[str, Kernel] = {
    **{
        f"CUSTOM:Signal{name}": Kernel(_PARAMETERS, _signal_state, exact=False)
        for name in (
            "Delay", "Energy", "FftAutoScale", "FilterBank", "FilterBankLog",
            "FilterBankSpectralSubtraction", "FilterBankSquareRoot", "Framer", "OverlapAdd",
            "PCAN", "Stacker", "Window",
        )
    },
    "CUSTOM:SignalIrfft": Kernel(_PARAMETERS, _fourier, exact=False),
    "CUSTOM:SignalRfft": Kernel(_PARAMETERS, _fourier, exact=False),
    "CUSTOM:TFLite_Detection_PostProcess": Kernel((112, 112, 112), _detection_postprocess),
}  # fmt: skip
