"""Coverage-guided fuzzing of all that reads files of strangers, by atheris (libFuzzer).

    nice python benchmarks/robustness/fuzz.py [--kinds KIND...] [--seconds 600] [--grow]

Each KIND is one of readers.py, fuzzed in a process of its own: from sound files, from damaged ones
that failed once, and from `tests/data/fuzz/KIND.zip`, what earlier runs went on from: inputs that
reach code as none before, or in fewer bytes. --grow adds those of this run. Anything but a result
or an error of edgecompress's own is a failure, and so are 10 s or 1 GB. Prints runs, edges of code
and inputs kept of each KIND; ends with 1, and keeps the input, where one failed.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readers import READERS, seeds_of

CORPUS = Path(__file__).parents[2] / "tests" / "data" / "fuzz"
_TARGET = Path(__file__).with_name("fuzz_target.py")
_LIMITS = ("-timeout=10", "-rss_limit_mb=1000", "-max_len=65536", "-print_final_stats=1")
_SAID = re.compile(r"^#(\d+)\t.*? cov: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Fuzzed:
    """How the fuzzing of a kind ended, and what libFuzzer said; runs, and edges of code reached."""

    code: int
    said: str

    @property
    def counts(self) -> tuple[int, int]:
        """Runs, and edges."""
        return max((int(r), int(e)) for r, e in [("0", "0"), *_SAID.findall(self.said)])


def main() -> int:
    """Fuzz all kinds, print the counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=list(READERS), choices=list(READERS))
    parser.add_argument("--seconds", type=int, default=600, help="for each kind")
    parser.add_argument("--keep", type=Path, default=Path("inputs-that-failed"))
    parser.add_argument("--grow", action="store_true", help="add what is new to the kept inputs")
    arguments = parser.parse_args()
    failures = 0
    for kind in arguments.kinds:
        with tempfile.TemporaryDirectory() as place:
            words = (f"-max_total_time={arguments.seconds}",)
            ended = fuzz(kind, Path(place), arguments.keep, words)
            if arguments.grow and not ended.code:
                grow(kind, Path(place))
        failures += bool(ended.code)
        runs, edges = ended.counts
        print(f"{kind}: {runs:,} runs, {edges:,} edges, {len(kept_of(kind)):,} inputs kept")
        print(f"FAILED: {ended.said[-4000:]}" if ended.code else "", end="", flush=True)
    return 1 if failures else 0


def fuzz(kind: str, place: Path, keep: Path, words: Sequence[str]) -> Fuzzed:
    """Fuzz a kind with the words of a libFuzzer's command line; what it finds is in `place`/found.

    An input that fails is written to `keep`.
    """
    write_all(place / "seeds", {**seeds_of(kind), **kept_of(kind)})
    (place / "found").mkdir()
    keep.mkdir(parents=True, exist_ok=True)
    kept = f"-artifact_prefix={keep.absolute()}{os.sep}{kind}-"
    ended = _run_target(kind, *_LIMITS, kept, *words, place / "found", place / "seeds")
    if not any(keep.iterdir()):
        keep.rmdir()
    return ended


def grow(kind: str, place: Path) -> None:
    """Keep what was found, too: libFuzzer leaves the smallest inputs that reach each edge."""
    found = (path.read_bytes() for path in (place / "found").iterdir())
    new = {hashlib.sha256(content).hexdigest()[:16]: content for content in found}
    keep(kind, {**kept_of(kind), **new})


def _run_target(kind: str, *words: object) -> Fuzzed:
    # A process begins with the peak of memory of the one that starts it, which here is a small one.
    shell = ("sh", "-c", '"$@"; exit $?', "sh")
    ended = subprocess.run(
        [*shell, sys.executable, _TARGET, kind, *map(str, words)], capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip
    return Fuzzed(ended.returncode, ended.stdout + ended.stderr)


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a folder, which may be there."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def kept_of(kind: str) -> dict[str, bytes]:
    """Return the kept inputs of a kind."""
    path = CORPUS / f"{kind}.zip"
    if not path.exists():
        return {}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def keep(kind: str, inputs: Mapping[str, bytes]) -> None:
    """Keep the inputs of a kind: the same bytes for the same inputs."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(CORPUS / f"{kind}.zip", "w") as archive:
        for name, content in sorted(inputs.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    sys.exit(main())
