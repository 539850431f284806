"""Which operators run in patches, and in how many: the fewest multiply-accumulates that fit.

After Lin et al., "MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning", 2021.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edgecompress.pack.packed import Step
from edgecompress.pack.patches.costs import Costs
from edgecompress.pack.patches.path import Path
from edgecompress.pack.patches.recipe import recipe_of
from edgecompress.pack.patches.rewriting import patched_graph, put_recipe
from edgecompress.pack.patches.ways import ways_of
from edgecompress.pack.rewrite import without_plan
from edgecompress.pack.variants import Sizes
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.pack import content_of, drop_unused_tensors, serialized
from edgecompress.tflite.reader import read_model

_TRIED = 4  # paths that are measured: of those that seem small enough, and of the smallest
_SLACK = 1.03  # of the room: an estimate may be that much too large

ArenaOf = Callable[[bytes], int]


@dataclass(frozen=True)
class Patched:
    """A model that runs some operators in patches, and what it takes."""

    model: bytes
    arena_bytes: int
    macs: int
    what: str


def patch_to_fit(model: bytes, costs: Costs, arena_of: ArenaOf, room_bytes: int) -> Patched | None:
    """Return the model with some of its layers in patches, if that makes its arena smaller.

    Of those whose arena is at most `room_bytes` the one of the fewest multiply-accumulates; if
    there is none, the one of the smallest arena. Outputs are equal bit for bit.

    Args:
        model: a .tflite.
        costs: what its operators take where it shall run.
        arena_of: the bytes that a model's arena takes there.
        room_bytes: what there is room for.
    """
    least = arena_of(model)
    measured: list[Patched] = []
    for path in _promising(ways_of(read_model(model), costs, room_bytes), costs, room_bytes):
        written = with_path(model, path)
        arena_bytes = arena_of(written)
        if arena_bytes < least:
            macs = graph_macs(read_model(written))
            measured.append(Patched(written, arena_bytes, macs, _in_words(model, path)))
        if arena_bytes <= room_bytes:
            break
    small = [each for each in measured if each.arena_bytes <= room_bytes]
    return min(small or measured, key=lambda each: each.arena_bytes, default=None)


def with_path(model: bytes, path: Path) -> bytes:
    """Return the model with the stretches of a path in patches. A memory plan is left out."""
    bare = without_plan(model)
    content, graph = content_of(bare), read_model(bare)
    for offer in reversed(path.offers):  # so that the numbers of those before it stay
        recipe = recipe_of(graph.main, offer.stretch, offer.grid)
        graph = patched_graph(graph, recipe)
        put_recipe(content, recipe)
    drop_unused_tensors(content)
    return serialized(content)


def patches_step(patched: Patched | None, sizes: Sizes, whole: Sizes) -> Step:
    """Return the step of packing that ran operators in patches, or found none worth it."""
    if patched is None:
        return Step("patches", False, "no layers in patches make the arena smaller", sizes)
    more = sizes.macs - whole.macs
    what = f"{patched.what}; {more:+,} multiply-accumulates ({more / max(whole.macs, 1):+.1%})"
    return Step("patches", True, what, sizes)


def _promising(found: Sequence[Path], costs: Costs, room_bytes: int) -> Iterator[Path]:
    """Yield the paths to measure: of those that may do the ones of least work, then the smallest.

    Each path has more work and a smaller arena than the one before it.
    """
    limit = room_bytes * _SLACK - costs.fixed_bytes
    small = [path for path in found if path.arena_bytes <= limit][:_TRIED]
    least = [path for path in reversed(found) if path not in small][:_TRIED]
    yield from (*small, *least)


def _in_words(model: bytes, path: Path) -> str:
    operators = read_model(model).main.operators
    return "; ".join(
        f"operators {offer.stretch.start} to {offer.stretch.stop - 1} "
        f"({operators[offer.stretch.start].op} to {operators[offer.stretch.stop - 1].op}) run in "
        f"{offer.grid.strips} x {offer.grid.tiles} patches of rows and columns"
        for offer in path.offers
    )
