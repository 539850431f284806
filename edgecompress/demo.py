"""The demo's real data and network: scikit-learn's digits, and a small residual CNN."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edgecompress.progress import doing

if TYPE_CHECKING:
    from edgecompress.firmware.run.emulate import Emulation
    from edgecompress.pipeline import Outcome

_log = logging.getLogger(__name__)

_TEST_SHARE = 0.25
_EPOCHS = 12
_TIME_BUDGET = "3m"


def digits() -> dict[str, npt.NDArray[Any]]:
    """Return scikit-learn's 1,797 handwritten digits, at twice their size.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998; as
    distributed with scikit-learn (`sklearn.datasets.load_digits`).

    Returns:
        `x_train, y_train, x_test, y_test`: float32 [n, 16, 16, 1] in 0..1, and int labels 0..9.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = np.kron(images.reshape(-1, 8, 8) / 16, np.ones((1, 2, 2))).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(
        images[..., np.newaxis], labels, test_size=_TEST_SHARE, random_state=0, stratify=labels
    )
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def demo(board: str, out: Path, *, seed: int = 0, force: bool = False) -> "Outcome":
    """Train the network, compress it for `board` and write the run, and the network, to `out`.

    Raises:
        EdgecompressError: as `edgecompress.pipeline.compress`.
    """
    from edgecompress.files import refuse_existing
    from edgecompress.pipeline import compress
    from edgecompress.recipe import Recipe

    network = out / "digits.keras"
    if not force:
        refuse_existing(out, [network.name])
    train_network(network, seed=seed)
    recipe = Recipe(
        model=str(network),
        board=board,
        data="edgecompress.demo:digits",
        time_budget=_TIME_BUDGET,
        batch_size=32,
        seed=seed,
    )
    return compress(recipe, out, force=force)


def run_network(board: str, out: Path, *, force: bool = False) -> "Emulation":
    """Run the compressed network as firmware in C, which it writes to `out`/emulated.

    Raises:
        EdgecompressError: as `edgecompress.firmware.run.anywhere.run_anywhere`.
    """
    from edgecompress.board import load_board
    from edgecompress.firmware.run.anywhere import run_anywhere

    model, folder = out / "model.tflite", out / "emulated"
    return run_anywhere(model, load_board(board), folder, samples=digits()["x_train"], force=force)


def train_network(path: Path, *, seed: int = 0) -> None:
    """Train the demo's network on the digits' training part and save it as a `.keras` file."""
    from edgecompress.keras_files.model import import_keras, save_keras, set_seed

    keras = import_keras()
    set_seed(seed)
    data = digits()
    model = _network(keras)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    with doing("training the demo's own network", said=True) as tell:
        epochs = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, _: tell((epoch + 1) / _EPOCHS)
        )
        history = model.fit(
            data["x_train"], data["y_train"], batch_size=32, epochs=_EPOCHS, verbose=0,
            callbacks=[epochs],
        )  # fmt: skip
    _log.info(
        "trained the demo network: %d parameters, %d epochs, %.1f %% of the training images",
        model.count_params(),
        _EPOCHS,
        100 * history.history["accuracy"][-1],
    )
    save_keras(model, path)


def _network(keras: Any) -> Any:
    """Build a residual CNN whose activations are too large for 32 KiB of RAM."""
    layers = keras.layers

    def convolution(x: Any, channels: int, stride: int = 1) -> Any:
        x = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    image = keras.Input((16, 16, 1), name="image")
    x = stem = convolution(image, 40)
    x = convolution(convolution(x, 40), 40)
    x = layers.Add()([x, stem])
    x = convolution(convolution(x, 64, stride=2), 64)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(
        image, layers.Dense(10, activation="softmax", name="digit")(x), name="digits"
    )
