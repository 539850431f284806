"""What is free comes first: a model that does not fit is packed before anything of it is cut."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

from edgecompress.board import Board
from edgecompress.memory.arena.allocator import align_up
from edgecompress.memory.arena.plan import Arena, plan_arena
from edgecompress.memory.arena.target import target_of
from edgecompress.memory.verdict.fit import fit
from edgecompress.memory.verdict.judge import Verdict, judge
from edgecompress.memory.verdict.judge_c import judge_c
from edgecompress.pack.document import saved_in_words
from edgecompress.pack.pack import pack
from edgecompress.pack.pack_c import pack_for_c
from edgecompress.pack.packed import Packed
from edgecompress.pack.patches.costs import costs_of, costs_over_inputs
from edgecompress.pack.patches.path import Path
from edgecompress.pack.patches.ways import arena_in_patches, ways_of
from edgecompress.pack.plans import least_arena
from edgecompress.pack.weights import NO_LIMITS, Limits, Targets, flash_bytes, limits_on
from edgecompress.program.lower import lower
from edgecompress.program.program import Program
from edgecompress.progress import doing
from edgecompress.search.attempt import Attempt, Candidate, Job, metric_lost, shortfall
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.reader import read_model

_WAYS = 8  # in patches, that are estimated for each choice of widths: those of the least RAM


def missing_bytes(
    job: Job, graph: Graph, *, best_plan: bool = False, ways: Sequence[Path] = ()
) -> int:
    """Return the bytes that a graph is too large by; see `shortfall`.

    Args:
        job: whose board and limits count.
        graph: of a model; its weights are not looked at.
        best_plan: take the arena for as small as the best of memory plans might make it, which
            packing may miss.
        ways: to run it in patches; the arena is taken for the smallest estimated of them, if that
            is smaller.
    """
    board = job.board
    if job.runtime == "c":
        verdict = judge_c(graph, board, _lowered(graph, ways), job.optimize)
    else:
        planner = partial(_packed_arena, graph, ways) if best_plan else partial(plan_arena, graph)
        verdict = judge(graph, board, board.kernels, "narrow", planner)
    return shortfall(verdict, graph.size_bytes, job.recipe)


def _lowered(graph: Graph, ways: Sequence[Path]) -> Program:
    program = lower(graph)
    if not ways:
        return program
    least = arena_in_patches(graph, costs_over_inputs(graph), ways)
    return replace(program, arena_bytes=min(program.arena_bytes, least))


def _packed_arena(graph: Graph, ways: Sequence[Path], core: str, kernels: str) -> Arena:
    """Return the arena of the best plan, or of patches where that is smaller: estimated."""
    arena = least_arena(graph, core, kernels)
    if not ways:
        return arena
    least = align_up(arena_in_patches(graph, costs_of(graph, [arena]), ways))
    return replace(arena, min_bytes=min(arena.min_bytes, least))


def ways_in_patches(job: Job, graph: Graph) -> tuple[Path, ...]:
    """Return a few ways to run a model in patches; none where its RAM does not bind.

    Args:
        job: whose board and limits count.
        graph: of the model.
    """
    if job.runtime == "c":
        costs = costs_over_inputs(graph)
        verdict = judge_c(graph, job.board, lower(graph), job.optimize)
    else:
        arena = plan_arena(graph, job.board.core, job.board.kernels)
        costs = costs_of(graph, [arena])
        verdict = judge(graph, job.board, job.board.kernels, "narrow", partial(plan_arena, graph))
    room = _arena_room(job, verdict)
    if verdict.arena.min_bytes <= room:
        return ()
    return tuple(ways_of(graph, costs, room)[-_WAYS:])


def _arena_room(job: Job, verdict: Verdict) -> int:
    """Return the bytes that there is room for of an arena."""
    room = verdict.arena.min_bytes + verdict.ram.arena.headroom_bytes
    return min(room, job.recipe.max_arena_bytes or room)


@doing("packing for the board")
def pack_to_fit(job: Job, candidate: Candidate) -> Candidate:
    """Return a candidate packed for the board if that brings it nearer to fit; else as it is.

    Order and memory plan come first; if its RAM needs more, patches, which take more work.
    """
    missing = missing_bytes(job, read_model(candidate.tflite))
    if missing <= 0:
        return candidate
    packed = _packed(job, candidate.tflite)
    if missing_bytes(job, read_model(packed.model)) > 0:
        packed = _in_patches(job, candidate.tflite, packed)
    if missing_bytes(job, read_model(packed.model)) >= missing:
        return candidate
    why = f"{candidate.why}. Packed, outputs equal: {saved_in_words(packed)}"
    return replace(candidate, why=why, tflite=packed.model)


def _packed(job: Job, model: bytes, limits: Limits = NO_LIMITS) -> Packed:
    return _packed_once(model, job.runtime, job.board.core, job.board.kernels, limits)


@lru_cache(maxsize=4)
def _packed_once(model: bytes, runtime: str, core: str, kernels: str, limits: Limits) -> Packed:
    """Pack a model; kept, because whether packing helps is asked before it is done."""
    if runtime == "c":
        return pack_for_c(model, limits.arena_bytes)
    return pack(model, _targets(core, kernels), limits=limits)


def _targets(core: str, kernels: str) -> Targets:
    return {core: target_of(core, kernels)}


def _in_patches(job: Job, model: bytes, packed: Packed) -> Packed:
    """Return a model in patches if its arena, once packed, is too large and flash stays enough."""
    before = _verdict(job, packed.model, others=())
    room = _arena_room(job, before)
    if before.arena.min_bytes <= room:
        return packed
    patched = _packed(job, model, Limits(arena_bytes=max(room, 0)))
    flash_bytes = _verdict(job, patched.model, others=()).flash.headroom_bytes
    limit = job.recipe.max_model_bytes
    too_large = flash_bytes < min(0, before.flash.headroom_bytes) or (
        limit is not None and len(patched.model) > max(limit, len(packed.model))
    )
    return packed if too_large else patched


def _verdict(job: Job, model: bytes, others: Sequence[Board] | None = None) -> Verdict:
    judged = fit(model, [job.board], runtime=job.runtime, optimize=job.optimize, others=others)
    return judged.verdicts[0]


def pack_original(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Pack the quantized original. It answers the same: what was measured of it holds."""
    original = attempts[0]
    packed = _packed_original(job, replace(original, step="pack", why=why))
    verdict = _verdict(job, packed.tflite)
    short = shortfall(verdict, len(packed.tflite), job.recipe)
    return replace(
        original, step="pack", why=packed.why, tflite=packed.tflite, verdict=verdict,
        shortfall_bytes=short,
    )  # fmt: skip


def may_be_packed(job: Job, attempt: Attempt) -> bool:
    """Say whether packing brings an attempt nearer to fit."""
    return _packed_original(job, attempt) is not attempt


def _packed_original(job: Job, original: Attempt) -> Candidate:
    """Return the original packed; with encoded weights where only these make it fit.

    Not if it loses too much: training, which would follow, makes other weights.
    """
    packed = pack_to_fit(job, original)
    lost = metric_lost(job, original.int8_metric)
    if job.runtime == "c" or lost > job.recipe.max_accuracy_drop:
        return packed
    if missing_bytes(job, read_model(packed.tflite)) <= 0:
        return packed
    encoded = _packed(job, original.tflite, _limits(job, packed.tflite))
    if missing_bytes(job, read_model(encoded.model)) > 0:
        return packed
    why = f"{original.why}. Packed, outputs equal: {saved_in_words(encoded)}"
    return replace(original, why=why, tflite=encoded.model)


def _limits(job: Job, model: bytes) -> Limits:
    """Return what there is room for, of flash as much less as the recipe wants the file smaller."""
    verdict = _verdict(job, model, others=())
    room = limits_on(verdict).flash_bytes or 0
    if (most := job.recipe.max_model_bytes) is not None:
        targets = _targets(job.board.core, job.board.kernels)
        room = min(room, flash_bytes(model, targets) - len(model) + most)
    return Limits(max(room, 0), max(_arena_room(job, verdict), 0))
