"""Templates to text: Jinja2 that fails on an undefined name, and filters that escape."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecompress.files import TEMPLATES_DIR
from edgecompress.firmware.sources.arrays import float_literal, hex_bytes, numbers, reals

if TYPE_CHECKING:
    from jinja2 import Environment

_COMMENT_CHARACTERS = 60
_ASCII_PRINTABLE = range(0x20, 0x7F)


def render(template: str, facts: Mapping[str, Any]) -> str:
    """Render the template at a path relative to `templates/`."""
    return _environment().get_template(template).render(facts)


def template_files(folder: str) -> list[str]:
    """Return the templates under a folder of `templates/`, in order, relative to that folder."""
    root = TEMPLATES_DIR / folder
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def c_string(text: str) -> str:
    """Return a C string literal with these characters in UTF-8, whatever they are.

    Three-digit octal escapes end by themselves; `?` is escaped because of trigraphs.
    """
    return '"' + "".join(_c_character(byte) for byte in text.encode("utf-8", "replace")) + '"'


def comment(text: str, characters: int = _COMMENT_CHARACTERS) -> str:
    """Return text for the inside of a `//`, `#` or block comment: one line that ends nothing.

    A backslash at the end (`??/` is one, as a trigraph) would continue the comment, `*/` would
    end a block.
    """
    plain = "".join(c if ord(c) in _ASCII_PRINTABLE and c not in "\\*?" else "_" for c in text)
    return plain if len(plain) <= characters else plain[: characters - 3] + "..."


def markdown(text: str, characters: int = _COMMENT_CHARACTERS) -> str:
    """Return one line of Markdown that shows the text as it is."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|!&" else c for c in comment(text, characters))


def includes(headers: Iterable[str]) -> str:
    """Return the lines that include these headers, in the order clang-format has them."""
    return "\n".join(f'#include "{header}"' for header in sorted(headers))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)


def _c_character(byte: int) -> str:
    plain = byte in _ASCII_PRINTABLE and chr(byte) not in '"\\?'
    return chr(byte) if plain else f"\\{byte:03o}"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(TEMPLATES_DIR)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; every text of a user's goes through a filter
    )
    environment.filters.update(
        c_string=c_string, comment=comment, float_literal=float_literal, hex_bytes=hex_bytes,
        includes=includes, json=_json, markdown=markdown, numbers=numbers, reals=reals,
    )  # fmt: skip
    return environment
