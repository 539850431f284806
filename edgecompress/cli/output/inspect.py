"""Tables and the timeline of `edgecompress inspect`, for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgecompress.memory.arena.plan import Arena
from edgecompress.memory.arena.timeline import Step, draw, numbered, symbol
from edgecompress.tflite.summary import ModelSummary, TensorSummary

_BAR_COLUMNS = (24, 64)  # least and most, as wide as the terminal allows
_BESIDE_BAR = 58
_NAME_COLUMNS = 36


def show(
    path: Path,
    summary: ModelSummary,
    arena: Arena | None,
    life: Sequence[Step] | None,
    checked: Mapping[str, Any] | None,
) -> None:
    """Print everything `inspect` knows of a model."""
    console = Console()
    console.print(
        f"{path}: {summary.bytes:,} bytes, {summary.parameters:,} parameters "
        f"({summary.parameter_bytes:,} bytes), {summary.macs:,} multiply-accumulates",
        highlight=False,
    )
    for role, tensors in (("input", summary.inputs), ("output", summary.outputs)):
        for tensor in tensors:
            console.print(f"{role}: {tensor.name} {_shape(tensor)} {_scale(tensor)}", markup=False,
                          highlight=False)  # fmt: skip
    console.print(_operators(summary))
    if arena and life:
        _show_arena(console, arena, life)
    if checked:
        differences = len(checked["differences"])
        console.print(
            f"verified: {checked['comparisons'] - differences} of {checked['comparisons']} "
            "figures agree with TFLM's interpreter on this computer",
            highlight=False,
        )


def _operators(summary: ModelSummary) -> Table:
    table = Table(title="operators")
    for column in ("#", "operator", "input", "output", "scale of output"):
        table.add_column(column, justify="right" if column == "#" else "left")
    for column in ("parameters", "MACs"):
        table.add_column(column, justify="right")
    for operator in summary.operators:
        name = operator.op.removeprefix("CUSTOM:")
        values = [_shape(tensor) for tensor in operator.inputs if not tensor.constant]
        table.add_row(
            str(operator.index) if not operator.subgraph
            else f"{operator.subgraph}:{operator.index}",
            f"{name} + {operator.activation}" if operator.activation else name,
            "\n".join(values),
            "\n".join(_shape(tensor) for tensor in operator.outputs),
            "\n".join(_scale(tensor) for tensor in operator.outputs),
            f"{operator.parameters:,}" if operator.parameters else "",
            f"{operator.macs:,}" if operator.macs else "",
        )  # fmt: skip
    return table


def _shape(tensor: TensorSummary) -> str:
    return f"{'x'.join(map(str, tensor.shape)) or 'scalar'} {tensor.type.lower()}"


def _scale(tensor: TensorSummary) -> str:
    if tensor.scale is None:
        return ""
    more = f" and {tensor.channels - 1} more" if tensor.channels > 1 else ""
    return f"{tensor.scale:.6g} zero {tensor.zero_point}{more}"


def _show_arena(console: Console, arena: Arena, life: Sequence[Step]) -> None:
    console.print(
        f"arena ({arena.basis}): {arena.min_bytes:,} bytes needed, {arena.used_bytes:,} used: "
        f"head {arena.head_bytes:,}, tail {arena.tail_bytes:,}",
        highlight=False,
    )
    for reason in arena.why_estimated:
        console.print(f"estimated: {reason}", markup=False, highlight=False)
    least, most = _BAR_COLUMNS
    console.print(_timeline(arena, life, min(max(console.width - _BESIDE_BAR, least), most)))
    console.print(_buffers(arena))


def _timeline(arena: Arena, life: Sequence[Step], width: int) -> Table:
    """Return one row for each operator: what lives in the head, * where the head is full."""
    table = Table(title=f"head over time, {arena.head_bytes:,} bytes wide")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("operator", no_wrap=True, overflow="ellipsis")
    table.add_column("live", justify="right", no_wrap=True)
    table.add_column("gaps", justify="right", no_wrap=True)
    table.add_column("free", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("head", no_wrap=True, min_width=width)
    numbers = numbered(arena)
    for step in life:
        free = sum(gap.bytes for gap in step.gaps)
        table.add_row(
            "" if step.operator is None else str(step.operator),
            step.op.removeprefix("CUSTOM:"),
            f"{step.live_bytes:,}",
            str(len(step.gaps)) if free else "",
            f"{free:,}" if free else "",
            "*" if step.peak else "",
            Text(draw(arena, step, width, numbers)),
        )
    return table


def _short(name: str) -> str:
    """Return the first of the layers that a converter fused into one name, if too long its end."""
    first = name.partition(";")[0]
    return first if len(first) <= _NAME_COLUMNS else "…" + first[1 - _NAME_COLUMNS :]


def _buffers(arena: Arena) -> Table:
    table = Table(title="buffers in the head")
    table.add_column("sign")
    table.add_column("buffer", no_wrap=True, overflow="ellipsis")
    for column in ("bytes", "offset", "from", "to"):
        table.add_column(column, justify="right")
    for number, buffer in enumerate(arena.buffers):
        table.add_row(
            symbol(number), Text(_short(buffer.name)), f"{buffer.size_bytes:,}",
            f"{buffer.offset_bytes:,}", str(buffer.first), str(buffer.last),
        )  # fmt: skip
    return table
