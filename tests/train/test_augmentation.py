import numpy as np
import pytest

from edgecompress.dataset import Split
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.train.augmentation import choose_augmentation
from edgecompress.train.batches import gather_samples, views_of
from edgecompress.train.settings import Lesson, Training


def test_digits_are_not_mirrored(digits_model, digits_splits) -> None:
    assert choose_augmentation(digits_model, digits_splits[0], "classification", 0) == "shift"


def test_what_looks_the_same_mirrored_may_be(digits_model, digits_splits) -> None:
    """A 0 or an 8 is itself in the mirror, or nearly."""
    train = digits_splits[0]
    symmetric = train.take(np.flatnonzero(np.isin(train.y, [0, 8])))
    both = Split((symmetric.x + symmetric.x[:, :, ::-1]) / 2, symmetric.y)
    assert choose_augmentation(digits_model, both, "classification", 0) == "shift+flip"


@pytest.fixture
def taught_views(digits_model, digits_splits):
    lesson = Lesson("classification", digits_model)
    settings = Training(augmentation="shift", seed=3)
    samples = gather_samples(digits_splits[0].take(np.arange(40)), None, lesson, settings)
    return samples, views_of(samples, lesson, settings)


def test_a_teacher_answers_the_very_images_that_are_learnt_from(taught_views, digits_model) -> None:
    samples, view_of = taught_views
    batch = samples.batch(np.array([7, 3, 11]), view_of(2))
    assert not np.array_equal(batch.x, samples.x[[7, 3, 11]])
    assert batch.taught is not None
    np.testing.assert_allclose(batch.taught, outputs_of(digits_model, batch.x), atol=1e-5)


def test_views_with_a_teacher_take_turns(taught_views) -> None:
    """So that a long training asks a large teacher for a few epochs only."""
    _, view_of = taught_views
    shifts = [view_of(epoch).shifts.tobytes() for epoch in range(1, 18)]
    assert 1 < len(set(shifts)) < len(shifts)
    assert shifts[0] in shifts[1:]


def test_without_a_teacher_each_epoch_sees_other_images(digits_splits) -> None:
    lesson, settings = Lesson("classification"), Training(augmentation="shift+flip")
    samples = gather_samples(digits_splits[0].take(np.arange(40)), None, lesson, settings)
    view_of = views_of(samples, lesson, settings)
    views = [view_of(epoch).images(samples.x, np.arange(40)) for epoch in range(1, 18)]
    assert len({view.tobytes() for view in views}) == 17


def test_what_is_no_image_stays_as_it_is() -> None:
    table = Split(np.ones((5, 7), np.float32), np.zeros(5, np.int64))
    lesson, settings = Lesson("classification"), Training(augmentation="shift")
    samples = gather_samples(table, None, lesson, settings)
    batch = samples.batch(np.arange(5), views_of(samples, lesson, settings)(1))
    assert np.array_equal(batch.x, table.x)
