"""What the ladder decides, from the figures of what was tried."""

import time
from dataclasses import replace

import pytest
from support.random_branches import random_graph

from edgecompress.board import load_board
from edgecompress.dataset import Split
from edgecompress.memory.verdict.fit import fit
from edgecompress.metrics import points_lost
from edgecompress.recipe import Recipe
from edgecompress.search.attempt import Attempt, Job, best_attempt
from edgecompress.search.ladder import next_step
from edgecompress.search.packing import pack_original
from edgecompress.search.remedy import remedy_rounding
from edgecompress.search.steps import (
    quantize_original,
    shrink_to_fit,
    train_for_int8,
    train_on,
)

BOARD = load_board("nucleo_f401re")


@pytest.fixture
def job() -> Job:
    none = Split(None)  # the ladder looks at figures, not at samples
    return Job(
        recipe=Recipe(model="m.keras", board=BOARD.id, data="d.npz", time_budget="10m"),
        board=BOARD,
        original=None,
        model_sha256="",
        train=none,
        validation=none,
        task="classification",
        are_images=False,
        reference=0.90,
        goal=0.0,
        deadline=time.monotonic() + 600,
    )


@pytest.fixture
def attempt(digits_int8):
    verdict = fit(digits_int8, [BOARD], others=()).verdicts[0]

    def make(step: str, *, short: int = -1, floating: float = 0.9, int8: float = 0.9) -> Attempt:
        return Attempt(
            step, "", None, digits_int8, verdict=verdict, shortfall_bytes=short,
            float_metric=floating, int8_metric=int8,
        )  # fmt: skip

    return make


def _step(job, attempts):
    chosen = next_step(job, attempts)
    return None if chosen is None else chosen[0]


def test_the_first_step_is_to_quantize_and_no_more(job, attempt) -> None:
    assert _step(job, []) is quantize_original
    assert _step(job, [attempt("quantize", int8=0.895)]) is None


def test_what_does_not_fit_is_pruned_once(job, attempt) -> None:
    tried = [attempt("quantize", short=100)]
    assert _step(job, tried) is shrink_to_fit
    assert _step(job, [*tried, attempt("prune", short=10)]) is None


def test_what_is_free_comes_before_what_is_cut(job, attempt) -> None:
    loose = random_graph(seed=110, operators=29, branching=0.8)
    verdict = fit(loose, [BOARD], others=()).verdicts[0]
    limit_bytes = verdict.arena.min_bytes - 16
    job = replace(job, recipe=replace(job.recipe, max_arena_bytes=limit_bytes))
    tried = [replace(attempt("quantize", short=16), tflite=loose, verdict=verdict)]
    step, why = next_step(job, tried)
    assert step is pack_original
    packed = pack_original(job, tried, why)
    assert packed.fits
    assert packed.int8_metric == tried[0].int8_metric
    assert _step(job, [*tried, packed]) is None
    assert _step(job, [*tried, replace(packed, shortfall_bytes=8)]) is shrink_to_fit
    assert _step(replace(job, runtime="c"), tried) is shrink_to_fit


def test_lost_accuracy_is_trained_back(job, attempt) -> None:
    tried = [attempt("quantize", short=100), attempt("prune", floating=0.85, int8=0.849)]
    assert _step(job, tried) is train_on


def test_what_rounding_takes_is_remedied_before_it_is_trained_with_rounding(job, attempt) -> None:
    lossy = attempt("quantize", floating=0.9, int8=0.87)
    step, why = next_step(job, [lossy])
    assert step is remedy_rounding
    assert "int8 rounding takes 3.00 of that" in why
    in_vain, better = (attempt("remedy", floating=0.9, int8=int8) for int8 in (0.86, 0.88))
    enough = attempt("remedy", floating=0.9, int8=0.891)
    assert _step(job, [lossy, enough]) is None
    assert _step(job, [lossy, in_vain]) is train_for_int8
    assert _step(job, [lossy, better]) is train_for_int8
    assert _step(job, [replace(lossy, step="qat")]) is train_on


def test_points_that_rounding_takes_are_notable_though_more_are_lost_otherwise(job, attempt):
    tried = [attempt("quantize", short=100), attempt("prune", floating=0.84, int8=0.836)]
    assert _step(job, tried) is remedy_rounding
    assert _step(job, [*tried, attempt("remedy", floating=0.84, int8=0.835)]) is train_for_int8
    assert _step(job, [*tried, attempt("remedy", floating=0.84, int8=0.839)]) is train_on
    errors = replace(job, task="reconstruction", reference=0.1)
    tried = [attempt("quantize", short=100), attempt("prune", floating=0.11, int8=0.1105)]
    assert _step(errors, tried) is train_on


def test_a_trained_model_gets_remedies_of_its_own(job, attempt) -> None:
    tried = [attempt("quantize", short=100), attempt("prune", floating=0.89, int8=0.86)]
    assert _step(job, tried) is remedy_rounding
    tried += [attempt("remedy", floating=0.89, int8=0.865)]
    assert _step(job, tried) is train_for_int8
    tried += [attempt("train", floating=0.9, int8=0.87)]
    assert _step(job, tried) is remedy_rounding


def test_kernels_of_4_bits_are_trained_with_their_rounding_only(job, attempt) -> None:
    lossy = replace(attempt("int4", floating=0.88, int8=0.86), weight_bits=4)
    tried = [attempt("quantize", short=100), lossy]
    assert _step(job, tried) is train_for_int8
    assert _step(job, [*tried, replace(lossy, step="qat")]) is train_for_int8
    assert _step(job, [*tried, replace(lossy, step="qat", int8_metric=0.895)]) is None


def test_nothing_is_begun_when_the_time_is_over_or_training_has_been_tried(job, attempt) -> None:
    tried = [attempt("quantize", floating=0.8, int8=0.8)]
    assert _step(replace(job, deadline=time.monotonic() + 60), tried) is None
    assert _step(job, tried + 4 * [attempt("train", floating=0.8, int8=0.8)]) is None


def test_two_trainings_in_vain_are_the_last(job, attempt) -> None:
    pruned = attempt("prune", floating=0.85, int8=0.85)
    worse = attempt("train", floating=0.84, int8=0.84)
    better = attempt("train", floating=0.86, int8=0.86)
    assert _step(job, [pruned, worse]) is train_on
    assert _step(job, [pruned, worse, worse]) is None
    assert _step(job, [pruned, worse, better]) is train_on
    remedied = attempt("remedy", floating=0.87, int8=0.87)
    assert _step(job, [pruned, worse, better, remedied]) is train_on


def test_the_best_fits_then_is_accurate_then_is_the_closest(job, attempt) -> None:
    large, small = attempt("quantize", short=500), attempt("prune", short=-5, int8=0.7)
    better = attempt("train", short=-5, int8=0.8)
    assert best_attempt(job, [large, small, better]) is better
    closer = attempt("prune", short=20, int8=0.1)
    assert best_attempt(job, [large, closer]) is closer


def test_points_are_of_accuracy_and_per_cent_of_error() -> None:
    assert points_lost("classification", 0.90, 0.88) == pytest.approx(2.0)
    assert points_lost("reconstruction", 0.10, 0.12) == pytest.approx(20.0)
