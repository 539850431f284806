"""A model to judge: a .tflite as it is, or a Keras model converted without its data."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgecompress.errors import ModelError
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.reader import read_model

CALIBRATION_SAMPLES = 8
SYNTHETIC_NOTE = (
    "converted to int8 with {samples} samples of noise for calibration: sizes are those of the "
    "trained model, accuracy is not"
)
_KERAS_SUFFIXES = frozenset({".keras", ".h5", ".hdf5"})


def load_graph(model: Any) -> tuple[Graph, str | None]:
    """Return the graph of `model`, and a note if it had to be converted first.

    A folder, `.keras`, `.h5` or `.hdf5` is a Keras model, for which TensorFlow is imported. Else a
    .tflite: its path, its bytes or its Graph; or a keras.Model.

    Raises:
        ModelError: the model cannot be read or converted.
    """
    if isinstance(model, Graph):
        return model, None
    if isinstance(model, Path) and not model.exists():
        raise ModelError(f"{model}: no such file or folder; give a .tflite or a Keras model")
    is_path = isinstance(model, Path)
    if isinstance(model, bytes) or (is_path and not _is_keras(model)):
        return read_model(model), None
    return _converted(_loaded(model) if is_path else model), SYNTHETIC_NOTE.format(
        samples=CALIBRATION_SAMPLES
    )


def _is_keras(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in _KERAS_SUFFIXES


def _loaded(path: Path) -> Any:
    from edgecompress.keras_files.model import load_keras

    return load_keras(path, as_graph=True)


def _converted(model: Any) -> Graph:
    """Return what a keras.Model becomes, with names of layers, which the file will not have."""
    import numpy as np

    from edgecompress.quantize.post_training import quantize
    from edgecompress.tflite.pack import packed

    noise = np.random.default_rng(0)
    shapes = [tuple(size or 1 for size in tensor.shape[1:]) for tensor in model.inputs]
    samples = [
        noise.standard_normal((CALIBRATION_SAMPLES, *shape)).astype(np.float32) for shape in shapes
    ]
    named = quantize(model, samples, samples=CALIBRATION_SAMPLES, names=True)
    bare = packed(named)
    return replace(read_model(named), size_bytes=len(bare), sha256=hashlib.sha256(bare).hexdigest())
