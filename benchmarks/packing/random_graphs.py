"""How good and how fast plans are on random graphs of tiny operators.

    python benchmarks/packing/random_graphs.py [--graphs 200] [--operators 100]

For each: the head that TFLM's planner gives, ours in the same order, and in the best order, over
the bytes in use at the worst time, which no plan of that order is below. CMSIS-NN on Cortex-M4F.
Seconds are of processor time on this computer. The graphs are those of the tests.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.random_graphs import random_graph

from edgecompress.memory.arena.plan import plan_for
from edgecompress.pack.pack import FAMILIES
from edgecompress.pack.placement import best_placement, least_bytes
from edgecompress.pack.rewrite import with_order
from edgecompress.pack.variants import order_of
from edgecompress.program.place import Request
from edgecompress.tflite.reader import read_model

CORE = "cortex-m4f"
BRANCHING = (0.1, 0.4, 0.8)


def main() -> None:
    """Print a line for all graphs of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=200)
    parser.add_argument("--operators", type=int, default=100)
    arguments = parser.parse_args()
    for branching in BRANCHING:
        results = [
            result(random_graph(seed, arguments.operators, branching))
            for seed in range(arguments.graphs)
        ]
        report(branching, results)


def result(model: bytes) -> tuple[float, float, float, bool, bool, float]:
    """Return heads over the least in the present order: TFLM's, ours, ours reordered; and more."""
    start = time.process_time()
    requests, greedy = head(model)
    placement = best_placement(requests)
    order = order_of(model, {CORE: FAMILIES[CORE]})
    moved = order is not None and list(order.operators) != sorted(order.operators)
    reordered = placement.size_bytes
    if order is not None and moved:
        reordered = best_placement(head(with_order(model, order.operators))[0]).size_bytes
    seconds = time.process_time() - start
    least = least_bytes(requests)
    exact = order is not None and order.optimal
    heads = (
        greedy / least,
        placement.size_bytes / least,
        min(reordered, placement.size_bytes) / least,
    )
    return *heads, placement.optimal, exact, seconds


def head(model: bytes) -> tuple[list[Request], int]:
    """Return the buffers of a model's head, and its length by TFLM's planner."""
    arena = plan_for(read_model(model), FAMILIES[CORE])
    return [Request(b.aligned_bytes, b.first, b.last) for b in arena.buffers], arena.head_bytes


def report(branching: float, results: list[tuple[float, float, float, bool, bool, float]]) -> None:
    """Print means, how many plans and orders are proven, and the longest time."""
    count = len(results)
    greedy, ours, reordered, optimal, exact, seconds = zip(*results, strict=True)
    print(
        f"branching {branching}: TFLM {sum(greedy) / count:.3f}, plan {sum(ours) / count:.3f}, "
        f"plan and order {sum(reordered) / count:.3f} of the least in the present order; "
        f"plans proven {sum(optimal)}, orders {sum(exact)} of {count}; "
        f"worse than TFLM {sum(o > g for o, g in zip(ours, greedy, strict=True))}; "
        f"seconds of processor {sum(seconds) / count:.2f} in the mean, {max(seconds):.2f} at most",
        flush=True,
    )


if __name__ == "__main__":
    main()
