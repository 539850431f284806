"""What a core needs of the compiler, and which QEMU machine runs its code."""

from collections.abc import Mapping
from dataclasses import dataclass

KIB = 1024
ARM = "arm-none-eabi"
RISCV = "riscv64-unknown-elf"


@dataclass(frozen=True)
class Memory:
    """A contiguous piece of memory that an image is linked into."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True)
class Machine:
    """A QEMU machine: the core it has, where an image goes, and what startup code counts with.

    `counter` is the clock of `CycleCount`: "systick", "nrf51-timer" or "mcycle"; `counter_hz` its
    rate, where QEMU's -icount shift=0 takes one nanosecond for an instruction.
    """

    name: str
    core: str
    counter_hz: int
    flash: Memory
    ram: Memory
    counter: str = "systick"
    program: str = "qemu-system-arm"
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Core:
    """The cross compiler and flags for a core, and the QEMU machine nearest to it."""

    flags: tuple[str, ...]
    machine: str
    toolchain: str = ARM
    cpu: str = ""  # that the machine is given with -cpu, "" if it has the core it has

    @property
    def stack_alignment(self) -> int:
        """Bytes, of the procedure call standards: AAPCS32, 6.2.1; RISC-V psABI, 2.1."""
        return 8 if self.toolchain == ARM else 16

    @property
    def compiler(self) -> str:
        """The C compiler, on PATH."""
        return f"{self.toolchain}-gcc"


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
        # Its core has no SysTick. Source: qemu hw/arm/nrf51_soc.c, hw/timer/nrf51_timer.c.
        Machine(
            "microbit",
            "cortex-m0",
            16_000_000,
            Memory("FLASH", 0x0000_0000, 256 * KIB),
            Memory("RAM", 0x2000_0000, 16 * KIB),
            counter="nrf51-timer",
        ),
        # It has no flash that -kernel could start from: parts of its DRAM stand for both. With
        # -icount its mcycle counts instructions. Source: qemu hw/riscv/virt.c, target/riscv/csr.c.
        Machine(
            "virt",
            "rv32imc",
            1_000_000_000,
            Memory("DRAM, first part", 0x8000_0000, 4096 * KIB),
            Memory("DRAM, second part", 0x8040_0000, 4096 * KIB),
            counter="mcycle",
            program="qemu-system-riscv32",
            options=("-bios", "none"),
        ),
    )
}


def _riscv(march: str, mabi: str, cpu: str) -> Core:
    """Return a core whose `cpu` has only the extensions of `march`: instructions of others trap."""
    flags = (f"-march={march}", f"-mabi={mabi}", "--specs=picolibc.specs")
    return Core(flags, "virt", RISCV, cpu)


# A single-precision unit is what every Cortex-M7 with a floating-point unit has.
# Source: GCC 12 manual, 3.19.5 ARM Options and 3.19.45 RISC-V Options; STM32F746 and STM32H743
# reference manuals.
CORES: Mapping[str, Core] = {
    "cortex-m0": Core(("-mcpu=cortex-m0", "-mfloat-abi=soft"), "mps2-an385"),
    "cortex-m0plus": Core(("-mcpu=cortex-m0plus", "-mfloat-abi=soft"), "mps2-an385"),
    "cortex-m3": Core(("-mcpu=cortex-m3", "-mfloat-abi=soft"), "mps2-an385"),
    "cortex-m4": Core(("-mcpu=cortex-m4", "-mfloat-abi=soft"), "mps2-an386"),
    "cortex-m4f": Core(("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"), "mps2-an386"),
    "cortex-m7": Core(("-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"), "mps2-an500"),
    "cortex-m33": Core(("-mcpu=cortex-m33", "-mfloat-abi=hard"), "mps2-an505"),
    "cortex-m55": Core(("-mcpu=cortex-m55", "-mfloat-abi=hard"), "mps3-an547"),
    "rv32imc": _riscv("rv32imc", "ilp32", "rv32,a=off,f=off,d=off"),
    "rv32imac": _riscv("rv32imac", "ilp32", "rv32,f=off,d=off"),
    "rv32imafc": _riscv("rv32imafc", "ilp32f", "rv32,d=off"),
}
# Those that projects with TFLM are built for.
TFLM_CORES = tuple(name for name, core in CORES.items() if core.toolchain == ARM)


def qemu_command(machine: Machine, core: Core) -> tuple[str, ...]:
    """Return the command that runs the image named after a further -kernel, and listens to it."""
    cpu = ("-cpu", core.cpu) if core.cpu else ()
    return (
        machine.program, "-M", machine.name, *cpu, *machine.options, "-nographic",
        "-semihosting-config", "enable=on,target=native",
    )  # fmt: skip
