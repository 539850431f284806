"""What the headers of the C kernels declare: descriptors with their fields, and functions."""

import re
from dataclasses import dataclass
from functools import cache

from edgecompress.files import TEMPLATES_DIR

KERNELS_DIR = "c/kernels"

_STRUCT = re.compile(r"typedef struct \{(.*?)\} (\w+);", re.DOTALL)
_FUNCTION = re.compile(r"\bvoid (Ec\w+)\(([^)]*)\);")
_FIELD = re.compile(r"^\s*([\w ]+?[*]?) (\w+)(\[\w+\])?;", re.MULTILINE)
_INCLUDE = re.compile(r'#include "(\w+\.h)"')


@dataclass(frozen=True)
class Kernel:
    """A kernel's function, what it takes, and the files that it needs."""

    function: str
    header: str
    descriptor: str  # the type of its first argument
    fields: tuple[str, ...]
    parameters: tuple[str, ...]  # types of the others
    files: tuple[str, ...]


@cache
def kernel(name: str) -> Kernel:
    """Return what the headers say of a kernel, named as its source file is."""
    function = "Ec" + "".join(word.capitalize() for word in name.split("_"))
    text = _text(f"{name}.c")
    for header in _INCLUDE.findall(text):
        declared = dict(_FUNCTION.findall(_text(header)))
        if function in declared:
            descriptor, *parameters = (_type(p) for p in declared[function].split(","))
            kind = descriptor.removeprefix("const ").rstrip("*")
            return Kernel(
                function, header, kind, _fields(header, kind), tuple(parameters), _files(name)
            )
    raise LookupError(f"no header of {name}.c declares {function}")


def kernel_text(file: str) -> str:
    """Return the text of a file of the kernels."""
    return _text(file)


def _type(parameter: str) -> str:
    return " ".join(parameter.split()).rpartition(" ")[0]


def _fields(header: str, descriptor: str) -> tuple[str, ...]:
    structs = {name: body for body, name in _STRUCT.findall(_text(header))}
    return tuple(name for _, name, _ in _FIELD.findall(structs[descriptor]))


def _files(name: str) -> tuple[str, ...]:
    """Return a kernel's source and the headers that it includes, directly or not."""
    found, waiting = {f"{name}.c"}, [f"{name}.c"]
    while waiting:
        for header in _INCLUDE.findall(_text(waiting.pop())):
            if header not in found:
                found.add(header)
                waiting.append(header)
    return tuple(sorted(found))


@cache
def _text(file: str) -> str:
    return (TEMPLATES_DIR / KERNELS_DIR / file).read_text(encoding="utf-8")
