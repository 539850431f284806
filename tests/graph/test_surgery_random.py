"""Surgery equals masking on random graphs of every layer it follows."""

from collections import Counter

import numpy as np
import pytest
from support.random_models import random_model
from support.surgery_checks import random_keep, surgery_difference

from edgecompress.graph.groups import find_groups
from edgecompress.keras_files.model import import_keras

TOLERANCE = 1e-4  # relative to the largest output; float32 rounding stays near 1e-6
QUICK = range(25)
ALL = range(200)


def check_graphs(seeds: range) -> Counter[str]:
    """Check every graph, none skipped: each must have something to prune, and feel its loss."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        import_keras().utils.clear_session()
        model = random_model(seed)
        groups = find_groups(model)
        keep = random_keep(groups, np.random.default_rng(seed))
        assert keep, f"seed {seed}: nothing to prune"
        difference, effect = surgery_difference(model, keep, seed)
        assert difference < TOLERANCE, f"seed {seed}: pruned differs from masked by {difference}"
        assert effect > TOLERANCE, f"seed {seed}: pruning changed nothing"
        not_understood = [group for group in groups if "not understood" in str(group.frozen)]
        assert not not_understood, f"seed {seed}: {not_understood}"
        seen["graphs"] += 1
        seen.update(type(layer).__name__ for layer in model.operations)
    return seen


def test_surgery_equals_masking_on_random_graphs():
    assert check_graphs(QUICK)["graphs"] == len(QUICK)


@pytest.mark.slow
def test_surgery_equals_masking_on_200_random_graphs():
    seen = check_graphs(ALL)
    assert seen["graphs"] == 200
    for layer in ("GRU", "LSTM", "Bidirectional", "SeparableConv2D", "Conv2DTranspose", "Embedding",
                  "GroupNormalization", "TimeDistributed", "Functional", "Sequential", "Permute",
                  "Reshape", "PReLU", "Concatenate", "Multiply", "DepthwiseConv2D"):  # fmt: skip
        assert seen[layer] > 0, f"no {layer} among the graphs"
