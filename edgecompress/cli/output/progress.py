"""The package's messages on stderr: lines, and on a terminal one that changes in place.

A message logged with `extra={"passing": True}` tells how far work has come. A terminal shows it
until the next message; elsewhere it is a line like any other, or left out if it is for debugging.
"""

import logging
import shutil
from typing import TextIO

_CLEAR_LINE = "\r\x1b[K"


def log_to_stderr() -> None:
    """Send the package's messages to stderr, which keeps stdout for results."""
    log = logging.getLogger("edgecompress")
    handler: logging.StreamHandler[TextIO] = logging.StreamHandler()
    log.setLevel(logging.INFO)
    if handler.stream.isatty():
        handler = Terminal(handler.stream)
        log.setLevel(logging.DEBUG)
    log.handlers = [handler]  # anew each time: stderr may be another one, as in tests


class Terminal(logging.StreamHandler[TextIO]):
    """A line for each message that stays, and one in place for those that pass."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message."""
        passing = getattr(record, "passing", False)
        if record.levelno < logging.INFO and not passing:
            return
        text, columns = record.getMessage(), shutil.get_terminal_size().columns
        self.stream.write(_CLEAR_LINE + (text[: columns - 1] if passing else f"{text}\n"))
        self.flush()
