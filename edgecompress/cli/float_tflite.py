"""The part of `edgecompress quantize` that takes a float .tflite. Without TensorFlow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.dataset import Dataset
from edgecompress.errors import UsageError
from edgecompress.evaluate.data import data_for_tflite

# What an option must be for a float .tflite: the rest needs the layers of a Keras model.
_ONLY: Mapping[str, Any] = {
    "scheme": "int8", "method": "minmax", "equalize": False, "bias_correction": False,
    "remedy": False, "per_channel_dense": "off", "weight_bits": 8, "qat": False,
}  # fmt: skip
_FLAGS = {"method": "calibration"}


def quantize_float(
    path: Path, data: str, pixels: str, seed: int, **choices: Any
) -> tuple[bytes, bytes, Dataset]:
    """Return the float model's bytes, the int8 model's, and the data set they were made with.

    Raises:
        UsageError: an option that needs a Keras model.
    """
    from edgecompress.quantize.exported.model import check_float, quantize_tflite
    from edgecompress.tflite.reader import read_model

    wrong = [name for name, value in _ONLY.items() if choices.get(name, value) != value]
    if wrong:
        flag = _FLAGS.get(wrong[0], wrong[0]).replace("_", "-")
        raise UsageError(
            f"--{flag} works on the layers of a Keras model, which a .tflite no longer has; leave "
            "it out, or give the Keras model"
        )
    check_float(read_model(path))
    model = path.read_bytes()
    dataset = data_for_tflite(model, data, pixels, seed)
    made = quantize_tflite(model, dataset.train.x, samples=choices["samples"], seed=seed)
    return model, made, dataset
