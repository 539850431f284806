"""What each step saved and cost, as waterfalls: of bytes, and of what was lost."""

from collections.abc import Sequence
from itertools import pairwise

from edgecompress.report.plot import Facts, Plot, Spec, colours, in_per_cent, rule, tooltip

_SIZES = (("model file", "model_bytes"), ("flash", "flash_bytes"), ("RAM", "ram_bytes"))
_ROW_PIXELS = 26
_NEAR = 1.6  # a limit farther away than so many times the largest value is not drawn
_COLOURS = {"total": "var(--c1)", "saved": "var(--good)", "cost": "var(--bad)"}
_MINUS = str.maketrans("-", "\u2212")


def waterfalls(facts: Facts) -> list[Plot]:
    """Return a waterfall for each quantity that the steps up to the chosen one changed."""
    done = _until_chosen(facts["steps"])
    sized = [
        _waterfall(key, f"{name}, bytes", _sizes(facts, done, key), _limit(facts, key))
        for name, key in _SIZES
        if len(done) > 1 or key == "model_bytes"
    ]
    unit = "points" if in_per_cent(facts) else "per cent"
    title = f"{facts['metric']} lost on the validation split, {unit}"
    allowed = facts["recipe"]["max_accuracy_drop"]
    return [*sized, _waterfall("lost", title, _losses(facts, done), allowed)]


def _until_chosen(steps: Sequence[Facts]) -> list[tuple[str, Facts]]:
    last = next(number for number, step in enumerate(steps) if step["chosen"])
    return [(f"{number} {step['step']}", step) for number, step in enumerate(steps[: last + 1])]


def _sizes(facts: Facts, done: Sequence[tuple[str, Facts]], key: str) -> list[Spec]:
    """Return the rows of a waterfall of bytes: that of the file begins with float32 weights."""
    named = [(name, step[key]) for name, step in done]
    if key == "model_bytes":
        named.insert(0, ("float32 weights", facts["before"]["float_bytes"]))
    return _rows(named, ",.0f")


def _losses(facts: Facts, done: Sequence[tuple[str, Facts]]) -> list[Spec]:
    before = facts["before"]["float_validation"]
    lost = [(name, _lost(facts["metric"], before, step["int8_validation"])) for name, step in done]
    return _rows([("float original", 0.0), *lost], ".2f")


def _lost(metric: str, before: float, after: float) -> float:
    """Return points of 100, or per cent of an error; as `metrics.points_lost`."""
    if metric in ("accuracy", "fitness"):
        return 100 * (before - after)
    return 100 * (after - before) / before if before else 100 * after


def _rows(named: Sequence[tuple[str, float]], form: str) -> list[Spec]:
    changes = [
        {
            "step": name,
            "from": before,
            "to": after,
            "kind": "saved" if after <= before else "cost",
            "label": f"{after - before:+{form}}".translate(_MINUS),
        }
        for (_, before), (name, after) in pairwise(named)
    ]
    return [_total(*named[0], form), *changes, _total("result", named[-1][1], form)]


def _total(name: str, value: float, form: str) -> Spec:
    label = f"{value:{form}}".translate(_MINUS)
    return {"step": name, "from": 0, "to": value, "kind": "total", "label": label}


def _limit(facts: Facts, key: str) -> float | None:
    """Return what the board or the recipe allows; None where it is no single number."""
    verdict, ram = facts["verdict"], facts["verdict"]["ram"]
    limits = {
        "model_bytes": facts["recipe"].get("max_model_bytes"),
        "flash_bytes": verdict["flash"]["available_bytes"],
        "ram_bytes": None if "main" in ram else ram["available_bytes"],
    }
    limit: float | None = limits[key]
    return limit


def _waterfall(name: str, title: str, rows: list[Spec], limit: float | None) -> Plot:
    ends = [row[end] for row in rows for end in ("from", "to")]
    near = limit is not None and 0 < limit < _NEAR * max(*ends, 0)
    least, most = min(0, *ends), max(*ends, limit if limit is not None and near else 0)
    spread = most - least or 1.0
    domain = [least - (0.03 * spread if least else 0), most + 0.38 * spread]  # room for labels
    y = {"field": "step", "type": "nominal", "sort": None, "title": None}
    x = {"field": "from", "type": "quantitative", "title": None, "scale": {"domain": domain}}
    bars = {
        "mark": {"type": "bar", "height": {"band": 0.66}},
        "encoding": {
            "y": y,
            "x": {**x, "axis": {"tickCount": 4, "format": "~r" if name == "lost" else "~s"}},
            "x2": {"field": "to"},
            "color": {**colours("kind", _COLOURS), "legend": None},
            "tooltip": tooltip(step="step", label=title),
        },
    }
    labels = {
        "transform": [{"calculate": "max(datum.from, datum.to)", "as": "end"}],
        "mark": {"type": "text", "align": "left", "dx": 5},
        "encoding": {"y": y, "x": {**x, "field": "end"}, "text": {"field": "label"}},
    }
    spec: Spec = {
        "data": {"values": rows},
        "height": _ROW_PIXELS * len(rows),
        "layer": [bars, labels],
    }
    if limit is not None and near:
        spec["layer"] += rule("x", limit, "limit")
    return Plot(f"waterfall-{name}", title, spec)
