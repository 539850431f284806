"""How a Keras model is stored, told by its first bytes, without starting TensorFlow."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from edgecompress.errors import ModelError

# "keras2" is a .keras archive that tf_keras wrote; Keras 3 cannot read it.
Form = Literal["keras", "keras2", "hdf5", "saved_model"]

_DAMAGED = (
    OSError, ValueError, KeyError, AttributeError, EOFError, RuntimeError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"  # HDF5 file format specification 3.0, II.A
_TFLITE_IDENTIFIER = b"TFL3"  # bytes 4 to 8 of every .tflite: tensorflow/lite/schema/schema.fbs


def model_form(path: Path) -> Form:
    """Say how the Keras model at `path` is stored; its content decides, not its name.

    Raises:
        ModelError: there is none, or it is stored in no form of Keras's.
    """
    if not path.exists():
        raise ModelError(f"{path}: no such file or folder")
    if path.is_dir():
        return _folder_form(path)
    if not path.is_file():
        raise ModelError(f"{path}: a pipe or a device; copy the model to a file")
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:8] == _TFLITE_IDENTIFIER:
        raise ModelError(
            f"{path}: a .tflite is converted already: it cannot be pruned, trained or compressed; "
            "give the Keras model it was made from. A float .tflite can be quantized: "
            "`edgecompress quantize MODEL.tflite --data DATA -o OUT.tflite`"
        )
    if head == _HDF5_SIGNATURE:
        return "hdf5"
    if zipfile.is_zipfile(path):
        return _archive_form(path)
    raise ModelError(
        f"{path}: not a Keras model: neither a .keras archive (zip) nor HDF5"
        f"{', but an empty file' if not head else ''}; it may be damaged or cut short. Save it "
        'again with model.save("model.keras")'
    )


def _folder_form(path: Path) -> Form:
    if (path / "saved_model.pb").is_file():
        return "saved_model"
    raise ModelError(
        f"{path}: a folder without saved_model.pb is not a SavedModel; give the folder that holds "
        "it, or a .keras or .h5 file"
    )


def _archive_form(path: Path) -> Form:
    try:
        with zipfile.ZipFile(path) as archive:
            version = json.loads(archive.read("metadata.json")).get("keras_version", "3")
    except _DAMAGED as error:
        raise ModelError(
            f"{path}: a zip archive, but not one of Keras (metadata.json: {error}); save the model "
            'again with model.save("model.keras")'
        ) from error
    return "keras2" if version.startswith("2.") else "keras"
