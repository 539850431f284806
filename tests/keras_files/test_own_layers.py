"""Models with layers of the user's own, and graphs without layers."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edgecompress.cli.measure.evaluate import command as evaluate
from edgecompress.errors import ModelError, UsageError
from edgecompress.keras_files.custom_objects import use_custom_objects
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.interpreter import predict

_MODULE = """
import keras

class Doubled(keras.layers.Layer):
    def call(self, x):
        return x * 2.0

@keras.saving.register_keras_serializable(package="mine")
def squashed(x):
    return keras.ops.tanh(x)
"""


@pytest.fixture
def keras():
    return import_keras()


@pytest.fixture
def own_model(tmp_path: Path, keras, monkeypatch) -> Path:
    """A folder with the module of the layers, and a model that uses them; neither is known."""
    (tmp_path / "my_layers_of_test.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_layers_of_test as mine

    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(2, activation=mine.squashed)(mine.Doubled()(inputs))
    keras.Model(inputs, outputs).save("model.keras")
    keras.saving.get_custom_objects().clear()
    monkeypatch.delitem(__import__("sys").modules, "my_layers_of_test")
    yield tmp_path / "model.keras"
    keras.saving.get_custom_objects().clear()


def test_a_module_of_own_layers_is_named_on_the_command_line(own_model: Path) -> None:
    np.savez("data.npz", x=np.ones((20, 4), np.float32), y=np.arange(20) % 2)
    arguments = ["model.keras", "--data", "data.npz", "--json"]
    result = CliRunner().invoke(evaluate, arguments)
    assert isinstance(result.exception, ModelError)
    assert "--custom-objects package.module" in str(result.exception)
    result = CliRunner().invoke(evaluate, [*arguments, "--custom-objects", "my_layers_of_test"])
    assert result.exit_code == 0, result.exception


def test_the_recipe_of_compress_names_the_module(own_model: Path, keras, monkeypatch, cli) -> None:
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    load = {"custom_objects": {"Doubled": _doubled(keras), "mine>squashed": keras.ops.tanh}}
    y = load_keras(own_model, **load).predict(x, verbose=0).argmax(axis=1)
    keras.saving.get_custom_objects().clear()
    np.savez("data.npz", x=x, y=y)
    words = ("compress", "model.keras", "--board", "mps2_an386", "--data", "data.npz",
             "--max-accuracy-drop", "10")  # fmt: skip
    code, _, err = cli(*words, "-o", "out")
    assert code == 3
    assert "--custom-objects package.module" in err
    code, _, err = cli(*words, "-o", "out", "--custom-objects", "my_layers_of_test")
    assert code == 0, err
    recipe = Path("out/edgecompress.toml")
    assert 'custom_objects = "my_layers_of_test"' in recipe.read_text()
    keras.saving.get_custom_objects().clear()
    monkeypatch.delitem(__import__("sys").modules, "my_layers_of_test")
    code, _, err = cli("compress", "--recipe", recipe, "-o", "again")
    assert code == 0, err
    assert Path("again/model.tflite").read_bytes() == Path("out/model.tflite").read_bytes()


def _doubled(keras):
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return x * 2.0

    return Doubled


@pytest.mark.parametrize(("name", "message"), [("no_such_module_here", "cannot import it"),
                                               ("keyword", "defines no class")])  # fmt: skip
def test_a_module_that_cannot_help_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        use_custom_objects(name)


@pytest.fixture
def exported(tmp_path: Path, keras) -> tuple[Path, object]:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6, 6, 1))
    hidden = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(hidden))
    model = keras.Model(inputs, outputs)
    model.export(tmp_path / "exported", verbose=False)
    return tmp_path / "exported", model


def test_what_model_export_writes_is_quantized_as_the_model_itself(exported) -> None:
    path, model = exported
    x = np.random.default_rng(0).normal(0, 1, (40, 6, 6, 1)).astype(np.float32)
    graph = load_keras(path, as_graph=True)
    np.testing.assert_allclose(graph.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5)
    exact, rounded = model.predict(x, verbose=0), predict(quantize(graph, x), x)[0]
    assert 10 * np.log10((exact**2).mean() / ((rounded - exact) ** 2).mean()) > 25


def test_a_graph_without_layers_is_not_pruned_and_the_remedy_is_said(exported) -> None:
    path, _ = exported
    with pytest.raises(ModelError, match=r"quantized and measured.*model\.save\(.model\.keras"):
        load_keras(path)


def test_a_damaged_saved_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"nothing")
    with pytest.raises(ModelError):
        load_keras(tmp_path, as_graph=True)
