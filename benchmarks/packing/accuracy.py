"""What `compress` loses on boards short of RAM, with its packing and without, as Markdown.

    python benchmarks/packing/accuracy.py FOLDER [--pairs 1]

A small MobileNetV2 is trained on the digits of scikit-learn, and on a part of the JPEG CIFAR-10
data, once for each seed. Each is compressed for a NUCLEO-F401RE of which the application leaves
just over half of the arena that TFLM takes: twice at the same time, on a core each, with the
same time budget. The run without packing never calls `pack` and counts with TFLM's own plan.
Budgets are of processor time: those of wall time would depend on what else the machine does.
Needs the shared data (see benchmarks/README.md). FOLDER keeps what was done; a second run goes on.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from accuracy_cases import CASES, network_of

from edgecompress.board import load_board
from edgecompress.dataset.load import load_dataset
from edgecompress.keras_files.model import load_keras, save_keras, set_seed
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.verdict.fit import fit
from edgecompress.pack.packed import Packed
from edgecompress.pack.variants import Targets, sizes_of
from edgecompress.pipeline import compress
from edgecompress.quantize.post_training import quantize
from edgecompress.recipe import Recipe
from edgecompress.search import packing
from edgecompress.train.fine_tune import finetune
from edgecompress.train.settings import Training

BOARD = "nucleo_f401re"
SEEDS = (0, 1, 2)
ARMS = ("packing", "without")
MISS = 0.45  # share of the arena that the board has no room for
HEADINGS = (
    "data", "room for the arena", "seed", "int8 arena", "float", "int8", "lost, packing",
    "lost, without", "arena, packing", "arena, without", "bytes, packing", "bytes, without",
)  # fmt: skip


def main() -> None:
    """Do one run of all, or those that are missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=1, help="that run at the same time")
    parser.add_argument("--do", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.do:
        do(arguments.folder, *arguments.do)
        return
    folder, count = arguments.folder, arguments.pairs
    with ThreadPoolExecutor(2 * count) as pool:
        list(pool.map(partial(train, folder), *zip(*trainings(), strict=True)))
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(partial(run_pair, folder), *zip(*pairs(), strict=True)))
    print("\n".join(table(arguments.folder)))


def trainings() -> Iterator[tuple[str, int, int]]:
    """Yield case and seed of all networks, and the core that each is trained on."""
    yield from ((*what, core % 2) for core, what in enumerate(itertools.product(CASES, SEEDS)))


def pairs() -> Iterator[tuple[str, int]]:
    """Yield case and seed of all pairs of runs."""
    yield from itertools.product(CASES, SEEDS)


def train(folder: Path, name: str, seed: int, core: int) -> None:
    """Train the network of a seed on one core."""
    ended(folder, start(folder, core, name, seed))


def run_pair(folder: Path, name: str, seed: int) -> None:
    """Do the two runs of a pair at the same time, each on a core of its own."""
    begun = [start(folder, core, name, seed, arm) for core, arm in enumerate(ARMS)]
    for process in begun:
        ended(folder, process)


def ended(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait for a run to end well."""
    if process.wait():
        raise SystemExit(f"a run failed: see the logs in {folder}")


def start(folder: Path, core: int, *what: Any) -> "subprocess.Popen[bytes]":
    """Begin a run in a process of its own; it does nothing if its result is there."""
    command = [sys.executable, __file__, str(folder), "--do", *map(str, what)]
    cores = sorted(os.sched_getaffinity(0))
    core = cores[core % len(cores)]
    with (folder / f"{'-'.join(map(str, what))}.log").open("ab") as log:
        return subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command], stdout=log, stderr=log
        )


def do(folder: Path, name: str, seed: str, *rest: str) -> None:
    """Train a network; or, with an arm, compress it and keep the figures."""
    data, network = prepared(folder, name, int(seed))
    if not rest:
        return
    (arm,) = rest
    result = result_of(folder, name, int(seed), arm)
    if result.exists():
        return
    arena, reserved = reserved_bytes(network, data)
    recipe = Recipe(
        model=str(network), board=BOARD, data=str(data), seed=int(seed), max_accuracy_drop=0.0,
        time_budget=CASES[name].time_budget, reserve_ram_bytes=reserved, runtime="tflm",
    )  # fmt: skip
    with patch("time.monotonic", processor_seconds), packed_or_not(arm):
        facts = compress(recipe, result.with_suffix(""), force=True).facts
    kept = {"arena_before": arena, "room": round((1 - MISS) * arena)}
    result.write_text(json.dumps({**kept, "facts": facts}))


def processor_seconds() -> float:
    """Return the processor time of this process and of those it waited for."""
    return sum(os.times()[:4])


def packed_or_not(arm: str) -> AbstractContextManager[Any]:
    """Return a context in which the run of an arm packs, or does not."""
    if arm == "packing":
        return nullcontext()
    return patch.multiple(
        packing, pack=left_as_it_is, least_arena=plan_arena, ways_of=lambda *_: ()
    )


def left_as_it_is(model: bytes, targets: Targets, **limits: Any) -> Packed:
    """Return a model in place of the packed one."""
    del limits
    return Packed(model, sizes_of(model, targets), ())


def prepared(folder: Path, name: str, seed: int) -> tuple[Path, Path]:
    """Return data and trained network of a seed."""
    case = CASES[name]
    data, network = folder / f"{name}-{seed}.npz", folder / f"{name}-{seed}.keras"
    if not data.exists():
        np.savez(data, **case.arrays())
    if not network.exists():
        set_seed(seed)
        loaded = load_dataset(str(data), seed=seed)
        model = network_of(loaded.train.x.shape[1:])
        settings = Training(epochs=case.epochs, learning_rate=3e-3, batch_size=64, seed=seed,
                            augmentation=case.augmentation)  # fmt: skip
        save_keras(finetune(model, loaded.train, loaded.validation, settings), network)
    return data, network


def reserved_bytes(network: Path, data: Path) -> tuple[int, int]:
    """Return the arena in int8, and the RAM to reserve so that it misses by a share of that."""
    train = load_dataset(str(data)).train
    tflite = quantize(load_keras(network), train.x)
    verdict = fit(tflite, [load_board(BOARD)], others=()).verdicts[0]
    missing = int(MISS * verdict.arena.min_bytes)
    return verdict.arena.min_bytes, verdict.ram.arena.headroom_bytes + missing


def result_of(folder: Path, name: str, seed: int, arm: str) -> Path:
    """Return the file of a run's figures."""
    return folder / f"{name}-{seed}-{arm}.json"


def table(folder: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{' --- |' * len(HEADINGS)}"
    for name, seed in pairs():
        runs = [json.loads(result_of(folder, name, seed, arm).read_text()) for arm in ARMS]
        yield f"| {' | '.join((name, *cells(runs, seed)))} |"


def cells(runs: list[dict[str, Any]], seed: int) -> Iterator[str]:
    """Yield the figures of a pair of runs."""
    facts = [run["facts"] for run in runs]
    before = facts[0]["before"]
    yield from (f"{runs[0]['room']:,}", str(seed), f"{runs[0]['arena_before']:,}")
    yield from (f"{before[kind]:.2%}" for kind in ("float_test", "int8_test"))
    yield from (f"{each['points_lost']:.2f}{'' if each['fits'] else ', no fit'}" for each in facts)
    yield from (f"{each['verdict']['arena']['min_bytes']:,}" for each in facts)
    yield from (f"{each['after']['model_bytes']:,}" for each in facts)


if __name__ == "__main__":
    main()
