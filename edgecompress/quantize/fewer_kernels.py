"""Models that compute the same with fewer TFLM kernels, before they are converted."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import arrays_of
from edgecompress.errors import ModelError
from edgecompress.graph.averages import average_rewrites
from edgecompress.graph.simplify import (
    Rewrite,
    affine_rewrites,
    constant_rewrites,
    merging_rewrites,
    rewritten,
)
from edgecompress.graph.walk import graph_of
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.quantize.input_normalization import NormalizedInputs
from edgecompress.quantize.output_error import output_snr_db

_log = logging.getLogger(__name__)

_CHECKED_SAMPLES = 64
_TOLERANCE = 1e-4  # of the largest output
_HARMLESS_DB = 25.0  # a root mean square error of 6 %, which seldom changes an answer
# 58 % more error; more is never given up: 5.6 dB on these samples cost a network 1.7 points.
_MOST_DB = 4.0
_NOTICEABLE_DB = 0.5  # 11 % more error

_AFFINE = (affine_rewrites, constant_rewrites, merging_rewrites)

Samples = Sequence[NDArray[Any]]


def without_affines(inputs: NormalizedInputs, samples: Samples) -> NormalizedInputs:
    """Return a model whose layers with kernels do what affines between layers did.

    Args:
        inputs: any keras.Model; one that is not functional is returned as it is.
        samples: calibration samples, [n, ...] for each input, before `inputs` normalizes them.
    """
    for rewrites_of in _AFFINE:
        inputs, lines = _changed(inputs, rewrites_of, samples)
        for line in lines:
            _log.info(line)
    return inputs


def with_fewer_kernels(
    inputs: NormalizedInputs,
    exact: Any,
    samples: Samples,
    make: Callable[[NormalizedInputs], bytes] | None,
) -> NormalizedInputs:
    """Return a model without affines between layers, and with one kernel for all averages.

    Each is done only if it harms the outputs little in int8. Affines very different by channel may
    leave the weights of a dense layer, which share a scale, too few steps.

    Args:
        inputs: as of `without_affines`.
        exact: the keras.Model that it is equal to, whose inputs are as users have them.
        samples: to judge by, as of `without_affines`.
        make: quantizes a model; None: affines go unjudged, averages stay.
    """
    if make is None:
        return without_affines(inputs, samples)
    for rewrites_of in (*_AFFINE, average_rewrites):
        other, lines = _changed(inputs, rewrites_of, samples)
        if not lines:
            continue
        before, after = (output_snr_db(exact, make(each), samples) for each in (inputs, other))
        harmless = after >= min(before - _NOTICEABLE_DB, max(before - _MOST_DB, _HARMLESS_DB))
        for line in lines:
            _log.info("%s%s", "" if harmless else "not done, it would harm the outputs: ", line)
        _log.info("outputs at %.1f dB, %.1f dB as the model has it", after, before)
        inputs = other if harmless else inputs
    return inputs


def _changed(
    inputs: NormalizedInputs,
    rewrites_of: Callable[[Any], tuple[Rewrite, ...]],
    samples: Samples,
) -> tuple[NormalizedInputs, list[str]]:
    """Return a model with those rewrites that leave its outputs what they are, and their lines."""
    model, few = inputs.model, inputs.applied([values[:_CHECKED_SAMPLES] for values in samples])
    try:
        rewrites = rewrites_of(model) if graph_of(model) is not None else ()
        good = _exact_ones(model, rewrites, few)
        changed = rewritten(model, good) if good else model
    except ModelError as error:
        _log.info("the model is left as it is: %s", error)
        return inputs, []
    return replace(inputs, model=changed), [rewrite.line for rewrite in good]


def _exact_ones(model: Any, rewrites: Sequence[Rewrite], samples: Samples) -> Sequence[Rewrite]:
    if not rewrites or _are_equal(model, rewritten(model, rewrites), samples):
        return rewrites
    good = [each for each in rewrites if _are_equal(model, rewritten(model, [each]), samples)]
    return good if good and _are_equal(model, rewritten(model, good), samples) else ()


def _are_equal(model: Any, other: Any, samples: Samples) -> bool:
    """Say whether two models answer the same, but for what rounding in float leaves."""
    answers = (arrays_of(outputs_of(each, tuple(samples))) for each in (model, other))
    pairs = zip(*answers, strict=True)
    return all(bool(np.abs(a - b).max() <= _TOLERANCE * np.abs(a).max()) for a, b in pairs)
