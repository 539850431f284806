"""Which rows of an image each layer must see, so that some rows of a later layer come out right.

A strip of rows runs through a chain of layers as a tensor of its own. Windows that reach over its
edge see padding instead of the neighbours there: such rows are wrong, and are cut off at the end.
Source of the padding's rule: ComputePaddingWithOffset in tensorflow/lite/kernels/padding.h.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgecompress.tflite.graph import Operator, Subgraph

_POINTWISE = frozenset(
    {"RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "TANH", "HARD_SWISH", "ELU", "ABS", "PRELU"}
)
_SUMS = frozenset({"ADD", "MUL", "SUB"})


@dataclass(frozen=True)
class Rows:
    """Rows `first` to `end` of an image, of which those from `right` to `right_end` are right."""

    first: int
    end: int
    right: int
    right_end: int

    def holds(self, first: int, end: int) -> bool:
        """Say whether all of some rows are right."""
        return self.right <= first and end <= self.right_end


@dataclass(frozen=True)
class Window:
    """Rows that an output row is made of: `kernel` of them (dilation included), every `stride`."""

    kernel: int
    stride: int
    same: bool
    rows_in: int
    rows_out: int

    def padding(self, rows_in: int, rows_out: int) -> int:
        """Return the rows of padding above an image."""
        if not self.same:
            return 0
        return max((rows_out - 1) * self.stride + self.kernel - rows_in, 0) // 2

    def needed(self, first: int, end: int) -> tuple[int, int]:
        """Return the input rows that some output rows are made of."""
        start = first * self.stride - self.padding(self.rows_in, self.rows_out)
        stop = start + (end - 1 - first) * self.stride + self.kernel
        return max(0, start), min(self.rows_in, stop)

    def through(self, rows: Rows) -> Rows | None:
        """Return what becomes of rows; None if they do not meet the places of the windows."""
        height = rows.end - rows.first
        count = (
            -(-height // self.stride) if self.same else (height - self.kernel) // self.stride + 1
        )
        if count <= 0:
            return None
        above = self.padding(self.rows_in, self.rows_out)
        shift = rows.first + above - self.padding(height, count)
        first, off = divmod(shift, self.stride)
        if off or first < 0:
            return None
        right = [
            row
            for row in range(first, min(first + count, self.rows_out))
            if self._is_right(row * self.stride - above, rows)
        ]
        if not right or right[-1] - right[0] + 1 != len(right):
            return None
        return Rows(first, first + count, right[0], right[-1] + 1)

    def _is_right(self, start: int, rows: Rows) -> bool:
        stop = start + self.kernel
        below = stop <= self.rows_in or rows.end == self.rows_in
        return below and rows.holds(max(0, start), min(self.rows_in, stop))


@dataclass(frozen=True)
class Border:
    """PAD: rows of zero points above and below."""

    above: int
    below: int
    rows_in: int

    def needed(self, first: int, end: int) -> tuple[int, int]:
        """Return the input rows behind some output rows; at least one."""
        start = min(max(0, first - self.above), self.rows_in - 1)
        return start, max(start + 1, min(self.rows_in, end - self.above))

    def kept(self, rows: Rows) -> tuple[int, int]:
        """Return the border that a strip gets: only where it is at the image's own."""
        return (
            self.above if rows.first == 0 else 0,
            self.below if rows.end == self.rows_in else 0,
        )

    def through(self, rows: Rows) -> Rows | None:
        """Return the rows with the border that they get."""
        above, below = self.kept(rows)
        first = rows.first + self.above - above
        end = rows.end + self.above + below
        right = first if rows.right == 0 == rows.first else rows.right + self.above
        is_last = rows.right_end == rows.end == self.rows_in
        return Rows(first, end, right, end if is_last else rows.right_end + self.above)


@dataclass(frozen=True)
class Pointwise:
    """A layer that makes each row of the same rows of all its inputs."""

    def needed(self, first: int, end: int) -> tuple[int, int]:
        """Return the same rows."""
        return first, end

    def through(self, rows: Rows) -> Rows | None:
        """Return the same rows."""
        return rows


Rule = Window | Border | Pointwise


def rule_of(subgraph: Subgraph, operator: Operator) -> Rule | None:
    """Return how rows go through an operator; None where they cannot be told apart."""
    tensors = subgraph.tensors
    image, output = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
    if not _is_image(image.shape) or not _is_image(output.shape):
        return None
    if operator.op == "PAD":
        return _border(subgraph, operator)
    if operator.op in _POINTWISE or operator.op in _SUMS:
        return Pointwise() if _keeps_rows(subgraph, operator) else None
    kernel = _kernel_rows(subgraph, operator)
    if kernel is None:
        return None
    options = operator.options
    return Window(
        kernel=kernel,
        stride=options["stride_h"],
        same=options["padding"] == "SAME",
        rows_in=image.shape[1],
        rows_out=output.shape[1],
    )


def _is_image(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[0] == 1  # noqa: PLR2004 - one image: rows, columns, channels


def _kernel_rows(subgraph: Subgraph, operator: Operator) -> int | None:
    """Return the rows that a window spans, holes of dilation included."""
    if operator.op in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        return int(operator.options["filter_height"])
    if operator.op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        rows = subgraph.tensors[operator.inputs[1]].shape[1]
        return int((rows - 1) * operator.options.get("dilation_h_factor", 1) + 1)
    return None


def _border(subgraph: Subgraph, operator: Operator) -> Border | None:
    tensor = subgraph.tensors[operator.inputs[1]]
    if tensor.data is None:
        return None
    values = np.frombuffer(tensor.data, tensor.type.lower()).reshape(4, 2)
    above, below = (int(rows) for rows in values[1])
    return Border(above, below, subgraph.tensors[operator.inputs[0]].shape[1])


def _keeps_rows(subgraph: Subgraph, operator: Operator) -> bool:
    """Say whether all that is read has the output's rows, or none of its own."""
    rows = subgraph.tensors[operator.outputs[0]].shape[1]
    shapes = [subgraph.tensors[index] for index in operator.inputs]
    return all(
        tensor.shape[1] == rows and _is_image(tensor.shape)
        if tensor.data is None
        else len(tensor.shape) < 3 or tensor.shape[-3] == 1  # noqa: PLR2004 - no rows
        for tensor in shapes
    )


def needed_rows(
    rules: Sequence[tuple[Operator, Rule]], source: int, first: int, end: int
) -> tuple[int, int]:
    """Return the rows of tensor `source` that rows of the last operator's output are made of."""
    wanted = {rules[-1][0].outputs[0]: (first, end)}
    for operator, rule in reversed(rules):
        if operator.outputs[0] not in wanted:
            continue
        start, stop = rule.needed(*wanted[operator.outputs[0]])
        for tensor in operator.inputs:
            low, high = wanted.get(tensor, (start, stop))
            wanted[tensor] = min(low, start), max(high, stop)
    return wanted[source]


def rows_through(
    rules: Sequence[tuple[Operator, Rule]], source: int, rows: Rows
) -> Mapping[int, Rows] | None:
    """Return the rows of each tensor when a strip of `source` runs; None if it cannot."""
    found = {source: rows}
    for operator, rule in rules:
        read = [found[tensor] for tensor in operator.inputs if tensor in found]
        if len({(each.first, each.end) for each in read}) != 1:
            return None
        right, right_end = max(r.right for r in read), min(r.right_end for r in read)
        after = rule.through(Rows(read[0].first, read[0].end, right, right_end))
        if right >= right_end or after is None:
            return None
        found[operator.outputs[0]] = after
    return found
