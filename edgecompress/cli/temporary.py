"""Temporary files of a command: its own, those of libraries, and of programs that it starts."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from edgecompress.lock import passing_folder


@contextmanager
def temporary_files_together() -> Iterator[None]:
    """Keep temporary files in one folder. It goes with this block; what killed commands left, too.

    TensorFlow and compilers clean up only where they end by themselves. Where no folder can be
    made, whoever needs one says so.
    """
    known = tempfile.tempdir
    with ExitStack() as stack:
        with suppress(OSError):
            tempfile.tempdir = str(stack.enter_context(passing_folder()))
        try:
            yield
        finally:
            tempfile.tempdir = known
