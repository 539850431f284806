"""Whether samples are what a model takes, said in the user's terms when they are not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.paged import changed, row_blocks
from edgecompress.errors import DataError


def match_input(
    x: NDArray[Any], input_shape: tuple[int | None, ...] | None, where: str = "data"
) -> NDArray[np.float32]:
    """Return samples as float32 in the shape a model takes, checked.

    An axis of length one at the end (the channel of grey images) is added or removed; nothing
    else is reshaped.

    Args:
        x: samples [n, ...] of any number type.
        input_shape: what the model takes, without the batch axis; None in it matches any length,
            None for it any shape.
        where: what to name in messages.

    Raises:
        DataError: no samples, another shape, not numbers, or NaN or infinity among them.
    """
    if len(x) == 0:
        raise DataError(f"{where}: no samples")
    if x.dtype.kind not in "fiub":
        raise DataError(f"{where}: samples are of type {x.dtype}; they must be real numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold is found below
        samples = _float32(_with_channel_axis(x, input_shape, where))
    if np.issubdtype(x.dtype, np.inexact) and len(bad := _unfit(samples)):
        raise DataError(
            f"{where}: {len(bad)} of {len(x)} samples hold NaN or infinity in float32 (first: "
            f"number {bad[0]}); repair or drop them"
        )
    return samples


def _float32(x: NDArray[Any]) -> NDArray[np.float32]:
    return x if x.dtype == np.float32 else changed(x, lambda rows: rows, np.float32)


def _unfit(samples: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the indices of the samples that hold NaN or infinity."""
    fit = [
        np.isfinite(samples[block]).reshape(len(samples[block]), -1).all(axis=1)
        for block in row_blocks(samples)
    ]
    return np.flatnonzero(~np.concatenate(fit))


def _with_channel_axis(
    x: NDArray[Any], input_shape: tuple[int | None, ...] | None, where: str
) -> NDArray[Any]:
    if input_shape is None or _fits(x.shape[1:], input_shape):
        return x
    if _fits((*x.shape[1:], 1), input_shape):
        return x[..., np.newaxis]
    if x.ndim > 1 and x.shape[-1] == 1 and _fits(x.shape[1:-1], input_shape):
        return x[..., 0]
    wanted = str(input_shape).replace("None", "any")
    raise DataError(
        f"{where}: samples have shape {x.shape[1:]}, the model takes {wanted}; "
        "reshape the data, or give the model that belongs to it"
    )


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        size in (None, found) for found, size in zip(shape, wanted, strict=True)
    )
