"""Ctrl-C and SIGTERM end any command: in order, with exit code 130 and a line that says so.

`compress` hears them itself while it works (see `edgecompress.train.interruption`).
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edgecompress.errors import InterruptedRunError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
    in_main = threading.current_thread() is threading.main_thread()  # no other may handle them
    heard = [n for n in _SIGNALS if in_main and signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, asked) for number in heard}
    try:
        yield
    except (Interruption, Exception) as error:
        if not asked.already:
            raise
        raise InterruptedRunError(
            "interrupted; no file is left half-written: give the same command again"
        ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
