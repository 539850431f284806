"""Accuracy against bytes of everything that was tried."""

from edgecompress.report.plot import (
    Facts,
    Plot,
    Spec,
    axis,
    colours,
    metric_title,
    metric_values,
    rule,
    tooltip,
)

_QUANTITIES = (("flash", "flash_bytes"), ("RAM", "ram_bytes"), ("tensor arena", "arena_bytes"))
_NEAR = 1.25  # a limit farther away than so many times the largest value is not drawn
_KINDS = {  # of a candidate: colour, shape
    "picked": ("var(--good)", "diamond"),
    "on the front": ("var(--c1)", "circle"),
    "bettered by another": ("var(--soft)", "triangle-up"),
    "does not fit": ("var(--bad)", "cross"),
}


def fronts(facts: Facts) -> list[Plot]:
    """Return a plot over flash and one over RAM; none of a single candidate."""
    candidates = facts["candidates"]
    known = [
        (name, key)
        for name, key in _QUANTITIES
        if all(each.get(key) is not None for each in candidates)
    ]
    return [_front(facts, name, key) for name, key in known[:2]] if len(candidates) > 1 else []


def _front(facts: Facts, name: str, key: str) -> Plot:
    candidates, title = facts["candidates"], metric_title(facts)
    values = metric_values(facts, [each["int8_metric"] for each in candidates])
    rows = [
        {
            "name": each["name"],
            "x": each[key],
            "y": value,
            "kind": _kind(each),
            "metric": f"{value:.2f} %" if title.endswith("%") else f"{value:.4g}",
            **{size: f"{each[size]:,}" for size in ("model_bytes", "arena_bytes", "flash_bytes")},
        }
        for each, value in zip(candidates, values, strict=True)
    ]
    (reference,) = metric_values(facts, [facts["before"]["float_validation"]])
    limit = _limit(facts, key)
    xs = [row["x"] for row in rows]
    near = limit is not None and limit < _NEAR * max(xs)
    x = axis("x", f"{name}, bytes", [*xs, limit] if limit is not None and near else xs)
    x["axis"] = {"tickCount": 5, "format": "~s"}
    spec: Spec = {
        "data": {"values": rows},
        "height": 280,
        "layer": rule("y", reference, "float original"),
    }
    if limit is not None and near:
        spec["layer"] += rule("x", limit, "limit")
    # Last, so that no line lies between them and the mouse.
    spec["layer"].append(_points(facts, x, axis("y", None, [*values, reference])))
    return Plot(f"front-{key}", f"int8 {title} on the validation split, over bytes of {name}", spec)


def _points(facts: Facts, x: Spec, y: Spec) -> Spec:
    there = {_kind(each) for each in facts["candidates"]}
    kinds = {kind: look for kind, look in _KINDS.items() if kind in there}
    return {
        "mark": {"type": "point", "filled": True, "size": 110, "opacity": 0.9},
        "encoding": {
            "x": x,
            "y": y,
            "color": colours("kind", {kind: colour for kind, (colour, _) in kinds.items()}),
            "shape": colours("kind", {kind: shape for kind, (_, shape) in kinds.items()}),
            "tooltip": tooltip(
                name="candidate", kind="it", metric=f"int8 {facts['metric']}",
                model_bytes="model, bytes", flash_bytes="flash, bytes", arena_bytes="arena, bytes",
            ),
        },
    }  # fmt: skip


def _kind(candidate: Facts) -> str:
    if candidate["picked"]:
        return "picked"
    if not candidate["fits"]:
        return "does not fit"
    return "on the front" if candidate["on_front"] else "bettered by another"


def _limit(facts: Facts, key: str) -> int | None:
    """Return what the board has of a quantity; None where that is no single number."""
    ram = facts["verdict"]["ram"]
    limits = {
        "flash_bytes": facts["verdict"]["flash"]["available_bytes"],
        "ram_bytes": None if "main" in ram else ram["available_bytes"],
        "arena_bytes": facts["recipe"].get("max_arena_bytes"),
    }
    limit: int | None = limits[key]
    return limit
