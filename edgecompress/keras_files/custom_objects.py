"""Layers and functions of the user's own, which Keras does not know by name."""

import importlib
import inspect
import os
import sys
from types import ModuleType
from typing import Any

from edgecompress.errors import UsageError
from edgecompress.keras_files.model import import_keras

_KNOWN_TO_KERAS = ("builtins", "keras", "numpy", "tensorflow", "typing")


def use_custom_objects(name: str) -> None:
    """Let every model that is loaded from now on in this process use what a module defines.

    Args:
        name: `package.module`, looked for in the current folder and among installed packages. Its
            classes and functions are known by their names; what it registers itself
            (`keras.saving.register_keras_serializable`) is known as registered.

    Raises:
        UsageError: the module cannot be imported, or defines nothing.
    """
    keras = import_keras()
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a console script does not look here
    registered = len(keras.saving.get_custom_objects())
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise UsageError(
            f"--custom-objects {name}: cannot import it ({type(error).__name__}: {error}); modules "
            "are looked for in the current folder and among the installed packages"
        ) from error
    found = _objects(module)
    if not found and len(keras.saving.get_custom_objects()) == registered:
        raise UsageError(
            f"--custom-objects {name}: defines no class and no function; name the module that "
            "defines the model's own layers"
        )
    keras.saving.get_custom_objects().update(found)


def _objects(module: ModuleType) -> dict[str, Any]:
    """Return what a module offers under its own names, but not what it has of Keras."""
    return {
        name: value
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.split(".")[0] not in _KNOWN_TO_KERAS
    }
