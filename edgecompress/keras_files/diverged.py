"""Weights that are no numbers: what a training that diverged leaves behind."""

from pathlib import Path
from typing import Any

import numpy as np

from edgecompress.errors import ModelError


def refuse_diverged(model: Any, path: Path) -> None:
    """Raise ModelError if a weight of `model` (a keras.Model) is NaN or infinite."""
    found = [
        (weight.path.removesuffix(f"/{weight.name}"), weight.name)
        for weight in model.weights
        if not np.isfinite(np.asarray(weight.numpy(), np.float32)).all()
    ]
    if found:
        layer, name = found[0]
        more = f", and {len(found) - 1} other weights do" if len(found) > 1 else ""
        raise ModelError(
            f"{path}: layer {layer} holds NaN or infinity in its {name}{more}: its training "
            "diverged. Train it again, at a lower learning rate, on data without NaN"
        )
