"""One case at one seed: its data and its float original, made once and kept in a folder."""

import contextlib
import json
import logging
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import networks
from cases import Case, Target

from edgecompress.board import load_board
from edgecompress.dataset import Dataset, load_dataset
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.evaluate.score import evaluate
from edgecompress.files import write_file
from edgecompress.graph.macs import count_macs
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.verdict.fit import fit
from edgecompress.metrics import primary_metric
from edgecompress.side_by_side import DEFAULT_CORE, DEFAULT_KERNELS
from edgecompress.tflite.macs import operator_macs
from edgecompress.tflite.reader import read_model
from edgecompress.train.settings import Training

_PACKAGES = ("tensorflow", "keras", "numpy", "tflite-micro")


@dataclass(frozen=True)
class Result:
    """What one run came to; None where a float model has no such figure."""

    run: str
    seed: int
    metric: str
    value: float  # of the metric, on the test split
    model_bytes: int | None
    arena_bytes: int | None  # smallest that works on a Cortex-M4F with CMSIS-NN
    macs: int
    epochs: int
    seconds: float  # of all but the measurement
    notes: dict[str, Any]
    versions: dict[str, str]
    commit: str


@dataclass(frozen=True)
class Bench:
    """A case at one seed; everything that is made is kept in `folder`."""

    case: Case
    seed: int
    folder: Path

    @cached_property
    def data(self) -> str:
        """What goes after `--data`."""
        return self.case.data(self.folder)

    @cached_property
    def dataset(self) -> Dataset:
        """The data, with the validation split of this seed."""
        network = self.network()
        dataset = load_dataset(
            self.data,
            input_shape=network.input_shape[1:],
            output_shape=network.output_shape[1:],
            seed=self.seed,
        )
        if dataset.pixel_range is None:
            return dataset
        return resolve_pixels(dataset, network, self.case.pixels)

    @property
    def original_path(self) -> Path:
        """Where the trained float original is kept."""
        return self.folder / f"original-{self.seed}.keras"

    @cached_property
    def original(self) -> Any:
        """The trained float original."""
        return load_keras(self.original_path)

    def network(self) -> Any:
        """Return the network before it is trained."""
        return getattr(networks, self.case.network)(import_keras())

    def training(self, epochs: int, learning_rate: float) -> Training:
        """Return how this case's networks are trained on labels alone."""
        return Training(
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=self.case.batch_size,
            augmentation=self.case.augmentation,
            seed=self.seed,
        )

    def known(self, run: str, seed: int | None = None) -> Result | None:
        """Return the result of a run that was done before."""
        path = self._path(run, self.seed if seed is None else seed)
        return Result(**json.loads(path.read_text())) if path.exists() else None

    def keep(self, result: Result, model: Any) -> None:
        """Write a result, and the .tflite that it is of. The result comes last: it is whole."""
        path = self._path(result.run, result.seed)
        if isinstance(model, bytes):
            write_file(path.with_suffix(".tflite"), model)
        write_file(path, json.dumps(asdict(result), indent=2) + "\n")

    def meets(self, target: Target, tflite: bytes) -> bool:
        """Say whether a model is small enough for a target."""
        limit = self.byte_limit(target)
        small = limit is None or len(tflite) <= limit
        return small and fit(tflite, [load_board(target.board)], others=()).fits

    def byte_limit(self, target: Target) -> int | None:
        """Return the most bytes that a model may have for a target, if it is about bytes."""
        if target.share is None:
            return None
        plain = self.known("ptq")
        whole = self.case.int8_bytes or (plain and plain.model_bytes)
        if whole is None:
            raise SystemExit("run 'ptq' first: the targets are shares of its bytes")
        return int(target.share * whole)

    def _path(self, run: str, seed: int) -> Path:
        return self.folder / f"{run}-{seed}.json"


def measured(
    bench: Bench, run: str, model: Any, *, epochs: int, seconds: float, notes: dict[str, Any]
) -> Result:
    """Measure a keras.Model or the bytes of a .tflite on the test split."""
    metric, _ = primary_metric(bench.dataset.task)
    test = bench.dataset.test.open(f"benchmark, {run}")
    result = Result(
        run=run,
        seed=bench.seed,
        metric=metric,
        value=evaluate(model, test, bench.dataset.task)[metric],
        model_bytes=None,
        arena_bytes=None,
        macs=0,
        epochs=epochs,
        seconds=round(seconds, 1),
        notes=notes,
        versions={name: version(name) for name in _PACKAGES},
        commit=_commit(),
    )
    if not isinstance(model, bytes):
        return replace(result, macs=count_macs(model))
    graph = read_model(model)
    return replace(
        result,
        model_bytes=len(model),
        arena_bytes=plan_arena(graph, DEFAULT_CORE, DEFAULT_KERNELS).min_bytes,
        macs=sum(operator_macs(graph.main, operator) for operator in graph.main.operators),
    )


@contextlib.contextmanager
def clock() -> Iterator[list[float]]:
    """Yield a list that holds the seconds inside, once they are over."""
    seconds: list[float] = []
    start = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - start)


class EpochCounter(logging.Handler):
    """Counts the epochs that edgecompress logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.epochs = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record of a finished epoch."""
        self.epochs += record.msg.startswith("epoch ")


def _commit() -> str:
    """Return the commit of edgecompress that is measured; empty outside of a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
