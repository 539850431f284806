"""Arrays for several inputs, found by the names of a model's inputs."""

from pathlib import Path

import numpy as np
import pytest

from edgecompress.dataset.named import load_named
from edgecompress.dataset.split import Tasks
from edgecompress.errors import DataError
from edgecompress.evaluate.pixels import resolve_pixels

INPUTS = {"image": (4, 4, 1), "sensor": (3,)}
OUTPUTS = {"class": (2,)}
RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.random((40, 4, 4, 1), np.float32)
SENSOR = RANDOM.random((40, 3), np.float32)
Y = np.arange(40) % 2


def _saved(folder: Path, **arrays: object) -> str:
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return str(path)


def test_arrays_come_in_the_order_of_the_model(tmp_path: Path) -> None:
    data = _saved(tmp_path, y=Y, sensor=SENSOR, image=IMAGE)
    dataset = load_named(data, INPUTS, OUTPUTS)
    assert [x.shape[1:] for x in dataset.train.x] == [(4, 4, 1), (3,)]
    assert dataset.train.size + dataset.validation.size + dataset.test.size == 40
    row = int(np.flatnonzero((dataset.train.x[0][0] == IMAGE).all((1, 2, 3)))[0])
    assert (dataset.train.x[1][0] == SENSOR[row]).all()
    assert dataset.train.y[0] == Y[row]


def test_parts_by_suffix(tmp_path: Path) -> None:
    data = _saved(
        tmp_path, image_train=IMAGE[:30], sensor_train=SENSOR[:30], class_train=Y[:30],
        image_test=IMAGE[30:], sensor_test=SENSOR[30:], class_test=Y[30:],
    )  # fmt: skip
    dataset = load_named(data, INPUTS, OUTPUTS)
    assert dataset.test.size == 10
    assert dataset.task == "classification"


def test_arrays_of_other_names_are_taken_in_order_if_their_shapes_fit(tmp_path: Path) -> None:
    data = _saved(tmp_path, a=IMAGE, b=SENSOR, y=Y)
    assert load_named(data, INPUTS, OUTPUTS).train.x[1].shape[1:] == (3,)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"image": IMAGE, "y": Y}, "sensor_train"),
        ({"image": IMAGE, "sensor": SENSOR[:7], "y": Y}, "7, 40 samples"),
        ({"image": IMAGE, "sensor": SENSOR[:, :2], "y": Y}, "sensor: samples have shape"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, arrays: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        load_named(_saved(tmp_path, **arrays), INPUTS, OUTPUTS)


def test_each_output_has_a_task_of_its_own(tmp_path: Path) -> None:
    box = RANDOM.random((40, 4), np.float32)
    data = _saved(tmp_path, x=IMAGE, box=box, kind=Y)
    outputs = {"kind": (2,), "box": (4,)}
    dataset = load_named(data, {"image": (4, 4, 1)}, outputs, weights=(1.0, 2.0))
    assert isinstance(dataset.task, Tasks)
    assert dataset.task.tasks == ("classification", "regression")
    assert dataset.task.weights == (1.0, 2.0)
    assert [y.shape[1:] for y in dataset.train.y] == [(), (4,)]
    with pytest.raises(DataError, match="kind_train"):
        load_named(_saved(tmp_path, x=IMAGE, box=box), {"image": (4, 4, 1)}, outputs)


def test_a_part_needs_an_array_of_each_input(tmp_path: Path) -> None:
    data = _saved(tmp_path, image=IMAGE, sensor=SENSOR, y=Y, image_test=IMAGE)
    with pytest.raises(DataError, match="no sensor_test"):
        load_named(data, INPUTS, OUTPUTS)


def test_only_images_of_bytes_are_scaled(tmp_path: Path) -> None:
    image = RANDOM.integers(0, 256, IMAGE.shape, np.uint8)
    data = _saved(tmp_path, image=image, sensor=SENSOR, y=Y)
    dataset = resolve_pixels(load_named(data, INPUTS, OUTPUTS), None, "0..1")
    pixels, sensor = dataset.train.x
    assert 0.5 < pixels.max() <= 1
    assert sensor[0] in SENSOR
    without = load_named(_saved(tmp_path, image=IMAGE, sensor=SENSOR, y=Y), INPUTS, OUTPUTS)
    with pytest.raises(DataError, match="none of its arrays"):
        resolve_pixels(without, None, "0..1")


def _pairs() -> object:
    known = {"image": IMAGE, "sensor": SENSOR}
    return (known, Y), ({name: x[:10] for name, x in known.items()}, Y[:10])


def _tf_data() -> object:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(({"image": IMAGE, "sensor": SENSOR}, Y)).batch(7)


@pytest.mark.parametrize(("name", "test"), [("_pairs", 10), ("_tf_data", 8)])
def test_a_function_may_return_dictionaries(name: str, test: int) -> None:
    dataset = load_named(f"{__name__}:{name}", INPUTS, OUTPUTS)
    assert [x.shape[1:] for x in dataset.train.x] == [(4, 4, 1), (3,)]
    assert dataset.test.size == test
