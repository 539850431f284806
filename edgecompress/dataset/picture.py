"""One image file to an upright picture of 8 bits, in grey or colour, and what was lost by it."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgecompress.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

# A picture of more would take a quarter of a gigabyte; Pillow, too, begins to warn there.
_MOST_PIXELS = 89_478_485
_UPRIGHT = 1
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)  # EXIF 2.3, section 4.6.4 A
_BITS_PER_SAMPLE = 258  # TIFF 6.0, section 8
_ANIMATED = "several pictures, of which the first is taken"
_TURNED = "an EXIF orientation, by which it is turned upright"
_DEEP = "16 bits a pixel, which are scaled to 8"
_SEE_THROUGH = "transparent pixels, which are taken in the colour they are stored in"
_INKS = "colours for print (CMYK), which are converted without a profile"


def size_of(path: Path) -> tuple[str, tuple[int, int]]:
    """Return the mode and the upright (width, height) of an image, without its pixels.

    Raises:
        DataError: the file is no image, or one of too many pixels.
    """
    with quiet():
        image = _opened(path.read_bytes(), path)
        turned = _orientation(image) in _SIDEWAYS
    width, height = image.size
    return image.mode, (height, width) if turned else (width, height)


def picture_of(content: bytes, path: Path, mode: str) -> tuple["Image", tuple[str, ...]]:
    """Return an image in `mode` ("L" or "RGB"), and what is to be said of its conversion.

    Raises:
        DataError: the file is no image, is damaged, has too many pixels, or pixels whose range
            nobody knows.
    """
    image = _opened(content, path)
    try:
        said, orientation = _properties(image), _orientation(image)
        return _in_mode(_upright(_in_8_bits(image, path), orientation), mode), said
    except DataError:
        raise
    except Exception as error:
        raise _unreadable(path, error) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back Pillow's warnings of what a file has beside its pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_grey(mode: str) -> bool:
    """Say whether images of one of Pillow's modes have no colours."""
    return mode in ("1", "L", "LA", "La", "I") or mode.startswith("I;16")


def _opened(content: bytes, path: Path) -> "Image":
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content))
    except Image.DecompressionBombError as error:
        raise _too_large(path, str(error)) from error
    except Exception as error:  # Pillow's readers raise whatever they meet in a damaged file
        raise _unreadable(path, error) from error
    if image.width * image.height > _MOST_PIXELS:
        raise _too_large(path, f"{image.width} x {image.height} pixels")
    return image


def _properties(image: "Image") -> tuple[str, ...]:
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    found = {
        _ANIMATED: bool(getattr(image, "is_animated", False)),
        _TURNED: _orientation(image) != _UPRIGHT,
        _DEEP: image.mode.startswith("I"),
        _SEE_THROUGH: "transparency" in image.info
        or (alpha is not None and np.asarray(alpha).min() < np.iinfo(np.uint8).max),
        _INKS: image.mode == "CMYK",
    }
    return tuple(what for what, holds in found.items() if holds)


def _orientation(image: "Image") -> int:
    """Return the EXIF orientation, 1 where there is none or what there is cannot be read."""
    try:
        found = image.getexif().get(_ORIENTATION, _UPRIGHT)
    except Exception:  # noqa: BLE001 - damaged EXIF of a sound picture
        return _UPRIGHT
    return found if isinstance(found, int) and _UPRIGHT <= found <= _SIDEWAYS[-1] else _UPRIGHT


def _upright(image: "Image", orientation: int) -> "Image":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }  # fmt: skip
    turn = turns.get(orientation)
    return image if turn is None else image.transpose(turn)


def _in_8_bits(image: "Image", path: Path) -> "Image":
    """Return an image of 8 bits a pixel; deep grey ones are scaled by what their bits can hold."""
    from PIL import Image

    known_range = image.mode.startswith("I;16") or image.format in ("PNG", "PPM")
    if image.mode == "F" or (image.mode == "I" and not known_range):
        raise DataError(
            f"{path}: its pixels are numbers of 32 bits, and nothing says which is black and which "
            "white; save it with 8 or 16 bits a pixel, or give the samples as .npz"
        )
    if not image.mode.startswith("I"):
        return image
    limit = (1 << _bits(image)) - 1
    levels = np.asarray(image).astype(np.uint32)
    scaled = (levels.clip(0, limit) * 255 + limit // 2) // limit
    return Image.fromarray(scaled.astype(np.uint8))


def _bits(image: "Image") -> int:
    tags = getattr(image, "tag_v2", {})
    stored = tags.get(_BITS_PER_SAMPLE, (16,))
    return int(stored[0] if isinstance(stored, tuple) else stored)


def _in_mode(image: "Image", mode: str) -> "Image":
    return (image.convert("RGBA") if image.mode in ("P", "PA") else image).convert(mode)


def _too_large(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: {what}; images of more than {_MOST_PIXELS:,} pixels are not read: resize it"
    )


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: not a readable image ({error}); repair or remove it")
