"""Inputs of any size: models, folders of board profiles and of images, arrays."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.tflite_models import dense_model, model_bytes, tensor

from edgecompress.files import BOARDS_DIR

_SIDE = 32  # pixels of an image's side
_CLASSES = 4


@dataclass(frozen=True)
class Made:
    """An input, and a model that goes with it."""

    path: Path
    model: Path


def weights(folder: Path, size: int) -> Made:
    """A dense layer of about `size` bytes."""
    features = max(4, int(size**0.5) // 4)
    return _model(folder, dense_model(units=max(1, size // features), features=features))


def layers(folder: Path, size: int) -> Made:
    """A chain of `size` small dense layers, each added to what the one before it was given."""
    random, width = np.random.default_rng(0), 8
    tensors = [tensor("input", (1, width), "INT8", scale=0.05, zero_point=0)]
    buffers, operators = [], []
    dense, add = schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.ADD
    for number in range(size // 2):
        taken, first = len(tensors) - 1, len(tensors)
        buffers += [random.integers(-99, 99, (width, width), np.int8).tobytes(), bytes(4 * width)]
        tensors += [
            tensor(
                f"weights{number}",
                (width, width),
                "INT8",
                len(buffers) - 1,
                scale=0.01,
                zero_point=0,
            ),
            tensor(f"bias{number}", (width,), "INT32", len(buffers), scale=0.0005, zero_point=0),
            tensor(f"dense{number}", (1, width), "INT8", scale=0.05, zero_point=0),
            tensor(f"sum{number}", (1, width), "INT8", scale=0.05, zero_point=0),
        ]
        options = schema.FullyConnectedOptionsT(), schema.AddOptionsT()
        kinds = schema.BuiltinOptions.FullyConnectedOptions, schema.BuiltinOptions.AddOptions
        operators += [
            (dense, [taken, first, first + 1], [first + 2], kinds[0], options[0]),
            (add, [taken, first + 2], [first + 3], kinds[1], options[1]),
        ]
    return _model(folder, model_bytes(tensors, operators, [0], [len(tensors) - 1], buffers))


def boards(folder: Path, size: int) -> Made:
    """`size` profiles, copies of those of the package."""
    made = _model(folder, dense_model())
    place = folder / "boards"
    place.mkdir()
    profiles = [path.read_text() for path in sorted(BOARDS_DIR.glob("*.toml"))]
    for number in range(size):
        (place / f"copy_{number:05}.toml").write_text(profiles[number % len(profiles)])
    return Made(place, made.model)


def images(folder: Path, size: int) -> Made:
    """`size` PNG files of random pixels, in folders of classes; 16 of each class at least."""
    from PIL import Image

    made = _model(folder, _image_model())
    random = np.random.default_rng(0)
    for number in range(max(size, 16 * _CLASSES)):
        place = folder / "images" / f"class{number % _CLASSES}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (_SIDE, _SIDE), np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return Made(folder / "images", made.model)


def npz(folder: Path, size: int) -> Made:
    """Arrays of `size` bytes in all."""
    made = _model(folder, _image_model())
    samples = max(8 * _CLASSES, size // (4 * _SIDE**2))
    x = np.random.default_rng(0).random((samples, _SIDE, _SIDE, 1), np.float32)
    np.savez(folder / "data.npz", x=x, y=np.arange(samples) % _CLASSES)
    return Made(folder / "data.npz", made.model)


def _image_model() -> bytes:
    """A dense layer on all pixels of an image."""
    pixels = _SIDE**2
    weights = np.random.default_rng(0).integers(-99, 99, (_CLASSES, pixels), np.int8)
    tensors = [
        tensor("image", (1, _SIDE, _SIDE, 1), "INT8", scale=1 / 255, zero_point=-128),
        tensor("shape", (2,), "INT32", 1),
        tensor("pixels", (1, pixels), "INT8", scale=1 / 255, zero_point=-128),
        tensor("weights", (_CLASSES, pixels), "INT8", 2, scale=0.01, zero_point=0),
        tensor("bias", (_CLASSES,), "INT32", 3, scale=0.01 / 255, zero_point=0),
        tensor("scores", (1, _CLASSES), "INT8", scale=0.5, zero_point=0),
    ]
    reshape, dense = schema.BuiltinOperator.RESHAPE, schema.BuiltinOperator.FULLY_CONNECTED
    kinds = schema.BuiltinOptions.ReshapeOptions, schema.BuiltinOptions.FullyConnectedOptions
    operators = [
        (reshape, [0, 1], [2], kinds[0], schema.ReshapeOptionsT()),
        (dense, [2, 3, 4], [5], kinds[1], schema.FullyConnectedOptionsT()),
    ]
    shape = np.array([1, pixels], np.int32).tobytes()
    constants = [shape, weights.tobytes(), bytes(4 * _CLASSES)]
    return model_bytes(tensors, operators, [0], [5], constants)


def _model(folder: Path, content: bytes) -> Made:
    folder.mkdir(parents=True)
    path = folder / "model.tflite"
    path.write_bytes(content)
    return Made(path, path)
