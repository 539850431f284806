"""Read TOML; hash files; write them so that nobody sees half of one or loses one of theirs.

Also where the files are that come with edgecompress: in the wheel, or beside it in a checkout.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edgecompress.errors import OutputExistsError

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


BOARDS_DIR = _folder("boards")
TEMPLATES_DIR = _folder("templates")
COSTS_DIR = _PACKAGE / "memory" / "costs"

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


def sha256_of(path: Path) -> str:
    """Return the digest of a file, or of a folder's files in the order of their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(file.relative_to(path).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def write_file(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` in one step: to a temporary file beside it, then rename."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _match_umask(temporary)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path) -> None:
    """Remove what `write_file` left under `folder` where the process was killed within it."""
    for path in folder.rglob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def write_tree(folder: Path, files: Mapping[str, str | bytes], *, force: bool) -> None:
    """Write `{relative path: content}` under `folder`.

    Raises:
        OutputExistsError: a file is there with other content, and `force` is off. Nothing is
            written then.
    """
    if not force:
        refuse_overwrite(folder, files)
    for name, content in files.items():
        write_file(folder / name, content)


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
    data = content.encode() if isinstance(content, str) else content
    return path.exists() and (not path.is_file() or path.read_bytes() != data)


def _match_umask(path: str) -> None:
    """Give a file of mkstemp (mode 0600) the mode that open() would have given it."""
    umask = os.umask(0)
    os.umask(umask)
    Path(path).chmod(0o666 & ~umask)
