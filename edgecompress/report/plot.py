"""What the page's plots have in common: Vega-Lite specifications, as plain values.

Colours are CSS variables, so that one drawing serves light, dark and print.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]
Spec = dict[str, Any]

_PAD = 0.08  # of the spread of values, at both ends of an axis


@dataclass(frozen=True)
class Plot:
    """A Vega-Lite specification; `title` says in words what it shows."""

    id: str
    title: str
    spec: Spec


def in_per_cent(facts: Facts) -> bool:
    """Say whether the metric is a share that people read in per cent."""
    return bool(facts["metric"] == "accuracy")


def metric_title(facts: Facts) -> str:
    """Return the name of the metric with its unit."""
    return f"{facts['metric']}, %" if in_per_cent(facts) else str(facts["metric"])


def metric_values(facts: Facts, values: Sequence[float]) -> list[float]:
    """Return values of the metric in the unit of `metric_title`."""
    return [100 * value for value in values] if in_per_cent(facts) else list(values)


def axis(field: str, title: str | None, values: Sequence[float]) -> Spec:
    """Return an axis that holds all the values and little else."""
    low, high = min(values), max(values)
    pad = _PAD * (high - low) or 0.05 * abs(high) or 1.0
    domain = [low - pad, high + pad]
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": domain, "zero": False, "nice": False},
    }


def colours(field: str, of: Mapping[str, str]) -> Spec:
    """Return the colour of each value of a field."""
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(of), "range": list(of.values())},
        "legend": {"title": None},
    }


def tooltip(**titles: str) -> list[Spec]:
    """Return what hovering says: fields with their titles."""
    return [{"field": field, "title": title} for field, title in titles.items()]


def rule(channel: str, value: float, label: str) -> list[Spec]:
    """Return a dashed line at a value of the "x" or "y" axis, and its label at its end."""
    at = {channel: {"datum": value, "type": "quantitative"}}
    line = {"type": "rule", "color": "var(--ink)", "strokeDash": [5, 4], "strokeWidth": 1.2}
    words: Spec = {"type": "text", "text": label, "color": "var(--soft)", "baseline": "bottom"}
    words |= {"align": "center"} if channel == "x" else {"align": "right", "dy": -3}
    end: Spec = {"y": {"value": -3}} if channel == "x" else {"x": {"value": "width"}}
    once: Spec = {"data": {"values": [{}]}}
    return [
        {**once, "mark": {**line, "tooltip": label}, "encoding": at},
        {**once, "mark": words, "encoding": {**at, **end}},
    ]
