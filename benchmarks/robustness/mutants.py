"""Models damaged at random places: the same ones for the same numbers."""

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from ai_edge_litert import schema_py_generated as schema

from edgecompress.tflite.pack import serialized

_MOST_CHANGES = 4
# Values that sizes, offsets and indices go wrong by.
_WORDS = (0, 1, 2, 4, 127, 255, 256, 65535, 1 << 16, 1 << 28, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_NUMBERS = (-(1 << 31), -1, 0, 1, 2, 3, 5, 7, 9, 127, 128, 1 << 15, 1 << 20, (1 << 31) - 1)


def seeds(folder: Path | None, zoo: Mapping[str, Callable[[], bytes]]) -> dict[str, bytes]:
    """Return what is damaged, by name: the zoo's models, and the .tflite files of a folder."""
    found = {name: make() for name, make in sorted(zoo.items())}
    files = sorted(folder.rglob("*.tflite")) if folder else []
    return found | {path.stem: path.read_bytes() for path in files}


def mutant(models: Mapping[str, bytes], number: int) -> tuple[str, bytes]:
    """Return the name of the model and of what was done to it, and the damaged file."""
    random = Random(number)  # noqa: S311 - not for secrets
    name = random.choice(sorted(models))
    change = random.choice(CHANGES)
    content = bytearray(models[name])
    for _ in range(random.randint(1, _MOST_CHANGES)):
        content = change(content, random, models)
    return f"{number:06}_{name}_{change.__name__.strip('_')}", bytes(content)


Change = Callable[[bytearray, Random, Mapping[str, bytes]], bytearray]


def bits(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Turn a bit over."""
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return content


def _words(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    place = 4 * random.randrange(len(content) // 4)
    struct.pack_into("<I", content, place, random.choice(_WORDS))
    return content


def _early_words(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Change what lies in front of large constants: tables, shapes, options."""
    place = 4 * random.randrange(min(len(content), 2048) // 4)
    struct.pack_into("<i", content, place, random.choice(_NUMBERS))
    return content


def truncated(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Cut the end off."""
    return content[: random.randrange(8, max(9, len(content)))]


def splice(content: bytearray, random: Random, models: Mapping[str, bytes]) -> bytearray:
    """Write a piece of another model over a piece of this one."""
    other = models[random.choice(sorted(models))]
    length = random.choice((4, 8, 16, 64, 256))
    start = random.randrange(max(1, len(other) - length))
    place = 4 * random.randrange(max(1, (len(content) - length) // 4))
    content[place : place + length] = other[start : start + length]
    return content


def swap(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Let two words change places."""
    one, two = (4 * random.randrange(len(content) // 4) for _ in range(2))
    content[one : one + 4], content[two : two + 4] = content[two : two + 4], content[one : one + 4]
    return content


def _fields(content: bytearray, random: Random, _: Mapping[str, bytes]) -> bytearray:
    """Change one number of a sound file: a shape, an index, an option, a type, a scale."""
    try:
        model = schema.ModelT.InitFromPackedBuf(bytes(content))
        _change_number(random.choice(_parts(model, random)), random)
        return bytearray(serialized(model))
    except (AttributeError, IndexError, TypeError, ValueError, OverflowError, struct.error):
        return content  # no part, or one that no flatbuffer can say


def _parts(model: "schema.ModelT", random: Random) -> Sequence[object]:
    subgraph = random.choice(model.subgraphs)
    tensor, operator = random.choice(subgraph.tensors), random.choice(subgraph.operators)
    code = random.choice(model.operatorCodes)
    found = (subgraph, tensor, tensor, tensor.quantization, operator, operator.builtinOptions, code)
    return [part for part in found if part is not None]


def _change_number(part: object, random: Random) -> None:
    numbers = [name for name, value in vars(part).items() if not isinstance(value, str | bytes)]
    name = random.choice(numbers)
    value = getattr(part, name)
    if isinstance(value, bool | int | float):
        setattr(part, name, type(value)(random.choice(_NUMBERS)))
    elif len(value):
        place = random.randrange(len(value))
        if random.randrange(3):
            value[place] = random.choice(_NUMBERS)
        else:  # one more, or one less
            setattr(part, name, [*value, value[place]] if random.randrange(2) else value[1:])


CHANGES: Sequence[Change] = (
    bits, _words, _early_words, truncated, splice, swap, _fields, _fields, _fields,
)  # fmt: skip
