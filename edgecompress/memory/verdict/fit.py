"""The memory verdict: does a model fit boards, what takes the room, what would make it fit."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from edgecompress.board import Board, all_boards
from edgecompress.board.profile import kernels_run_on
from edgecompress.errors import UnsupportedModelError, UsageError
from edgecompress.memory.arena.defects import known_defects
from edgecompress.memory.arena.plan import Arena, plan_arena
from edgecompress.memory.c_costs import Optimize
from edgecompress.memory.verdict.html import verdict_in_words, verdicts_html
from edgecompress.memory.verdict.judge import (
    Planner,
    RegistrationKind,
    Runtime,
    Verdict,
    judge,
)
from edgecompress.memory.verdict.judge_c import judge_c, unable
from edgecompress.memory.verdict.remedies import freed, remedies
from edgecompress.memory.verdict.remedies_c import remedies_c
from edgecompress.memory.verdict.room import scarce_room
from edgecompress.program.lower import lower
from edgecompress.program.program import Program
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)

# Which runtimes a model is judged with: one of them, or each.
Runtimes = Literal["tflm", "c", "both"]


@dataclass(frozen=True)
class ModelFacts:
    """The model that was judged. `operators` counts each kind; `note` says how it came to be."""

    path: str
    sha256: str
    bytes: int
    operators: tuple[tuple[str, int], ...]
    note: str | None = None


@dataclass(frozen=True)
class Fit:
    """A model and its verdict on each board."""

    model: ModelFacts
    verdicts: tuple[Verdict, ...]
    refused: tuple[tuple[str, str], ...] = ()  # (board, why its kernels cannot run the model)

    @property
    def fits(self) -> bool:
        """Whether the model fits every board it was judged on."""
        return not self.refused and all(verdict.fits for verdict in self.verdicts)

    def in_words(self) -> str:
        """Say of each board in a line whether the model fits, and what it takes."""
        return "\n".join(f"{self._title}: {verdict_in_words(each)}" for each in self.verdicts)

    @property
    def _title(self) -> str:
        return f"{self.model.path or 'model'}, {self.model.bytes:,} bytes"

    def _repr_html_(self) -> str:
        return verdicts_html(self._title, self.verdicts)


def fit(
    model: Path | bytes | Graph,
    boards: Sequence[Board],
    *,
    kernels: str | None = None,
    registration: RegistrationKind = "narrow",
    others: Sequence[Board] | None = None,
    runtime: Runtimes = "tflm",
    optimize: Optimize = "speed",
) -> Fit:
    """Judge a model's memory on `boards`, without TensorFlow or a compiler.

    Args:
        model: a .tflite file, its bytes or its graph; `edgecompress.fit` takes Keras models too.
        boards: what to judge it on. Of several, those whose kernel library cannot run the model
            are left out, and named in `refused`.
        kernels: kernel library instead of each board's own.
        registration: "narrow" registers the variants of kernels that the model needs, as
            `generate` does; "default" TFLM's all-type ones.
        others: boards to suggest from where it does not fit; by default all that come with
            edgecompress. An empty sequence saves the time of looking.
        runtime: "tflm", "c" for the kernels in C that come with a project, or "both" for a verdict
            of each on every board. What the C runtime lacks is a problem of its verdicts.
        optimize: what the C runtime is compiled for.

    Raises:
        ModelError: the model cannot be read, or TFLM cannot run it.
        UsageError: the kernel library does not run on a board's core.
    """
    libraries = [_kernels(board, kernels) for board in boards]
    graph = model if isinstance(model, Graph) else read_model(model)
    check_supported(graph)
    judging = _Judging(graph, registration, _cached(partial(plan_arena, graph)), optimize)
    runtimes: Sequence[Runtime] = ("tflm", "c") if runtime == "both" else (runtime,)
    judged = [
        judging.verdict(board, library, name, alone=len(boards) == len(runtimes) == 1)
        for board, library in zip(boards, libraries, strict=True)
        for name in runtimes
    ]
    verdicts = [verdict for verdict in judged if isinstance(verdict, Verdict)]
    refused = [answer for answer in judged if not isinstance(answer, Verdict)]
    _warn(graph, verdicts, refused)
    known = all_boards() if others is None else others
    return Fit(
        _facts(model, graph),
        tuple(judging.advised(verdict, known) for verdict in verdicts),
        tuple(refused),
    )


@dataclass(frozen=True)
class _Judging:
    """A model, and what is planned once for all boards."""

    graph: Graph
    registration: RegistrationKind
    planner: Planner
    optimize: Optimize

    @cached_property
    def program(self) -> Program | str:
        """The model for the C runtime, or why it cannot run it."""
        try:
            return lower(self.graph)
        except UnsupportedModelError as error:
            return str(error)

    def verdict(
        self, board: Board, kernels: str, runtime: Runtime, *, alone: bool = False
    ) -> Verdict | tuple[str, str]:
        """Judge a board, or return its id and why its kernels refuse; raise that if `alone`."""
        if runtime == "c":
            if isinstance(self.program, str):
                return unable(board, self.program)
            return judge_c(self.graph, board, self.program, self.optimize)
        try:
            return judge(self.graph, board, kernels, self.registration, self.planner)
        except UnsupportedModelError as error:
            if alone:
                raise
            return board.id, str(error)

    def fits(self, board: Board, runtime: Runtime) -> bool:
        """Say whether the model fits a board with its own kernels."""
        other = self.verdict(board, board.kernels, runtime)
        return isinstance(other, Verdict) and other.fits

    def advised(self, verdict: Verdict, known: Sequence[Board]) -> Verdict:
        """Return the verdict with suggestions: what would make it fit, or where room is scarce."""
        if not verdict.runs:
            return verdict
        if verdict.fits:
            return replace(verdict, suggestions=scarce_room(verdict))
        fits = partial(self.fits, runtime=verdict.runtime)
        if verdict.runtime == "c" and not isinstance(self.program, str):
            return replace(verdict, suggestions=remedies_c(verdict, self.program, fits, known))
        own = remedies(verdict, self.graph, self.registration, fits, known)
        return replace(verdict, suggestions=(*own, *self._in_c(verdict)))

    def _in_c(self, verdict: Verdict) -> tuple[str, ...]:
        """Suggest the C runtime, if the model fits the board with it."""
        other = self.verdict(verdict.board, verdict.kernels, "c")
        if not isinstance(other, Verdict) or not other.fits:
            return ()
        return (f"the C runtime (--runtime c) frees {freed(verdict, other)}",)


def _warn(graph: Graph, verdicts: Sequence[Verdict], refused: Sequence[tuple[str, str]]) -> None:
    """Log what memory does not show: boards that cannot run the model, layers that go wrong."""
    for board_id, reason in refused:
        _log.warning("%s is left out: %s", board_id, reason)
    with_tflm = [verdict for verdict in verdicts if verdict.runtime == "tflm"]
    targets = {verdict.arena.target: verdict.board.id for verdict in with_tflm}
    for target, board_id in targets.items():
        for defect in known_defects(graph, target):
            _log.warning("warning, on boards like %s: %s", board_id, defect)


def _facts(model: Path | bytes | Graph, graph: Graph) -> ModelFacts:
    counts = Counter(op.op for subgraph in graph.subgraphs for op in subgraph.operators)
    path = str(model) if isinstance(model, Path) else ""
    return ModelFacts(path, graph.sha256, graph.size_bytes, tuple(counts.items()))


def _kernels(board: Board, override: str | None) -> str:
    if override is not None and not kernels_run_on(override, board.core):
        raise UsageError(
            f"{override} does not run on {board.id}, whose core is {board.core}; "
            f"leave out --kernels to judge it with {board.kernels}"
        )
    return override or board.kernels


def _cached(plan: Planner) -> Planner:
    """Plan the arena once for each core and kernel library."""
    plans: dict[tuple[str, str], Arena] = {}

    def planned(core: str, kernels: str) -> Arena:
        if (core, kernels) not in plans:
            plans[core, kernels] = plan(core, kernels)
        return plans[core, kernels]

    return planned
