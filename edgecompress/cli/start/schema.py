"""The JSON schema of edgecompress.toml, by which editors complete and check it.

`edgecompress.schema.json` beside this file is what `recipe_schema` returns; a test compares them.
"""

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from edgecompress.evaluate.pixels import PIXEL_RANGES
from edgecompress.firmware.sources.frameworks import FRAMEWORKS
from edgecompress.recipe import NEEDED, Recipe

SCHEMA_NAME = "edgecompress.schema.json"
SCHEMA_FILE = Path(__file__).with_name(SCHEMA_NAME)

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
# What rooms above the recipe say of its values.
_ALSO_OF = {"framework": FRAMEWORKS, "pixels": PIXEL_RANGES}


def recipe_schema() -> dict[str, Any]:
    """Return the schema, draft 7, of what `edgecompress.recipe` takes."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "edgecompress.toml",
        "description": "What `edgecompress compress` does.",
        "type": "object",
        "additionalProperties": False,
        "required": list(NEEDED),
        "properties": {key.name: _property(key) for key in fields(Recipe)},
    }


def values_of(key: "Field[Any]") -> tuple[Any, ...] | None:
    """Return the values that a key may have, None if they cannot be listed."""
    found: tuple[Any, ...] | None = key.metadata["of"] or _ALSO_OF.get(key.name)
    return found


def _property(key: "Field[Any]") -> dict[str, Any]:
    within, values = key.metadata["within"], values_of(key)
    return {
        "description": key.metadata["meaning"],
        "type": next(name for kind, name in _TYPES.items() if key.type in (kind, kind | None)),
        **({} if key.default in (None, MISSING) else {"default": key.default}),
        **({} if within is None else {"minimum": within[0], "maximum": within[1]}),
        **({} if values is None else {"enum": list(values)}),
    }
