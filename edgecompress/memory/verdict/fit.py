"""The memory verdict: does a model fit boards, what takes the room, what would make it fit."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edgecompress.board import Board, all_boards
from edgecompress.board.profile import kernels_run_on
from edgecompress.errors import UnsupportedModelError, UsageError
from edgecompress.memory.arena.defects import known_defects
from edgecompress.memory.arena.plan import Arena, plan_arena
from edgecompress.memory.verdict.judge import Planner, RegistrationKind, Verdict, judge
from edgecompress.memory.verdict.remedies import remedies
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)


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


def fit(
    model: Path | bytes | Graph,
    boards: Sequence[Board],
    *,
    kernels: str | None = None,
    registration: RegistrationKind = "narrow",
    others: Sequence[Board] | None = None,
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

    Raises:
        ModelError: the model cannot be read, or TFLM cannot run it.
        UsageError: the kernel library does not run on a board's core.
    """
    libraries = [_kernels(board, kernels) for board in boards]
    graph = model if isinstance(model, Graph) else read_model(model)
    check_supported(graph)
    planner = _cached(partial(plan_arena, graph))
    judged = [
        _judged(graph, board, library, registration, planner, alone=len(boards) == 1)
        for board, library in zip(boards, libraries, strict=True)
    ]
    verdicts = [verdict for verdict in judged if isinstance(verdict, Verdict)]
    refused = [answer for answer in judged if not isinstance(answer, Verdict)]
    _warn(graph, verdicts, refused)

    def fits(board: Board) -> bool:
        other = _judged(graph, board, board.kernels, registration, planner)
        return isinstance(other, Verdict) and other.fits

    def advised(verdict: Verdict) -> Verdict:
        known = all_boards() if others is None else others
        found = remedies(verdict, graph, registration, fits, known)
        return replace(verdict, suggestions=found)

    return Fit(
        _facts(model, graph),
        tuple(verdict if verdict.fits else advised(verdict) for verdict in verdicts),
        tuple(refused),
    )


def _judged(
    graph: Graph,
    board: Board,
    kernels: str,
    registration: RegistrationKind,
    planner: Planner,
    *,
    alone: bool = False,
) -> Verdict | tuple[str, str]:
    """Judge a board, or return its id and why its kernels refuse; raise that if it is alone."""
    try:
        return judge(graph, board, kernels, registration, planner)
    except UnsupportedModelError as error:
        if alone:
            raise
        return board.id, str(error)


def _warn(graph: Graph, verdicts: Sequence[Verdict], refused: Sequence[tuple[str, str]]) -> None:
    """Log what memory does not show: boards that cannot run the model, layers that go wrong."""
    for board_id, reason in refused:
        _log.warning("%s is left out: %s", board_id, reason)
    targets = {verdict.arena.target: verdict.board.id for verdict in verdicts}
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
