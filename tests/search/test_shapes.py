"""The predicted graph at other widths against real conversions."""

import random

import numpy as np
import pytest

from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import prune_channels
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.prune.channels import choose_channels
from edgecompress.quantize.post_training import quantize
from edgecompress.search.shapes import graph_at, in_order, learn_shapes
from edgecompress.tflite.reader import read_model


@pytest.mark.parametrize("per_channel_dense", [False, True])
def test_bytes_and_shapes_at_random_widths_are_those_of_a_conversion(
    digits_model, digits_splits, per_channel_dense
):
    groups = find_groups(digits_model)
    scores = {g.name: np.random.default_rng(1).random(g.channels) for g in groups}

    def convert(widths):
        narrow = prune_channels(digits_model, choose_channels(scores, widths, groups))
        x = digits_splits[0].x[:4]
        return quantize(narrow, x, per_channel_dense=per_channel_dense)

    full = {group.name: group.channels for group in groups if group.frozen is None}
    shapes, left_out = learn_shapes(full, convert, multiple=4)
    assert not left_out
    chance = random.Random(3)  # noqa: S311 - reproducible widths, not cryptography
    for _ in range(6):
        widths = {name: chance.randint(1, size) for name, size in full.items()}
        predicted, real = graph_at(shapes, widths), in_order(read_model(convert(widths)))
        assert [t.shape for t in predicted.main.tensors] == [t.shape for t in real.main.tensors]
        assert abs(predicted.size_bytes - real.size_bytes) <= 32
        arenas = [plan_arena(graph, "cortex-m4f", "cmsis-nn") for graph in (predicted, real)]
        assert arenas[0].min_bytes == arenas[1].min_bytes
