"""What a program takes of flash and RAM besides code, and what of it decides its calls' code."""

from collections.abc import Iterator, Sequence

from edgecompress.program.program import Constant, Field, Operand, Program

_ALIGNMENT_BYTES = 4
_REGISTERS = 4  # arguments that a call passes in registers, on Arm


def constants_of(program: Program) -> tuple[Constant, ...]:
    """Return the arrays in flash; equal ones are there once."""
    found: dict[tuple[str, bytes], Constant] = {}
    for constant in _constants(program):
        found.setdefault((constant.ctype, constant.values.tobytes()), constant)
    return tuple(found.values())


def aligned_bytes(constants: Sequence[Constant]) -> int:
    """Return the bytes of arrays in flash, each aligned to four bytes."""
    return sum(-(-c.size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES for c in constants)


def state_bytes(program: Program) -> int:
    """Return the RAM of what lives from one inference to the next."""
    return sum(-(-s.size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES for s in program.states)


def code_features(program: Program) -> tuple[int, ...]:
    """Return the numbers that the code of a model's C source grows with, each by its own factor.

    They are: one; calls; operands in the arena; their places, but for its start; operands that are
    constants or states; arguments beyond those in registers; one if there are states; states; one
    if there are several inputs; one if there are several outputs.
    """
    calls = list(_offsets(program))
    offsets = [offset for call in calls for offset in call]
    places = [offset for offset in offsets if offset is not None]
    return (
        1,
        len(calls),
        len(places),
        len({*places} - {0}),
        len(offsets) - len(places),
        sum(max(0, len(call) + 1 - _REGISTERS) for call in calls),
        min(1, len(program.states)),
        len(program.states),
        int(len(program.inputs) > 1),
        int(len(program.outputs) > 1),
    )


def _offsets(program: Program) -> Iterator[tuple[int | None, ...]]:
    """Yield where the operands of each call lie in the arena; None for those that do not."""
    for call, scratch in zip(program.calls, program.scratch_offsets, strict=True):
        yield (
            *(_offset(program, operand) for operand in (*call.inputs, *call.outputs)),
            *([scratch] if scratch >= 0 else []),
        )


def _offset(program: Program, operand: Operand) -> int | None:
    if not isinstance(operand, int) or operand in program.in_states:
        return None
    return program.places[operand].offset_bytes


def _constants(program: Program) -> Iterator[Constant]:
    for call in program.calls:
        for value in (*call.fields.values(), *call.inputs):
            yield from _within(value)
    for state in program.states:
        if len(set(state.first.tobytes())) > 1:  # else its bytes are set one by one
            yield Constant(state.name, state.ctype, state.first)


def _within(value: Field | Operand) -> Iterator[Constant]:
    if isinstance(value, Constant):
        yield value
    elif isinstance(value, Sequence):
        for item in value:
            yield from _within(item)
