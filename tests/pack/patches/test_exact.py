"""Layers in patches give the same answers, bit for bit, and take what the arena model says."""

from random import Random

import numpy as np
import pytest
from support.random_chains import random_chain

from edgecompress.memory.arena.cross_check import verify
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.pack.patches.recipe import recipe_of
from edgecompress.pack.patches.rewriting import patched_graph, put_recipe
from edgecompress.pack.patches.stretches import Grid, stretches
from edgecompress.pack.plans import best_plan
from edgecompress.pack.rewrite import with_plan
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.pack import content_of, packed, serialized
from edgecompress.tflite.reader import read_model


def in_patches(model: bytes, seed: int) -> bytes:
    """Return a model with one of its stretches in a random grid."""
    random = Random(seed)  # noqa: S311 - reproducible grids, not cryptography
    graph = read_model(model)
    stretch = random.choice(list(stretches(graph.main)))
    rows, columns = graph.main.tensors[stretch.target].shape[1:3]
    strips = random.randint(1, min(5, rows))
    grid = Grid(strips, random.randint(1, min(4, columns)))
    recipe = recipe_of(graph.main, stretch, grid)
    content = content_of(model)
    put_recipe(content, recipe)
    written = packed(serialized(content))
    assert graph_macs(read_model(written)) == graph_macs(patched_graph(graph, recipe))
    return written


def answers(model: bytes, seed: int) -> np.ndarray:
    shape = read_model(model).main.tensors[0].shape
    noise = np.random.default_rng(seed).integers(-128, 128, (4, *shape)).astype(np.int8)
    return run(model, [noise], "tflm", workers=1)[0]


@pytest.mark.parametrize("seed", range(80))
def test_random_chains_answer_the_same(seed: int) -> None:
    model = random_chain(seed, layers=2 + seed % 5)
    written = in_patches(model, seed)
    graph = read_model(written)
    plan = best_plan(graph, [plan_arena(graph, "cortex-m4f", "cmsis-nn")])
    expected = answers(model, seed)
    for each in {written, with_plan(written, plan.offsets) if plan else written}:
        assert np.array_equal(expected, answers(each, seed))
        assert verify(each).differences == (), "TFLM allocates as fit says"


def test_random_chains_do_not_answer_the_same_to_everything() -> None:
    differing = sum(len(np.unique(answers(random_chain(n, 2 + n % 5), n))) > 1 for n in range(20))
    assert differing >= 17
