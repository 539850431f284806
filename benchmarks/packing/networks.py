"""Networks of common shapes for table.py, written to a folder as Keras files.

    python benchmarks/packing/networks.py FOLDER

An Inception of parallel branches, a U-Net, a detector with heads on several scales, and
MobileNetV2 (Keras applications) at width 0.35 on 96 x 96, trained for two epochs to tell images
of two brightnesses apart; the others have random weights. Memory depends on shapes only.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from edgecompress.keras_files.model import import_keras, save_keras, set_seed

keras = import_keras()
layers = keras.layers
IMAGES = 256


def main() -> None:
    """Write the networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for make in (inception, u_net, detector, mobile_net_v2):
        set_seed(0)
        save_keras(make(), folder / f"{make.__name__}.keras")


def conv(x: Any, channels: int, size: int, **rest: Any) -> Any:
    """Apply a convolution that keeps the size of the image, unless told otherwise."""
    return layers.Conv2D(channels, size, padding="same", activation="relu", **rest)(x)


def inception() -> Any:
    """Return two blocks of four branches each, on 48 x 48."""
    image = keras.Input((48, 48, 3))
    x = conv(image, 16, 3, strides=2)
    for n in (8, 16):
        pooled = layers.MaxPooling2D(3, 1, padding="same")(x)
        branches = [
            conv(x, n, 1), conv(conv(x, n, 1), n, 3), conv(conv(x, n // 2, 1), 2 * n, 5),
            conv(pooled, n, 1),
        ]  # fmt: skip
        x = layers.MaxPooling2D(2)(layers.Concatenate()(branches))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(4, activation="softmax")(x))


def u_net() -> Any:
    """Return an encoder and a decoder with skips between them, on 48 x 48."""
    x = image = keras.Input((48, 48, 1))
    skips = []
    for n in (8, 16, 32):
        x = conv(x, n, 3)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = conv(x, 32, 3)
    for n, skip in zip((32, 16, 8), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(n, 2, strides=2, padding="same", activation="relu")(x)
        x = conv(layers.Concatenate()([x, skip]), n, 3)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def detector() -> Any:
    """Return four scales with a head of boxes each, on 64 x 64."""
    image = keras.Input((64, 64, 3))
    x = conv(image, 8, 3, strides=2)
    boxes = []
    for n, stride in ((16, 1), (32, 2), (64, 2), (64, 2)):
        x = layers.SeparableConv2D(n, 3, strides=stride, padding="same", activation="relu")(x)
        boxes.append(layers.Reshape((-1, 8))(layers.Conv2D(16, 3, padding="same")(x)))
    return keras.Model(image, layers.Concatenate(axis=1)(boxes))


def mobile_net_v2() -> Any:
    """Return MobileNetV2 after a little training: without any its signals vanish."""
    model = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=2)
    y = np.arange(IMAGES) % 2
    noise = np.random.default_rng(0).random((IMAGES, 96, 96, 3), np.float32)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(noise * 0.5 + 0.5 * y[:, None, None, None], y, batch_size=16, epochs=2, verbose=0)
    return model


if __name__ == "__main__":
    main()
