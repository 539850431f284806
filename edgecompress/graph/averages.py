"""One kernel for all averages of a model: AVERAGE_POOL_2D for means over all of a map as well.

MEAN beside it is 4,184 bytes of flash on Cortex-M4F, 4,780 on M0+ and 4,300 on M55. Where a model
has means over all of a map only, MEAN stays: AVERAGE_POOL_2D is 1,100 to 1,640 bytes smaller
(`memory/costs/flash_*.json`), but rounds to the scale of the map, whose range is the wider.
"""

from functools import partial
from typing import Any

from edgecompress.graph.flat_copy import Instead
from edgecompress.graph.fold import Call, flat_calls
from edgecompress.graph.simplify import Rewrite
from edgecompress.keras_files.model import import_keras

_GLOBAL = ("GlobalAveragePooling1D", "GlobalAveragePooling2D")
_AVERAGING = ("AveragePooling1D", "AveragePooling2D")
_WITH_MEAN = ("GroupNormalization", "LayerNormalization", "Mean", "RMSNormalization")


def average_rewrites(model: Any) -> tuple[Rewrite, ...]:
    """Return how each GlobalAveragePooling becomes AveragePooling2D with one window.

    None does where there is no AveragePooling, or where a MEAN would be left all the same.

    Raises:
        ModelError: the model is not functional.
    """
    calls = flat_calls(model)
    kinds = {type(call.layer).__name__ for call in calls}
    means = [n for n, call in enumerate(calls) if type(call.layer).__name__ in _GLOBAL]
    if kinds.isdisjoint(_AVERAGING) or not kinds.isdisjoint(_WITH_MEAN):
        return ()
    if not all(_has_window(calls[n]) for n in means):
        return ()
    return tuple(
        Rewrite(
            f"{calls[n].layer.name} by AVERAGE_POOL_2D as other averages: no MEAN kernel",
            instead={n: _pool(calls[n])},
        )
        for n in means
    )


def _has_window(call: Call) -> bool:
    return None not in call.sources[0].shape and call.layer.data_format == "channels_last"


def _pool(call: Call) -> Instead:
    rows, *columns = (size or 1 for size in call.sources[0].shape[:-1])
    window = (rows, *columns) if columns else (rows, 1)  # of time alone
    return partial(_pooled, window, tuple(size or 1 for size in call.shape))


def _pooled(window: tuple[int, ...], shape: tuple[int, ...], tensor: Any, name: str) -> Any:
    layers = import_keras().layers
    plane = (*window, shape[-1])
    if tuple(tensor.shape[1:]) != plane:
        tensor = layers.Reshape(plane)(tensor)
    pooled = layers.AveragePooling2D(window, name=name)(tensor)
    return pooled if tuple(pooled.shape[1:]) == shape else layers.Reshape(shape)(pooled)
