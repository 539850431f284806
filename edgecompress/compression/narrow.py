"""Channel pruning to a budget: which widths fit, and the model cut to them."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from edgecompress.compression.attempt import Job, shortfall
from edgecompress.compression.groups import ChannelGroup, find_groups
from edgecompress.compression.quantize import quantize
from edgecompress.compression.scores import Scores, choose_channels, score_channels
from edgecompress.compression.shapes import ShapeModel, graph_at, learn_shapes
from edgecompress.compression.surgery import prune_channels
from edgecompress.compression.widths import Widths, find_widths, scaled
from edgecompress.memory.arena import plan_arena
from edgecompress.memory.judge import judge
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)

_MULTIPLE = 4  # channels CMSIS-NN's inner loops handle at once
_PROBE_SAMPLES = 4  # ranges do not matter to shapes


@dataclass(frozen=True)
class Narrowed:
    """A pruned model, not trained yet. It does not fit if nothing narrower is possible."""

    model: Any
    fits: bool
    notes: tuple[str, ...]


def narrow_to_fit(job: Job) -> Narrowed:
    """Return the original with the most valuable channels that fit the board."""
    groups = find_groups(job.original)
    free = {group.name: group.channels for group in groups if group.frozen is None}
    shapes, rigid = learn_shapes(free, lambda widths: _probe(job, widths), multiple=_MULTIPLE)
    notes = _notes(groups, rigid)
    free = dict(shapes.full)
    chosen = tuple(group for group in groups if group.name in free)
    recipe = job.recipe
    scores = score_channels(job.original, chosen, recipe.score, job.train, recipe.seed)
    cut = _Cut(job, shapes, chosen, scores)
    widths = cut.widest(spare_bytes=0)
    if widths is None:
        narrowest = scaled(free, 0.0, _MULTIPLE)
        return Narrowed(cut.model(narrowest), fits=False, notes=notes)
    _log.info("channels kept: %s", _in_words(free, widths))
    return Narrowed(cut.model(widths), fits=True, notes=notes)


@dataclass(frozen=True)
class _Cut:
    """What the original can be cut to."""

    job: Job
    shapes: ShapeModel
    groups: tuple[ChannelGroup, ...]
    scores: Scores

    def model(self, widths: Widths) -> Any:
        """Return the original with the best channels of each group."""
        return prune_channels(self.job.original, choose_channels(self.scores, widths, self.groups))

    def widest(self, spare_bytes: int) -> dict[str, int] | None:
        """Return the widths that fit with `spare_bytes` left, checked by a real conversion."""
        values = {name: self.scores[name].tolist() for name in self.shapes.full}

        def room(widths: Widths) -> int:
            return self._room(widths) - spare_bytes

        widths = find_widths(values, room, multiple=_MULTIPLE)
        if widths is None:
            return None
        missing = self._missing(widths)
        return widths if missing <= 0 else self.widest(spare_bytes + missing)

    def _room(self, widths: Widths) -> int:
        """Return the bytes left where fewest are left, by the memory model."""
        return -_shortfall(self.job, graph_at(self.shapes, widths))

    def _missing(self, widths: Widths) -> int:
        return _shortfall(self.job, read_model(_converted(self.job, self.model(widths))))


def _shortfall(job: Job, graph: Graph) -> int:
    board = job.board
    verdict = judge(graph, board, board.kernels, "narrow", partial(plan_arena, graph))
    return shortfall(verdict, graph.size_bytes, job.recipe)


def _probe(job: Job, widths: Widths) -> bytes:
    """Convert the original at `widths`; only the shapes of the result mean anything."""
    groups = find_groups(job.original)
    alike = {group.name: np.zeros(group.channels) for group in groups}
    keep = choose_channels(alike, widths, groups)  # leaves no layer without channels
    return _converted(job, prune_channels(job.original, keep))


def _converted(job: Job, model: Any) -> bytes:
    """Quantize `model` with so few samples that only its shapes are to be used."""
    return quantize(model, job.train.x[:_PROBE_SAMPLES])


def _notes(groups: tuple[ChannelGroup, ...], rigid: tuple[str, ...]) -> tuple[str, ...]:
    frozen = [f"{group.name}: {group.frozen}" for group in groups if group.frozen is not None]
    return (*frozen, *(f"{name}: narrowing it changes the operators" for name in rigid))


def _in_words(full: Widths, widths: Widths) -> str:
    return ", ".join(f"{name} {widths[name]} of {size}" for name, size in full.items())
