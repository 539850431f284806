"""Instructions of a model on the C runtime, layer by layer: estimated from counts in QEMU.

`benchmarks/memory/instructions.py` counts them by kernel and core and writes the rates:
`costs/instructions.json`, with the error that they showed on models they were not made from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgecompress.files import COSTS_DIR
from edgecompress.program.program import Call, Program
from edgecompress.tflite.graph import Graph

# Cores whose compiler makes the same code of the kernels as of another's.
_SAME_CODE = {
    "cortex-m0": "cortex-m0plus",
    "cortex-m4": "cortex-m4f",
    "rv32imac": "rv32imc",
    "rv32imafc": "rv32imc",
}


@dataclass(frozen=True)
class Instructions:
    """Instructions of one inference by operator of the main subgraph; calls alone count.

    `error` is the relative error that nine of ten calls stayed within; `missing` are kernels that
    were not counted.
    """

    by_operator: Mapping[int, int]
    error: float
    missing: tuple[str, ...] = ()


def estimate_instructions(graph: Graph, program: Program, core: str) -> Instructions | None:
    """Return what the calls of a program take on a core, compiled for speed.

    None where nothing was counted on the core.
    """
    table = _table()["cores"].get(_SAME_CODE.get(core, core))
    if table is None:
        return None
    writers = {tensor: op.index for op in graph.main.operators for tensor in op.outputs}
    found: dict[int, int] = {}
    missing: list[str] = []
    for call in program.calls:
        rates = table["kernels"].get(call.kernel)
        written = [writers[each] for each in call.outputs if each in writers]
        if rates is None or not written:
            missing.append(call.kernel)
            continue
        works = zip(rates, features_of(call, program), strict=True)
        took = round(sum(rate * amount for rate, amount in works))
        found[written[0]] = found.get(written[0], 0) + took
    return Instructions(found, table["error"], tuple(dict.fromkeys(missing)))


def features_of(call: Call, program: Program) -> tuple[int, int, int, int]:
    """Return what a call's instructions are laid on: 1, multiply-accumulates, bytes in and out."""
    return 1, call.macs, _bytes(call.inputs, program), _bytes(call.outputs, program)


def _bytes(ends: tuple[Any, ...], program: Program) -> int:
    tensors = (end for end in ends if isinstance(end, int) and end in program.places)
    return sum(program.places[tensor].size_bytes for tensor in tensors)


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((COSTS_DIR / "instructions.json").read_text("utf-8"))
    return table
