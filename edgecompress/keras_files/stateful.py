"""Refuse layers that keep their state from one call to the next."""

from collections.abc import Iterable
from typing import Any

from edgecompress.errors import ConversionError


def refuse_stateful(layers: Iterable[Any], where: str = "") -> None:
    """Raise ConversionError, which begins with `where`, if one of `layers` is stateful."""
    for layer in layers:
        if getattr(layer, "stateful", False):
            raise ConversionError(
                f"{where}layer {layer.name!r} is stateful: it keeps its state from one inference "
                "to the next, which TFLM's kernels do not all do. Set stateful=False, and give the "
                "model the whole sequence at once"
            )
