"""How two inputs of one operator are walked through where one is repeated."""

from collections.abc import Sequence

from edgecompress.program.node import Node
from edgecompress.tflite.graph import Tensor

# kEcBroadcastAxes of templates/c/kernels/broadcast.h.
_AXES = 5

Shape = tuple[int, ...]


def broadcast_fields(
    node: Node, one: Tensor, two: Tensor, output: Tensor
) -> tuple[int | Sequence[int], ...]:
    """Return the fields of an EcBroadcast, in order."""
    axes = _merged(_padded(one.shape, output.shape), _padded(two.shape, output.shape), output.shape)
    if len(axes) - 1 > _AXES:
        raise node.refuse(
            f"its inputs are repeated along {len(axes)} axes; {_AXES + 1} are the most"
        )
    run, step1, step2 = axes[-1] if axes else (1, 1, 1)
    outer = [(1, 0, 0)] * (_AXES - max(len(axes) - 1, 0)) + list(axes[:-1])
    strides1, strides2 = _strides(axes, 1), _strides(axes, 2)
    fill = [0] * (_AXES - max(len(axes) - 1, 0))
    extents = [extent for extent, _, _ in outer]
    return run, step1, step2, extents, fill + strides1, fill + strides2


def _padded(shape: Shape, to: Shape) -> Shape:
    return (1,) * (len(to) - len(shape)) + shape


def _merged(one: Shape, two: Shape, output: Shape) -> list[tuple[int, int, int]]:
    """Return (extent, varies in one, varies in two) of axes, equal neighbours made one."""
    axes: list[tuple[int, int, int]] = []
    for extent, a, b in zip(output, one, two, strict=True):
        if extent == 1:
            continue
        varies = (int(a != 1), int(b != 1))
        if axes and axes[-1][1:] == varies:
            axes[-1] = (axes[-1][0] * extent, *varies)
        else:
            axes.append((extent, *varies))
    return axes


def _strides(axes: list[tuple[int, int, int]], which: int) -> list[int]:
    """Return the stride of each axis but the last, in elements of input 1 or 2; 0 if repeated."""
    strides, stride = [], 1
    for axis in reversed(axes):
        strides.append(stride if axis[which] else 0)
        stride *= axis[0] if axis[which] else 1
    return strides[:0:-1]
