"""Made motion signals of mixed units, and a classifier: accelerometer 0.2, gyroscope 150."""

from typing import Any

import numpy as np

from edgecompress.dataset import Split
from edgecompress.keras_files.model import import_keras, set_seed

TIME, FEATURES, CLASSES = 32, 6, 4


def motion_splits(count: int = 600) -> tuple[Split, Split]:
    """Return (train, test): two kinds of acceleration times two of rotation, with noise."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, count)
    time, phase = np.arange(TIME), random.uniform(0, 6, (2, count, 1))
    x = random.normal(size=(count, TIME, FEATURES)) * ([0.02] * 3 + [15.0] * 3)
    x[:, :, 0] += 0.2 * np.sin(time * (0.2 + 0.2 * (labels[:, None] % 2)) + phase[0])
    x[:, :, 4] += 150 * np.sin(time * (0.2 + 0.2 * (labels[:, None] // 2)) + phase[1])
    split = Split(x.astype(np.float32), labels)
    return split.take(np.arange(400)), split.take(np.arange(400, count))


def motion_normalization(train: Split) -> Any:
    """Return a Normalization layer that was adapted to the signals."""
    layer = import_keras().layers.Normalization(name="units")
    layer.adapt(train.x)
    return layer


def motion_head(train: Split) -> Any:
    """Return a classifier, keras.Sequential, of signals that were normalized already."""
    keras = import_keras()
    set_seed(0)
    layers = keras.layers
    head = keras.Sequential(
        [
            keras.Input((TIME, FEATURES)),
            layers.Conv1D(8, 5, activation="relu", name="first"),
            layers.Conv1D(8, 5, strides=2, activation="relu", name="second"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dense(CLASSES, activation="softmax", name="kind"),
        ],
        name="head",
    )
    x = np.asarray(motion_normalization(train)(train.x))
    head.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    head.fit(x, train.y, epochs=25, verbose=0)
    return head
