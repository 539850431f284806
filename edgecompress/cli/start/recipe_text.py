"""A recipe as text for people: what each key means, and its default, to be changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from typing import Any

from edgecompress.cli.start.found import Found
from edgecompress.cli.start.schema import SCHEMA_NAME, values_of
from edgecompress.recipe import NEEDED, Recipe

_HEAD = f"""\
#:schema ./{SCHEMA_NAME}
# What `edgecompress compress` does in this folder. Options of the command win over what is here;
# paths are relative to this file.
"""
_REST = "# All that follows is as it is by default; take the # away to change it.\n"


def recipe_text(found: Mapping[str, Found]) -> str:
    """Return the text of an edgecompress.toml with what was found, and a comment for every key."""
    keys = {key.name: key for key in fields(Recipe)}
    needed = [f"{_comment(keys[name])}\n{_line(name, found[name])}\n" for name in NEEDED]
    rest = [
        f"{_comment(key)}\n{_default(key)}\n" for key in keys.values() if key.name not in NEEDED
    ]
    return "\n".join((_HEAD, *needed, _REST, *rest))


def _comment(key: "Field[Any]") -> str:
    return "\n".join(f"# {line}" for line in _about(key))


def _about(key: "Field[Any]") -> Iterator[str]:
    yield key.metadata["meaning"]
    values, within = values_of(key), key.metadata["within"]
    if values is not None:
        yield f"One of {', '.join(map(str, values))}."
    if within is not None:
        yield f"From {within[0]:,} to {within[1]:,}."


def _line(name: str, found: Found) -> str:
    if found.value is not None:
        how = f"  # {found.how}" if found.how and found.how != "given" else ""
        return f"{name} = {json.dumps(found.value)}{how}"
    if not found.choices:
        return f'# {name} = ""  # fill it in: none was found'
    return "\n".join(
        (f"# There are several; take the # away from one{f' ({found.how})' if found.how else ''}:",
         *(f"# {name} = {json.dumps(choice)}" for choice in found.choices))
    )  # fmt: skip


def _default(key: "Field[Any]") -> str:
    """Return the key with its default, or an example if it has none; both commented out."""
    if key.default is None:
        return (
            f"# {key.name} = {json.dumps(key.metadata['example'])}  # an example: none by default"
        )
    return f"# {key.name} = {json.dumps(key.default)}"
