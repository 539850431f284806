"""Temporary files of a command: its own, those of libraries, and of programs that it starts."""

import os
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
    given, known = os.environ.get("TMPDIR"), tempfile.tempdir
    with ExitStack() as stack:
        with suppress(OSError):
            folder = str(stack.enter_context(passing_folder()))
            os.environ["TMPDIR"] = tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = known
            if given is None:
                os.environ.pop("TMPDIR", None)
            else:
                os.environ["TMPDIR"] = given
