"""`edgecompress pack`: a smaller arena and file for a .tflite, with equal outputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edgecompress.board import Board, load_board, reserving
from edgecompress.cli import print_json
from edgecompress.cli.input.data import force_option, out_option, refuse_existing
from edgecompress.cli.input.options import BoardName, OneOf, boards_dir_option, json_option
from edgecompress.cli.input.sizes import Size, reserve_options
from edgecompress.errors import DoesNotFitError, UsageError
from edgecompress.files import write_file
from edgecompress.memory.arena.target import target_of
from edgecompress.memory.verdict.fit import fit
from edgecompress.memory.verdict.judge import Runtime
from edgecompress.pack.document import pack_document
from edgecompress.pack.pack import FAMILIES, pack
from edgecompress.pack.pack_c import pack_for_c
from edgecompress.pack.packed import Packed
from edgecompress.pack.weights import Limits, flash_bytes, limits_on
from edgecompress.tflite.reader import read_model


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@out_option(".tflite")
@click.option(
    "--board",
    type=BoardName(),
    help="Pack for this board: its id, or a profile. By default for Cortex-M0+ (reference "
    "kernels), M4F and M55 (CMSIS-NN) at once, worse on none.",
)
@click.option(
    "--ram-budget",
    type=Size(1),
    metavar="BYTES",
    help="An arena that is small enough (bytes, or as 64k): within it the smallest file "
    "is taken. Ends with 5 if it is out of reach.  [default: the least arena]",
)
@click.option(
    "--flash-budget",
    type=Size(1),
    metavar="BYTES",
    help="Flash for the model and TFLM with its kernels. If they take more, weights are "
    "encoded for TFLM's DECODE operator, whose code is counted in; the arena grows by what is "
    "decoded. Ends with 5 if it is out of reach.  [default: the board's flash, if one is named]",
)
@click.option(
    "--runtime",
    type=OneOf(["tflm", "c"]),
    default="tflm",
    show_default=True,
    help="What will run the model. The C runtime plans by itself: for it the file is made "
    "smaller, and layers run in patches where RAM binds.",
)
@reserve_options
@boards_dir_option
@force_option
@json_option
def command(
    *,
    model: Path,
    out: Path,
    board: str | None,
    ram_budget: int | None,
    flash_budget: int | None,
    runtime: Runtime,
    reserve_ram_bytes: int | None,
    reserve_flash_bytes: int | None,
    boards_dir: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write MODEL (a .tflite) so that it takes less RAM and flash, with equal outputs.

    Left out is what no interpreter reads; operators run in the order of the lowest peak; a memory
    plan that TFLM honours is embedded. The last two only where the arena falls by it. Where RAM
    binds (the board's, or --ram-budget), layers run in patches of rows and columns, which computes
    some of these twice. Where flash binds, weights are encoded, which takes RAM. No TensorFlow is
    imported. Ends with 5 if the packed model does not fit the board.
    """
    refuse_existing(out, force=force)
    read_model(model)  # names the file if it is none
    reserves = reserve_ram_bytes, reserve_flash_bytes
    if board is None and reserves != (None, None):
        raise UsageError("--reserve-ram and --reserve-flash are of a board: give --board too")
    profile = reserving(load_board(board, boards_dir), *reserves) if board else None
    targets = {profile.core: target_of(profile.core, profile.kernels)} if profile else FAMILIES
    content = model.read_bytes()
    limits = _limits(content, profile, flash_budget, ram_budget, runtime)
    budgets: dict[str, tuple[int, int | None]] = {}
    if runtime == "c":
        if flash_budget is not None:
            raise UsageError("--flash-budget encodes weights, which the C runtime does not read")
        packed = pack_for_c(content, limits.arena_bytes)
    else:
        packed = pack(content, targets, ram_budget_bytes=ram_budget, limits=limits)
        size = flash_bytes(packed.model, targets)
        budgets["the flash of model and TFLM"] = size, flash_budget
    write_file(out, packed.model)
    budgets["the arena"] = packed.arena_bytes, ram_budget
    missed = _missed(packed, profile, budgets, runtime)
    facts = {"model": str(model), "output": str(out), "board": profile and profile.id}
    _show({**facts, **pack_document(packed), "problems": missed}, as_json=as_json)
    if missed:
        raise DoesNotFitError("\n".join(missed))


def _limits(
    model: bytes, board: Board | None, flash: int | None, ram: int | None, runtime: Runtime
) -> Limits:
    """Return the budgets, or what the board has for model, TFLM and arena where that is less."""
    if board is None:
        return Limits(flash, ram)
    own = limits_on(fit(model, [board], others=(), runtime=runtime).verdicts[0])
    return Limits(_lower(own.flash_bytes, flash), _lower(own.arena_bytes, ram))


def _lower(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _missed(
    packed: Packed,
    board: Board | None,
    budgets: Mapping[str, tuple[int, int | None]],
    runtime: Runtime,
) -> list[str]:
    """Return what the packed model is still too large for."""
    budgeted = [
        f"{what} is {size - budget:,} bytes over the budget"
        for what, (size, budget) in budgets.items()
        if budget is not None and size > budget
    ]
    verdicts = fit(packed.model, [board], others=(), runtime=runtime).verdicts if board else ()
    fitted = [f"{v.board.id}: {problem}" for v in verdicts for problem in v.problems]
    return [*budgeted, *fitted]


def _show(document: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    from edgecompress.cli.output.rows import print_rows

    done = [_row(step["name"], step) for step in document["steps"] if step["done"]]
    print_rows([_row("nothing", document["before"]), *done])
    for step in document["steps"]:
        click.echo(f"{step['name']}: {'' if step['done'] else 'as it was, '}{step['what']}")
    click.echo(f"Written to {document['output']}")


def _row(name: str, sizes: Mapping[str, Any]) -> dict[str, Any]:
    arenas = {f"arena, {core}": size for core, size in sizes["arena_bytes"].items()}
    return {"after": name, "model": sizes["model_bytes"], **arenas, "MACs": sizes["macs"]}
