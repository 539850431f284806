"""How a Keras model was compiled, read from its file as JSON: nothing in it is executed."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def loss_weights(path: Path, outputs: Sequence[str]) -> tuple[float, ...]:
    """Return the weight of each output's loss; 1 where the file does not say.

    Keras keeps them in `compile_config` of a `.keras` file's `config.json`: a list in the order of
    the outputs, or a dictionary by their names.
    """
    found = _compile_config(path).get("loss_weights")
    if isinstance(found, dict):
        return tuple(_weight(found.get(name)) for name in outputs)
    if isinstance(found, list) and len(found) == len(outputs):
        return tuple(_weight(value) for value in found)
    return (1.0,) * len(outputs)


def _weight(value: object) -> float:
    return float(value) if isinstance(value, int | float) and value >= 0 else 1.0


def _compile_config(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json")).get("compile_config")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, AttributeError):
        return {}
    return config if isinstance(config, dict) else {}
