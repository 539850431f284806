import numpy as np

from edgecompress.compression.augmentation import choose_augmentation
from edgecompress.dataset import Split


def test_digits_are_not_mirrored(digits_model, digits_splits) -> None:
    assert choose_augmentation(digits_model, digits_splits[0], "classification", 0) == "shift"


def test_what_looks_the_same_mirrored_may_be(digits_model, digits_splits) -> None:
    """A 0 or an 8 is itself in the mirror, or nearly."""
    train = digits_splits[0]
    symmetric = train.take(np.flatnonzero(np.isin(train.y, [0, 8])))
    both = Split((symmetric.x + symmetric.x[:, :, ::-1]) / 2, symmetric.y)
    assert choose_augmentation(digits_model, both, "classification", 0) == "shift+flip"
