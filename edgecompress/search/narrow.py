"""Channel pruning to a budget: which widths fit, and the model cut to them."""

import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import samples_at
from edgecompress.graph.groups import ChannelGroup, find_groups
from edgecompress.graph.surgery import prune_channels
from edgecompress.pack.patches.path import Path
from edgecompress.progress import doing
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.scores import Scores, score_channels
from edgecompress.prune.sensitivity import Sensitivity, sensitivity
from edgecompress.prune.widths import FLOOR, Values, Widths, find_widths, scaled
from edgecompress.quantize.post_training import quantize
from edgecompress.search.attempt import Candidate, Job
from edgecompress.search.packing import missing_bytes, pack_to_fit, ways_in_patches
from edgecompress.search.shapes import ShapeModel, graph_at, learn_shapes
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)

_MULTIPLE = 4  # channels CMSIS-NN's inner loops handle at once
_WEIGHING_SHARE = 0.05  # of the time left
_PATCHED_TRIES = 3
_PROBE_SAMPLES = 4  # ranges do not matter to shapes


@dataclass(frozen=True)
class Narrowed:
    """A pruned model, not trained yet. It does not fit if nothing narrower is possible."""

    model: Any
    widths: Widths
    fits: bool


@dataclass(frozen=True)
class Cuts:
    """What the original can be cut to, and how the memory it takes follows the widths."""

    original: Any  # keras.Model
    shapes: ShapeModel
    groups: tuple[ChannelGroup, ...]  # those that can be narrowed
    notes: tuple[str, ...]  # on those that cannot
    ways: tuple[Path, ...] = ()  # to run the original in patches, where RAM binds

    def score(self, job: Job, method: str) -> dict[str, NDArray[np.float64]]:
        """Return what each channel of each group is worth, by training samples."""
        return score_channels(self.original, self.groups, method, job.train, job.recipe.seed)

    def room(self, job: Job, widths: Widths, *, in_patches: bool = False) -> int:
        """Return the bytes left where fewest are left, by the memory model: in milliseconds."""
        ways = self.ways if in_patches else ()
        return -missing_bytes(job, graph_at(self.shapes, widths), best_plan=True, ways=ways)


def learn_cuts(job: Job) -> Cuts:
    """Find the groups of the original, and convert it once for each to learn what they cost."""
    groups = find_groups(job.original)
    free = {group.name: group.channels for group in groups if group.frozen is None}
    shapes, rigid = learn_shapes(free, lambda widths: _probe(job, widths), multiple=_MULTIPLE)
    chosen = tuple(group for group in groups if group.name in shapes.full)
    ways = ways_in_patches(job, shapes.graph)
    return Cuts(job.original, shapes, chosen, _notes(groups, rigid), ways)


def weigh(job: Job, cuts: Cuts, scores: Scores) -> tuple[Sensitivity, ...]:
    """Measure how much each group matters, on the validation split and in little of the time."""
    return sensitivity(
        cuts.original,
        cuts.groups,
        scores,
        job.validation,
        job.task,
        seed=job.recipe.seed,
        until=time.monotonic() + _WEIGHING_SHARE * job.seconds_left,
    )


@doing("finding how many channels fit")
def cut_to_fit(
    job: Job, cuts: Cuts, scores: Scores, values: Values, *, floor: float = FLOOR
) -> Narrowed:
    """Return the original cut to the widths of most value that fit, checked by a real conversion.

    Where RAM binds, what patches would take counts first; it is estimated, and flash may have no
    room for their code: after a few conversions that do not fit, plans alone count.

    Args:
        job: whose board and limits it is to fit.
        cuts: of the job's original.
        scores: which channels of a group are kept: the best.
        values: how groups are weighed against each other; see `find_widths`.
        floor: see `find_widths`.
    """
    spare_bytes, tries = 0, _PATCHED_TRIES if cuts.ways else 0
    while True:
        room = partial(_room_beyond, job, cuts, spare_bytes, in_patches=tries > 0)
        widths = find_widths(values, room, multiple=_MULTIPLE, floor=floor)
        if widths is None:
            narrowest = scaled(cuts.shapes.full, 0.0, _MULTIPLE)
            return Narrowed(_cut(cuts, scores, narrowest), narrowest, fits=False)
        model = _cut(cuts, scores, widths)
        missing = converted_shortfall(job, model)
        if missing <= 0:
            _log.info("channels kept: %s", _in_words(cuts.shapes.full, widths))
            return Narrowed(model, widths, fits=True)
        tries -= 1
        spare_bytes = 0 if tries == 0 else spare_bytes + missing


def converted_shortfall(job: Job, model: Any) -> int:
    """Convert and pack `model`; return the bytes missing for it to fit; see `shortfall`."""
    candidate = Candidate("", "", model, _converted(job, model))
    return missing_bytes(job, read_model(pack_to_fit(job, candidate).tflite))


def _room_beyond(
    job: Job, cuts: Cuts, spare_bytes: int, widths: Widths, *, in_patches: bool
) -> int:
    return cuts.room(job, widths, in_patches=in_patches) - spare_bytes


def _cut(cuts: Cuts, scores: Scores, widths: Widths) -> Any:
    return prune_channels(cuts.original, choose_channels(scores, widths, cuts.groups))


def _probe(job: Job, widths: Widths) -> bytes:
    """Convert the original at `widths`; only the shapes of the result mean anything."""
    groups = find_groups(job.original)
    alike = {group.name: np.zeros(group.channels) for group in groups}
    keep = choose_channels(alike, widths, groups)  # leaves no layer without channels
    return _converted(job, prune_channels(job.original, keep))


def _converted(job: Job, model: Any) -> bytes:
    """Quantize `model` with so few samples that only its shapes are to be used."""
    return quantize(
        model,
        samples_at(job.train.x, slice(_PROBE_SAMPLES)),
        weight_bits=job.weight_bits,
        input_normalization=job.recipe.input_normalization,
        judged=False,  # so few samples, and channels cut but not trained, say nothing
    )


def _notes(groups: tuple[ChannelGroup, ...], rigid: tuple[str, ...]) -> tuple[str, ...]:
    frozen = [f"{group.name}: {group.frozen}" for group in groups if group.frozen is not None]
    return (*frozen, *(f"{name}: narrowing it changes the operators" for name in rigid))


def _in_words(full: Widths, widths: Widths) -> str:
    return ", ".join(f"{name} {widths[name]} of {size}" for name, size in full.items())
