"""Orders of operators: the lowest peak of all orders, and those that must stay as they are."""

from collections.abc import Iterator
from random import Random

import pytest
from support.flatbuffer_models import Graph, Op, T, build, options

from edgecompress.pack.order import best_order
from edgecompress.pack.tasks import Tasks, tasks_of
from edgecompress.tflite.reader import read_model


def random_tasks(seed: int, operators: int) -> Tasks:
    """A graph in which operators read one or two random tensors, of random sizes."""
    random = Random(seed)  # noqa: S311 - reproducible graphs, not cryptography
    sizes, ops = [16 * random.randint(1, 20)], []
    for number in range(operators):
        read = {random.randrange(max(0, number - 4), number + 1) for _ in range(2)}
        ops.append(Op("ADD_N", [f"t{i}" for i in sorted(read)], [f"t{number + 1}"]))
        sizes.append(16 * random.randint(1, 20))
    tensors = {f"t{number}": T((1, 16)) for number in range(len(sizes))}
    unread = [n for n in tensors if not any(n in op.inputs for op in ops)]
    graph = read_model(build(Graph(tensors, ops, ["t0"], unread)))
    scratch = [random.choice((0, 0, 16 * random.randint(1, 30))) for _ in ops]
    tasks = tasks_of(graph.main, dict(enumerate(sizes)), scratch)
    assert tasks is not None
    return tasks


def all_orders(tasks: Tasks, done: int = 0) -> Iterator[tuple[int, ...]]:
    if done == (1 << len(tasks.before)) - 1:
        yield ()
    for number, before in enumerate(tasks.before):
        if not done >> number & 1 and not before & ~done:
            for rest in all_orders(tasks, done | 1 << number):
                yield (number, *rest)


@pytest.mark.parametrize("seed", range(60))
def test_no_order_has_a_lower_peak(seed: int) -> None:
    tasks = random_tasks(seed, 3 + seed % 5)
    order = best_order(tasks)
    assert order.optimal
    assert order.peak_bytes == tasks.peak(order.operators)
    assert order.peak_bytes == min(map(tasks.peak, all_orders(tasks)))
    assert order.operators in set(all_orders(tasks))


@pytest.mark.parametrize("seed", range(20))
def test_beyond_its_limit_the_search_is_no_worse_than_before(seed: int) -> None:
    tasks = random_tasks(seed, 25)
    present = tasks.peak(range(25))
    few, many = best_order(tasks, states=3), best_order(tasks)
    assert many.peak_bytes <= few.peak_bytes <= present
    for order in (few, many):
        assert tasks.peak(order.operators) == order.peak_bytes
        done = 0
        for operator in order.operators:
            assert not tasks.before[operator] & ~done
            done |= 1 << operator


def test_a_chain_stays_as_it_is() -> None:
    tensors = {name: T((1, 16)) for name in "abcd"}
    ops = [Op("RELU", [one], [other]) for one, other in ("ab", "bc", "cd")]
    graph = read_model(build(Graph(tensors, ops, ["a"], ["d"])))
    tasks = tasks_of(graph.main, dict.fromkeys(range(4), 16), [0, 0, 0])
    assert tasks is not None
    assert best_order(tasks).operators == (0, 1, 2)


def test_what_shares_a_state_keeps_its_order() -> None:
    tensors = {"x": T((1, 4)), "h": T((), "RESOURCE", scale=None), "y": T((1, 4))}
    handle = options("VarHandleOptions", container="", sharedName="v")
    ops = [
        Op("VAR_HANDLE", [], ["h"], handle),
        Op("ASSIGN_VARIABLE", ["h", "x"], []),
        Op("READ_VARIABLE", ["h"], ["y"]),
    ]
    graph = read_model(build(Graph(tensors, ops, ["x"], ["y"])))
    tasks = tasks_of(graph.main, {0: 16, 2: 16}, [0, 0, 0])
    assert tasks is not None
    assert list(all_orders(tasks)) == [(0, 1, 2)]
