"""Where the instructions of an inference go: what a profiling image prints, by operator."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_OPERATOR = re.compile(r"profile: counts=(\d+) operator=(\S+)$")
_VECTOR = re.compile(r"\w+: vector \d+ (?:PASS|FAIL)$")
_MODEL = re.compile(r"edgecompress: model=(\w+) ")


@dataclass(frozen=True)
class OperatorCounts:
    """An operator that ran: its name in TFLM, or kernel and layer, and the counts that it took.

    One that runs subgraphs (IF, WHILE, CALL_ONCE) includes theirs, and stands after their
    operators: it ends after them.
    """

    name: str
    counts: int


def longest_inferences(output: str) -> Mapping[str, tuple[OperatorCounts, ...]]:
    """Return by model the operators of its longest inference, in the order in which they ended."""
    longest: dict[str, tuple[OperatorCounts, ...]] = {}
    inferences: list[tuple[OperatorCounts, ...]] = []
    running: list[OperatorCounts] = []
    for line in output.splitlines():
        if operator := _OPERATOR.match(line):
            running.append(OperatorCounts(operator[2], int(operator[1])))
        elif _VECTOR.match(line):
            inferences.append(tuple(running))
            running = []
        elif model := _MODEL.match(line):
            longest[model[1]] = max(inferences, key=_total, default=())
            inferences = []
    return longest


def _total(operators: tuple[OperatorCounts, ...]) -> int:
    return sum(operator.counts for operator in operators)
