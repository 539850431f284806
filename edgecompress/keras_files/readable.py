"""A model of any form as a file that Keras 3 reads, prepared where a damaged one does no harm.

The HDF5 library does not always come back from a damaged file. A child opens it first, and all of
it, with a limit of processor time.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from edgecompress.child import Child, ChildError
from edgecompress.errors import MALFORMED, ModelError
from edgecompress.keras_files.form import Form
from edgecompress.keras_files.legacy_config import current_config
from edgecompress.keras_files.precision import in_float32
from edgecompress.keras_files.safe import check_archive, check_weights
from edgecompress.keras_files.saved_model import keras2_to_hdf5, saved_model_to_hdf5

_START_SECONDS = 5.0
_BYTES_PER_SECOND = 1_000_000  # read on a slow computer


def readable(path: Path, form: Form, folder: Path) -> Path:
    """Write the model into `folder` as a file that Keras 3 reads, and return that file.

    Raises:
        ModelError: the file is damaged, or holds what no model of Keras's does.
    """
    source, file = path, folder / ("model.keras" if form == "keras" else "model.h5")
    if form in ("saved_model", "keras2"):
        source = folder / "converted.h5"
    if form == "saved_model":
        saved_model_to_hdf5(path, source)
    elif form == "keras2":
        _in_child("safe:check_archive", path)
        keras2_to_hdf5(path, source)
    _in_child("readable:prepare", path, source, file)
    return file


def prepare(path: Path, source: Path, file: Path) -> None:
    """Check a `.keras` archive or an HDF5 file, and copy it in the form of Keras 3.

    Args:
        path: what the user gave, to be named in messages.
        source: the file to read.
        file: the file to write, named for its form.
    """
    if file.suffix == ".keras":
        check_archive(source)
        _float32_archive(source, file)
    else:
        check_weights(source, path)
        shutil.copyfile(source, file)
        _update_hdf5(file, path)


def _in_child(function: str, path: Path, *arguments: Any) -> None:
    size = path.stat().st_size if path.is_file() else 0
    seconds = _START_SECONDS + size / _BYTES_PER_SECOND
    child = Child(f"edgecompress.keras_files.{function}")
    try:
        child.call(path, *arguments, cpu_seconds=seconds)
    except ChildError as error:
        raise ModelError(
            f"{path}: a damaged file, which cannot be read to its end: {error}; save the model "
            'again with model.save("model.keras")'
        ) from error
    finally:
        child.close()


def _float32_archive(path: Path, copy: Path) -> Path:
    """Copy a `.keras` archive, its layers in float32 whatever they were trained in."""
    try:
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == "config.json":
                    content = json.dumps(in_float32(json.loads(content))).encode()
                target.writestr(entry.filename, content)
    except (OSError, *MALFORMED):
        shutil.copyfile(path, copy)  # Keras says what is wrong with it
    return copy


def _update_hdf5(file: Path, path: Path) -> None:
    """Bring the model's configuration in an HDF5 file up to Keras 3."""
    import h5py

    try:
        with h5py.File(file, "r+") as hdf5:
            config = hdf5.attrs.get("model_config")
            if config is None:
                raise ModelError(
                    f"{path}: holds weights without the model; save the whole model with "
                    'model.save("model.keras")'
                )
            hdf5.attrs["model_config"] = json.dumps(in_float32(current_config(json.loads(config))))
    except (OSError, *MALFORMED) as error:
        raise ModelError(f"{path}: a damaged HDF5 file: {error}") from error
