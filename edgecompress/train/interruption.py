"""Ctrl-C and SIGTERM: the first asks a run to end with what it has, the second ends it at once."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from edgecompress.errors import EdgecompressError, InterruptedRunError
from edgecompress.refused import of_the_system

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def handled_by(handler: Callable[..., None], signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Let a function handle signals in this block. In other threads than the main one none is."""
    in_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, handler) for number in signals if in_main}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


class Interruption:
    """Whether a run was asked to end.

    Work that looks at `asked` says so by `awaited`, and ends in order; other work is broken off
    by a KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._is_awaited = False
        self.broke_off = False  # by a KeyboardInterrupt

    @property
    def asked(self) -> bool:
        """Whether the run is to end with what it has."""
        return self._requests > 0

    @property
    def insistent(self) -> bool:
        """Whether it is to end at once."""
        return self._requests > 1

    def request(self, *_: object) -> None:
        """Ask the run to end: a signal handler.

        Raises:
            KeyboardInterrupt: nobody awaits this, or it was asked for before.
        """
        self._requests += 1
        if self.insistent or not self._is_awaited:
            self.broke_off = True
            raise KeyboardInterrupt

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Look at `asked` often enough in this block that nothing need be raised."""
        self._is_awaited = True
        try:
            yield
        finally:
            self._is_awaited = False


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Let Ctrl-C and SIGTERM ask what runs in this block to end.

    Raises:
        InterruptedRunError: it was broken off before it had a result.
    """
    interruption = Interruption()
    try:
        with handled_by(interruption.request, SIGNALS):
            yield interruption
    except (KeyboardInterrupt, Exception) as error:
        if not _is_of(interruption, error):
            raise
        raise InterruptedRunError(
            "interrupted before a result was written; to go on, give the same command with --resume"
        ) from error


def _is_of(interruption: Interruption, error: BaseException) -> bool:
    """Say whether an error comes of an interruption: imports of extension modules hide it."""
    if isinstance(error, Exception):
        is_told = isinstance(error, EdgecompressError) or of_the_system(error) is not None
        return interruption.broke_off and not is_told
    return True
