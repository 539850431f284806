"""Keras models from every form a user has them in, and back to a `.keras` file.

Whatever comes in (`.keras`, HDF5 of Keras 2 or 3, a SavedModel of Keras 2), what comes out is a
model of plain Keras 3 layers, not compiled: it can be pruned, trained, saved and loaded again
without custom objects.
"""

import io
import json
import logging
import os
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from edgecompress.errors import ModelError
from edgecompress.files import write_file
from edgecompress.keras_files.diverged import refuse_diverged
from edgecompress.keras_files.exported import load_exported
from edgecompress.keras_files.form import model_form
from edgecompress.keras_files.readable import readable
from edgecompress.keras_files.saved_model import has_layers
from edgecompress.keras_files.stateful import refuse_stateful
from edgecompress.lock import passing_folder
from edgecompress.progress import doing


def import_keras() -> Any:
    """Import Keras (and TensorFlow) without a word on stdout or stderr, and return it."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        with doing("starting TensorFlow", said=True):
            _import_silently()
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel(logging.ERROR)
    return keras


def _import_silently() -> None:
    with _silenced():
        import_module("keras")
        import_module("tensorflow")


def set_seed(seed: int) -> None:
    """Seed Python, numpy and TensorFlow, and choose deterministic kernels, for this process."""
    keras = import_keras()
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


@doing("reading the model")
def load_keras(
    path: Path, *, custom_objects: Mapping[str, Any] | None = None, as_graph: bool = False
) -> Any:
    """Load a Keras model: `.keras`, HDF5, or the SavedModel folder of Keras 2.

    Args:
        path: the file or folder; what it holds decides how it is read, not its name.
        custom_objects: classes and functions of the user's that the model refers to, by name.
        as_graph: the model is only run and converted, so that a SavedModel without layers, as
            `model.export()` of Keras 3 writes it, will do.

    Returns:
        A `keras.Model`, not compiled; functional when the model was Sequential or functional.

    Raises:
        ModelError: there is no such file, it is damaged, it is not a Keras model, it uses layers
            that Keras does not have, it holds NaN, or one of its layers is stateful.
    """
    form = model_form(path)
    keras = import_keras()
    if as_graph and form == "saved_model" and not has_layers(path):
        return load_exported(keras, path)
    with passing_folder() as folder:
        file = readable(path, form, folder)
        model = _load(keras, file, path, custom_objects)
    refuse_diverged(model, path)
    refuse_stateful(model._flatten_layers(include_self=False), f"{path}: ")  # noqa: SLF001 - inside wrappers too
    return _functional(keras, model, path)


def save_keras(model: Any, path: Path) -> None:
    """Write `model` to `path` as a `.keras` archive, in one step.

    The archive that Keras writes holds the time of day and addresses in memory; this one does not,
    so that equal models are equal files.

    Raises:
        ModelError: the file is named otherwise, or the model has parts that Keras cannot write.
    """
    if path.suffix != ".keras":
        raise ModelError(f"{path}: a Keras model is written as .keras; name the file so")
    with passing_folder() as folder:
        archive = folder / "model.keras"
        try:
            model.save(archive)
        except Exception as error:
            raise ModelError(f"{path}: Keras cannot save the model: {error}") from error
        write_file(path, _reproducible(archive))


def _load(keras: Any, file: Path, path: Path, custom_objects: Mapping[str, Any] | None) -> Any:
    """Load `file`, and name `path` when that fails."""
    try:
        return keras.models.load_model(
            file, custom_objects=custom_objects, compile=False, safe_mode=True
        )
    except Exception as error:
        raise ModelError(f"{path}: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return what is wrong, and what to do, from what Keras raised."""
    text = str(error)
    unknown = re.search(r"(?:Unknown \w+:|Could not locate \w+) '?([\w>.]+)'?", text)
    if unknown:
        return (
            f"uses {unknown[1]!r}, which Keras does not have; name the module that defines it: "
            "--custom-objects package.module (from Python: load_keras(path, custom_objects={...}))"
        )
    if "Lambda" in text:
        return (
            "holds a Lambda layer, whose Python code is not loaded from a file; "
            "replace it by layers of Keras"
        )
    return f"Keras cannot load it: {text.strip().splitlines()[0] if text.strip() else error!r}"


def _functional(keras: Any, model: Any, path: Path) -> Any:
    """Return a Sequential model as a functional one over the same layers."""
    if not isinstance(model, keras.Sequential):
        return model
    if not model.built:
        raise ModelError(
            f"{path}: the Sequential model has no input shape; add a keras.Input to it"
        )
    return keras.Model(model.inputs, model.outputs, name=model.name)


def _reproducible(archive: Path) -> bytes:
    """Return a `.keras` archive without dates, its shared objects numbered from 0."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "metadata.json":
                version = json.loads(content)["keras_version"]
                content = json.dumps({"keras_version": version}).encode()
            elif name == "config.json":
                content = _renumbered(content.decode()).encode()
            target.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _renumbered(config: str) -> str:
    """Number the shared objects of a configuration by appearance; Keras takes their addresses."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'("shared_object_id": )(\d+)',
        lambda match: f"{match[1]}{numbers.setdefault(match[2], len(numbers))}",
        config,
    )


@contextmanager
def _silenced() -> Iterator[None]:
    """Send stderr nowhere: TensorFlow's C++ writes to it before it can be told not to."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
