"""`edgecompress fit` (and `check`): does a model fit a board, before flashing."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from edgecompress.board import Board, all_boards, load_board, reserving
from edgecompress.board.profile import kernels_run_on
from edgecompress.cli import print_json
from edgecompress.cli.input.options import (
    BoardName,
    OneOf,
    boards_dir_option,
    custom_objects_option,
    json_option,
)
from edgecompress.cli.input.sizes import reserve_options
from edgecompress.errors import (
    DoesNotFitError,
    ModelError,
    ToolError,
    UnsupportedModelError,
    UsageError,
)
from edgecompress.memory.verdict.fit import Fit, Runtimes
from edgecompress.memory.verdict.judge import RegistrationKind
from edgecompress.side_by_side import fit


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--board",
    "names",
    type=BoardName(),
    multiple=True,
    help="Board id or profile; may be repeated.",
)
@click.option("--all-boards", "every", is_flag=True, help="Judge the model on every board.")
@click.option(
    "--kernels",
    type=OneOf(["reference", "cmsis-nn", "esp-nn"]),
    help="Kernel library, instead of each board's own; --all-boards leaves out boards it does "
    "not run on.",
)
@click.option(
    "--runtime",
    type=OneOf(["tflm", "c", "both"]),
    default="tflm",
    show_default=True,
    help="What runs the model: TFLM; kernels in C, as of `generate --runtime c`; or a verdict on "
    "each.",
)
@click.option(
    "--registration",
    type=OneOf(["narrow", "default"]),
    default="narrow",
    show_default=True,
    help="narrow: the kernel variants the model needs, as `generate` registers; default: TFLM's "
    "all-type ones.",
)
@click.option(
    "--verify",
    "cross_check",
    is_flag=True,
    help="Also run a .tflite in the TFLM interpreter of this computer and compare its allocations "
    "with what is predicted for it; exit with 6 if they differ.",
)
@click.option(
    "--ci",
    "for_ci",
    is_flag=True,
    help="Write GitHub annotations to stderr and a summary to $GITHUB_STEP_SUMMARY.",
)
@click.option(
    "--save-baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the figures (bytes) to this file, for --baseline.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Exit with 5 if arena, flash or RAM has grown since this file was saved.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path),
    help="Also judge this model, and show what each item takes more or less than in it; --json: as "
    "`compared_with`.",
)
@reserve_options
@boards_dir_option
@custom_objects_option
@json_option
def command(
    *,
    model: Path,
    names: tuple[str, ...],
    every: bool,
    kernels: str | None,
    runtime: Runtimes,
    registration: RegistrationKind,
    cross_check: bool,
    for_ci: bool,
    save_baseline: Path | None,
    baseline: Path | None,
    earlier: Path | None,
    reserve_ram_bytes: int | None,
    reserve_flash_bytes: int | None,
    boards_dir: Path | None,
    as_json: bool,
) -> None:
    """Say whether MODEL fits a board: flash and RAM by region, and what takes the room.

    MODEL is a .tflite, or a Keras model, which is converted first with noise for calibration.
    Ends with 5 if it does not fit one of the boards named; with --all-boards, if it fits none.
    With --runtime both that is so of each runtime. Ends with 3 if a runtime cannot run it.
    """
    keep = partial(reserving, ram_bytes=reserve_ram_bytes, flash_bytes=reserve_flash_bytes)
    known = tuple(map(keep, all_boards(boards_dir)))
    boards = [*map(keep, _boards(names, known, boards_dir, kernels, every=every))]
    judge = partial(fit, boards=boards, kernels=kernels, registration=registration, runtime=runtime)
    with _refusals_annotated(model, for_ci):
        result = judge(model, others=() if every else known)
    before = judge(earlier, others=()) if earlier else None
    grown = _compare(result, save_baseline, baseline)
    _show(result, before, as_json=as_json, overview=every)
    if cross_check:
        _cross_check(model)
    if for_ci:
        _report_to_ci(result, grown)
    told = not as_json and not every and sys.stdout.isatty()  # by the verdicts, on the same screen
    _refuse(result, grown, every=every, told=told)


def _boards(
    names: Sequence[str],
    known: Sequence[Board],
    boards_dir: Path | None,
    kernels: str | None,
    *,
    every: bool,
) -> Sequence[Board]:
    if every == bool(names):
        raise UsageError("name boards with --board, or say --all-boards; `boards` lists them")
    if names:
        return [load_board(name, boards_dir) for name in names]
    return [board for board in known if kernels is None or kernels_run_on(kernels, board.core)]


def _compare(result: Fit, save_to: Path | None, baseline: Path | None) -> tuple[str, ...]:
    from edgecompress.memory.verdict.baseline import growth, save_baseline

    grown = growth(baseline, result) if baseline else ()
    if save_to:
        save_baseline(save_to, result)
    return grown


def _show(result: Fit, before: Fit | None, *, as_json: bool, overview: bool) -> None:
    if as_json:
        from edgecompress.memory.verdict.document import changes_document, fit_document

        print_json(fit_document(result) | (changes_document(before, result) if before else {}))
        return
    from edgecompress.cli.output.fit import print_changes, print_overview, print_verdicts

    (print_overview if overview else print_verdicts)(result)
    if before:
        print_changes(before, result)


def _cross_check(model: Path) -> None:
    """Raise if the host's TFLM allocates otherwise than predicted."""
    from edgecompress.memory.arena.cross_check import verify

    if not model.is_file() or model.suffix != ".tflite":
        raise UsageError(f"{model}: --verify takes a .tflite; quantize the model first")
    verification = verify(model.read_bytes())
    different = [
        f"{figure.what}: predicted {figure.predicted:,}, counted {figure.measured:,}"
        for figure in verification.differences
    ]
    if different:
        raise ToolError(
            "the TFLM installed here allocates otherwise than the release the figures are of:\n"
            + "\n".join(different)
        )
    count = len(verification.comparisons)
    click.echo(f"verified: all {count} allocation figures agree with TFLM on this host", err=True)


@contextmanager
def _refusals_annotated(model: Path, for_ci: bool) -> Iterator[None]:
    """Annotate, where that is asked for, a model that cannot be read or run."""
    try:
        yield
    except ModelError as error:
        if for_ci:
            from edgecompress.memory.verdict.ci import refusal

            click.echo(refusal(str(model), str(error)), err=True)
        raise


def _report_to_ci(result: Fit, grown: Sequence[str]) -> None:
    from edgecompress.memory.verdict.ci import annotations, summary

    for line in annotations(result, grown):
        click.echo(line, err=True)
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write(summary(result, grown))


def _refuse(result: Fit, grown: Sequence[str], *, every: bool, told: bool) -> None:
    """Raise if something cannot run, does not fit, or has grown; `told` what is too large."""
    if result.refused and not (every and result.verdicts):
        raise UnsupportedModelError("\n".join(f"{name}: {why}" for name, why in result.refused))
    unable = [verdict for verdict in result.verdicts if not verdict.runs]
    if unable and not (every and len(unable) < len(result.verdicts)):
        lacking = dict.fromkeys(problem for v in unable for problem in v.problems)
        raise UnsupportedModelError("\n".join(lacking))
    failed = [verdict for verdict in result.verdicts if not verdict.fits]
    if failed and (not every or len(failed) == len(result.verdicts)):
        boards = ", ".join(verdict.title for verdict in failed)
        if told:
            raise DoesNotFitError(f"the model does not fit {boards}")
        problems = [f"{v.title}: {problem}" for v in failed for problem in v.problems]
        raise DoesNotFitError("\n".join(("the model does not fit", *problems)))
    if grown:
        raise DoesNotFitError("\n".join(("memory grew since the baseline", *grown)))
