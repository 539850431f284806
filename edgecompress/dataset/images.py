"""Folders of images: one folder a class, divided into train and test folders or not."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from edgecompress.dataset.decode import choose_form, decode_all
from edgecompress.dataset.source import Source
from edgecompress.dataset.split import Split
from edgecompress.errors import DataError, did_you_mean

_log = logging.getLogger(__name__)

_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
_PARTS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
_LAYOUT = "give a folder that holds train/<class>/*.png and test/<class>/*.png, or <class>/*.png"


def read_images(
    folder: Path, input_shape: tuple[int | None, ...] | None, labels: Sequence[str]
) -> Source:
    """Read a folder of images as pixels of 0..255, [n, height, width, channels].

    Images are converted to the model's number of channels and resized (bilinear) to its size.
    Class names in alphabetical order are the label indices, unless `labels` gives another order.

    Raises:
        DataError: no classes, a class without images or without a place in `labels`, an image
            that cannot be read, or images of several sizes where the model does not say which.
    """
    folders = _part_folders(folder)
    classes = tuple(labels) or tuple(entry.name for entry in _class_folders(folders["train"]))
    files = {part: _labelled_files(base, classes) for part, base in folders.items()}
    form = choose_form(files["train"][0][0], input_shape, folder)
    digest = hashlib.sha256()
    parts = {}
    for part, found in files.items():
        paths, indices = [path for path, _ in found], [index for _, index in found]
        x, contents = decode_all(paths, form)
        for path, content in zip(paths, contents, strict=True):
            digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
        parts[part] = Split(x, np.array(indices, dtype=np.int64))
        _log.info("%s: %d images of %d classes", folders[part], len(x), len(set(indices)))
    return Source(parts, classes, pixels=True, sha256=digest.hexdigest())


def holds_images(folder: Path) -> bool:
    """Say whether a folder looks like images by class, by the first file of each."""
    return any(
        entry.suffix.lower() in _SUFFIXES
        for base in _part_folders(folder).values()
        for each in _visible(base)
        if each.is_dir()
        for entry in islice(_visible(each), 1)
    )


def _part_folders(folder: Path) -> dict[str, Path]:
    """Return the folder of each part; the whole folder is "train" when it holds classes."""
    if not (folder / "train").is_dir():
        return {"train": folder}
    return {part: folder / name for name, part in _PARTS.items() if (folder / name).is_dir()}


def _class_folders(folder: Path) -> list[Path]:
    entries = sorted(_visible(folder))
    found = [entry for entry in entries if entry.is_dir()]
    if found:
        return found
    what = "is empty" if not entries else f"holds {entries[0].name!r} and no folders"
    raise DataError(f"{folder}: {what}, but each class must have a folder; {_LAYOUT}")


def _labelled_files(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """Return the images under `folder` with their label indices, sorted."""
    index = {name: number for number, name in enumerate(classes)}
    found = []
    for entry in _class_folders(folder):
        if entry.name not in index:
            raise DataError(
                f"{entry}: class {entry.name!r} is not among the classes {', '.join(classes)}"
                f"{did_you_mean(entry.name, classes)}"
            )
        images = sorted(path for path in _visible(entry) if path.suffix.lower() in _SUFFIXES)
        if not images:
            raise DataError(
                f"{entry}: no images ({', '.join(sorted(_SUFFIXES))}); add some, or remove it"
            )
        _refuse_others(images)
        found += [(path, index[entry.name]) for path in images]
    return found


def _refuse_others(images: Sequence[Path]) -> None:
    """Raise DataError if one is no file: opening a pipe or a device may never end."""
    other = next((path for path in images if not path.is_file()), None)
    if other is not None:
        kind = "a link that leads nowhere" if other.is_symlink() else "no file of pixels"
        what = "a folder" if other.is_dir() else kind
        raise DataError(f"{other}: {what}, but named as an image; remove or rename it")


def _visible(folder: Path) -> Iterator[Path]:
    return (entry for entry in folder.iterdir() if not entry.name.startswith("."))
