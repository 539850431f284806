"""How good and how fast plans are on random graphs of tiny operators, as Markdown.

    python benchmarks/packing/random_graphs.py [--graphs 200] [--operators 100]

For each: the head that TFLM's planner gives, ours in the same order, and in the best order, over
the bytes in use at the worst time, which no plan of that order is below; CMSIS-NN on Cortex-M4F.
Then the C runtime's arena over the least that is not ruled out for its calls. Seconds are of
processor time on this computer. The graphs are those of the tests.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.random_branches import random_graph

from edgecompress.memory.arena.plan import plan_for
from edgecompress.pack.pack import FAMILIES
from edgecompress.pack.rewrite import with_order
from edgecompress.pack.variants import order_of
from edgecompress.program.lower import lower
from edgecompress.program.placement.best import best_placement, least_bytes
from edgecompress.program.placement.request import Request
from edgecompress.tflite.reader import read_model

CORE = "cortex-m4f"
BRANCHING = (0.1, 0.4, 0.8)
HEADINGS = (
    "operators", "branching", "graphs", "TFLM", "plan", "plan and order", "plans proven",
    "orders proven", "worse than TFLM", "s, mean", "s, most", "C runtime", "its plans proven",
    "s, mean", "s, most",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What one graph takes: heads over the least, the C runtime's arena over its least."""

    greedy: float
    planned: float
    reordered: float
    plan_proven: bool
    order_proven: bool
    seconds: float
    c_runtime: float
    c_seconds: float


def main() -> None:
    """Print a row for all graphs of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=200)
    parser.add_argument("--operators", type=int, default=100)
    arguments = parser.parse_args()
    print(f"| {' | '.join(HEADINGS)} |")
    print(f"|{' --- |' * len(HEADINGS)}")
    for branching in BRANCHING:
        results = [
            result(random_graph(seed, arguments.operators, branching))
            for seed in range(arguments.graphs)
        ]
        print(row(arguments.operators, branching, results), flush=True)


def result(model: bytes) -> Result:
    """Plan a model for both runtimes."""
    start = time.process_time()
    requests, greedy = head(model)
    placement = best_placement(requests)
    order = order_of(model, {CORE: FAMILIES[CORE]})
    moved = order is not None and list(order.operators) != sorted(order.operators)
    reordered = placement.size_bytes
    if order is not None and moved:
        reordered = best_placement(head(with_order(model, order.operators))[0]).size_bytes
    seconds = time.process_time() - start
    start = time.process_time()
    program = lower(read_model(model))
    least = least_bytes(requests)
    return Result(
        greedy / least,
        placement.size_bytes / least,
        min(reordered, placement.size_bytes) / least,
        placement.optimal,
        order is not None and order.optimal,
        seconds,
        program.arena_bytes / program.least_arena_bytes,
        time.process_time() - start,
    )


def head(model: bytes) -> tuple[list[Request], int]:
    """Return the buffers of a model's head, and its length by TFLM's planner."""
    arena = plan_for(read_model(model), FAMILIES[CORE])
    return [Request(b.aligned_bytes, b.first, b.last) for b in arena.buffers], arena.head_bytes


def row(operators: int, branching: float, results: Sequence[Result]) -> str:
    """Return means, how many plans and orders are proven, and the longest time."""
    cells = (
        f"{operators}", f"{branching}", f"{len(results)}",
        f"{mean([r.greedy for r in results]):.3f}",
        f"{mean([r.planned for r in results]):.3f}",
        f"{mean([r.reordered for r in results]):.3f}",
        f"{sum(r.plan_proven for r in results)}",
        f"{sum(r.order_proven for r in results)}",
        f"{sum(r.planned > r.greedy for r in results)}",
        *times([r.seconds for r in results]),
        f"{mean([r.c_runtime for r in results]):.3f}",
        f"{sum(r.c_runtime <= 1 for r in results)}",
        *times([r.c_seconds for r in results]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def times(seconds: Sequence[float]) -> tuple[str, str]:
    """Return the mean and the most."""
    return f"{mean(seconds):.2f}", f"{max(seconds):.2f}"


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean."""
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
