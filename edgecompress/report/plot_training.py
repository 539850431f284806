"""How training went: loss and validation score over the epochs of each step."""

from typing import Any

from edgecompress.report.plot import Facts, Plot, axis, colours, in_per_cent, tooltip

_COLOURS = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)")


def curves(facts: Facts) -> list[Plot]:
    """Return a plot of the loss and one of the score; none where nothing was trained."""
    trainings = facts.get("trainings") or []
    if not trainings:
        return []
    times, unit = (100, "accuracy, %") if in_per_cent(facts) else (1, "score")
    rows = [
        {
            "step": training["step"],
            "epoch": epoch["epoch"],
            "loss": epoch["loss"],
            "score": times * epoch["score"],
        }
        for training in trainings
        for epoch in training["epochs"]
    ]
    steps = [training["step"] for training in trainings]
    of = {step: _COLOURS[number % len(_COLOURS)] for number, step in enumerate(steps)}
    return [
        _curve("loss", "training loss", rows, of),
        _curve("score", f"{unit}, validation split", rows, of),
    ]


def _curve(field: str, title: str, rows: list[dict[str, Any]], of: dict[str, str]) -> Plot:
    last = max(row["epoch"] for row in rows)
    x = {"field": "epoch", "type": "quantitative", "title": "epoch"}
    whole = {"tickMinStep": 1, "format": "d"}
    spec = {
        "data": {"values": rows},
        "height": 220,
        "mark": {"type": "line", "point": {"size": 22}, "strokeWidth": 1.8},
        "encoding": {
            "x": {**x, "axis": whole, "scale": {"domain": [1, max(last, 2)], "nice": False}},
            "y": axis(field, None, [row[field] for row in rows]),
            "color": colours("step", of),
            "tooltip": tooltip(step="step", epoch="epoch", loss="loss", score="score"),
        },
    }
    return Plot(f"training-{field}", title, spec)
