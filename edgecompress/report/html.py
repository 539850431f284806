"""The facts of a run as one self-contained HTML page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.errors import UsageError
from edgecompress.files import TEMPLATES_DIR, write_file
from edgecompress.report.figures import scatter
from edgecompress.tflite.summary import normalization_in_words


def report_html(facts: Mapping[str, Any]) -> str:
    """Return the page for the facts of `report_facts`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES_DIR / "report"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    accuracy = facts["metric"] == "accuracy"
    environment.filters["metric"] = lambda value: _metric(value, accuracy=accuracy)
    environment.filters["thousands"] = _thousands
    environment.filters["normalization"] = normalization_in_words
    quantities = {"model bytes": "model_bytes", "tensor arena bytes": "arena_bytes"}
    figures = {name: scatter(facts["candidates"], key) for name, key in quantities.items()}
    return environment.get_template("report.html.j2").render(facts=facts, figures=figures)


def rebuild_report(folder: Path) -> Path:
    """Write `report.html` anew from the `report.json` in `folder`, and return its path.

    Raises:
        UsageError: the folder holds no report.json of a compress run.
    """
    source = folder / "report.json"
    try:
        page = report_html(json.loads(source.read_text()))
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"{source}: no report of a compress run ({type(error).__name__}: {error}); "
            "give the folder that `edgecompress compress` wrote"
        ) from error
    write_file(folder / "report.html", page)
    return folder / "report.html"


def _metric(value: float | None, *, accuracy: bool) -> str:
    if value is None:
        return ""
    return f"{100 * value:.2f} %" if accuracy else f"{value:.6g}"


def _thousands(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
