"""Damaged files of every other kind that edgecompress reads: none ends in an internal failure.

    nice python benchmarks/robustness/files.py [--mutants 20000] [--first 0]

Board profiles, recipes, tables, arrays, images, reports, what a linker leaves: a sound file of
each kind, damaged at random places, is given to what reads it. That gives a result, or raises an
error that says what is wrong. Prints how often which; ends with 1, and prints the traceback, where
one raised anything else, or took over 10 s of processor time.
"""

import argparse
import logging
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from mutants import Change, bits, splice, swap, truncated
from readers import READERS, sound_files

from edgecompress.errors import EdgecompressError

MOST_SECONDS = 10
_MOST_CHANGES = 3
# What a number or a text of a text file becomes.
_VALUES = (
    b"-1", b"0", b"1e999", b"nan", b'""', b"[]", b"{}", b"true", b"9" * 20, b"'x'", b"null",
    b'"\\u0000"', b"0x", b"2020-01-01", b"[[1]]", b"\xff", b"1.5", b'"\xc3\xa4"', b"",
)  # fmt: skip


def main() -> int:
    """Run all, print the counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    arguments = parser.parse_args()
    logging.disable()
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        files = sound_files(Path(folder))
        for number in range(arguments.first, arguments.first + arguments.mutants):
            kind, content = mutant(files, number)
            ended, said = outcome(kind, content, Path(folder))
            counts[kind, ended] += 1
            if ended == "failed":
                print(f"{number} {kind}: {said}", flush=True)
    for kind in sorted(files):
        print(
            kind, *(f"{ended} {counts[kind, ended]:,}" for ended in ("read", "refused", "failed"))
        )
    return int(any(ended == "failed" for _, ended in counts))


def mutant(files: Mapping[str, bytes], number: int) -> tuple[str, bytes]:
    """Return the kind and the content of a damaged file, the same for the same number."""
    random = Random(number)  # noqa: S311 - not for secrets
    kind = random.choice(sorted(files))
    content = bytearray(files[kind])
    for _ in range(random.randint(1, _MOST_CHANGES)):
        change = random.choice(changes_of(content))
        content = change(content, random, files) if len(content) > 8 else content  # noqa: PLR2004
    return kind, bytes(content)


def changes_of(content: bytes | bytearray) -> Sequence[Change]:
    """Return the ways to change a file: those of texts, or of bytes."""
    if b"\0" in content[:4096]:
        return bits, bits, truncated, splice, swap
    return _line, _value, _value, _value, bits, truncated, splice


def _line(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Leave out a line, or have it twice."""
    lines = content.splitlines(keepends=True)
    place = random.randrange(len(lines))
    lines[place : place + 1] = [lines[place]] * random.choice((0, 2))
    return bytearray(b"".join(lines))


def _value(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Put something else in place of what stands behind a separator."""
    places = [place for place, byte in enumerate(content) if byte in b"=:,[ "]
    if not places:
        return content
    start = random.choice(places) + 1
    end = next((i for i in range(start, len(content)) if content[i] in b",]}\n"), len(content))
    content[start:end] = random.choice(_VALUES)
    return content


def outcome(kind: str, content: bytes, folder: Path) -> tuple[str, str]:
    """Return "read", "refused" or "failed", and what was said."""
    begun = time.process_time()
    try:
        READERS[kind](content, folder)
        ended, said = "read", ""
    except EdgecompressError as error:
        ended, said = "refused", str(error)
    except Exception:  # noqa: BLE001 - which is what is looked for
        return "failed", traceback.format_exc()
    seconds = time.process_time() - begun
    return (ended, said) if seconds < MOST_SECONDS else ("failed", f"{seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
