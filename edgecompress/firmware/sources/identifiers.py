"""Names of the user's, turned into C identifiers that cannot collide or mean something else."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

# Generated lines stay within 80 columns, and file names readable, up to this length.
MAX_LENGTH = 20

# Keywords of C11 and C++20, names that a namespace of ours must not take, targets of CMake, and
# headers that one of an Arduino library's, named for the project, must not hide.
# Source: ISO/IEC 9899:2011 6.4.1 and 7.1.2, ISO/IEC 14882:2020 5.11, CMake policy CMP0037.
_RESERVED = frozenset(
    re.findall(
        r"\S+",
        """
        alignas alignof and and_eq asm atomic auto bitand bitor bool break case catch char char8_t
        char16_t char32_t class co_await co_return co_yield compl complex concept const consteval
        constexpr constinit const_cast continue decltype default delete do double dynamic_cast
        else enum explicit export extern false float for friend generic goto if imaginary inline
        int long mutable namespace new noexcept noreturn not not_eq nullptr operator or or_eq
        private protected public register reinterpret_cast requires restrict return short signed
        sizeof static static_assert static_cast struct switch template this thread_local throw
        true try typedef typeid typename typeof union unsigned using virtual void volatile wchar_t
        while xor xor_eq
        all clean edgecompress_model help install linux main package std test tflite unix
        arduino assert ctype errno fenv inttypes iso646 limits locale math setjmp signal stdalign
        stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time
        uchar wchar wctype
        arena model_status quantization self_test tensor_arena
        """,
    )
)


def identifier(name: str) -> str:
    """Return a valid C identifier for any text: lower case, no longer than MAX_LENGTH.

    Text that loses letters on the way (another script, too long) gets a digest of the original,
    so that different names stay different.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    if not words:
        return f"model_{digest}"
    if not words[0].isalpha():
        words = f"model_{words}"
    if words in _RESERVED:
        words = f"{words}_model"
    if len(words) <= MAX_LENGTH:
        return words
    return f"{words[: MAX_LENGTH - 7].rstrip('_')}_{digest}"


def unique_identifiers(names: Iterable[str]) -> tuple[str, ...]:
    """Return one identifier for each name, no two alike, not even as macros or file names."""
    taken: list[str] = []
    for name in names:
        base = wanted = identifier(name)
        number = 2
        while wanted in taken:
            ending = f"_{number}"
            wanted = base[: MAX_LENGTH - len(ending)].rstrip("_") + ending
            number += 1
        taken.append(wanted)
    return tuple(taken)
