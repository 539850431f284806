"""Kills at random moments over `compress --resume`: the result is that of an undisturbed run.

    nice python benchmarks/robustness/kills.py [--kills 1000] [--seed 0]

A run on a small digits model is killed (SIGKILL) after a random time of work, resumed, killed
again, until it comes to its end. After each kill all that lies under a final name must be complete;
at the end every file must have the bytes of the run that nobody disturbed; no process may outlive
the killed one. Runs differ: one converts only, one prunes and trains, one searches. They are forked
from a process that has imported TensorFlow (forked.py); an undisturbed one is compared with the
plain command line. Prints the counts; ends with 1, and keeps folder and log, where one failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import forked

_COMMON = (
    "-v", "compress", "digits.keras", "--board", "nucleo_f401re", "--data", "digits.npz",
    "--max-accuracy-drop", "100", "--time-budget", "60m", "--weight-bits", "8",
)  # fmt: skip
_KINDS = {
    "quantize": ("--trials", "0"),
    "train": ("--trials", "0", "--max-model-bytes", "3600"),
    "search": ("--trials", "2", "--max-model-bytes", "3600"),
}
_SHARES = (4, 2, 1)  # of the runs: those that convert only are the shortest
_KILLED_AFTER = (1 / 4, 1.0)  # of the time an undisturbed run takes, in the mean: drawn for a run
_RECIPE = "max_epochs = 2\nbatch_size = 64\n"
_ENDED_WELL = (0, 4)  # 4: the test split does not keep what the validation split did
_OWN = (".edgecompress", ".edgecompress-lock")
_PASSING = (".edgecompress-lock", "trainings")  # gone at the end


@dataclass(frozen=True)
class Reference:
    """What a run that nobody disturbs writes, and how long it takes."""

    words: tuple[str, ...]
    files: dict[str, bytes]
    seconds: float


def main() -> int:
    """Kill until it is enough, print the counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of models and moments")
    parser.add_argument("--keep", type=Path, default=Path("runs-that-failed"))
    parser.add_argument("--quick", action="store_true", help="only runs that convert")
    arguments = parser.parse_args()
    keep = arguments.keep.absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        failures = disturb(arguments.kills, arguments.seed, keep, quick=arguments.quick)
    return 1 if failures else 0


def disturb(kills: int, seed: int, keep: Path, *, quick: bool = False) -> int:
    """Run and kill in the current folder until there were so many kills; return the failures."""
    random = Random(seed)  # noqa: S311 - moments, not secrets
    references = prepare(seed, ["quantize"] if quick else list(_KINDS))
    counts, failed = Counter[str](), 0
    while sum(counts[f"kills of {kind}"] for kind in references) < kills:
        kind = random.choices(list(references), _SHARES[: len(references)])[0]
        killed, wrong = run_to_its_end(references[kind], random, Path("out"))
        counts += Counter({f"kills of {kind}": killed, f"runs of {kind}": 1})
        if wrong:
            failed += 1
            keep.mkdir(parents=True, exist_ok=True)
            shutil.move("log", Path("out") / "log")
            shutil.move("out", keep / f"{seed}-{counts.total()}")
            print(f"{kind}: {'; '.join(wrong)}")
        shutil.rmtree("out", ignore_errors=True)
        print(f"{dict(counts)}, {failed} failures", flush=True)
    return failed


def prepare(seed: int, kinds: list[str]) -> dict[str, Reference]:
    """Write model, data and recipe to the current folder, and run each kind undisturbed."""
    write_inputs(seed)
    forked.import_all()
    references = {kind: _undisturbed((*_COMMON, *_KINDS[kind])) for kind in kinds}
    _refuse_other(references[kinds[0]])
    return references


def write_inputs(seed: int) -> None:
    """Write a recipe, and model and data of a seed, made in a process that may use TensorFlow."""
    subprocess.run([sys.executable, Path(__file__).with_name("digits.py"), ".", str(seed)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    Path("short.toml").write_text(_RECIPE)


def _undisturbed(words: tuple[str, ...]) -> Reference:
    words = (*words, "--recipe", "short.toml", "-o", "out")
    ended = forked.run(words, Path("log"))
    if ended.code not in _ENDED_WELL:
        raise SystemExit(f"the undisturbed run ended with {ended.code}")
    files = contents(Path("out"))
    shutil.rmtree("out")
    return Reference(words, files, ended.seconds)


def _refuse_other(run: Reference) -> None:
    """Leave if the plain command line writes something else than what was forked."""
    words = (*run.words[:-1], "plain")
    subprocess.run([sys.executable, "-m", "edgecompress", *words],
                   check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    if contents(Path("plain")) != run.files:
        raise SystemExit("a forked run differs from the plain command line")
    shutil.rmtree("plain")


def run_to_its_end(run: Reference, random: Random, out: Path) -> tuple[int, list[str]]:
    """Kill and resume a run until it ends; return how often it was killed, and what is wrong."""
    killed, wrong = 0, list[str]()
    Path("log").unlink(missing_ok=True)
    mean_seconds = random.uniform(*_KILLED_AFTER) * run.seconds
    while not wrong:
        moment = random.expovariate(1 / mean_seconds)
        ended = forked.run([*run.words, "--resume"], Path("log"), moment)
        if ended.outlived:
            wrong.append(f"{ended.outlived} processes outlived it")
        if ended.code != -9:  # noqa: PLR2004 - SIGKILL
            return killed, [*wrong, *_at_the_end(run, ended, out)]
        killed += 1
        wrong += _half_written(run, out)
    return killed, wrong


def _half_written(run: Reference, out: Path) -> list[str]:
    """Return which files under final names are not what they will be."""
    found = contents(out) if out.exists() else {}
    wrong = [name for name, content in found.items()
             if not name.rpartition("/")[2].startswith(".") and not is_unfinished(name)
             and run.files.get(name) != content]  # fmt: skip
    if (out / "firmware").exists():
        wrong += [name for name in run.files if name.startswith("firmware/") and name not in found]
    return [f"{name}: half-written" for name in wrong]


def is_unfinished(name: str) -> bool:
    """Say whether a path is of something that is still being written."""
    return any(part.endswith(".edgecompress-part") for part in name.split("/"))


def _at_the_end(run: Reference, ended: forked.Ended, out: Path) -> list[str]:
    if ended.code not in _ENDED_WELL:
        return [f"exit code {ended.code}: {Path('log').read_text()[-2000:]}"]
    found = contents(out)
    names = sorted({*found, *run.files})
    wrong = [f"{name}: differs" for name in names if found.get(name) != run.files.get(name)]
    left = [path for path in out.rglob("*") if is_unfinished(path.name) or path.name in _PASSING]
    return wrong + [f"{path}: left behind" for path in left]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder but for what a run keeps to be resumed from."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder): path for path in paths}
    return {n.as_posix(): path.read_bytes() for n, path in named.items() if n.parts[0] not in _OWN}


if __name__ == "__main__":
    sys.exit(main())
