"""A waveform as lines of an SVG."""

from collections.abc import Sequence

WIDTH, HEIGHT = 160, 80


def waveform(series: Sequence[Sequence[float]]) -> list[str]:
    """Return the points of a polyline for each channel, all in one scale, 160 by 80 pixels."""
    values = [value for row in series for value in row]
    low, high = min(values), max(values)
    spread = high - low or 1.0
    return [
        " ".join(
            f"{number / max(len(row) - 1, 1) * WIDTH:.1f},{(high - value) / spread * HEIGHT:.1f}"
            for number, value in enumerate(row)
        )
        for row in series
    ]
