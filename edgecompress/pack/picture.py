"""The arena over time as text: operators across, bytes down, a letter for each buffer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgecompress.memory.arena.head import HeadBuffer
from edgecompress.memory.arena.lifetimes import lifetimes
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.arena.target import target_of
from edgecompress.memory.arena.timeline import symbol
from edgecompress.memory.verdict.judge_c import c_arena
from edgecompress.pack.pack import pack
from edgecompress.program.lower import lower
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.reader import read_model

_ROWS = 24  # of the tallest picture
_MOST_COLUMNS = 3  # for each operator
_LABEL_COLUMNS = 11  # of bytes, left of the picture
_FREE = "."
_RULER = 5  # every which operator is named by its number


@dataclass(frozen=True)
class Picture:
    """A memory plan. `moments` names what runs at each time that buffers' lives count in."""

    name: str
    arena_bytes: int
    head_bytes: int
    moments: tuple[str, ...]
    buffers: tuple[HeadBuffer, ...]


def pictures(model: bytes, core: str, kernels: str, runtime: str) -> list[Picture]:
    """Return a model's plan as it is and packed for a core; or the one plan of the C runtime.

    Args:
        model: a .tflite.
        core: as of a board's profile.
        kernels: TFLM's kernel library.
        runtime: "tflm" or "c".

    Raises:
        UnsupportedModelError: the runtime lacks an operator.
    """
    if runtime == "c":
        return [picture("C runtime", model, core, kernels, runtime)]
    packed = pack(model, {core: target_of(core, kernels)})
    done = ", ".join(step.name for step in packed.steps if step.done) or "nothing to gain"
    plans = (("as it is", model), (f"packed ({done})", packed.model))
    return [picture(name, content, core, kernels, runtime) for name, content in plans]


def picture(name: str, model: bytes, core: str, kernels: str, runtime: str) -> Picture:
    """Return the plan of a model as it is, under a name; else as `pictures`."""
    graph = read_model(model)
    return _of_c(name, graph, core) if runtime == "c" else _of_tflm(name, graph, core, kernels)


def _of_tflm(name: str, graph: Graph, core: str, kernels: str) -> Picture:
    arena = plan_arena(graph, core, kernels)
    names = {
        scope: graph.subgraphs[s].operators[index].op.removeprefix("CUSTOM:")
        for scope, s, index in lifetimes(graph).order
    }
    moments = ("inputs", *(names.get(scope, "") for scope in range(1, max(names) + 1)))
    return Picture(name, arena.min_bytes, arena.head_bytes, moments, arena.buffers)


def _of_c(name: str, graph: Graph, core: str) -> Picture:
    program = lower(graph)
    arena = c_arena(program, core)
    moments = ("inputs", *(call.kernel for call in program.calls), "outputs")
    return Picture(name, arena.min_bytes, arena.head_bytes, moments, arena.buffers)


def pictures_document(drawn: Sequence[Picture]) -> list[Mapping[str, Any]]:
    """Return plans as JSON has them."""
    return [asdict(picture) for picture in drawn]


def drawn(picture: Picture, tallest_bytes: int, width: int) -> Iterator[str]:
    """Yield the lines of a picture in plain ASCII, in panels of a width.

    Args:
        picture: what to draw.
        tallest_bytes: the largest head of all pictures that shall have the same scale.
        width: columns of the terminal.
    """
    row_bytes = max(1, -(-tallest_bytes // _ROWS))
    room = max(width - _LABEL_COLUMNS, 1)
    columns = min(max(room // len(picture.moments), 1), _MOST_COLUMNS)
    in_panel = room // columns
    yield f"{picture.name}: arena {picture.arena_bytes:,} bytes, head {picture.head_bytes:,}"
    for start in range(0, len(picture.moments), in_panel):
        moments = range(start, min(start + in_panel, len(picture.moments)))
        yield from _panel(picture, moments, columns, row_bytes)
    yield from _legend(picture)


def _panel(picture: Picture, moments: range, columns: int, row_bytes: int) -> Iterator[str]:
    yield " " * _LABEL_COLUMNS + _ruler(moments, columns).rstrip()
    for low in range(0, picture.head_bytes, row_bytes):
        cells = (_cell(picture, moment, low, low + row_bytes) for moment in moments)
        label = f"{low:,} ".rjust(_LABEL_COLUMNS)
        yield label + "".join(cell * columns for cell in cells)


def _ruler(moments: range, columns: int) -> str:
    """Return the numbers of some operators, each where its column begins; inputs have none."""
    line = [" "] * (len(moments) * columns + _LABEL_COLUMNS)
    for moment in moments:
        number = str(moment - 1)
        if moment and (moment - 1) % _RULER == 0:
            place = (moment - moments.start) * columns
            line[place : place + len(number)] = number
    return "".join(line)


def _cell(picture: Picture, moment: int, low: int, high: int) -> str:
    """Return the sign of the buffer that takes most of some bytes at a moment."""
    most, sign = 0, _FREE
    for number, buffer in enumerate(picture.buffers):
        end = buffer.offset_bytes + buffer.aligned_bytes
        shared = min(end, high) - max(buffer.offset_bytes, low)
        if buffer.first <= moment <= buffer.last and shared > most:
            most, sign = shared, symbol(number)
    return sign


def _legend(picture: Picture) -> Iterator[str]:
    """Yield what lies in the arena where it is fullest."""
    live = {
        moment: [b for b in picture.buffers if b.first <= moment <= b.last]
        for moment in range(len(picture.moments))
    }
    fullest = max(live, key=lambda moment: _in_use(live[moment]))
    where = f"operator {fullest - 1}, {picture.moments[fullest]}" if fullest else "the inputs"
    yield f"fullest at {where}: {_in_use(live[fullest]):,} bytes in use"
    for buffer in sorted(live[fullest], key=lambda buffer: buffer.offset_bytes):
        sign = symbol(picture.buffers.index(buffer))
        name = buffer.name.partition(";")[0]
        yield f"  {sign} {buffer.size_bytes:>9,} bytes at {buffer.offset_bytes:>9,}: {name}"


def _in_use(buffers: Sequence[HeadBuffer]) -> int:
    """Return the bytes that buffers take together: the C runtime's may lie over each other."""
    used = end = 0
    for buffer in sorted(buffers, key=lambda buffer: buffer.offset_bytes):
        top = buffer.offset_bytes + buffer.aligned_bytes
        used += max(0, top - max(buffer.offset_bytes, end))
        end = max(end, top)
    return used
