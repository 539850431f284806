"""What is being done, in words, for whoever waits for it.

Nothing is shown here: beginning, progress and end are records of the package's log, whose
`activity` is a number; `edgecompress/cli/output/progress.py` shows them on a terminal.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

_log = logging.getLogger(__name__)

_numbers = count(1)
_depth: ContextVar[int] = ContextVar("depth", default=0)


@contextmanager
def doing(what: str, *, said: str | bool = False) -> Iterator[Callable[[float], None]]:
    """Say what is being done as long as it lasts; yields a function to tell the share done, 0..1.

    Args:
        what: in words that a user reads, such as "starting TensorFlow".
        said: what is also said in a line of its own, unless this is part of something else; True
            for `what`.
    """
    activity, depth = next(_numbers), _depth.get()
    level = logging.INFO if said and depth == 0 else logging.DEBUG
    line = said if isinstance(said, str) else what
    facts = {"activity": activity, "depth": depth, "share": None, "what": what}
    _log.log(level, "%s", line, extra=facts)
    inside = _depth.set(depth + 1)

    def tell(share: float) -> None:
        _log.debug("%s: %.0f %%", what, 100 * share, extra={"activity": activity, "share": share})

    try:
        yield tell
    finally:
        _depth.reset(inside)
        _log.debug("%s: done", what, extra={"activity": activity, "ended": True})
