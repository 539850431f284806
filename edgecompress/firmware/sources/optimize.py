"""How a compiler is to treat the C runtime: for speed, or for size."""

from collections.abc import Mapping
from typing import Literal

Optimize = Literal["speed", "size"]

# Of GCC and clang. Kernels may choose smaller code by the macro that goes with size.
FLAGS: Mapping[Optimize, str] = {"speed": "-O2", "size": "-Os"}
SIZE_MACRO = "EC_OPTIMIZE_SIZE"

_PRAGMA = """\
{define}// Arduino's builder takes no options for the sources of a library.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("{level}")
#endif

"""


def pragma(optimize: Optimize) -> str:
    """Return lines that begin a source file where the build system has no options for it."""
    define = f"#define {SIZE_MACRO}\n\n" if optimize == "size" else ""
    return _PRAGMA.format(define=define, level=FLAGS[optimize].removeprefix("-"))
