"""The facts of a run as one self-contained HTML page."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.errors import MALFORMED, UsageError
from edgecompress.explain.features import features_of
from edgecompress.files import TEMPLATES_DIR, write_file
from edgecompress.report.arena_map import arena_maps
from edgecompress.report.evidence.channels import channel_bars
from edgecompress.report.evidence.maps import evidence_maps
from edgecompress.report.histograms import layer_histograms
from edgecompress.report.plot_candidates import fronts
from edgecompress.report.plot_library import plot_library
from edgecompress.report.plot_steps import waterfalls
from edgecompress.report.plot_training import curves
from edgecompress.report.regions import regions
from edgecompress.report.waveform import waveform
from edgecompress.tflite.summary import normalization_in_words

_PAGE = TEMPLATES_DIR / "report"


def report_html(facts: Mapping[str, Any]) -> str:
    """Return the page for the facts of `report_facts`; the same facts give the same bytes."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGE),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    accuracy = facts["metric"] == "accuracy"
    environment.filters["metric"] = lambda value: _metric(value, accuracy=accuracy)
    environment.filters["thousands"] = _thousands
    environment.filters["normalization"] = normalization_in_words
    environment.filters["waveform"] = waveform
    explained = facts.get("explain")
    scripts = {"library": plot_library(), "script": (_PAGE / "page.js").read_text("utf-8")}
    return environment.get_template("report.html.j2").render(
        facts=facts,
        regions=regions(facts),
        waterfalls=waterfalls(facts),
        fronts=fronts(facts),
        maps=arena_maps(facts.get("arenas", ())),
        curves=curves(facts),
        evidence=evidence_maps(explained),
        features=tuple(features_of(explained)) if explained else (),
        removed=channel_bars(facts),
        histograms=layer_histograms(facts.get("distributions", ())),
        style=(_PAGE / "page.css").read_text("utf-8"),
        hashes=[_hash(script) for script in scripts.values()],
        **scripts,
    )


def _hash(script: str) -> str:
    """Return what a content security policy knows an inline script by."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def rebuild_report(folder: Path) -> Path:
    """Write `report.html` anew from the `report.json` in `folder`, and return its path.

    Raises:
        UsageError: the folder holds no report.json of a compress run.
    """
    from jinja2 import UndefinedError

    source = folder / "report.json"
    try:
        page = report_html(json.loads(source.read_text()))
    except (OSError, UndefinedError, *MALFORMED) as error:
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
