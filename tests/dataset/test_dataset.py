"""Data sets in every form: what comes out, what is refused, and how that is said."""

import logging
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from edgecompress.dataset import Dataset, SealedSplit, Split, infer_task, load_dataset, match_input
from edgecompress.errors import DataError
from edgecompress.evaluate.pixels import resolve_pixels


@pytest.fixture(scope="module")
def digits():
    """Real images: x [1797, 8, 8] of 0..16, y [1797]."""
    data = load_digits()
    return data.images.astype(np.float32), data.target


def save_images(folder, images, y, mode="L", names=tuple("0123456789")):
    for number, (pixels, label) in enumerate(zip(images, y, strict=True)):
        path = folder / names[label] / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15).astype(np.uint8)).convert(mode).save(path)


@pytest.fixture(scope="module")
def image_folder(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("digits")
    x, y = digits
    save_images(folder / "train", x[:200], y[:200])
    save_images(folder / "test", x[200:260], y[200:260])
    return folder


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "data.npz", **arrays)
    return str(tmp_path / "data.npz")


def write_csv(tmp_path, text):
    (tmp_path / "data.csv").write_text(text)
    return str(tmp_path / "data.csv")


def write_module(tmp_path, monkeypatch, name, text):
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


# --- .npz


def test_npz_with_train_and_test(tmp_path, digits):
    x, y = digits
    data = npz(tmp_path, x_train=x[:1000], y_train=y[:1000], x_test=x[1000:], y_test=y[1000:])
    loaded = load_dataset(data, input_shape=(8, 8, 1), output_shape=(10,), seed=3)
    assert loaded.task == "classification"
    assert loaded.labels == tuple("0123456789")
    assert loaded.train.x.shape[1:] == (8, 8, 1)
    assert loaded.train.x.dtype == np.float32
    assert loaded.train.y.dtype == np.int64
    assert loaded.train.size + loaded.validation.size == 1000
    assert loaded.test.size == 797
    assert (loaded.test.open("check").x[..., 0] == x[1000:]).all()


def test_no_sample_is_in_two_parts_and_classes_are_in_proportion(tmp_path, digits):
    x, y = digits
    x = x.reshape(len(x), -1).copy()
    x[:, 0] = np.arange(len(x))  # a name for each sample
    loaded = load_dataset(npz(tmp_path, x=x, y=y), input_shape=(64,), output_shape=(10,))
    parts = [loaded.train, loaded.validation, loaded.test.open("check")]
    names = [set(part.x[:, 0].astype(int)) for part in parts]
    assert set.union(*names) == set(range(len(x)))
    assert sum(map(len, names)) == len(x)
    for part in parts:
        assert (y[part.x[:, 0].astype(int)] == part.y).all()
        shares = np.bincount(part.y, minlength=10) / part.size
        assert np.abs(shares - np.bincount(y) / len(y)).max() < 0.01


def test_the_seed_chooses_the_split(tmp_path, digits):
    data = npz(tmp_path, x=digits[0], y=digits[1])
    first, again, other = (load_dataset(data, seed=seed) for seed in (1, 1, 2))
    assert (first.train.x == again.train.x).all()
    assert first.sha256 == other.sha256
    assert not np.array_equal(first.validation.x, other.validation.x)


def test_a_given_validation_split_is_kept(tmp_path, digits):
    x, y = digits
    data = npz(tmp_path, x_train=x[:90], y_train=y[:90], x_val=x[90:120], y_val=y[90:120])
    loaded = load_dataset(data, output_shape=(10,))
    assert (loaded.validation.x == x[90:120]).all()
    assert loaded.test.size + loaded.train.size == 90


def test_samples_alone_serve_for_calibration(tmp_path, digits):
    loaded = load_dataset(npz(tmp_path, x=digits[0]), input_shape=(8, 8, 1), output_shape=(10,))
    assert loaded.train.y is None
    assert loaded.train.size > 1000


def test_one_hot_names_and_numbers_mean_the_same(tmp_path, digits):
    x, y = digits[0][:300], digits[1][:300]
    names = np.array([f"digit {label}" for label in y])
    forms = {"indices": y, "column": y[:, None], "one-hot": np.eye(10)[y], "names": names}
    loaded = {
        form: load_dataset(npz(tmp_path, x=x, y=labels), output_shape=(10,))
        for form, labels in forms.items()
    }
    for dataset in loaded.values():
        assert dataset.task == "classification"
        assert (dataset.train.y == loaded["indices"].train.y).all()
    assert loaded["names"].labels[3] == "digit 3"


def test_anomaly_labels_may_be_in_the_test_part_only(tmp_path):
    x = np.random.default_rng(0).random((60, 12))
    data = npz(tmp_path, x_train=x[:40], x_test=x[40:], y_test=np.arange(20) % 2)
    loaded = load_dataset(data, input_shape=(12,), output_shape=(12,))
    assert loaded.task == "reconstruction"
    assert loaded.train.y is None
    assert loaded.test.open("check").y.sum() == 10


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"features": np.ones((3, 4))}, "no x_train or x; it holds features"),
        ({"x": np.ones((3, 4)), "y": np.ones(2)}, r"x has shape \(3, 4\) and y \(2,\)"),
        ({"x": np.ones((0, 4))}, "no samples"),
        ({"x": np.array([[1.0, np.nan], [1, 2]])}, "1 of 2 samples hold NaN or infinity"),
        ({"x": np.array([["a", "b"]])}, "must be real numbers"),
        ({"x": np.ones((3, 4), complex)}, "must be real numbers"),
        ({"x": np.full((3, 4), 1e300)}, "3 of 3 samples hold NaN or infinity in float32"),
        ({"x": np.ones((3, 4)), "y": np.ones((3, 0))}, "each sample needs a number or name"),
        (
            {"x_train": np.ones((4, 2)), "y_train": np.arange(4) % 2, "x_test": np.ones((4, 3))},
            r"test samples have shape \(3,\), training samples \(2,\); they must be alike",
        ),
        ({"x": np.array([[{}]], dtype=object)}, "not a readable .npz"),
        ({"x": np.ones((9, 2)), "y": np.zeros(9, int)}, "all .* training samples have the label 0"),
        ({"x": np.ones((9, 2)), "y": np.arange(9)}, "labels run from 0 to 8, but the model has 3"),
        ({"x": np.ones((4, 2)), "y": np.array([0, 1, 1, -1])}, "labels run from -1 to 1"),
        ({"x": np.ones((4, 2)), "y": np.full((4, 2), 0.3)}, "labels have shape"),
        ({"x": np.ones((2, 2)), "y": np.array([np.nan, 1.0])}, "labels hold NaN"),
    ],
)
def test_npz_that_is_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        load_dataset(npz(tmp_path, **arrays), output_shape=(3,))


def test_a_single_array_named_npz(tmp_path):
    with (tmp_path / "data.npz").open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(DataError, match=r"a single array; save it with np\.savez"):
        load_dataset(str(tmp_path / "data.npz"))


def test_a_truncated_npz(tmp_path, digits):
    data = tmp_path / "data.npz"
    npz(tmp_path, x=digits[0])
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"not a readable \.npz file"):
        load_dataset(str(data))


# --- folders of images


def test_folder_of_images(image_folder, digits):
    loaded = load_dataset(str(image_folder), input_shape=(8, 8, 1), output_shape=(10,))
    assert loaded.labels == tuple("0123456789")
    assert loaded.pixel_range == "0..255"
    assert loaded.test.size == 60
    assert loaded.train.x.max() == 240
    test = loaded.test.open("check")
    order = np.argsort(digits[1][200:260], kind="stable")
    assert (test.x[..., 0] == digits[0][200:260][order] * 15).all()
    assert (test.y == digits[1][200:260][order]).all()


def test_images_take_the_channels_and_the_size_of_the_model(image_folder, caplog):
    caplog.set_level(logging.INFO)
    loaded = load_dataset(str(image_folder), input_shape=(16, 12, 3), output_shape=(10,))
    assert loaded.train.x.shape[1:] == (16, 12, 3)
    assert "resized to the model's 12 x 16" in caplog.text
    assert load_dataset(str(image_folder)).train.x.shape[1:] == (8, 8, 1)


def test_one_folder_of_classes_is_split_by_seed(image_folder):
    loaded = load_dataset(str(image_folder / "train"), input_shape=(8, 8, 1))
    sizes = loaded.train.size, loaded.validation.size, loaded.test.size
    assert sum(sizes) == 200
    assert 35 <= sizes[2] <= 45


def test_class_names_in_another_order_number_the_folders(image_folder, tmp_path):
    (tmp_path / "labels.txt").write_text("\n".join("9876543210"))
    plain = load_dataset(str(image_folder))
    turned = load_dataset(str(image_folder), labels=tmp_path / "labels.txt")
    assert (turned.test.open("check").y == 9 - plain.test.open("check").y).all()
    with pytest.raises(DataError, match="class '0' is not among the classes 1, 2"):
        load_dataset(str(image_folder), labels=("1", "2"))


def test_the_digest_is_of_content_not_of_place(image_folder, tmp_path):
    copy = tmp_path / "elsewhere"
    subprocess.run(["cp", "-r", str(image_folder), str(copy)], check=True)
    first = load_dataset(str(image_folder)).sha256
    assert load_dataset(str(copy)).sha256 == first
    changed = next((copy / "train" / "3").glob("*.png"))
    Image.new("L", (8, 8)).save(changed)
    assert load_dataset(str(copy)).sha256 != first


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="is empty, but each class must have a folder"):
        load_dataset(str(tmp_path))


def test_a_folder_without_classes(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"holds 'a.png' and no folders"):
        load_dataset(str(tmp_path))


def test_a_class_without_images(tmp_path, digits):
    save_images(tmp_path, digits[0][:20], digits[1][:20])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: no images"):
        load_dataset(str(tmp_path))


def test_a_test_class_that_training_lacks(tmp_path, digits):
    save_images(tmp_path / "train", digits[0][:9], digits[1][:9])
    save_images(tmp_path / "test", digits[0][:10], digits[1][:10])
    with pytest.raises(DataError, match="class '9' is not among the classes 0, 1"):
        load_dataset(str(tmp_path))


def test_a_broken_image_is_named(tmp_path, digits):
    save_images(tmp_path, digits[0][:30], digits[1][:30])
    (tmp_path / "4" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    with pytest.raises(DataError, match=r"broken.jpg: not a readable image"):
        load_dataset(str(tmp_path))


def test_images_of_several_sizes_need_a_model_to_say_which(tmp_path, digits):
    save_images(tmp_path, digits[0][:30], digits[1][:30])
    Image.new("L", (9, 8)).save(tmp_path / "4" / "zz.png")
    with pytest.raises(DataError, match=r"zz.png: 9 x 8 pixels, but the first image has 8 x 8"):
        load_dataset(str(tmp_path))
    assert load_dataset(str(tmp_path), input_shape=(8, 8)).train.x.shape[1:] == (8, 8)


def test_images_are_not_flattened_for_a_model_of_features(image_folder):
    with pytest.raises(
        DataError, match=r"holds images, but the model takes features of shape \(64,\)"
    ):
        load_dataset(str(image_folder), input_shape=(64,))


# --- .csv


CSV = "a,b,Label\n" + "".join(f"{n},{n * n},{'odd' if n % 2 else 'even'}\n" for n in range(20))


def test_csv_with_a_named_label_column(tmp_path):
    loaded = load_dataset(write_csv(tmp_path, CSV), input_shape=(2,), output_shape=(2,))
    assert loaded.labels == ("even", "odd")
    assert ((loaded.train.x[:, 0] % 2) == loaded.train.y).all()


def test_csv_label_column_chosen_by_the_user(tmp_path):
    text = "kind,a,b\n" + "".join(f"{n % 3},{n},{n / 2}\n" for n in range(30))
    loaded = load_dataset(write_csv(tmp_path, text) + "#kind", output_shape=(3,))
    assert loaded.train.x.shape[1] == 2
    assert (loaded.train.x[:, 0] % 3 == loaded.train.y).all()


def test_csv_without_header_ends_with_the_label(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    text = "".join(f"{n},{n * 2},{n / 7}\n" for n in range(20))
    loaded = load_dataset(write_csv(tmp_path, text), input_shape=(2,), output_shape=(1,))
    assert loaded.task == "regression"
    assert loaded.train.y.shape[1:] == (1,)
    assert "the label is the last column, 'column 3'" in caplog.text


def test_csv_whose_columns_are_numbered_by_name(tmp_path):
    text = "0,1,label\n" + "".join(f"{n},{n},{n % 2}\n" for n in range(20))
    assert load_dataset(write_csv(tmp_path, text), output_shape=(2,)).train.x.shape[1] == 2


def test_csv_without_header_may_end_with_a_name(tmp_path):
    text = "".join(f"{n},{n},{'odd' if n % 2 else 'even'}\n" for n in range(20))
    loaded = load_dataset(write_csv(tmp_path, text))
    assert loaded.labels == ("even", "odd")
    assert loaded.train.size + loaded.validation.size + loaded.test.size == 20


def test_csv_of_features_alone(tmp_path):
    text = "a,b\n" + "".join(f"{n},{n}\n" for n in range(20))
    assert load_dataset(write_csv(tmp_path, text), input_shape=(2,)).train.y is None


def test_csv_rows_become_the_axes_of_the_model(tmp_path):
    rows = [",".join(map(str, [*range(n, n + 6), n % 2])) for n in range(20)]
    data = write_csv(tmp_path, "\n".join(["a,b,c,d,e,f,y", *rows]))
    assert load_dataset(data, input_shape=(3, 2), output_shape=(1,)).train.x.shape[1:] == (3, 2)
    with pytest.raises(DataError, match=r"6 feature columns, the model takes \(4, 2\)"):
        load_dataset(data, input_shape=(4, 2), output_shape=(1,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("a,b,label\n", "no rows"),
        ("a,b,label\n1,2,0\n1,x,1\n", "row 2, column 'b' holds 'x', which is not a number"),
        ("a,b,label\n1,2,0\n1,,1\n", "row 2, column 'b' holds '', which is not a number"),
        ("a,b,label\n1,2,0\n1,2\n", "row 2 has 2 cells, the table has 3 columns"),
        ("label\n1\n0\n", "has the label column 'label' only"),
        ("a,b,label\n1,nan,0\n1,3,1\n", "hold NaN or infinity"),
    ],
)
def test_csv_that_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        load_dataset(write_csv(tmp_path, text))


def test_csv_column_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="no column 'kind'; there are a, b, Label"):
        load_dataset(write_csv(tmp_path, CSV) + "#kind")


# --- Python functions


DIGITS = "from sklearn.datasets import load_digits\nd = load_digits()\nx, y = d.images, d.target\n"


@pytest.mark.parametrize(
    ("name", "returned", "test_size"),
    [
        ("pair", "x, y", 360),
        ("two_pairs", "(x[:1500], y[:1500]), (x[1500:], y[1500:])", 297),
        (
            "three_pairs",
            "(x[:900], y[:900]), (x[900:1500], y[900:1500]), (x[1500:], y[1500:])",
            297,
        ),
        ("named", "{'x_train': x[:1500], 'y_train': y[:1500], 'x_test': x[1500:]}", 297),
        ("by_part", "{'train': (x[:1500], y[:1500]), 'test': (x[1500:], y[1500:])}", 297),
        ("alone", "x", 359),
    ],
)
def test_function_returning_arrays(tmp_path, monkeypatch, name, returned, test_size):
    module = f"arrays_{name}"
    write_module(tmp_path, monkeypatch, module, f"{DIGITS}def load():\n    return {returned}\n")
    loaded = load_dataset(f"{module}:load", input_shape=(8, 8, 1), output_shape=(10,))
    assert abs(loaded.test.size - test_size) <= 2
    assert loaded.sha256 == load_dataset(f"{module}:load").sha256


def test_function_returning_tf_data(tmp_path, monkeypatch):
    text = (
        f"{DIGITS}def load():\n    import tensorflow as tf\n"
        "    of = tf.data.Dataset.from_tensor_slices\n"
        "    return of((x[:100], y[:100])).batch(32), of((x[100:130], y[100:130]))\n"
        "def endless():\n    return load()[0].repeat()\n"
    )
    write_module(tmp_path, monkeypatch, "tf_data_digits", text)
    loaded = load_dataset("tf_data_digits:load", input_shape=(8, 8), output_shape=(10,))
    assert loaded.train.size + loaded.validation.size == 100
    assert (loaded.test.open("check").x == load_digits().images[100:130]).all()
    with pytest.raises(DataError, match="never ends; leave out repeat"):
        load_dataset("tf_data_digits:endless", input_shape=(8, 8), output_shape=(10,))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nowhere_to_be_found:load", "No module named 'nowhere_to_be_found'"),
        ("bad_functions:missing", "has no attribute 'missing'"),
        ("bad_functions:number", "is a int, not a function"),
        ("bad_functions:fails", "the function raised RuntimeError: no disk"),
        ("bad_functions:nothing", "a NoneType; return"),
    ],
)
def test_function_that_is_refused(tmp_path, monkeypatch, function, message):
    text = "number = 3\ndef nothing(): pass\ndef fails():\n    raise RuntimeError('no disk')\n"
    write_module(tmp_path, monkeypatch, "bad_functions", text)
    with pytest.raises(DataError, match=message):
        load_dataset(function)


@pytest.mark.parametrize("data", ["nope.npz", "nope", "nope.csv#a"])
def test_data_that_is_not_there(data):
    with pytest.raises(DataError, match="no such file or folder"):
        load_dataset(data)


def test_a_file_of_an_unknown_kind(tmp_path):
    (tmp_path / "data.txt").write_text("1")
    with pytest.raises(DataError, match=r"a file of an unknown kind; data is a \.npz file"):
        load_dataset(str(tmp_path / "data.txt"))


# --- shapes, tasks, the seal, pixels


def test_match_input_adds_and_removes_the_channel_axis_only():
    x = np.zeros((5, 28, 28))
    assert match_input(x, (28, 28, 1)).shape == (5, 28, 28, 1)
    assert match_input(x[..., None], (28, 28)).shape == (5, 28, 28)
    assert match_input(x, (None, 28)).shape == x.shape
    with pytest.raises(DataError, match=r"\(28, 28\), the model takes \(784,\)"):
        match_input(x, (784,))


@pytest.mark.parametrize(
    ("output", "inputs", "y", "task"),
    [
        ((10,), (28, 28, 1), np.arange(10), "classification"),
        ((1,), (4,), np.array([0, 1, 1]), "binary"),
        ((1,), (4,), np.array([0.0, 1.0]), "binary"),
        ((1,), (4,), np.array([3, 7, 9]), "regression"),
        ((1,), (1,), np.array([0.1, 0.7]), "regression"),
        ((2,), (4,), np.ones((3, 2)) / 3, "regression"),
        ((640,), (640,), None, "reconstruction"),
        ((640,), (640,), np.array([0, 1]), "reconstruction"),
        ((3,), (3,), np.array([0, 1, 2]), "classification"),
        ((10,), (4,), None, "classification"),
    ],
)
def test_infer_task(output, inputs, y, task):
    assert infer_task(output, inputs, y) == task


def test_test_samples_come_out_only_for_a_purpose(caplog):
    caplog.set_level(logging.INFO)
    sealed = SealedSplit(Split(np.ones((4, 2), np.float32)))
    assert not hasattr(sealed, "x")
    assert not hasattr(sealed, "y")
    assert sealed.mapped(lambda split: Split(split.x * 2)).purposes == ()
    assert sealed.open("final accuracy").size == sealed.size == 4
    assert sealed.purposes == ("final accuracy",)
    assert "opened the 4 test samples: final accuracy" in caplog.text


class Expects:
    """A classifier of digits by their brightest column, sure only within its range of pixels."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def predict(self, x, **_):
        inside = (x.min() >= self.low) and (self.high / 2 < x.max() <= self.high)
        inside = inside and (x.min() < 0) == (self.low < 0)
        return np.eye(2)[(x[:, 0, 0, 0] > x[:, 0, 1, 0]).astype(int) ^ (not inside)]


@pytest.mark.parametrize(
    ("low", "high", "name"), [(0, 255, "0..255"), (0, 1, "0..1"), (-1, 1, "-1..1")]
)
def test_pixels_are_scaled_as_the_model_expects(tmp_path, caplog, low, high, name):
    caplog.set_level(logging.INFO)
    x = np.random.default_rng(5).integers(0, 256, (100, 4, 4, 1), dtype=np.uint8)
    y = x[:, 0, 0, 0] > x[:, 0, 1, 0]
    loaded = load_dataset(npz(tmp_path, x=x, y=y), input_shape=(4, 4, 1), output_shape=(2,))
    scaled = resolve_pixels(loaded, Expects(low, high))
    assert scaled.pixel_range == name
    for part in (scaled.train, scaled.validation, scaled.test.open("check")):
        assert part.x.min() == pytest.approx(low, abs=0.02 * high)
        assert part.x.max() == pytest.approx(high, rel=0.02)
    assert scaled.test.purposes == ("check",)
    assert f"pixels are scaled to {name}, where the model does best" in caplog.text
    assert loaded.train.x.max() > 200  # the data set given is left as it was


def test_a_pixel_range_for_what_is_no_pixels(tmp_path):
    data = npz(tmp_path, x=np.random.default_rng(0).normal(size=(9, 4)), y=np.arange(9) % 2)
    loaded = load_dataset(data)
    assert isinstance(loaded, Dataset)
    assert resolve_pixels(loaded, None) is loaded
    with pytest.raises(DataError, match=r"are not pixels of 0\.\.255"):
        resolve_pixels(loaded, None, "0..1")
    with pytest.raises(DataError, match=r"pixel range '0\.\.2' is none of auto"):
        resolve_pixels(loaded, None, "0..2")


def test_no_tensorflow_is_started_for_data(image_folder):
    code = (
        "import sys\nfrom edgecompress.dataset import load_dataset\n"
        f"load_dataset({str(image_folder)!r}, input_shape=(8, 8, 1))\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def write_rows(tmp_path, columns, rows=12):
    names = [f"f{number}" for number in range(columns)] + ["activity"]
    lines = [",".join(names)]
    lines += [",".join([*(str(row + c) for c in range(columns)), "ab"[row % 2]])
              for row in range(rows)]  # fmt: skip
    (tmp_path / "motion.csv").write_text("\n".join(lines))
    return str(tmp_path / "motion.csv")


def test_rows_are_shaped_for_a_model_that_leaves_its_time_open(tmp_path):
    data = write_rows(tmp_path, 24)
    dataset = load_dataset(data, input_shape=(None, 3), output_shape=(2,))
    assert dataset.train.x.shape[1:] == (8, 3)
    first = dataset.train.x[0].ravel()
    assert (np.diff(first) == 1).all()  # C order


def test_columns_that_do_not_make_whole_steps_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"25 feature columns.*\(any, 3\), a multiple of 3"):
        load_dataset(write_rows(tmp_path, 25), input_shape=(None, 3), output_shape=(2,))


def test_a_misspelt_label_column_gets_the_close_name_and_not_all_of_them(tmp_path):
    data = write_rows(tmp_path, 384)
    with pytest.raises(DataError, match="no column 'Activty'; did you mean 'activity'") as raised:
        load_dataset(f"{data}#Activty", input_shape=(None, 3), output_shape=(2,))
    assert len(str(raised.value)) < 200
    with pytest.raises(DataError, match=r"of its 385 columns the first are f0, f1, f2, the last"):
        load_dataset(f"{data}#species", input_shape=(None, 3), output_shape=(2,))


@pytest.mark.parametrize("outputs", [3, 12])
def test_folders_that_are_not_the_models_classes_are_named(image_folder, outputs):
    with pytest.raises(DataError, match=rf"10 classes \(0, 1, 2.*but the model tells {outputs}"):
        load_dataset(str(image_folder), input_shape=(8, 8, 1), output_shape=(outputs,))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((128, 3), "takes time series of shape .128, 3."), ((64,), "takes features of shape .64,."),
     ((None, 3), "time series of shape .any, 3."), ((3, 32, 32), "channels first .3 x 32 x 32.")],
)  # fmt: skip
def test_images_are_not_resized_for_a_model_that_takes_none(image_folder, shape, message):
    with pytest.raises(DataError, match=message):
        load_dataset(str(image_folder), input_shape=shape, output_shape=(10,))


def test_numbers_that_cannot_be_classes_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "1,4000000000000000000\n2,3\n" * 8)
    with pytest.raises(DataError, match=r"4,000,000,000,000,000,000, and 65,536 classes"):
        load_dataset(str(tmp_path / "t.csv"))
