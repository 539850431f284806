"""The arena of a program: which tensors share memory, how long each lives, where each lies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from edgecompress.program.placement.best import GOOD, QUICK, THOROUGH, Effort, best_placement
from edgecompress.program.placement.request import Overlap, Request
from edgecompress.program.program import Call, Place, Program, State, Step, View
from edgecompress.tflite.graph import ELEMENT_BYTES, Subgraph, Tensor

# A larger arena by this part is worth it where calls need fewer instructions with more scratch.
_PRICE_OF_SPEED = 1 / 16
_ALIGNMENT_BYTES = 4
_SCRATCH_ALIGNMENT_BYTES = 8  # of pointers on a host


@dataclass
class _Sharing:
    """Tensors inside others: by tensor, the one or the state it lies in, and from which byte on."""

    parents: dict[int, tuple[int | State, int]] = field(default_factory=dict)

    def root(self, tensor: int) -> tuple[int | State, int]:
        """Return the outermost tensor or the state that holds this one, and the offset in it."""
        passed: list[tuple[int, int]] = []  # the tensors on the way, with the offset in each
        offset, root = 0, cast("int | State", tensor)
        while isinstance(root, int) and root in self.parents:
            passed.append((root, offset))
            root, more = self.parents[root]
            offset += more
        for inside, before in passed:  # the next way is short, however long a chain grows
            self.parents[inside] = root, offset - before
        return root, offset


def laid_out(subgraph: Subgraph, steps: Sequence[Step]) -> Program:
    """Return the program with the smallest arena found.

    It has views of parts, or copies; and each call its usual scratch where the arena grows little.
    """
    frugal = [_frugal(step) for step in steps]
    plans = [_planned(subgraph, frugal, GOOD, joined=joined) for joined in (True, False)]
    limit = min(plan.arena_bytes for plan in plans) * (1 + _PRICE_OF_SPEED)
    joined = plans[0].arena_bytes <= limit
    return _faster(subgraph, steps, plans[0 if joined else 1], limit, joined=joined)


def _frugal(step: Step) -> Step:
    return step.frugal or step if isinstance(step, Call) else step


def _faster(
    subgraph: Subgraph, steps: Sequence[Step], least: Program, limit: float, *, joined: bool
) -> Program:
    """Return the plan with all usual scratch that an arena of at most `limit` bytes holds."""
    usual = _within(subgraph, steps, limit, joined=joined)
    if usual is not None:
        return _refined(subgraph, steps, usual, joined=joined)
    chosen = [_frugal(step) for step in steps]
    best = least
    for number, step in enumerate(steps):
        if chosen[number] is step:
            continue
        tried = [*chosen[:number], step, *chosen[number + 1 :]]
        plan = _within(subgraph, tried, limit, joined=joined)
        if plan is not None:
            chosen, best = tried, plan
    return _refined(subgraph, chosen, best, joined=joined)


def _within(
    subgraph: Subgraph, steps: Sequence[Step], limit: float, *, joined: bool
) -> Program | None:
    """Return a plan of at most `limit` bytes, if one is soon found."""
    plan = _planned(subgraph, steps, QUICK, int(limit), joined=joined)
    return plan if plan.arena_bytes <= limit else None


def _refined(subgraph: Subgraph, steps: Sequence[Step], known: Program, *, joined: bool) -> Program:
    """Return the best plan found, no worse than one that is known."""
    if known.arena_bytes <= known.least_arena_bytes:
        return known
    thorough = _planned(subgraph, steps, THOROUGH, joined=joined)
    return min(known, thorough, key=lambda plan: (plan.arena_bytes, -plan.least_arena_bytes))


def _planned(
    subgraph: Subgraph,
    steps: Sequence[Step],
    effort: Effort,
    enough_bytes: int = 0,
    *,
    joined: bool,
) -> Program:
    sharing = _Sharing()
    calls = tuple(_calls(subgraph, steps, sharing, joined=joined))
    lives = _lives(subgraph, calls)
    _work_in_place(calls, lives, sharing)
    roots = _requests(subgraph, lives, sharing)
    scratch = [
        Request(_aligned(call.scratch_bytes), number, number, _SCRATCH_ALIGNMENT_BYTES)
        for number, call in enumerate(calls)
        if call.scratch_bytes
    ]
    overlaps = list(_overlaps(calls, roots, sharing))
    placement = best_placement(
        [*roots.values(), *scratch], overlaps, enough_bytes=enough_bytes, effort=effort
    )
    offset_of = dict(zip(roots, placement.offsets, strict=False))
    of_scratch = iter(placement.offsets[len(roots) :])
    return Program(
        calls=calls,
        places=dict(_places(subgraph, lives, sharing, offset_of)),
        states=_states(calls),
        in_states=dict(_in_states(lives, sharing)),
        scratch_offsets=tuple(next(of_scratch) if call.scratch_bytes else -1 for call in calls),
        arena_bytes=placement.size_bytes,
        least_arena_bytes=placement.least_bytes,
        inputs=subgraph.inputs,
        outputs=subgraph.outputs,
    )


def _overlaps(
    calls: Sequence[Call], roots: Mapping[int, Request], sharing: _Sharing
) -> Iterator[Overlap]:
    """Yield the pairs of outermost tensors of which one may be written over the other."""
    numbers = {root: number for number, root in enumerate(roots)}
    for number, call in enumerate(calls):
        if call.clearance_bytes is None:
            continue
        read, read_offset = sharing.root(cast("int", call.inputs[0]))
        written, written_offset = sharing.root(cast("int", call.outputs[0]))
        if isinstance(read, State) or isinstance(written, State):
            continue
        clearance = _aligned(max(0, call.clearance_bytes + written_offset - read_offset))
        meets_once = roots[read].last == number == roots[written].first
        if meets_once and clearance < roots[written].size_bytes:
            yield Overlap(numbers[written], numbers[read], clearance)


def _calls(
    subgraph: Subgraph, steps: Sequence[Step], sharing: _Sharing, *, joined: bool
) -> Iterator[Call]:
    """Yield the calls; note views, or make them copies where they cannot be."""
    outer = {*subgraph.inputs, *subgraph.outputs}
    written: set[int | State] = set(subgraph.inputs)
    for number, given in enumerate(steps):
        step = _of_whole(subgraph, given, sharing, written)
        if isinstance(step, Call):
            written.update(step.outputs)
            yield step
            continue
        is_part = step.tensor in written  # of an output that is put together
        taken = step.tensor in sharing.parents or not _keeps(subgraph, steps, number)
        # An output of the model must not change with another.
        both_outer = not is_part and step.tensor in outer and step.inside in outer
        if taken or both_outer or (is_part and not joined):
            yield step.instead
        else:
            sharing.parents[step.tensor] = (step.inside, step.offset_bytes)
        written.update((step.tensor, step.inside))


def _of_whole(subgraph: Subgraph, step: Step, sharing: _Sharing, written: set[int | State]) -> Step:
    """Return a view of a part so that what it shows all of, as reshaping does, is the part."""
    if isinstance(step, Call) or step.tensor not in written:
        return step
    root, offset = sharing.root(step.tensor)
    around = step.inside if isinstance(step.inside, State) else sharing.root(step.inside)[0]
    if not isinstance(root, int) or offset or root == around:
        return step
    sizes = {tensor_bytes(subgraph.tensors[tensor]) for tensor in (root, step.tensor)}
    return replace(step, tensor=root) if len(sizes) == 1 else step


def _keeps(subgraph: Subgraph, steps: Sequence[Step], number: int) -> bool:
    """Say whether what a view shows stays as it is while the view is read.

    A state may be written before the inference is over; other memory is planned so that it stays.
    """
    view = steps[number]
    if not isinstance(view, View) or isinstance(view.inside, int):
        return True
    shown = {view.tensor}
    later = steps[number + 1 :]
    for step in later:
        if isinstance(step, View) and step.inside in shown:
            shown.add(step.tensor)
    reads = [place for place, step in enumerate(later) if shown & _read(step)]
    writes = [
        place
        for place, step in enumerate(later)
        if isinstance(step, Call) and view.inside in step.outputs
    ]
    return not shown & {*subgraph.outputs} and max(reads, default=-1) < min(
        writes, default=len(later)
    )


def _read(step: Step) -> set[int]:
    if isinstance(step, View):
        return {step.tensor} | ({step.inside} if isinstance(step.inside, int) else set())
    return {operand for operand in step.inputs if isinstance(operand, int)}


def _lives(subgraph: Subgraph, calls: Sequence[Call]) -> dict[int, list[int]]:
    """Return the first and the last call of each tensor; inputs are there before the first."""
    lives: dict[int, list[int]] = {tensor: [-1, -1] for tensor in subgraph.inputs}
    for number, call in enumerate(calls):
        for tensor in (*call.inputs, *call.outputs):
            if isinstance(tensor, int):
                lives.setdefault(tensor, [number, number])[1] = number
    for tensor in subgraph.outputs:  # one that is a view begins with what it shows
        lives.setdefault(tensor, [len(calls), len(calls)])[1] = len(calls)
    return lives


def _work_in_place(
    calls: Sequence[Call], lives: Mapping[int, list[int]], sharing: _Sharing
) -> None:
    """Let outputs take the memory of inputs that end there."""
    ends: dict[int | State, int] = {}  # of outermost tensors, with all that lies in them
    for tensor, (_, last) in lives.items():
        root, _ = sharing.root(tensor)
        ends[root] = max(ends.get(root, last), last)
    for number, call in enumerate(calls):
        output = call.outputs[0]
        if not isinstance(output, int) or output in sharing.parents:
            continue
        for position in call.in_place:
            tensor = cast("int", call.inputs[position])
            root, _ = sharing.root(tensor)
            if isinstance(root, int) and ends[root] == number:
                sharing.parents[output] = (tensor, 0)
                ends[root] = ends.pop(output)
                break


def _requests(
    subgraph: Subgraph, lives: Mapping[int, list[int]], sharing: _Sharing
) -> dict[int, Request]:
    """Return what each outermost tensor asks of the arena."""
    found: dict[int, Request] = {}
    for tensor, (first, last) in lives.items():
        root, _ = sharing.root(tensor)
        if isinstance(root, State):
            continue
        size = _aligned(tensor_bytes(subgraph.tensors[root]))
        known = found.get(root, Request(size, first, last))
        found[root] = Request(size, min(known.first, first), max(known.last, last))
    return found


def _places(
    subgraph: Subgraph,
    lives: Mapping[int, list[int]],
    sharing: _Sharing,
    offsets: Mapping[int, int],
) -> Iterator[tuple[int, Place]]:
    for tensor, (first, last) in lives.items():
        root, offset = sharing.root(tensor)
        if isinstance(root, State):
            continue
        facts = subgraph.tensors[tensor]
        size = tensor_bytes(facts)
        yield tensor, Place(tensor, facts.name, size, offsets[root] + offset, first, last)


def _states(calls: Sequence[Call]) -> tuple[State, ...]:
    """Return the states that calls read or write, in order."""
    operands = (operand for call in calls for operand in (*call.inputs, *call.outputs))
    return tuple(dict.fromkeys(operand for operand in operands if isinstance(operand, State)))


def _in_states(
    lives: Mapping[int, list[int]], sharing: _Sharing
) -> Iterator[tuple[int, tuple[State, int]]]:
    for tensor in lives:
        root, offset = sharing.root(tensor)
        if isinstance(root, State):
            yield tensor, (root, offset)


def tensor_bytes(tensor: Tensor) -> int:
    """Return the bytes a tensor takes in the arena."""
    return int(tensor.elements * ELEMENT_BYTES[tensor.type])


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
