"""One kind of file under libFuzzer; fuzz.py runs this with libFuzzer's command line.

    python benchmarks/robustness/fuzz_target.py KIND [libFuzzer's options and folders]

Half of the inputs are changed by libFuzzer, which knows bytes; half as mutants.py and files.py
change models and texts: fields of a schema, values, lines.
"""

import logging
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["edgecompress"]):
    import files
    import mutants
    from readers import READERS, Reader, seeds_of

    from edgecompress.errors import EdgecompressError

_LEAST_BYTES = 16  # of what mutants.py and files.py change


def main() -> None:
    """Let libFuzzer do as it is told; it ends the process."""
    logging.disable()
    kind = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as folder:
        judged = partial(judge, READERS[kind], Path(folder))
        changes = partial(changed, kind, seeds_of(kind))
        atheris.Setup(sys.argv, judged, custom_mutator=changes)
        atheris.Fuzz()


def judge(read: Reader, folder: Path, content: bytes) -> None:
    """Read an input; raise what no reader may."""
    with suppress(EdgecompressError):  # it says what is wrong with the file
        read(content, folder)


def changed(
    kind: str, seeds: Mapping[str, bytes], content: bytes, most_bytes: int, seed: int
) -> bytes:
    """Return an input changed once."""
    random = Random(seed)  # noqa: S311 - not for secrets
    if len(content) < _LEAST_BYTES or random.randrange(2):
        return bytes(atheris.Mutate(content, most_bytes))
    change = random.choice(mutants.CHANGES if kind == "model" else files.changes_of(content))
    return bytes(change(bytearray(content), random, seeds))[:most_bytes]


if __name__ == "__main__":
    main()
