"""The package's messages on stderr: lines, and on a terminal what is being done below them.

A message logged with `extra={"passing": True}` tells how far work has come. A terminal shows it
until the next one; elsewhere it is a line like any other, or left out if it is for debugging.
Records of activities (see `edgecompress.progress`) begin, change and end a line of a terminal.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from edgecompress.cli.output.live import Live

QUIET, NORMAL, VERBOSE = -1, 0, 1
_LEVELS = {QUIET: logging.WARNING, NORMAL: logging.INFO, VERBOSE: logging.DEBUG}


@contextmanager
def messages(command: str = "", verbosity: int = NORMAL) -> Iterator[None]:
    """Send the package's messages to stderr, which keeps stdout for results.

    Args:
        command: what a terminal shows while nothing else is known of what is being done.
        verbosity: QUIET leaves warnings and errors alone; VERBOSE adds what is for debugging.
    """
    log = logging.getLogger("edgecompress")
    handler = Lines()
    live = _live(handler.stream, command) if verbosity != QUIET else None
    log.handlers = [handler if live is None else OnTerminal(live, _LEVELS[verbosity])]
    # A terminal is told of what is for debugging, too: how far work has come.
    log.setLevel(_LEVELS[verbosity] if live is None else logging.DEBUG)
    try:
        yield
    finally:
        if live is not None:
            live.stop()
        log.handlers = [handler]


def _live(stream: TextIO, command: str) -> "Live | None":
    """Return what shows progress on a terminal, None if `stream` is none, or cannot move back."""
    if not stream.isatty() or os.environ.get("TERM", "") in ("dumb", "unknown"):
        return None
    from edgecompress.cli.output.live import Live

    return Live(stream, command)


class Lines(logging.StreamHandler[TextIO]):
    """A line for each message; of activities only their beginning."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message."""
        if getattr(record, "share", None) is None and not hasattr(record, "ended"):
            super().emit(record)


class OnTerminal(logging.Handler):
    """Messages that stay as lines, and what passes in place below them."""

    def __init__(self, live: "Live", level: int) -> None:
        super().__init__()
        self._live = live
        self._level = level

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message, or what it says of an activity."""
        activity = getattr(record, "activity", None)
        if activity is not None:
            self._show(activity, record)
        elif getattr(record, "passing", False):
            self._live.tell(record.getMessage())
        elif record.levelno >= self._level:
            self._live.line(record.getMessage())

    def _show(self, activity: int, record: logging.LogRecord) -> None:
        if hasattr(record, "ended"):
            self._live.end(activity)
        elif (share := getattr(record, "share", None)) is not None:
            self._live.share(activity, share)
        else:
            if record.levelno >= logging.INFO:
                self._live.line(record.getMessage())
            self._live.begin(activity, getattr(record, "what", ""), getattr(record, "depth", 0))
