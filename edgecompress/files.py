"""Read TOML; hash files; write them so that nobody sees half of one or loses one of theirs.

Also where the files are that come with edgecompress: in the wheel, or beside it in a checkout.
"""

import glob
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgecompress.errors import OutputExistsError
from edgecompress.lock import LOCK, one_by_one
from edgecompress.refused import told

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


BOARDS_DIR = _folder("boards")
TEMPLATES_DIR = _folder("templates")
COSTS_DIR = _PACKAGE / "memory" / "costs"

_BLOCK_BYTES = 1 << 20
# Zeros shrink 1,000-fold, data and weights hardly 10-fold: what unpacks to more than this is none.
_BOMB_RATIO, _BOMB_BYTES = 100, 1 << 30
_UNFINISHED = ".edgecompress-part"  # ends the name of a file that is being written


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not UTF-8, or not TOML; the message gives line and column.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(path.read_text(encoding="utf-8"))


def is_bomb(size_bytes: int, stored_bytes: int) -> bool:
    """Say whether an array would unpack from so few bytes to so many as no data does."""
    return size_bytes > _BOMB_BYTES and size_bytes > _BOMB_RATIO * stored_bytes


def sha256_of(path: Path) -> str:
    """Return the digest of a file, or of a folder's files in the order of their names."""
    digest = hashlib.sha256()
    if path.is_file():
        _digest(path, digest)
        return digest.hexdigest()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(file.relative_to(path).as_posix().encode())
        _digest(file, digest)
    return digest.hexdigest()


def _digest(path: Path, digest: "hashlib._Hash") -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)


def write_file(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` in one step: to a temporary file beside it, then rename.

    Processes that write the same file do so one by one.

    Raises:
        DiskFullError: there is no room for it.
        UsageError: it cannot be written there.
    """
    data = _encoded(content)
    with told(path, len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with one_by_one(path):
            _replace(path, data)


def _replace(path: Path, data: bytes) -> None:
    _remove_left(path.parent, path.name)
    handle, temporary = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _match_umask(Path(temporary), 0o666)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path) -> None:
    """Remove what was left under `folder` where a process was killed while it wrote.

    No other may write there meanwhile, see `edgecompress.lock.alone_in`; its lock stays.
    """
    for ending in (_UNFINISHED, LOCK):
        for path in folder.rglob(f".?*{ending}"):
            _remove_unfinished(path)


def _remove_left(place: Path, name: str) -> None:
    """Remove what a killed process left of `name`, for which this one has the lock."""
    for left in place.glob(f".{glob.escape(name)}.*{_UNFINISHED}"):
        _remove_unfinished(left)


def _remove_unfinished(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_tree(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    force: bool,
    before_last: Callable[[], None] = lambda: None,
) -> None:
    """Write `{relative path: content}` under `folder`, all of it or nothing.

    A new folder appears once it is complete. Into one that is there, files are moved in their order
    once all of them are written; `before_last` is called before the last one is. Processes that
    write the same folder do so one by one.

    Raises:
        OutputExistsError: a file is there with other content, and `force` is off. Nothing is
            written then.
        DiskFullError: there is no room for all of it.
        UsageError: it cannot be written there.
    """
    size = sum(len(_encoded(content)) for content in files.values())
    with told(folder, size), _alone_with(folder), _stage(folder) as stage:
        if not force:
            refuse_overwrite(folder, files)
        for name, content in files.items():
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_encoded(content))
        if folder.is_dir():
            *others, last = files
            _move_into(stage, folder, others)
            before_last()
            _move_into(stage, folder, [last])
        else:
            _match_umask(stage, 0o777)
            stage.rename(folder)


@contextmanager
def _alone_with(folder: Path) -> Iterator[None]:
    """Keep other processes from writing the same folder; make the one that it is in."""
    whole = folder.absolute()
    whole.parent.mkdir(parents=True, exist_ok=True)
    with one_by_one(whole):
        yield


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """Make a folder to write to on the disk of `folder`: within it if it is there, else beside."""
    name, beside = folder.absolute().name, folder.absolute().parent
    for place in (folder, beside):  # it may have become a folder since a process was killed
        _remove_left(place, name)
    stage = Path(tempfile.mkdtemp(_UNFINISHED, f".{name}.", folder if folder.is_dir() else beside))
    try:
        yield stage
    finally:
        _remove_unfinished(stage)


def _move_into(stage: Path, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(folder / name)


def refuse_existing(folder: Path, names: Iterable[str]) -> None:
    """Raise OutputExistsError if any of `names` is in `folder`, before work is done in vain."""
    found = [name for name in names if (folder / name).exists()]
    if found:
        raise OutputExistsError(
            f"{folder}: holds {', '.join(found)} already; give another folder with -o, or --force "
            "to overwrite"
        )


def refuse_overwrite(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Raise OutputExistsError if writing `files` under `folder` would change a file."""
    changed = [name for name, content in files.items() if _differs(folder / name, content)]
    if changed:
        raise OutputExistsError(
            f"{folder}: would overwrite {', '.join(changed[:5])}"
            f"{' and others' if len(changed) > 5 else ''}; "  # noqa: PLR2004
            "give another folder with -o, or --force to overwrite"
        )


def _differs(path: Path, content: str | bytes) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != _encoded(content))


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _match_umask(path: Path, mode: int) -> None:
    """Give what tempfile made for its owner alone the mode that open() or mkdir() gives."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(mode & ~umask)
