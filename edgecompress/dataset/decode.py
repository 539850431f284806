"""Image files to pixels of one size and number of channels."""

import hashlib
import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.paged import empty_array
from edgecompress.dataset.picture import is_grey, picture_of, quiet, size_of
from edgecompress.errors import DataError

_log = logging.getLogger(__name__)
_LONGEST_SIDE_RATIO = 4  # of images


@dataclass(frozen=True)
class Form:
    """What images are made into.

    Attributes:
        mode: "L" for grey, "RGB" for colour, as Pillow calls them.
        width: in pixels.
        height: in pixels.
        resize: whether images of another size are resized, or an error.
    """

    mode: str
    width: int
    height: int
    resize: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image as an array."""
        return self.height, self.width, len(self.mode)


def choose_form(first: Path, input_shape: tuple[int | None, ...] | None, folder: Path) -> Form:
    """Choose the form of all images from a model's input, or else from the first image.

    Raises:
        DataError: the input is not an image, or the first image cannot be read.
    """
    mode, (width, height) = size_of(first)
    if input_shape is None:
        return Form("L" if is_grey(mode) else "RGB", width, height, resize=False)
    wanted_height, wanted_width, channels = _image_shape(input_shape, folder)
    form_mode = "L" if channels == 1 else "RGB"
    if wanted_height is None or wanted_width is None:
        return Form(form_mode, width, height, resize=False)
    if (wanted_width, wanted_height) != (width, height):
        _log.info(
            "%s: images (the first is %d x %d) are resized to the model's %d x %d",
            folder, width, height, wanted_width, wanted_height,
        )  # fmt: skip
    return Form(form_mode, wanted_width, wanted_height, resize=True)


def decode_all(paths: Sequence[Path], form: Form) -> tuple[NDArray[np.float32], list[str]]:
    """Return pixels 0..255 [n, height, width, channels] and the sha256 of each file, in order.

    Raises:
        DataError: an image cannot be read, or has another size and `form.resize` is off.
    """
    x = empty_array((len(paths), *form.shape), np.float32)

    def read(index: int) -> tuple[str, tuple[str, ...]]:
        content = paths[index].read_bytes()
        x[index], said = _decode(content, paths[index], form)
        return hashlib.sha256(content).hexdigest(), said

    with quiet(), ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        digests, said = zip(*pool.map(read, range(len(paths))), strict=True)
    _say(paths, said)
    return x, list(digests)


def _say(paths: Sequence[Path], said: Iterable[tuple[str, ...]]) -> None:
    """Say once of each kind of conversion how many images it met."""
    met: dict[str, list[Path]] = {}
    for path, properties in zip(paths, said, strict=True):
        for what in properties:
            met.setdefault(what, []).append(path)
    for what, those in met.items():
        _log.warning("warning: %d of %d images have %s (first: %s)",
                     len(those), len(paths), what, those[0])  # fmt: skip


def _image_shape(
    input_shape: tuple[int | None, ...], folder: Path
) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of a model's input."""
    match input_shape:
        case (height, width) if (
            height is not None and width is not None and _is_near(height, width)
        ):
            return height, width, 1
        case (height, width, (1 | 3) as channels):
            return height, width, channels
        case ((1 | 3) as channels, int(height), int(width)):
            raise DataError(
                f"{folder}: holds images, but the model takes them with channels first "
                f"({channels} x {height} x {width}): export it with channels last, or give the "
                "samples as .npz"
            )
    kind = "time series" if len(input_shape) == 2 else "features"  # noqa: PLR2004
    raise DataError(
        f"{folder}: holds images, but the model takes {kind} of shape "
        f"{str(input_shape).replace('None', 'any')}, not (height, width) or (height, width, 1 or "
        "3): is it the data of this model? Give its samples as .npz or .csv; were they made from "
        "these images, then made so"
    )


def _is_near(height: int, width: int) -> bool:
    """Tell an image from a series of a few features by its sides."""
    return max(height, width) <= _LONGEST_SIDE_RATIO * min(height, width)


def _decode(content: bytes, path: Path, form: Form) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    image, said = picture_of(content, path, form.mode)
    size = (form.width, form.height)
    if image.size != size and not form.resize:
        raise DataError(
            f"{path}: {image.width} x {image.height} pixels, but the first image has "
            f"{form.width} x {form.height}; resize the images to one size"
        )
    if image.size != size:
        from PIL.Image import Resampling

        image = image.resize(size, Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8).reshape(form.shape), said
