"""What accuracy.py compresses: data of scikit-learn and of JPEG photographs, and a MobileNetV2."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgecompress.demo import digits
from edgecompress.keras_files.model import import_keras
from edgecompress.train.settings import Augmentation

SHARED = Path(os.environ.get("EDGECOMPRESS_SHARED", Path(__file__).parents[3] / "shared"))
CIFAR_TRAIN, CIFAR_TEST = 750, 500  # images of each class


@dataclass(frozen=True)
class Case:
    """Data, and how the network is trained on it and compressed."""

    arrays: Callable[[], dict[str, Any]]
    epochs: int
    augmentation: Augmentation
    time_budget: str


def digits_doubled() -> dict[str, Any]:
    """Return the demo's digits at twice their size: [n, 32, 32, 1]."""
    arrays = digits()
    doubled = {name: np.kron(arrays[name], np.ones((1, 2, 2, 1), np.float32)) for name in arrays
               if name.startswith("x")}  # fmt: skip
    return {**arrays, **doubled}


def cifar() -> dict[str, Any]:
    """Return a part of the JPEG CIFAR-10 data: [n, 32, 32, 3] in 0..1."""
    from PIL import Image

    found: dict[str, Any] = {}
    for part, count in (("train", CIFAR_TRAIN), ("test", CIFAR_TEST)):
        folders = sorted((SHARED / "data" / "cifar10_jpeg" / part).iterdir())
        paths = [path for folder in folders for path in sorted(folder.iterdir())[:count]]
        images = np.stack([np.asarray(Image.open(path)) for path in paths])
        found[f"x_{part}"] = images.astype(np.float32) / 255
        found[f"y_{part}"] = np.repeat(np.arange(len(folders)), count)
    return found


CASES = {
    "digits": Case(digits_doubled, 30, "none", "60s"),
    "cifar10": Case(cifar, 25, "shift+flip", "120s"),
}
# Of MobileNetV2's kind: filters of the first convolution; filters and strides of the blocks.
STEM, BLOCKS, EXPANSION = 8, ((12, 2), (16, 2), (16, 1), (24, 2)), 6


def network_of(shape: tuple[int, ...]) -> Any:
    """Return a network whose first block takes most of the arena."""
    keras = import_keras()
    layers = keras.layers

    def activated(x: Any) -> Any:
        return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))

    image = keras.Input(shape)
    x = activated(layers.Conv2D(STEM, 3, padding="same", use_bias=False)(image))
    for filters, stride in BLOCKS:
        wide = activated(layers.Conv2D(EXPANSION * x.shape[-1], 1, use_bias=False)(x))
        wide = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(wide)
        narrow = layers.Conv2D(filters, 1, use_bias=False)(activated(wide))
        narrow = layers.BatchNormalization(momentum=0.9)(narrow)
        x = layers.Add()([x, narrow]) if x.shape == narrow.shape else narrow
    x = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, x)
