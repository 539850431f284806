"""Where samples are covered."""

import numpy as np
import pytest

from edgecompress.explain.places import places_of


@pytest.mark.parametrize(
    ("shape", "grid"),
    [
        ((4,), (4,)),
        ((640,), (64,)),
        ((128, 3), (21, 3)),
        ((49, 10, 1), (8, 8)),
        ((8, 8, 1), (8, 8)),
        ((32, 32, 3), (8, 8)),
        ((96, 96, 3), (8, 8)),
        ((100, 1, 1), (64, 1)),
        ((3, 200, 200, 2), (3, 8)),
    ],
)
def test_a_bounded_grid_covers_all_of_a_sample(shape, grid):
    places = places_of(shape)
    assert places.grid == grid
    assert places.masks.shape == (np.prod(grid), *shape)
    assert len(places.masks) <= 64
    assert places.masks.any(0).all()
    assert all(0 < mask.sum() < mask.size for mask in places.masks)


def test_patches_are_centred_on_their_place_and_take_all_colours():
    mask = places_of((8, 8, 3)).masks[3 * 8 + 4]
    rows, columns, _ = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 4, 3, 5)
    assert mask[3, 4].all()
    wide = places_of((32, 32, 3)).masks[0]
    assert wide[:6, :6].all()
    assert wide.sum() == 6 * 6 * 3


def test_features_and_channels_are_covered_one_by_one():
    assert (places_of((13,)).masks == np.eye(13, dtype=bool)).all()
    series = places_of((60, 3)).masks
    assert all(mask.any(0).sum() == 1 for mask in series)  # one channel each
    assert series[0, :, 0].sum() < 8  # a window of time
