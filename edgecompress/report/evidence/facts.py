"""Whether the result looks at the same evidence as the original, and what channels were worth."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Dataset
from edgecompress.dataset.split import Inputs, arrays_of, samples_at
from edgecompress.explain.document import explain_document
from edgecompress.explain.evidence import gather
from edgecompress.explain.occlusion import answering
from edgecompress.explain.probabilities import probabilities
from edgecompress.explain.samples import spread_over_classes
from edgecompress.graph.groups import ChannelGroup, find_groups
from edgecompress.keras_files.outputs import predictor
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.scores import checked_method, score_channels
from edgecompress.prune.sensitivity import without
from edgecompress.report.final import Final
from edgecompress.report.samples import drawn_samples
from edgecompress.search.attempt import Attempt, Job

_SAMPLES = 8  # of which a page shows pairs of maps
_EFFECT_SAMPLES = 200
_NAMES = {"float_original": "the float original", "int8_result": "the int8 result"}


def explained(job: Job, best: Attempt, final: Final, data: Dataset) -> dict[str, Any] | None:
    """Return the document of `explain_document` for the float original and the int8 result.

    Maps are of a few test samples, which are drawn in `inputs`; answers are of all. None where
    answers are no classes.
    """
    if job.task not in ("classification", "binary"):
        return None
    sure = [probabilities(final.outputs[name]) for name in _NAMES]
    y = final.test.y
    classes = sure[0].argmax(axis=1) if y is None else y
    samples = spread_over_classes(classes, _SAMPLES, job.recipe.seed)
    answers = [answering(job.original), answering(best.tflite)]
    evidence = gather(job.original, answers, final.test, samples, job.train)
    document = explain_document(list(_NAMES.values()), evidence, sure, y, data.labels)
    return document | {"inputs": drawn_samples(arrays_of(samples_at(final.test.x, samples)))}


def removed_channels(job: Job, narrowed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the channels of each narrowed group are worth, and what goes with the least.

    Args:
        job: with the original, which all figures are of, untrained.
        narrowed: groups by `name`, with the channels left `after`.

    Returns:
        For each group its name; by which `score` channels are ranked, that of the recipe; `kept`
        and `gone`, the scores of channels in falling order; `effect`, by how much the outputs on
        validation samples change without those gone, as a share of their norm.
    """
    widths = {group["name"]: group["after"] for group in narrowed}
    groups = tuple(group for group in find_groups(job.original) if group.name in widths)
    if not groups:
        return []
    method, seed = checked_method(job.original, job.recipe.score, job.train), job.recipe.seed
    scores = score_channels(job.original, groups, method, job.train, seed)
    keep = choose_channels(scores, widths, groups)
    effects = _effects(job.original, groups, keep, job.validation.sample(_EFFECT_SAMPLES, seed).x)
    return [
        {
            "name": group.name,
            "score": method,
            **_in_falling_order(scores[group.name], keep[group.name]),
            "effect": effect,
        }
        for group, effect in zip(groups, effects, strict=True)
    ]


def _in_falling_order(scores: NDArray[np.float64], keep: Sequence[int]) -> dict[str, list[float]]:
    kept = np.isin(np.arange(len(scores)), keep)
    return {
        name: [float(f"{value:.4g}") for value in np.sort(scores[which])[::-1]]
        for name, which in (("kept", kept), ("gone", ~kept))
    }


def _effects(
    model: Any, groups: Sequence[ChannelGroup], keep: Mapping[str, Sequence[int]], x: Inputs
) -> Iterator[float]:
    """Yield by what share of their norm outputs change as each group is narrowed by itself."""
    predict = predictor(model)
    whole = _flat(predict(x))
    for group in groups:
        with without(model, group, keep[group.name]):
            changed = _flat(predict(x))
        yield float(np.linalg.norm(changed - whole) / (np.linalg.norm(whole) or 1.0))


def _flat(outputs: Any) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(each, np.float64).ravel() for each in arrays_of(outputs)])
