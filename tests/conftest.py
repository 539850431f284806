import functools
import os
import signal
from pathlib import Path

import pytest
from support import REPOSITORY

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as where a shell began it with "&"
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of reference models and measurements that stands beside a checkout."""
    folder = Path(os.environ.get("EDGECOMPRESS_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(
            f"no reference models at {folder.name}/ beside the checkout; "
            "set EDGECOMPRESS_SHARED to the folder that holds models/ and truth/"
        )
    return folder


@pytest.fixture(scope="session")
def digits_splits():
    """scikit-learn's 1,797 digits, [n, 8, 8, 1] in 0..1, as (train, validation, test)."""
    import numpy as np
    from sklearn.datasets import load_digits

    from edgecompress.dataset import Split

    images, labels = load_digits(return_X_y=True)
    everything = Split((images / 16).astype(np.float32).reshape(-1, 8, 8, 1), labels)
    order = np.random.default_rng(0).permutation(everything.size)
    return tuple(everything.take(part) for part in np.split(order, [1200, 1400]))


@pytest.fixture(scope="session")
def digits_model(digits_splits):
    """A small residual CNN trained on the digits; not to be changed by a test."""
    from edgecompress.keras_files.model import import_keras, set_seed

    keras = import_keras()
    set_seed(0)
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(image)
    x = stem = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="inner")(x)
    x = layers.ReLU()(layers.Add()([layers.BatchNormalization(momentum=0.9)(x), stem]))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="down")(x)
    x = layers.Dense(10, activation="softmax", name="digit")(layers.Flatten()(x))
    model = keras.Model(image, x, name="digits")
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    train = digits_splits[0]
    model.fit(train.x, train.y, batch_size=32, epochs=10, verbose=0)
    return model


@pytest.fixture(scope="session")
def digits_int8(digits_model, digits_splits):
    """The digits model, quantized to int8."""
    from edgecompress.quantize.post_training import quantize

    return quantize(digits_model, digits_splits[0].x)


@pytest.fixture
def cli(capsys):
    """Run the command line in this process: `cli(*words)` gives (exit code, stdout, stderr)."""
    from edgecompress.cli import main

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        output = capsys.readouterr()
        return ended.value.code or 0, output.out, output.err

    return run


@pytest.fixture(scope="session")
def digits_files(digits_model, digits_splits, tmp_path_factory):
    """A folder with the digits model (`digits.keras`) and its data (`digits.npz`)."""
    import numpy as np

    from edgecompress.keras_files.model import save_keras

    folder = tmp_path_factory.mktemp("digits")
    train, validation, test = digits_splits
    save_keras(digits_model, folder / "digits.keras")
    np.savez(
        folder / "digits.npz",
        x_train=np.concatenate([train.x, validation.x]),
        y_train=np.concatenate([train.y, validation.y]),
        x_test=test.x,
        y_test=test.y,
    )
    return folder


@pytest.fixture
def cached_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run TFLM once for all the boards that a model is generated for."""
    from edgecompress.firmware.sources import generate as generate_module
    from edgecompress.firmware.sources.vectors import golden_vectors

    known: dict[bytes, object] = {}

    @functools.wraps(golden_vectors)
    def remembered(model: bytes, *arguments: object, **options: object) -> object:
        if model not in known:
            known[model] = golden_vectors(model, *arguments, **options)
        return known[model]

    monkeypatch.setattr(generate_module, "golden_vectors", remembered)
