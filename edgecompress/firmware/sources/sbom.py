"""The parts of a firmware project and their licences, as a CycloneDX document.

Source: CycloneDX 1.6, ECMA-424. It holds no time, and its serial number is of its content: the
same project has the same document.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from edgecompress.firmware.sources.model import FirmwareModel
from edgecompress.firmware.sources.parts import SPDX_LICENCES, Part, parts_of

SBOM_FILE = "sbom.cdx.json"

_LICENCE = "Apache-2.0"  # of edgecompress, LICENSE
_URL = "https://cyclonedx.org"
_PROJECT, _SOURCES = "project", "edgecompress"


def sbom(facts: Mapping[str, Any]) -> str:
    """Return the document for what the templates were told."""
    models = [_model(model) for model in facts["models"]]
    parts = [_part(part) for part in parts_of(facts["board"], facts["choice"], facts["kernels"])]
    components = [*models, _sources(facts), *parts]
    document = {
        "metadata": {
            "tools": {"components": [_tool(facts["version"])]},
            "component": _project(facts),
        },
        "components": components,
        "dependencies": _dependencies([component["bom-ref"] for component in components]),
        # What the parts bring in their turn is theirs to say.
        "compositions": [
            {"aggregate": "incomplete", "assemblies": [part["bom-ref"] for part in parts]}
        ],
    }
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, _URL + json.dumps(document)).urn,
        "version": 1,
    }
    return json.dumps({**head, **document}, indent=2) + "\n"


def _tool(version: str) -> Mapping[str, Any]:
    tool = {"type": "application", "name": "edgecompress", "version": version}
    return {**tool, "licenses": _licences(_LICENCE)}


def _project(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    tflm = ("kernels",) if facts["runtime"] == "tflm" else ()
    about = {key: facts[key] for key in ("framework", "runtime", *tflm)}
    return {
        "type": "firmware",
        "bom-ref": _PROJECT,
        "name": facts["project"],
        "description": f"for {facts['board'].name}",
        "properties": _properties({**about, "board": facts["board"].id}),
    }


def _model(model: FirmwareModel) -> Mapping[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model.prefix}",
        "name": model.prefix,
        "description": "the user's; its licence is not known to edgecompress",
        "hashes": [{"alg": "SHA-256", "content": model.sha256}],
    }


def _sources(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    what = "its kernels in C and runner" if facts["runtime"] == "c" else "its runner"
    return {
        "type": "library",
        "bom-ref": _SOURCES,
        "name": "edgecompress firmware sources",
        "version": facts["version"],
        "description": f"the files of this folder: {what}, and the self-test",
        "licenses": _licences(_LICENCE),
    }


def _part(part: Part) -> Mapping[str, Any]:
    return {
        "type": "library",
        "bom-ref": f"part:{part.name}",
        "name": part.name,
        **({"version": part.version} if part.version else {}),
        **({"description": f"Release: {part.note}."} if part.note else {}),
        "licenses": _licences(part.licence),
        **({"externalReferences": [{"type": "website", "url": part.url}]} if part.url else {}),
    }


def _licences(licence: str) -> Sequence[Mapping[str, Any]]:
    if " " in licence:
        return [{"expression": licence}]
    return [{"license": {"id" if licence in SPDX_LICENCES else "name": licence}}]


def _properties(values: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"name": f"edgecompress:{name}", "value": value} for name, value in values.items()]


def _dependencies(refs: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return [{"ref": _PROJECT, "dependsOn": refs}, *({"ref": ref} for ref in refs)]
