"""Write a generated project, and remove what an earlier generation of another name left there."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.errors import MALFORMED
from edgecompress.files import write_tree
from edgecompress.firmware.sources.project import FACTS_FILE

_log = logging.getLogger(__name__)

_PLAIN_NAME = re.compile(r"[\w./-]+")  # as `generate` names files


def with_written_files(files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """Return the files with their SHA-256 in firmware.json: the next generation reads them."""
    facts = json.loads(files[FACTS_FILE])
    others = {path: content for path, content in files.items() if path != FACTS_FILE}
    facts["files"] = {path: _sha256(_encoded(others[path])) for path in sorted(others)}
    return {**files, FACTS_FILE: json.dumps(facts, indent=2) + "\n"}


def write_firmware(folder: Path, files: Mapping[str, str | bytes], *, force: bool) -> None:
    """Write the files of `generate` under `folder`.

    Files of an earlier generation that this one has not are removed, for some build systems
    compile whatever is in a folder; unless they were changed since. Others are left alone.

    Raises:
        OutputExistsError: a file is there with other content, and `force` is off. Nothing is
            written or removed then.
        DiskFullError: there is no room for all of it. Nothing is written or removed then.
    """
    others = {name: content for name, content in files.items() if name != FACTS_FILE}

    def remove_earlier() -> None:
        for name, sha256 in _written_earlier(folder).items():
            if name not in files:
                _remove(folder, name, sha256)

    # What was written earlier is known until it is gone, though this process be killed meanwhile.
    ordered = {**others, FACTS_FILE: files[FACTS_FILE]}
    write_tree(folder, ordered, force=force, before_last=remove_earlier)


def remove_firmware(folder: Path) -> None:
    """Remove what an earlier generation left under `folder`; what was changed since is kept."""
    for name, sha256 in _written_earlier(folder).items():
        _remove(folder, name, sha256)
    (folder / FACTS_FILE).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _written_earlier(folder: Path) -> Mapping[str, Any]:
    try:
        written = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))["files"]
    except (OSError, *MALFORMED):
        return {}
    return written if isinstance(written, dict) else {}


def _remove(folder: Path, name: str, sha256: Any) -> None:
    path = folder / name
    if not _PLAIN_NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        return
    if not path.resolve().is_relative_to(folder.resolve()):
        return
    if _sha256(path.read_bytes()) != sha256:
        _log.warning("warning: %s is of an earlier generation, but changed since: kept", path)
        return
    path.unlink()
    for parent in path.relative_to(folder).parents:
        if parent != Path() and not any((folder / parent).iterdir()):
            (folder / parent).rmdir()


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
