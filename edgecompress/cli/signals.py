"""Ctrl-C and SIGTERM end any command: in order, with exit code 130 and a line that says so.

`compress` hears them itself while it works (see `edgecompress.train.interruption`).
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from edgecompress.errors import InterruptedRunError
from edgecompress.train.interruption import SIGNALS, handled_by


class Interruption(BaseException):
    """What a signal raises: not a KeyboardInterrupt, which Click takes for itself."""


class _Asked:
    """Whether a signal asked this command to end."""

    def __init__(self) -> None:
        self.already = False

    def __call__(self, *_: object) -> None:
        """Handle a signal: the first ends what runs in order, the second ends it at once."""
        if self.already:
            os._exit(InterruptedRunError.exit_code)
        self.already = True
        raise Interruption


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what runs in this block; temporary files go, and children end.

    Raises:
        InterruptedRunError: one came. Also where a library has made another error of it, as the
            imports of extension modules do.
    """
    asked = _Asked()
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    try:
        with handled_by(asked, heard):
            yield
    except (Interruption, Exception) as error:
        if not asked.already:
            raise
        raise InterruptedRunError(
            "interrupted; no file is left half-written: give the same command again"
        ) from error
