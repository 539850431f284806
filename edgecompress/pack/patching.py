"""Which operators run in strips, and in how many: the fewest multiply-accumulates that fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edgecompress.memory.arena.head import tensor_bytes
from edgecompress.pack.packed import Step
from edgecompress.pack.patches import Patches, Strip, ways
from edgecompress.pack.strip_rewrite import with_patches
from edgecompress.pack.variants import Sizes
from edgecompress.tflite.graph import Operator, Subgraph
from edgecompress.tflite.macs import operator_macs
from edgecompress.tflite.reader import read_model

_TRIED = 6  # ways that are measured: of those that seem small enough, and of the smallest
_NEAR = 1.1  # of the lowest peak: where nothing fits, little work may be worth more than few bytes
# What an operator more takes in TFLM's arena, about: for ranking alone.
_OPERATOR_BYTES = 200

ArenaOf = Callable[[bytes], int]


@dataclass(frozen=True)
class Patched:
    """A model that runs some operators in strips, and what it takes."""

    model: bytes
    arena_bytes: int
    macs: int
    what: str


@dataclass(frozen=True)
class _Outlook:
    patches: Patches
    peak_bytes: int  # about: without kernels' scratch, and as if nothing were left unused
    macs: int


def patch_to_fit(model: bytes, arena_of: ArenaOf, room_bytes: int) -> Patched | None:
    """Return the model with its first layers in strips, if that makes its arena smaller.

    Of those whose arena is at most `room_bytes` the one of the fewest multiply-accumulates; if
    there is none, the one of the smallest arena. Outputs are equal bit for bit.

    Args:
        model: a .tflite.
        arena_of: the bytes that a model's arena takes where it shall run.
        room_bytes: what there is room for.
    """
    main = read_model(model).main
    outlooks = list(_outlooks(main))
    least = arena_of(model)
    measured = []
    for outlook in _promising(outlooks, room_bytes):
        written = with_patches(model, outlook.patches)
        arena_bytes = arena_of(written)
        if arena_bytes < least:
            what = _in_words(main, outlook.patches)
            measured.append(Patched(written, arena_bytes, outlook.macs, what))
    small = [each for each in measured if each.arena_bytes <= room_bytes]
    if small:
        return min(small, key=lambda each: (each.macs, each.arena_bytes))
    return min(measured, key=lambda each: each.arena_bytes, default=None)


def patches_step(patched: Patched | None, sizes: Sizes, whole: Sizes) -> Step:
    """Return the step of packing that ran some operators in strips, or found none worth it."""
    if patched is None:
        return Step("patches", False, "no strips of rows make the arena small enough", sizes)
    more = sizes.macs - whole.macs
    what = f"{patched.what}; {more:+,} multiply-accumulates ({more / whole.macs:+.1%})"
    return Step("patches", True, what, sizes)


def _promising(outlooks: Sequence[_Outlook], room_bytes: int) -> Iterator[_Outlook]:
    """Yield the ways that are worth a look at their real arena, each once."""
    by_peak = sorted(outlooks, key=lambda each: (each.peak_bytes, each.macs))
    limit = max(room_bytes, by_peak[0].peak_bytes * _NEAR) if by_peak else 0
    small = [each for each in by_peak if each.peak_bytes <= limit]
    by_macs = sorted(small, key=lambda each: (each.macs, each.peak_bytes))
    yield from {id(each): each for each in (*by_macs[:_TRIED], *by_peak[:_TRIED])}.values()


def _outlooks(subgraph: Subgraph) -> Iterator[_Outlook]:
    sizes = [tensor_bytes(tensor) for tensor in subgraph.tensors]
    macs = [operator_macs(subgraph, operator) for operator in subgraph.operators]
    live = _live_bytes(subgraph, sizes)
    for patches in ways(subgraph):
        inside = slice(patches.start, patches.stop)
        around = max((*live[: patches.start], *live[patches.stop :]), default=0)
        if around >= max(live):
            continue  # the peak is elsewhere
        operators = subgraph.operators[inside]
        peaks = (_peak_bytes(subgraph, operators, strip, sizes) for strip in patches.strips)
        ends = sizes[patches.source] + sizes[patches.target]
        more = (len(patches.strips) - 1) * len(operators) * _OPERATOR_BYTES
        repeated = sum(_strip_macs(subgraph, operators, s, macs[inside]) for s in patches.strips)
        kept = sum(macs) - sum(macs[inside])
        yield _Outlook(patches, max(around, ends + max(peaks)) + more, kept + repeated)


def _live_bytes(subgraph: Subgraph, sizes: Sequence[int]) -> list[int]:
    """Return by operator the bytes of tensors in use while it runs."""
    first = dict.fromkeys(subgraph.inputs, -1)
    last = dict.fromkeys(subgraph.outputs, len(subgraph.operators))
    for number, operator in enumerate(subgraph.operators):
        first.update(dict.fromkeys(operator.outputs, number))
        for tensor in (*operator.inputs, *operator.outputs):
            last[tensor] = max(last.get(tensor, number), number)
    return [
        sum(sizes[t] for t, begin in first.items() if begin <= number <= last.get(t, begin))
        for number in range(len(subgraph.operators))
    ]


def _peak_bytes(
    subgraph: Subgraph, operators: Sequence[Operator], strip: Strip, sizes: Sequence[int]
) -> int:
    """Return the most bytes of a strip's own tensors in use at once."""
    rows = dict(strip.rows)
    last = {t: n for n, operator in enumerate(operators) for t in operator.inputs}
    live, most = {}, 0
    for number, operator in enumerate(operators):
        output = operator.outputs[0]
        height = rows[output].end - rows[output].first
        live[output] = sizes[output] // subgraph.tensors[output].shape[1] * height
        most = max(most, sum(live.values()))
        live = {t: size for t, size in live.items() if last.get(t, number + 1) > number}
    return most


def _strip_macs(
    subgraph: Subgraph, operators: Sequence[Operator], strip: Strip, macs: Sequence[int]
) -> int:
    rows = dict(strip.rows)
    return sum(
        whole // subgraph.tensors[o.outputs[0]].shape[1]
        * (rows[o.outputs[0]].end - rows[o.outputs[0]].first)
        for o, whole in zip(operators, macs, strict=True)
    )  # fmt: skip


def _in_words(subgraph: Subgraph, patches: Patches) -> str:
    first, last = (subgraph.operators[n] for n in (patches.start, patches.stop - 1))
    return (
        f"operators {patches.start} to {patches.stop - 1} ({first.op} to {last.op}) run in "
        f"{len(patches.strips)} strips of rows"
    )
