"""Durations as a person reads them."""


def clock(seconds: float) -> str:
    """Return seconds as "0:42" or "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
