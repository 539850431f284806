"""What commands take as their input grows: seconds, memory, and the exponent of the growth.

    nice python benchmarks/robustness/load.py [--only KIND...] [--sizes 5]

Each KIND of LOADS has five sizes, each twice the one before. A measurement is a process of its
own, which runs the command once on a tiny input first, so that imports are not counted. Seconds
are of the processor, children's too; memory is the peak of the largest process. Prints a table in
Markdown: the figures of the largest size, their ratio to those of half of it, and the exponent, the
slope of a line through the logarithms of what is taken above the tiny input. 1 is linear.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from loads import Made, boards, images, layers, npz, weights

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from commands import Ended

from edgecompress.child import Child

_PATIENCE_SECONDS = 3600
_GROWTH = ("against half", "exponent")
_LEAST_POINTS = 3
_LEAST_SECONDS = 0.05  # below, a clock of 10 ms says nothing of growth


@dataclass(frozen=True)
class Load:
    """What grows: how it is made in a folder, the largest size, and the command lines on it."""

    make: Callable[[Path, int], Made]
    largest: int
    unit: str
    commands: Mapping[str, Sequence[str]]


_BOARD = ("--board", "mps2_an386")
_MODEL: Mapping[str, Sequence[str]] = {
    "fit": ("fit", "{}", *_BOARD, "--runtime", "both"),
    "inspect": ("inspect", "{}"),
    "pack": ("pack", "{}", "-o", "packed.tflite"),
    "generate": ("generate", "{}", *_BOARD, "-o", "tflm", "--runtime", "tflm"),
    "generate --runtime c": ("generate", "{}", *_BOARD, "-o", "c", "--runtime", "c"),
}
_DATA: Mapping[str, Sequence[str]] = {"reading it": ("evaluate", "{model}", "--data", "{}")}
LOADS: Mapping[str, Load] = {
    "weights": Load(weights, 20_000_000, "bytes of model", _MODEL),
    "layers": Load(layers, 1000, "operators", _MODEL),
    "boards": Load(
        boards,
        500,
        "board profiles",
        {
            "boards list": ("boards", "list", "--boards-dir", "{}"),
            "fit --all-boards": ("fit", "{model}", "--all-boards", "--boards-dir", "{}"),
        },
    ),
    "images": Load(images, 100_000, "images", _DATA),
    "npz": Load(npz, 4_900_000_000, "bytes of .npz", _DATA),
}
_TINY = 16


def main() -> int:
    """Measure all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(LOADS), choices=list(LOADS))
    parser.add_argument("--sizes", type=int, default=5)
    arguments = parser.parse_args()
    columns = ("what grows", "command", "seconds", *_GROWTH, "MB", *_GROWTH)
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    for kind in arguments.only:
        load = LOADS[kind]
        sizes = [load.largest >> step for step in reversed(range(arguments.sizes))]
        for name, words in load.commands.items():
            taken = [measure(load, words, size) for size in (_TINY, *sizes)]
            print(_row(f"{sizes[-1]:,} {load.unit}", name, sizes, taken), flush=True)
    return 0


def measure(load: Load, words: Sequence[str], size: int) -> Ended:
    """Return what a command takes on an input of a size.

    Raises:
        SystemExit: it fails otherwise than by what does not fit a board.
    """
    with tempfile.TemporaryDirectory() as place:
        made = {size: load.make(Path(place) / str(size), size) for size in {_TINY, size}}
        out = Path(place) / "out"
        out.mkdir()
        child = Child("commands:run_words")
        for one in (_TINY, size):
            line = [word.format(made[one].path, model=made[one].model) for word in words]
            ended: Ended = child.call(line, str(out), timeout_seconds=_PATIENCE_SECONDS)
        child.close()
    if ended.code not in (0, 5):
        raise SystemExit(f"{' '.join(words)}, {size:,} {load.unit}: {ended.said}")
    return ended


def _row(what: str, command: str, sizes: Sequence[int], taken: Sequence[Ended]) -> str:
    seconds = [ended.seconds for ended in taken]
    megabytes = [ended.peak_bytes / 1e6 for ended in taken]
    cells = [what, f"`{command}`" if command in _NAMES else command]
    for values, least, form in ((seconds, _LEAST_SECONDS, ".2f"), (megabytes, 1.0, ",.0f")):
        ratio = values[-1] / values[-2]
        exponent = growth(sizes, [value - values[0] for value in values[1:]], least)
        cells += [format(values[-1], form), f"{ratio:.2f}", exponent]
    return f"| {' | '.join(cells)} |"


_NAMES = {name for load in LOADS.values() for name in load.commands} - set(_DATA)


def growth(sizes: Sequence[int], taken: Sequence[float], least: float) -> str:
    """Return the exponent of `taken` over `sizes`, "-" where hardly anything is taken."""
    points = [(math.log(s), math.log(t)) for s, t in zip(sizes, taken, strict=True) if t > least]
    if len(points) < _LEAST_POINTS:
        return "-"
    return f"{np.polyfit(*zip(*points, strict=True), 1)[0]:.2f}"


if __name__ == "__main__":
    sys.exit(main())
