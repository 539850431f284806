"""An estimate of cycles and milliseconds, for the few cores that someone has published figures of.

Cycles per multiply-accumulate by operator, from `costs/latency.json`, each table with its source
and the error it showed on whole models. Boards without evidence get no estimate.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgecompress.board import Board
from edgecompress.files import COSTS_DIR
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.macs import operator_macs

# Operators whose multiply-accumulates nobody has published the cost of: no estimate then.
_WITHOUT_EVIDENCE = frozenset(
    {
        "BATCH_MATMUL", "CUSTOM:TFLM_DECODE", "IF", "SVDF", "TRANSPOSE_CONV",
        "UNIDIRECTIONAL_SEQUENCE_LSTM", "WHILE",
    }
)  # fmt: skip


@dataclass(frozen=True)
class OperatorLatency:
    """One operator's share of the estimate; `index` is its place in the model."""

    index: int
    op: str
    macs: int
    cycles: int


@dataclass(frozen=True)
class Latency:
    """Time of one inference. `error` is the relative error shown on published models."""

    cycles: int
    milliseconds: float
    error: float
    basis: str  # "estimated"
    source: str
    operators: tuple[OperatorLatency, ...]


def estimate_latency(graph: Graph, board: Board, kernels: str) -> Latency | None:
    """Return the estimate for one inference; None where there is no evidence for it.

    Convolutions and dense layers are counted; what other operators take is within the error.
    """
    if "qemu" in board.frameworks:  # an emulator's clock says nothing
        return None
    table = _table(board.core, kernels, board.mcu)
    main = graph.main
    if table is None or any(op.op in _WITHOUT_EVIDENCE for op in main.operators):
        return None
    if any(tensor.type == "INT4" for tensor in main.tensors):  # CMSIS-NN: 1.7 times on ResNet-8
        return None
    rates = table["cycles_per_mac"]
    operators = tuple(
        OperatorLatency(op.index, op.op, macs, round(macs * rates[op.op]))
        for op in main.operators
        if op.op in rates and (macs := operator_macs(main, op))
    )
    cycles = sum(operator.cycles for operator in operators)
    if not cycles:
        return None
    ms = round(1000 * cycles / board.clock_hz, 3)
    return Latency(cycles, ms, table["error"], "estimated", table["source"], operators)


def cost_tables() -> tuple[Mapping[str, Any], ...]:
    """Return all tables with the published figures that they are checked on."""
    return tuple(_costs()["tables"])


@cache
def _costs() -> dict[str, Any]:
    costs: dict[str, Any] = json.loads((COSTS_DIR / "latency.json").read_text(encoding="utf-8"))
    return costs


def _table(core: str, kernels: str, mcu: str) -> Mapping[str, Any] | None:
    """Return the table of the MCU itself, else that of its core, else None."""
    tables = [t for t in _costs()["tables"] if (t["core"], t["kernels"]) == (core, kernels)]
    own = [table for table in tables if mcu in table["mcus"]]
    general = [table for table in tables if not table["mcus"]]
    return next(iter((*own, *general)), None)
