"""Models in every form are loaded as plain Keras 3 models with the predictions they had."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from edgecompress.dataset import load_dataset
from edgecompress.errors import ModelError
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.keras_files.legacy_config import current_config
from edgecompress.keras_files.model import import_keras, load_keras, save_keras, set_seed
from edgecompress.metrics import measure

keras = import_keras()


@pytest.fixture(scope="session")
def mlperf_tiny(shared_dir):
    return shared_dir / "models" / "mlperf_tiny"


@pytest.fixture(scope="module")
def small_model():
    set_seed(0)
    inputs = keras.Input((8, 4))
    nested = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)], name="nested")
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(3))(inputs)
    return keras.Model(inputs, nested(nested(hidden)))


def predictions(model, seed=0):
    x = np.random.default_rng(seed).random((5, *model.input_shape[1:]), dtype=np.float32)
    return model.predict(x, verbose=0)


def sequential():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="only")])


def interpret(tflite: Path, x):
    """Run an int8 model with reference kernels: float in, float out."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(str(tflite), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for sample in x:
        scale, zero = source["quantization"]
        values = np.clip(np.round(sample / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(source["index"], values[np.newaxis])
        interpreter.invoke()
        scale, zero = result["quantization"]
        outputs.append((interpreter.get_tensor(result["index"])[0].astype(float) - zero) * scale)
    return np.array(outputs)


def frozen_predictions(saved_model: Path, x):
    """Run the graph of a SavedModel as TensorFlow 1 does, without Keras."""
    import tensorflow as tf

    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(saved_model))
        signature = loaded.signature_def["serving_default"]
        (source,), (result,) = signature.inputs.values(), signature.outputs.values()
        return session.run(result.name, {source.name: x})


# --- the reference models


@pytest.mark.parametrize(
    ("name", "shapes", "parameters"),
    [
        ("ad_autoencoder.h5", ((640,), (640,)), 269_992),
        ("ic_resnet8.h5", ((32, 32, 3), (10,)), 78_666),
        ("vww_mobilenetv1_025.h5", ((96, 96, 3), (2,)), 221_794),
        ("kws_dscnn_saved_model", ((49, 10, 1), (12,)), 24_908),
    ],
)
def test_a_reference_model_is_plain_keras(mlperf_tiny, tmp_path, name, shapes, parameters):
    model = load_keras(mlperf_tiny / name)
    assert (model.input_shape[1:], model.output_shape[1:]) == shapes
    assert model.count_params() == parameters
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    save_keras(model, tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")  # no custom objects
    assert (predictions(again) == predictions(model)).all()


@pytest.mark.parametrize("name", ["ad_autoencoder", "ic_resnet8", "vww_mobilenetv1_025"])
def test_each_layer_has_the_weights_the_file_names_for_it(mlperf_tiny, name):
    model = load_keras(mlperf_tiny / f"{name}.h5")
    with h5py.File(mlperf_tiny / f"{name}.h5") as file:
        stored = {layer: _arrays(group) for layer, group in file["model_weights"].items()}
    for layer in model.layers:
        weights = layer.get_weights()
        assert len(weights) == len(stored[layer.name])
        for found, wanted in zip(weights, stored[layer.name], strict=True):
            assert np.array_equal(found, wanted)


def _arrays(group):
    return [group[name][()] for name in group.attrs["weight_names"]]


def test_resnet_sees_real_images_as_its_int8_model_does(mlperf_tiny, shared_dir, tmp_path):
    images = shared_dir / "data" / "cifar10_jpeg" / "test"
    for folder in images.iterdir():
        (tmp_path / folder.name).mkdir()
        for image in sorted(folder.iterdir())[:8]:
            shutil.copyfile(image, tmp_path / folder.name / image.name)
    model = load_keras(mlperf_tiny / "ic_resnet8.h5")
    dataset = load_dataset(str(tmp_path), input_shape=(32, 32, 3), output_shape=(10,))
    split = resolve_pixels(dataset, model).train
    floats = model.predict(split.x, verbose=0)
    integers = interpret(mlperf_tiny / "ic_resnet8_int8.tflite", split.x)
    assert measure("classification", floats, split)["accuracy"] > 0.6
    assert (integers.argmax(axis=1) == floats.argmax(axis=1)).mean() > 0.9


@pytest.fixture(scope="module")
def speech(shared_dir):
    recordings = np.load(shared_dir / "data" / "fsdd_mfcc" / "train.npz")
    return recordings["x"][::40].astype(np.float32)


def test_a_keras_2_saved_model_predicts_as_its_own_graph(mlperf_tiny, speech):
    folder = mlperf_tiny / "kws_dscnn_saved_model"
    predicted = load_keras(folder).predict(speech, verbose=0)
    assert np.abs(predicted - frozen_predictions(folder, speech)).max() < 1e-5
    integers = interpret(mlperf_tiny / "kws_dscnn_int8.tflite", speech)
    assert (integers.argmax(axis=1) == predicted.argmax(axis=1)).mean() > 0.9
    assert np.abs(integers - predicted).mean() < 0.02


def test_a_keras_2_saved_model_can_be_trained(mlperf_tiny, speech):
    model = load_keras(mlperf_tiny / "kws_dscnn_saved_model")
    y = np.arange(len(speech)) % 12
    model.compile("adam", "sparse_categorical_crossentropy")
    losses = model.fit(speech, y, epochs=4, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


# --- forms


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.hdf5"])
def test_what_keras_saves_is_loaded(tmp_path, small_model, name):
    small_model.save(tmp_path / name)
    loaded = load_keras(tmp_path / name)
    assert not loaded.compiled
    assert (predictions(loaded) == predictions(small_model)).all()


def test_content_decides_not_the_name(tmp_path, small_model):
    small_model.save(tmp_path / "model.h5")
    (tmp_path / "model.h5").rename(tmp_path / "model.keras")
    assert (predictions(load_keras(tmp_path / "model.keras")) == predictions(small_model)).all()


def test_a_sequential_model_becomes_functional(tmp_path):
    model = sequential()
    model.save(tmp_path / "model.keras")
    loaded = load_keras(tmp_path / "model.keras")
    assert type(loaded) is keras.Model or type(loaded).__name__ == "Functional"
    assert not isinstance(loaded, keras.Sequential)
    assert (predictions(loaded) == predictions(model)).all()


def test_custom_objects_can_be_given(tmp_path):
    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    inputs = keras.Input((4,))
    keras.Model(inputs, Twice()(inputs)).save(tmp_path / "model.keras")
    loaded = load_keras(tmp_path / "model.keras", custom_objects={"Twice": Twice})
    assert loaded.predict(np.ones((1, 4)), verbose=0).tolist() == [[2, 2, 2, 2]]
    with pytest.raises(ModelError, match="uses 'Twice', which Keras does not have"):
        load_keras(tmp_path / "model.keras")


# --- configurations of Keras 2


def test_arguments_of_keras_2_are_dropped_in_nested_layers_too():
    lstm = {"class_name": "LSTM", "config": {"units": 3, "time_major": False}}
    wrapper = {"class_name": "Bidirectional", "config": {"layer": lstm, "name": "both"}}
    depthwise = {"class_name": "DepthwiseConv2D", "config": {"kernel_size": [3, 3], "groups": 1}}
    model = {"class_name": "Sequential", "config": {"layers": [wrapper, depthwise]}}
    layers = current_config(model)["config"]["layers"]
    assert layers[0]["config"]["layer"]["config"] == {"units": 3}
    assert layers[1]["config"] == {"kernel_size": [3, 3]}
    assert depthwise["config"]["groups"] == 1  # what was given is left as it was


def test_an_argument_that_means_something_is_not_dropped():
    config = {"name": "odd", "units": 3, "time_major": True}
    with pytest.raises(ModelError, match="layer 'odd': a LSTM with time_major=True"):
        current_config({"class_name": "LSTM", "config": config})


KERAS_2 = """
import sys, numpy, tf_keras as k
k.utils.set_random_seed(0)
nested = k.Sequential([k.layers.Input((8, 8, 4)), k.layers.Conv2D(4, 3, padding="same"),
                       k.layers.BatchNormalization()], name="nested")
i = k.Input((8, 8, 3))
x = k.layers.Conv2D(4, 3, padding="same", activation="relu")(i)
x = k.layers.Add()([x, nested(x)])
x = k.layers.DepthwiseConv2D(3, padding="same")(k.layers.SeparableConv2D(6, 3)(x))
x = k.layers.SpatialDropout2D(0.1)(k.layers.Conv2DTranspose(4, 2, strides=2)(x))
x = k.layers.Reshape((144, 4))(x)
x = k.layers.GRU(6)(k.layers.Bidirectional(k.layers.LSTM(5, return_sequences=True))(x))
model = k.Model(i, k.layers.Dense(3, activation="softmax")(x))
model.compile("adam", "sparse_categorical_crossentropy")
x = numpy.random.rand(32, 8, 8, 3).astype("float32")
model.fit(x, numpy.arange(32) % 3, verbose=0)
folder = sys.argv[1]
numpy.savez(folder + "/run.npz", x=x, y=model.predict(x, verbose=0))
model.save(folder + "/model.h5")
model.save(folder + "/model.keras")
model.save(folder + "/saved_model", save_format="tf")
"""


@pytest.fixture(scope="module")
def keras_2_models(tmp_path_factory):
    pytest.importorskip("tf_keras", reason="writes models of Keras 2: pip install tf-keras")
    folder = tmp_path_factory.mktemp("keras2")
    subprocess.run([sys.executable, "-c", KERAS_2, str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "saved_model"])
def test_what_keras_2_saves_is_loaded(keras_2_models, name):
    run = np.load(keras_2_models / "run.npz")
    predicted = load_keras(keras_2_models / name).predict(run["x"], verbose=0)
    assert np.abs(predicted - run["y"]).max() < 1e-6


# --- saving


def test_equal_models_are_equal_files(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from edgecompress.keras_files.model import load_keras, save_keras\n"
        "save_keras(load_keras(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    inputs = keras.Input((8, 4))
    outputs = keras.layers.Bidirectional(keras.layers.LSTM(3))(inputs)
    keras.Model(inputs, outputs).save(tmp_path / "model.h5")
    for name in ("a.keras", "b.keras"):
        arguments = [str(tmp_path / "model.h5"), str(tmp_path / name)]
        run = subprocess.run(
            [sys.executable, "-c", code, *arguments], check=True, capture_output=True
        )
        assert run.stdout == run.stderr == b""  # TensorFlow keeps quiet, too
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    assert b"date_saved" not in zipfile.ZipFile(tmp_path / "a.keras").read("metadata.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.keras", "b.keras", "model.h5"]


def test_a_model_is_saved_as_keras_only(tmp_path):
    with pytest.raises(ModelError, match=r"written as \.keras"):
        save_keras(sequential(), tmp_path / "model.h5")


def test_the_seed_decides_the_weights():
    runs = []
    for seed in (1, 1, 2):
        set_seed(seed)
        runs.append(sequential().get_weights()[0])
    assert (runs[0] == runs[1]).all()
    assert (runs[0] != runs[2]).any()


# --- what cannot be loaded


def write(path, content):
    path.write_bytes(content)
    return path


def saved(model, path):
    model.save(path)
    return path


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match=r"nope\.keras: no such file or folder"):
        load_keras(tmp_path / "nope.keras")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.h5", b"this is a text", r"neither a \.keras archive \(zip\) nor HDF5"),
        ("empty.keras", b"", "but an empty file"),
        ("model.tflite", b"\x1c\0\0\0TFL3" + bytes(40), "a .tflite is converted already"),
    ],
)
def test_files_that_are_no_keras_models(tmp_path, name, content, message):
    with pytest.raises(ModelError, match=message):
        load_keras(write(tmp_path / name, content))


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_truncated_files(tmp_path, name):
    whole = saved(sequential(), tmp_path / name).read_bytes()
    for size in (20, len(whole) // 2, len(whole) - 30):
        with pytest.raises(ModelError, match=r"damaged|not a Keras model"):
            load_keras(write(tmp_path / name, whole[:size]))


def test_a_corrupt_archive(tmp_path):
    content = bytearray(saved(sequential(), tmp_path / "model.keras").read_bytes())
    start = content.index(b"model.weights.h5") + 200
    content[start : start + 50] = b"x" * 50
    with pytest.raises(ModelError, match=r"model\.keras: a damaged .keras archive .*Bad CRC-32"):
        load_keras(write(tmp_path / "model.keras", bytes(content)))


def test_a_zip_that_is_no_model(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("readme", "")
    with pytest.raises(ModelError, match="a zip archive, but not one of Keras"):
        load_keras(tmp_path / "model.keras")


def test_weights_without_a_model(tmp_path):
    sequential().save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ModelError, match="holds weights without the model"):
        load_keras(tmp_path / "model.weights.h5")


def test_a_lambda_layer(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs))
    with pytest.raises(ModelError, match="Lambda layer, whose Python code is not loaded"):
        load_keras(saved(model, tmp_path / "model.keras"))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_without_input_shape(tmp_path):
    model = keras.Sequential([keras.layers.Dense(3)])
    with pytest.raises(ModelError, match=r"no input shape; add a keras\.Input"):
        load_keras(saved(model, tmp_path / "model.keras"))


def test_an_exported_graph(tmp_path):
    sequential().export(tmp_path / "exported", verbose=False)
    with pytest.raises(ModelError, match="a graph but no layers"):
        load_keras(tmp_path / "exported")


def test_a_folder_that_is_no_saved_model(tmp_path):
    with pytest.raises(ModelError, match=r"a folder without saved_model\.pb"):
        load_keras(tmp_path)


def test_a_damaged_saved_model(mlperf_tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(mlperf_tiny / "kws_dscnn_saved_model", folder, copy_function=shutil.copyfile)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    write(folder / "variables" / "variables.data-00000-of-00001", b"short")
    with pytest.raises(ModelError, match="a damaged SavedModel"):
        load_keras(folder)
    write(folder / "saved_model.pb", b"garbage" * 9)
    with pytest.raises(ModelError, match="a damaged SavedModel"):
        load_keras(folder)
