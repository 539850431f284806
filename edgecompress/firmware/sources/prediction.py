"""What `fit` predicts of a bare-metal image, by the parts that a linked image has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgecompress.board import Board
from edgecompress.firmware.sources.model import FirmwareModel
from edgecompress.memory.application import application
from edgecompress.memory.flash import (
    RUNNER,
    FlashTable,
    flash_table,
    model_item,
    runtime_parts,
    substitute_for,
)
from edgecompress.memory.ram import resident_items

GLUE = "startup, self-test and alignment"
STATIC_DATA = "interpreter, resolver, library data"
STACK = "stack"
ARENA = "tensor arena"


@dataclass(frozen=True)
class Prediction:
    """Bytes by part. `notes` say what about them is not measured for this very firmware."""

    flash: Mapping[str, int]
    ram: Mapping[str, int]
    runtime_flash_bytes: int  # of `flash`: TFLM, kernels, the libraries they call, the runners
    compiler: str  # that the tables were measured with
    notes: tuple[str, ...]


def predict(
    models: Sequence[FirmwareModel], board: Board, kernels: str, arena_bytes: int
) -> Prediction:
    """Return the prediction for bare-metal firmware whose models share an arena."""
    registered = [entry.name for model in models for entry in model.registrations]
    names = list(dict.fromkeys(registered))
    runtime = runtime_parts(names, board.core, kernels)
    runtime[RUNNER] = sum(_runner_bytes(model, board.core, kernels) for model in models)
    # What the board's own framework and the user's application would add is not in this image.
    alone = replace(board, frameworks={"cmake": {}}, reserve_ram_bytes=0, reserve_flash_bytes=0)
    app = application(alone)
    static, *stacks = resident_items(registered, board.core, kernels, app, interpreters=len(models))
    glue_bytes = sum(item.bytes for item in app.ram)
    return Prediction(
        flash={
            **{f"model {model.prefix}": model_item(len(model.content)).bytes for model in models},
            **runtime,
            GLUE: sum(item.bytes for item in app.flash),
        },
        ram={
            ARENA: arena_bytes,
            STACK: sum(item.bytes for item in stacks) - glue_bytes,
            STATIC_DATA: static.bytes,
            GLUE: glue_bytes,
        },
        runtime_flash_bytes=sum(runtime.values()),
        compiler=_table(board.core, kernels).compiler,
        notes=tuple(_notes(names, board.core, kernels)),
    )


def _runner_bytes(model: FirmwareModel, core: str, kernels: str) -> int:
    """Return a model's own part of the runtime; the kernels serve all models."""
    return runtime_parts([entry.name for entry in model.registrations], core, kernels)[RUNNER]


def _table(core: str, kernels: str) -> FlashTable:
    substitute = substitute_for(core, kernels)
    return flash_table(core if substitute is None else substitute.core)


def _notes(names: Sequence[str], core: str, kernels: str) -> list[str]:
    substitute = substitute_for(core, kernels)
    if substitute is not None:
        reason = (
            f"fit has no table of {core} with {kernels} kernels: it takes {substitute.scale:g} "
            f"times that of {substitute.core}, and {substitute.band:.0%} more ({substitute.reason})"
        )
        return [reason]
    table = flash_table(core)
    known = {name: table.entry(name) for name in names}
    return [
        f"{name} was not measured on {core}: its size is an upper estimate"
        if entry is None
        else f"fit's table of {core} has {entry} for all types, and not {name}, which is smaller"
        for name, entry in known.items()
        if entry != name
    ]
