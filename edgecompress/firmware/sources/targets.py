"""What a core needs of the compiler, and which QEMU machine runs its code."""

from collections.abc import Mapping
from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Memory:
    """A contiguous piece of memory that an image is linked into."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True)
class Machine:
    """A QEMU machine: the core it has and its clock, and where an image goes."""

    name: str
    core: str
    clock_hz: int
    flash: Memory
    ram: Memory


@dataclass(frozen=True)
class Core:
    """Flags of arm-none-eabi-gcc for a core, and the QEMU machine nearest to it."""

    flags: tuple[str, ...]
    machine: str


# Clocks and memory maps: qemu hw/arm/mps2.c, mps2-tz.c, armsse.c and docs/system/arm/mps2.rst
# (7.2). The Armv8-M machines start in the secure state, so theirs are the secure aliases.
_MPS2_FLASH = Memory("SSRAM1", 0x0000_0000, 4096 * KIB)
_MPS2_RAM = Memory("SSRAM2 and 3", 0x2000_0000, 4096 * KIB)
MACHINES: Mapping[str, Machine] = {
    machine.name: machine
    for machine in (
        Machine("mps2-an385", "cortex-m3", 25_000_000, _MPS2_FLASH, _MPS2_RAM),
        Machine("mps2-an386", "cortex-m4f", 25_000_000, _MPS2_FLASH, _MPS2_RAM),
        Machine("mps2-an500", "cortex-m7", 25_000_000, _MPS2_FLASH, _MPS2_RAM),
        Machine(
            "mps2-an505",
            "cortex-m33",
            20_000_000,
            Memory("SSRAM1", 0x1000_0000, 4096 * KIB),
            Memory("SSRAM2 and 3", 0x3800_0000, 4096 * KIB),
        ),
        Machine(
            "mps3-an547",
            "cortex-m55",
            32_000_000,
            Memory("ITCM", 0x1000_0000, 512 * KIB),
            Memory("DTCM", 0x3000_0000, 512 * KIB),
        ),
    )
}

# A single-precision unit is what every Cortex-M7 with a floating-point unit has.
# Source: GCC 12 manual, 3.19.5 ARM Options; STM32F746 and STM32H743 reference manuals.
CORES: Mapping[str, Core] = {
    "cortex-m0plus": Core(("-mcpu=cortex-m0plus", "-mfloat-abi=soft"), "mps2-an385"),
    "cortex-m3": Core(("-mcpu=cortex-m3", "-mfloat-abi=soft"), "mps2-an385"),
    "cortex-m4": Core(("-mcpu=cortex-m4", "-mfloat-abi=soft"), "mps2-an386"),
    "cortex-m4f": Core(("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"), "mps2-an386"),
    "cortex-m7": Core(("-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"), "mps2-an500"),
    "cortex-m33": Core(("-mcpu=cortex-m33", "-mfloat-abi=hard"), "mps2-an505"),
    "cortex-m55": Core(("-mcpu=cortex-m55", "-mfloat-abi=hard"), "mps3-an547"),
}
