"""Damaged models through the commands that read models: none may crash, hang or swell.

    nice python benchmarks/robustness/mutate.py [--mutants 10000] [--first 0] [--models FOLDER]

Each mutant is of the tests' zoo, or of a .tflite in FOLDER. Prints how often each command ended
with which exit code. Ends with 1, and keeps the file, where one ended with exit code 1 or by a
signal, or took over 10 s of processor time or over 1 GB in a process.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from commands import COMMANDS, Ended
from mutants import mutant, seeds
from support.zoo import ZOO

from edgecompress.child import Child, ChildError

MOST_SECONDS, MOST_BYTES = 10, 1_000_000_000
_PATIENCE_SECONDS = 120  # of the clock: other work on the computer must not look like a hang
_RENEWED_AFTER = 250  # mutants, so that what a process keeps is of few of them


def main() -> int:
    """Run all, print the counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--models", type=Path, help="folder of further .tflite files")
    parser.add_argument("--keep", type=Path, default=Path("mutants-that-failed"))
    arguments = parser.parse_args()
    models = seeds(arguments.models, ZOO)
    counts, failed = Counter[tuple[str, str]](), 0
    numbers = range(arguments.first, arguments.first + arguments.mutants)
    damaged = (mutant(models, number) for number in numbers)
    for done, (name, content, command, ended) in enumerate(run_all(damaged)):
        counts[command, str(ended.code)] += 1
        why = failure(ended)
        if why:
            failed += 1
            _keep(arguments.keep, f"{command}_{name}", content, f"{why}\n{ended.said}")
            print(f"{command} {name}: {why}", flush=True)
        if done % (500 * len(COMMANDS)) == 0:
            print(f"{done // len(COMMANDS)} mutants, {failed} failures", flush=True)
    _print(counts)
    return 1 if failed else 0


def run_all(models: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes, str, Ended]]:
    """Run all commands on each of the models, given and returned with their names."""
    child = Child("commands:run")
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "mutant.tflite", Path(folder) / "out"
        out.mkdir()
        for number, (name, content) in enumerate(models):
            if number % _RENEWED_AFTER == 0:
                child.close()
            path.write_bytes(content)
            for command in COMMANDS:
                yield name, content, command, _run(child, command, path, out)
    child.close()


def _run(child: Child, command: str, model: Path, out: Path) -> Ended:
    try:
        ended: Ended = child.call(command, str(model), str(out), timeout_seconds=_PATIENCE_SECONDS)
    except ChildError as error:
        return Ended(-1, 0.0, 0, f"{error}\n{error.log}")
    return ended


def failure(ended: Ended) -> str:
    """Return what is wrong with how a command ended, "" if nothing is."""
    if ended.code in (-1, 1):
        return ended.said.strip().splitlines()[-1][:200] if ended.code == 1 else ended.said[:200]
    if ended.seconds > MOST_SECONDS:
        return f"{ended.seconds:.1f} s"
    return f"{ended.peak_bytes:,} bytes" if ended.peak_bytes > MOST_BYTES else ""


def _keep(folder: Path, name: str, content: bytes, why: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.tflite").write_bytes(content)
    (folder / f"{name}.txt").write_text(why)


def _print(counts: Counter[tuple[str, str]]) -> None:
    codes = sorted({code for _, code in counts})
    print(f"\n{'':12}" + "".join(f"{'signal' if code == '-1' else code:>8}" for code in codes))
    for command in COMMANDS:
        print(f"{command:12}" + "".join(f"{counts[command, code]:8,}" for code in codes))


if __name__ == "__main__":
    sys.exit(main())
