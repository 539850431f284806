"""Full disks under the commands that write: nothing half-written, the user's files intact.

    sudo nice python benchmarks/robustness/full_disk.py [--runs 200] [--seed 0]

Each run has a disk of its own (a tmpfs, which only root can mount) that holds the user's files and
has a random room left, to the page: less than what the command writes. In half of the runs
temporary files go there too. The command must end with exit code 6 and say why, or have had room
enough; leave the user's files and what an earlier run wrote as they were, and nothing under a final
name that is not complete. Then room is made, and the same command must come to what it writes on an
empty disk, and leave nothing else behind. Prints the counts; ends with 1 where one failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import forked
from kills import contents, is_unfinished, write_inputs
from support import tiny_models

_PLENTY_BYTES = 1 << 30
_PAGE_BYTES = 4096
_FULL, KEPT = 6, (0, 4)
_MACHINE = ("--board", "mps2_an386")
_COMPRESS = (
    "compress", "disk/digits.keras", "--data", "disk/digits.npz", "--time-budget", "60m",
    "--max-accuracy-drop", "100", "--weight-bits", "8", "--recipe", "disk/short.toml", *_MACHINE,
    "-o", "disk/out", "--resume",
)  # fmt: skip
_GENERATE = ("generate", "disk/digits.tflite", *_MACHINE, "-o", "disk/out", "--force")
# Command, and how many of the runs are its; those in EARLIER meet what that wrote.
COMMANDS: dict[str, tuple[tuple[str, ...], int]] = {
    "compress": ((*_COMPRESS, "--trials", "0"), 4),
    "compress, search": ((*_COMPRESS, "--trials", "1", "--max-model-bytes", "3600"), 1),
    "quantize": (
        ("quantize", "disk/digits.keras", "--data", "disk/digits.npz", "-o", "disk/out/new.tflite",
         "--force"), 4,
    ),
    "generate": ((*_GENERATE, "--runtime", "tflm"), 4),
    "generate, again": ((*_GENERATE, "--runtime", "c"), 4),
    "pack": (("pack", "disk/digits.tflite", "-o", "disk/out/packed.tflite", "--force"), 1),
    "report": (("report", "disk/out"), 3),
    "build": (("build", "disk/out"), 2),
}  # fmt: skip
EARLIER = {"generate, again": "generate", "report": "compress", "build": "generate, again"}
_OF_TFLITE = ("generate", "generate, again", "pack", "build")
NOTES = "what I found out\n" * 100
FILES = ("digits.keras", "digits.npz", "digits.tflite", "short.toml", "notes.txt")


@dataclass(frozen=True)
class Writing:
    """A command, the files that are there before and after it, and the bytes it takes in all."""

    words: tuple[str, ...]
    before: dict[str, bytes]
    after: dict[str, bytes]
    size_bytes: int


def main() -> int:
    """Fill disks, print the counts, and return the exit code."""
    parser = options(__doc__, 200)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("needs root, to mount disks")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        failures = fill(arguments.runs, arguments.seed, arguments.only or list(COMMANDS))
        os.chdir("/")
    return 1 if failures else 0


def options(said: str | None, runs: int) -> argparse.ArgumentParser:
    """Return the options of a benchmark that runs COMMANDS, with its default number of runs."""
    parser = argparse.ArgumentParser(description=said)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    parser.add_argument("--only", choices=COMMANDS, action="append", help="these commands alone")
    return parser


def fill(runs: int, seed: int, commands: list[str]) -> int:
    """Run commands on disks without room; return the failures."""
    random = Random(seed)  # noqa: S311 - rooms, not secrets
    prepare(seed, commands)
    writings: dict[str, Writing] = {}
    for name in with_earlier(commands):
        writings[name] = _undisturbed(name, writings)

    def once() -> tuple[str, int, list[str]]:
        name = random.choices(commands, [COMMANDS[each][1] for each in commands])[0]
        return name, *run_without_room(writings[name], random)

    return repeat(runs, once)


def repeat(runs: int, once: Callable[[], tuple[str, int, list[str]]]) -> int:
    """Do something so often, and print what went wrong and the counts so far; return the failures.

    It returns its name, an exit code and what is wrong.
    """
    counts, failed = Counter[str](), 0
    for _ in range(runs):
        name, code, wrong = once()
        counts[f"{name}: {code}"] += 1
        failed += bool(wrong)
        for why in wrong:
            print(f"{name}: {why}")
        print(f"{dict(sorted(counts.items()))}, {failed} failures", flush=True)
    return failed


def with_earlier(commands: list[str]) -> list[str]:
    """Return commands, and those that must have run before them, in order."""
    needed = set(commands)
    for name in reversed(COMMANDS):
        if name in needed and name in EARLIER:
            needed.add(EARLIER[name])
    return [name for name in COMMANDS if name in needed]


def prepare(seed: int, commands: list[str]) -> None:
    """Write the user's files to the current folder. Without Keras models where none is needed."""
    Path("notes.txt").write_text(NOTES)
    if set(commands) <= set(_OF_TFLITE):
        forked.import_all(forked.FOR_TFLITE)
        Path("digits.tflite").write_bytes(tiny_models.dense((1, 64), 10))
        for name in ("digits.keras", "digits.npz", "short.toml"):
            Path(name).write_text(NOTES)
        return
    write_inputs(seed)
    forked.import_all()
    words = ("quantize", "digits.keras", "--data", "digits.npz", "-o", "digits.tflite")
    if forked.run(words, Path("log")).code not in KEPT:
        raise SystemExit(Path("log").read_text())


@contextmanager
def disk(files: dict[str, bytes]) -> Iterator[Path]:
    """Mount a disk of plenty of room with some files."""
    place = Path("disk")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_PLENTY_BYTES}", "tmpfs", place],
                   check=True)  # fmt: skip
    try:
        for name, content in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        (place / "tmp").mkdir()
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()


def _undisturbed(name: str, known: dict[str, Writing]) -> Writing:
    words, _ = COMMANDS[name]
    before = {file: Path(file).read_bytes() for file in FILES}
    if name in EARLIER:
        before = known[EARLIER[name]].after
    with disk(before) as place:
        empty_bytes = _used_bytes(place)
        ended = forked.run(words, _log())
        if ended.code not in KEPT:
            raise SystemExit(f"{name} ended with {ended.code}: {Path('log').read_text()}")
        return Writing(words, before, files_of(place), _used_bytes(place) - empty_bytes)


def run_without_room(writing: Writing, random: Random) -> tuple[int, list[str]]:
    """Run a command without room, and with room; return its first exit code and what is wrong."""
    with disk(writing.before) as place:
        room_bytes = random.randrange(writing.size_bytes // _PAGE_BYTES + 1) * _PAGE_BYTES
        temporaries = place / "tmp" if random.randrange(2) else None
        _resize(place, _used_bytes(place) + room_bytes)
        code = forked.run(writing.words, _log(), temporaries=temporaries).code
        wrong = _wrong_words(code) + _wrong_files(writing, files_of(place), code)
        if code in KEPT:
            return code, wrong
        _resize(place, _PLENTY_BYTES)
        again = forked.run(writing.words, _log()).code
        if again not in KEPT:
            wrong.append(f"{again} with room enough: {Path('log').read_text()[-2000:]}")
        elif files_of(place) != writing.after:
            wrong.append(f"not the same with room enough: {differing(writing.after, place)}")
        left = [path for path in place.rglob("*") if is_unfinished(path.name)]
        wrong += [f"{path}: left behind" for path in left]
    return code, [f"{why} (room for {room_bytes:,} bytes)" for why in wrong]


def _wrong_words(code: int) -> list[str]:
    said = Path("log").read_text()
    if code in KEPT:
        return []
    is_said = "no room" in said or "No space left" in said
    if code != _FULL or not is_said or "Traceback" in said:
        return [f"exit code {code}: {said[-2000:]}"]
    return []


def _wrong_files(writing: Writing, found: dict[str, bytes], code: int) -> list[str]:
    """Return what is half-written or lost: files are as before, or as they will be."""
    before, after = writing.before, writing.after
    names = {*found, *(before if code == _FULL else after)}
    allowed = {name: (before.get(name), after.get(name)) for name in names}
    wrong = [name for name in names if found.get(name) not in allowed[name]]
    new = [name for name in after if name not in before and "/firmware/" in name]
    if 0 < sum(name in found for name in new) < len(new):
        wrong.append("a part of the firmware")
    return [f"{name}: half-written, or lost" for name in sorted(wrong)]


def files_of(place: Path) -> dict[str, bytes]:
    """Return the files that count: of what is built, the images."""
    found = {name: content for name, content in contents(place).items()
             if not name.startswith("tmp/") and ".edgecompress" not in name}  # fmt: skip
    return {name: content for name, content in found.items()
            if "/build" not in name or name.endswith(".elf")}  # fmt: skip


def differing(expected: dict[str, bytes], place: Path) -> str:
    """Return the names of files that are not what is expected."""
    found = files_of(place)
    names = {*expected, *found}
    return ", ".join(sorted(name for name in names if found.get(name) != expected.get(name)))


def _log() -> Path:
    Path("log").unlink(missing_ok=True)
    return Path("log")


def _resize(place: Path, size_bytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size_bytes}", place], check=True)


def _used_bytes(place: Path) -> int:
    return shutil.disk_usage(place).used


if __name__ == "__main__":
    sys.exit(main())
