"""The arena of a program: which tensors share memory, how long each lives, where each lies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edgecompress.program.place import Request, placed
from edgecompress.program.program import Call, Place, Program, Step
from edgecompress.tflite.graph import ELEMENT_BYTES, Subgraph, Tensor

_ALIGNMENT_BYTES = 4


@dataclass
class _Sharing:
    """Tensors inside others: by tensor, the one it lies in and from which byte on."""

    parents: dict[int, tuple[int, int]] = field(default_factory=dict)

    def root(self, tensor: int) -> tuple[int, int]:
        """Return the outermost tensor that holds this one, and the offset in it."""
        offset = 0
        while tensor in self.parents:
            tensor, more = self.parents[tensor]
            offset += more
        return tensor, offset


def laid_out(subgraph: Subgraph, steps: Sequence[Step]) -> Program:
    """Return the program with the smallest arena found: with views of parts, or with copies."""
    plans = [_planned(subgraph, steps, joined=joined) for joined in (True, False)]
    return min(plans, key=lambda plan: plan.arena_bytes)


def _planned(subgraph: Subgraph, steps: Sequence[Step], *, joined: bool) -> Program:
    sharing = _Sharing()
    calls = tuple(_calls(subgraph, steps, sharing, joined=joined))
    lives = _lives(subgraph, calls)
    _work_in_place(subgraph, calls, lives, sharing)
    roots = _requests(subgraph, lives, sharing)
    scratch = [
        Request(_aligned(call.scratch_bytes), number, number)
        for number, call in enumerate(calls)
        if call.scratch_bytes
    ]
    offsets, arena_bytes = placed([*roots.values(), *scratch])
    offset_of = dict(zip(roots, offsets, strict=False))
    of_scratch = iter(offsets[len(roots) :])
    return Program(
        calls=calls,
        places=dict(_places(subgraph, lives, sharing, offset_of)),
        scratch_offsets=tuple(next(of_scratch) if call.scratch_bytes else -1 for call in calls),
        arena_bytes=arena_bytes,
        inputs=subgraph.inputs,
        outputs=subgraph.outputs,
    )


def _calls(
    subgraph: Subgraph, steps: Sequence[Step], sharing: _Sharing, *, joined: bool
) -> Iterator[Call]:
    """Yield the calls; note views, or make them copies where they cannot be."""
    outer = {*subgraph.inputs, *subgraph.outputs}
    variables = {tensor.index for tensor in subgraph.tensors if tensor.is_variable}
    written: set[int] = set(subgraph.inputs)
    for step in steps:
        if isinstance(step, Call):
            written.update(step.outputs)
            yield step
            continue
        is_part = step.tensor in written  # of an output that is put together
        taken = step.tensor in sharing.parents or {step.tensor, step.inside} & variables
        if step.instead and (taken or (is_part and not joined)):
            yield step.instead
        elif step.instead and not is_part and step.tensor in outer and step.inside in outer:
            yield step.instead  # an output of the model must not change with another
        else:
            sharing.parents[step.tensor] = (step.inside, step.offset_bytes)
        written.update((step.tensor, step.inside))


def _lives(subgraph: Subgraph, calls: Sequence[Call]) -> dict[int, list[int]]:
    """Return the first and the last call of each tensor; inputs are there before the first."""
    lives: dict[int, list[int]] = {tensor: [-1, -1] for tensor in subgraph.inputs}
    for number, call in enumerate(calls):
        for tensor in (*call.inputs, *call.outputs):
            if isinstance(tensor, int):
                lives.setdefault(tensor, [number, number])[1] = number
    for tensor in subgraph.outputs:
        lives.setdefault(tensor, [-1, -1])[1] = len(calls)
    return lives


def _work_in_place(
    subgraph: Subgraph, calls: Sequence[Call], lives: Mapping[int, list[int]], sharing: _Sharing
) -> None:
    """Let outputs take the memory of inputs that end there."""
    for number, call in enumerate(calls):
        output = call.outputs[0]
        if output in sharing.parents or subgraph.tensors[output].is_variable:
            continue
        for position in call.in_place:
            tensor = call.inputs[position]
            if isinstance(tensor, int) and _ends(subgraph, tensor, number, lives, sharing):
                sharing.parents[output] = (tensor, 0)
                break


def _ends(
    subgraph: Subgraph,
    tensor: int,
    number: int,
    lives: Mapping[int, list[int]],
    sharing: _Sharing,
) -> bool:
    root, _ = sharing.root(tensor)
    members = [other for other in lives if sharing.root(other)[0] == root]
    is_kept = any(subgraph.tensors[other].is_variable for other in members)
    return not is_kept and max(lives[other][1] for other in members) == number


def _requests(
    subgraph: Subgraph, lives: Mapping[int, list[int]], sharing: _Sharing
) -> dict[int, Request]:
    """Return what each outermost tensor asks of the arena."""
    found: dict[int, Request] = {}
    for tensor, (first, last) in lives.items():
        root, _ = sharing.root(tensor)
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
        facts = subgraph.tensors[tensor]
        size = tensor_bytes(facts)
        yield tensor, Place(tensor, facts.name, size, offsets[root] + offset, first, last)


def tensor_bytes(tensor: Tensor) -> int:
    """Return the bytes a tensor takes in the arena."""
    return int(tensor.elements * ELEMENT_BYTES[tensor.type])


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
