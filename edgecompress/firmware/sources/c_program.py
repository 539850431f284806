"""A program of the C runtime as the template of its source file wants it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from edgecompress.firmware.sources.kernel_headers import Kernel, kernel
from edgecompress.program.program import Call, Constant, Program, State
from edgecompress.tflite.names import short_name

_NAME_CHARACTERS = 24


@dataclass(frozen=True)
class CArray:
    """A constant array."""

    name: str
    ctype: str
    values: NDArray[Any]


@dataclass(frozen=True)
class CState:
    """An array that lives on; `byte` fills it at first, or `first` names its first values."""

    name: str
    ctype: str
    length: int
    comment: str
    byte: int
    first: str


@dataclass(frozen=True)
class Layer:
    """A descriptor: its values as C has them, each with the field's name."""

    name: str
    type: str
    comment: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CProgram:
    """What the templates say of a program."""

    headers: tuple[str, ...]
    files: tuple[str, ...]  # of the kernels that it calls
    functions: tuple[str, ...]  # those kernels
    constants: tuple[CArray, ...]
    states: tuple[CState, ...]
    layers: tuple[Layer, ...]
    calls: tuple[str, ...]
    arena_bytes: int
    arena_rows: tuple[str, ...]
    input_offsets: tuple[int, ...]
    output_offsets: tuple[int, ...]
    lowered: Program  # that it says in C


class _Names:
    """Names of constants and descriptors: equal constants share one."""

    def __init__(self) -> None:
        self.arrays: dict[tuple[str, bytes], CArray] = {}
        self._taken: set[str] = set()

    def unique(self, wanted: str) -> str:
        number, name = 2, wanted
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return name

    def array(self, layer: str, constant: Constant) -> str:
        key = (constant.ctype, constant.values.tobytes())
        if key not in self.arrays:
            name = self.unique(f"{layer}{_camel(constant.role)}")
            self.arrays[key] = CArray(name, constant.ctype, constant.values)
        return self.arrays[key].name


def c_program(program: Program) -> CProgram:
    """Return a program with all names, initializers and calls in C."""
    names = _Names()
    states = {state: f"g_state{number}" for number, state in enumerate(program.states)}
    kernels = [kernel(call.kernel) for call in program.calls]
    layers, calls = [], []
    for number, (call, known) in enumerate(zip(program.calls, kernels, strict=True)):
        name = names.unique(f"k{_layer_name(call)}")
        layers.append(_layer(name, call, known, names))
        calls.append(_call(name, number, program, known, names=names, states=states))
    kept = tuple(_state(state, name, names) for state, name in states.items())
    return CProgram(
        headers=tuple(f"kernels/{header}" for header in sorted({k.header for k in kernels})),
        files=tuple(sorted({file for known in kernels for file in known.files})),
        functions=tuple(sorted({known.function for known in kernels})),
        constants=tuple(names.arrays.values()),
        states=kept,
        layers=tuple(layers),
        calls=tuple(calls),
        arena_bytes=program.arena_bytes,
        arena_rows=tuple(_arena_rows(program)),
        input_offsets=tuple(program.places[t].offset_bytes for t in program.inputs),
        output_offsets=tuple(program.places[t].offset_bytes for t in program.outputs),
        lowered=program,
    )


def _layer(name: str, call: Call, known: Kernel, names: _Names) -> Layer:
    if set(call.fields) != set(known.fields):
        raise LookupError(f"{call.kernel}: {set(call.fields) ^ set(known.fields)} do not match")
    fields = tuple((_initializer(call.fields[f], name, names), f) for f in known.fields)
    return Layer(name, known.descriptor, call.layer, fields)


def _initializer(value: Any, layer: str, names: _Names) -> str:
    if isinstance(value, Constant):
        return names.array(layer, value)
    if isinstance(value, Sequence):
        return "{" + ", ".join(_initializer(item, layer, names) for item in value) + "}"
    return "INT32_MIN" if value == -(1 << 31) else str(int(value))


def _state(state: State, name: str, names: _Names) -> CState:
    content = set(state.first.tobytes())
    first = "" if len(content) == 1 else names.array("k", Constant(name, state.ctype, state.first))
    comment = short_name(state.name)
    byte = min(content) if not first else 0
    return CState(name, state.ctype, state.first.size, comment, byte, first)


def _call(
    name: str,
    number: int,
    program: Program,
    known: Kernel,
    *,
    names: _Names,
    states: Mapping[State, str],
) -> str:
    call = program.calls[number]
    operands = [
        names.array(name, operand)
        if isinstance(operand, Constant)
        else _at(program, operand, states)
        for operand in (*call.inputs, *call.outputs)
    ]
    if len(operands) < len(known.parameters):
        offset = program.scratch_offsets[number]
        operands.append("NULL" if offset < 0 else f"(g_tensor_arena + {offset})")
    arguments = [
        operand if operand == "NULL" else f"({kind}){operand}"
        for kind, operand in zip(known.parameters, operands, strict=True)
    ]
    return f"{known.function}(&{name}, {', '.join(arguments)});"


def _at(program: Program, operand: int | State, states: Mapping[State, str]) -> str:
    if isinstance(operand, State):
        return states[operand]
    if operand in program.in_states:
        state, offset = program.in_states[operand]
        return f"((uint8_t*){states[state]} + {offset})"
    return f"(g_tensor_arena + {program.places[operand].offset_bytes})"


def _arena_rows(program: Program) -> Iterator[str]:
    for place in sorted(program.places.values(), key=lambda p: (p.first, p.offset_bytes)):
        end = place.offset_bytes + place.size_bytes - 1
        name = re.sub(r"[^ -~]|[\\?]", "_", short_name(place.name))[-40:]
        yield f"{place.offset_bytes:>7} to {end:<7}  {place.first:>3} to {place.last:<3}  {name}"
    for number, offset in enumerate(program.scratch_offsets):
        if offset >= 0:
            end = offset + program.calls[number].scratch_bytes - 1
            yield f"{offset:>7} to {end:<7}  {number:>3} to {number:<3}  scratch buffer"


def _layer_name(call: Call) -> str:
    """Return the layer's part of a tensor's name: of "model/conv2d_1/Relu" Conv2d1."""
    parts = [part for part in short_name(call.layer).split("/") if part]
    wanted = parts[-2] if len(parts) > 1 else "".join(parts)
    name = _camel(wanted)[:_NAME_CHARACTERS]
    return name if name[:1].isalpha() else f"Layer{name}"


def _camel(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text.encode("ascii", "ignore").decode())
    return "".join(word[:1].upper() + word[1:].lower() for word in words)
