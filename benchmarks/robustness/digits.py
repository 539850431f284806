"""Small models of scikit-learn's digits, with their data: one for each seed."""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

_TRAINED, _SAMPLES = 300, 400


def make(folder: Path, seed: int) -> None:
    """Train a model of one convolution and write `digits.keras` and `digits.npz`."""
    import keras

    keras.utils.set_random_seed(seed)
    images, labels = load_digits(return_X_y=True)
    taken = np.random.default_rng(seed).permutation(len(labels))[:_SAMPLES]
    x, y = (images[taken] / 16).astype(np.float32).reshape(-1, 8, 8, 1), labels[taken]
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(4 + 2 * (seed % 3), 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(20, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:_TRAINED], y[:_TRAINED], batch_size=16, epochs=12, verbose=0)
    model.save(folder / "digits.keras")
    train, test = slice(_TRAINED), slice(_TRAINED, None)
    np.savez(
        folder / "digits.npz", x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test]
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
