"""The networks of the benchmark, untrained, for Keras 3 and tf_keras alike.

Each function takes the module (`keras` or `tf_keras`). Layers with weights are named, so that
weights go from one to the other by name.
"""

import os
from pathlib import Path
from typing import Any

_DS_BLOCKS = 4
_REPOSITORY = Path(__file__).parents[2]


def shared_folder() -> Path:
    """Return the folder of reference models and data that stands beside a checkout."""
    folder = Path(os.environ.get("EDGECOMPRESS_SHARED", _REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        raise SystemExit(
            f"no folder {folder}: set EDGECOMPRESS_SHARED to the one that holds models/ and data/"
        )
    return folder


def resnet8(keras: Any) -> Any:
    """Return ResNet-8 of MLPerf Tiny (mlcommons/tiny), with the weights published for CIFAR-10."""
    path = shared_folder() / "models" / "mlperf_tiny" / "ic_resnet8.h5"
    if keras.__name__ == "tf_keras":
        return keras.models.load_model(path, compile=False)
    from edgecompress.keras_files.model import load_keras

    return load_keras(path)


def ds_cnn(keras: Any) -> Any:
    """Return the keyword model of MLPerf Tiny for ten words.

    Source: mlcommons/tiny, benchmark/training/keyword_spotting/keras_model.py ("ds_cnn").
    """
    layers = keras.layers
    sound = keras.Input((49, 10, 1))
    x = layers.Conv2D(64, (10, 4), strides=2, padding="same", name="stem")(sound)
    x = layers.ReLU()(layers.BatchNormalization(name="stem_bn")(x))
    x = layers.Dropout(0.2)(x)
    for number in range(_DS_BLOCKS):
        x = layers.DepthwiseConv2D(3, padding="same", name=f"depthwise{number}")(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"depthwise{number}_bn")(x))
        x = layers.Conv2D(64, 1, padding="same", name=f"pointwise{number}")(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"pointwise{number}_bn")(x))
    x = layers.Dropout(0.4)(x)
    x = layers.Flatten()(layers.AveragePooling2D((25, 5))(x))
    return keras.Model(sound, layers.Dense(10, activation="softmax", name="word")(x))


def digits_cnn(keras: Any) -> Any:
    """Return a small convolutional classifier of 28x28 digits."""
    layers = keras.layers
    image = x = keras.Input((28, 28, 1))
    for number, filters in enumerate((16, 32, 64)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"bn{number}")(x))
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(32, activation="relu", name="hidden")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax", name="digit")(x))


def motion_cnn(keras: Any) -> Any:
    """Return a 1-D convolutional classifier of 2.56 s of six inertial signals at 50 Hz."""
    layers = keras.layers
    signals = x = keras.Input((128, 6))
    for number, (filters, size) in enumerate(((32, 7), (64, 5), (64, 5))):
        name = f"conv{number}"
        x = layers.Conv1D(filters, size, strides=2, padding="same", use_bias=False, name=name)(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"bn{number}")(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(signals, layers.Dense(7, activation="softmax", name="exercise")(x))


def autoencoder(keras: Any) -> Any:
    """Return a dense autoencoder of 8x8 digits, built as the anomaly detector of MLPerf Tiny."""
    layers = keras.layers
    image = x = keras.Input((64,))
    for number, units in enumerate((128, 128, 8, 128, 128)):
        x = layers.Dense(units, name=f"dense{number}")(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"bn{number}")(x))
    return keras.Model(image, layers.Dense(64, name="output")(x))
