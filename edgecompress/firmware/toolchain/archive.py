"""What a static library of TFLM holds: code of which processor and kernels, and assertions."""

import mmap
from dataclasses import dataclass
from pathlib import Path

_ELF_MACHINE_OFFSET = 18
# Source: ELF for the Arm Architecture (IHI 0044), 5.2: e_machine is EM_ARM.
_EM_ARM = 40
# TFLM's registration functions, as C++ names them in object files; and what its CMSIS-NN kernels
# call, defined in the library or not.
_TFLM = b"Register_CONV_2D"
_CMSIS_NN = b"arm_convolve_"
# What newlib's and glibc's assert() call; builds with NDEBUG have neither.
_ASSERTIONS = (b"__assert_func", b"__assert_fail")


@dataclass(frozen=True)
class Contents:
    """`is_arm` and `kernels` are None where the library does not say: it is empty, or thin."""

    is_arm: bool | None
    kernels: str | None  # "cmsis-nn" or "reference"
    has_assertions: bool = False


def contents(library: Path) -> Contents:
    """Return what a static library holds, by the names in it and the header of its first object.

    Raises:
        OSError: it cannot be read.
    """
    with library.open("rb") as file:
        if not file.read(1):
            return Contents(None, None)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            assertions = any(data.find(name) >= 0 for name in _ASSERTIONS)
            return Contents(_is_arm(data), _kernels(data), assertions)


def _is_arm(data: mmap.mmap) -> bool | None:
    start = data.find(b"\x7fELF")
    machine = data[start + _ELF_MACHINE_OFFSET : start + _ELF_MACHINE_OFFSET + 2]
    return None if start < 0 else int.from_bytes(machine, "little") == _EM_ARM


def _kernels(data: mmap.mmap) -> str | None:
    if data.find(_TFLM) < 0:
        return None
    return "reference" if data.find(_CMSIS_NN) < 0 else "cmsis-nn"
