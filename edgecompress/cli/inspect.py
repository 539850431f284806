"""`edgecompress inspect`: what is in a model, which runtimes run it, and its memory over time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from edgecompress.board import load_board
from edgecompress.cli import print_json
from edgecompress.cli.input.options import BoardName, OneOf, boards_dir_option, json_option
from edgecompress.errors import ToolError, UnsupportedModelError, UsageError
from edgecompress.memory.arena.defects import known_defects
from edgecompress.memory.arena.plan import Arena, plan_arena
from edgecompress.memory.arena.timeline import Step, numbered, timeline
from edgecompress.pack.picture import pictures, pictures_document
from edgecompress.program.lower import lower
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.operators import TFLM_COMMIT, check_supported
from edgecompress.tflite.reader import read_model
from edgecompress.tflite.summary import summarize

_DEFAULT_CORE = "cortex-m4f"


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--board", type=BoardName(), help="Plan the arena for this board: its id, or a profile."
)
@click.option(
    "--core",
    help=f"Plan it for this core instead, such as cortex-m0plus.  [default: {_DEFAULT_CORE}]",
)
@click.option(
    "--kernels",
    type=OneOf(["reference", "cmsis-nn", "esp-nn"]),
    help="Kernel library.  [default: the board's, or the usual one of the core]",
)
@click.option(
    "--verify",
    "cross_check",
    is_flag=True,
    help="Also compare with the allocations that TFLM's interpreter counts on this computer; "
    "exit with 6 if they differ.",
)
@click.option(
    "--plan",
    "with_plan",
    is_flag=True,
    help="Draw the arena over time instead, operators across and bytes down: as it is, and packed "
    "as `pack` does. With --json beside the rest.",
)
@click.option(
    "--runtime",
    type=OneOf(["tflm", "c"]),
    default="tflm",
    show_default=True,
    help="Whose plan --plan draws: TFLM's, or that of the C runtime.",
)
@boards_dir_option
@json_option
def command(
    *,
    model: Path,
    board: str | None,
    core: str | None,
    kernels: str | None,
    cross_check: bool,
    with_plan: bool,
    runtime: str,
    boards_dir: Path | None,
    as_json: bool,
) -> None:
    """Show what MODEL (a .tflite) is made of, and what lies where in TFLM's arena, when.

    Says also whether the C runtime runs it. Ends with 3 if TFLM cannot run the model.
    """
    graph = read_model(model)
    core, kernels = _target(board, core, kernels, boards_dir)
    unsupported = _unsupported(graph)
    lacking = None if unsupported else _lacking_in_c(graph)
    arena = None if unsupported else plan_arena(graph, core, kernels)
    life = timeline(graph, arena) if arena else None
    defects = known_defects(graph, arena.target) if arena else ()
    checked = _verify(model) if cross_check and arena else None
    plans = pictures(model.read_bytes(), core, kernels, runtime) if with_plan and arena else ()
    if as_json:
        facts = {
            "model": {"path": str(model), **asdict(summarize(graph))},
            **_support(unsupported, lacking, defects),
        }
        more: dict[str, Any] = {"verify": checked} if checked else {}
        if plans:
            more["plans"] = pictures_document(plans)
        print_json({**facts, **_memory(arena, life), **more})
    elif plans:
        from edgecompress.cli.output.plan import print_pictures

        print_pictures(plans)
    else:
        from edgecompress.cli.output.inspect import show

        show(model, summarize(graph), arena, life, checked)
        if not unsupported:
            click.echo(f"runs on TFLM; {lacking or 'runs on the C runtime'}")
        for defect in defects:
            click.echo(f"known defect: {defect}", err=True)
    _refuse(unsupported, checked)


def _refuse(unsupported: UnsupportedModelError | None, checked: Mapping[str, Any] | None) -> None:
    """Raise if TFLM cannot run the model, or allocates otherwise than predicted."""
    if unsupported:
        raise unsupported
    if checked and checked["differences"]:
        raise ToolError(
            "the TFLM installed here allocates otherwise than the release the figures are of: "
            + "; ".join(
                f"{d['what']} predicted {d['predicted']:,}, counted {d['measured']:,}"
                for d in checked["differences"]
            )
        )


def _target(
    board: str | None, core: str | None, kernels: str | None, boards_dir: Path | None
) -> tuple[str, str]:
    if board and core:
        raise UsageError("--board and --core are alternatives: a board has a core of its own")
    if board:
        profile = load_board(board, boards_dir)
        return profile.core, kernels or profile.kernels
    core = core or _DEFAULT_CORE
    return core, kernels or _usual_kernels(core)


def _usual_kernels(core: str) -> str:
    """Return what TFLM ports build for a core; CMSIS-NN needs more than a Cortex-M0+."""
    without_cmsis_nn = ("cortex-m0", "cortex-m23")
    if core.startswith("cortex-m") and not core.startswith(without_cmsis_nn):
        return "cmsis-nn"
    return "esp-nn" if core.startswith("xtensa") else "reference"


def _unsupported(graph: Graph) -> UnsupportedModelError | None:
    try:
        check_supported(graph)
    except UnsupportedModelError as error:
        return error
    return None


def _support(
    unsupported: UnsupportedModelError | None, lacking: str | None, defects: Sequence[str]
) -> Mapping[str, Any]:
    """Return whether each runtime runs the model, and if not, why."""
    return {
        "tflm": {
            "commit": TFLM_COMMIT,
            "supported": unsupported is None,
            "reason": str(unsupported) if unsupported else None,
            "known_defects": defects,
        },
        "c": {"supported": not unsupported and lacking is None, "reason": lacking},
    }


def _lacking_in_c(graph: Graph) -> str | None:
    """Return why the C runtime cannot run a model, None if it can."""
    try:
        lower(graph)
    except UnsupportedModelError as error:
        return str(error)
    return None


def _verify(model: Path) -> Mapping[str, Any]:
    from edgecompress.memory.arena.cross_check import verify

    verification = verify(model.read_bytes())
    return {
        "comparisons": len(verification.comparisons),
        "differences": [asdict(difference) for difference in verification.differences],
    }


def _memory(arena: Arena | None, life: Sequence[Step] | None) -> Mapping[str, Any]:
    """Return the arena and its timeline; steps name live buffers by their place in the arena's."""
    if arena is None or life is None:
        return {}
    numbers = numbered(arena)
    steps = [
        {
            "scope": step.scope,
            "subgraph": step.subgraph,
            "operator": step.operator,
            "op": step.op,
            "live": [numbers[buffer] for buffer in step.live],
            "live_bytes": step.live_bytes,
            "end_bytes": step.end_bytes,
            "gaps": [asdict(gap) for gap in step.gaps],
            "peak": step.peak,
        }
        for step in life
    ]
    return {"arena": asdict(arena), "timeline": steps}
