"""Tables of single values: those that are written as several operators, and those in a row.

What quantization puts in place of functions that TFLM lacks, CAST to int32, ADD of 128 and GATHER
from 256 values, is one table here, without tensors of int32.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from edgecompress.program.node import values_of
from edgecompress.program.program import Call, Constant, Step
from edgecompress.tflite.graph import Operator, Subgraph

_FIRST = 128  # what makes an index of the least int8
_STEPS = 256


@dataclass(frozen=True)
class Lookup:
    """Operators that are a table together; the last is its place among the others."""

    source: int
    table: NDArray[Any]
    before: tuple[int, ...]  # operators before the last


def written_out(subgraph: Subgraph) -> Mapping[int, Lookup]:
    """Return the tables written as CAST, ADD and GATHER, by the index of the GATHER."""
    makers = {output: op for op in subgraph.operators for output in op.outputs}
    readers = _readers(subgraph)
    found = {op.index: _lookup(subgraph, op, makers, readers) for op in subgraph.operators}
    return {index: lookup for index, lookup in found.items() if lookup is not None}


def merged(subgraph: Subgraph, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield steps in which a table of a table that nothing else reads is one."""
    readers = _readers(subgraph)
    waiting: dict[int, Call] = {}  # tables with one reader, by output
    for step in steps:
        if not isinstance(step, Call) or step.kernel != "lookup_s8":
            yield from (waiting.pop(i) for i in _inputs(step) if i in waiting)
            yield step
            continue
        (source,) = _inputs(step)
        call = _composed(waiting.pop(source), step) if source in waiting else step
        (target,) = call.outputs
        if isinstance(target, int) and readers[target] == 1:
            waiting[target] = call
        else:
            yield call
    yield from waiting.values()


def _inputs(step: Step) -> tuple[int, ...]:
    operands = step.inputs if isinstance(step, Call) else (step.inside, step.tensor)
    return tuple(operand for operand in operands if isinstance(operand, int))


def _composed(first: Call, second: Call) -> Call:
    tables = [call.fields["table"] for call in (first, second)]
    one, two = (table.values for table in tables if isinstance(table, Constant))
    table = Constant("table", "int8_t", two[one.astype(int) + _FIRST])
    return replace(second, inputs=first.inputs, fields={**second.fields, "table": table})


def _readers(subgraph: Subgraph) -> Counter[int]:
    """Count what reads each tensor; the end of the model reads its outputs, twice."""
    found = Counter(tensor for op in subgraph.operators for tensor in op.inputs)
    found.update(tensor for tensor in subgraph.outputs for _ in range(2))
    return found


def _lookup(
    subgraph: Subgraph, last: Operator, makers: Mapping[int, Operator], readers: Counter[int]
) -> Lookup | None:
    chain = [last]
    for wanted in ("ADD", "CAST"):
        moving = [i for i in chain[0].inputs if i in makers]
        if not moving or readers[moving[0]] != 1 or makers[moving[0]].op != wanted:
            return None
        chain.insert(0, makers[moving[0]])
    cast, add, _ = chain
    tensors = subgraph.tensors
    table, first = tensors[last.inputs[0]], tensors[add.inputs[-1]]
    is_table = (
        last.op == "GATHER"
        and table.type == tensors[cast.inputs[0]].type == "INT8"
        and table.data is not None
        and table.shape == (_STEPS,)
        and first.data is not None
        and (values_of(first) == _FIRST).all()
        and add.options.get("fused_activation_function", "NONE") == "NONE"
    )
    if not is_table:
        return None
    return Lookup(cast.inputs[0], values_of(table), (cast.index, add.index))
