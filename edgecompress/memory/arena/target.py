"""What of a core and a kernel library decides how much arena TFLM allocates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgecompress.errors import UsageError

Kernels = Literal["reference", "cmsis-nn", "esp-nn"]
Simd = Literal["none", "dsp", "mve", "esp32s3", "esp32p4"]

# Layouts of C++ structures that TFLM allocates. "arm": 32-bit pointers and enumerations as small
# as fit (the bare-metal ABI of Arm). "ilp32": 32-bit pointers, enumerations of 4 bytes (Xtensa,
# RISC-V). "lp64": the 64-bit host.
Abi = Literal["arm", "ilp32", "lp64"]
_ABIS: tuple[Abi, ...] = ("arm", "ilp32", "lp64")

# Vector instructions that CMSIS-NN is compiled for, by core.
# Source: CMSIS-NN Include/arm_nn_math_types.h (ARM_MATH_DSP, ARM_MATH_MVEI).
_SIMD: Mapping[str, Simd] = {
    "cortex-m0": "none", "cortex-m0plus": "none", "cortex-m3": "none", "cortex-m23": "none",
    "cortex-m4": "dsp", "cortex-m4f": "dsp", "cortex-m7": "dsp", "cortex-m33": "dsp",
    "cortex-m55": "mve", "cortex-m85": "mve",
}  # fmt: skip
_ILP32_PREFIXES = ("xtensa", "rv32", "riscv32")
# Cores on which ESP-NN has its generic kernels only (ESP32, C2, C3, C6). On other cores the chips
# with vector kernels are assumed (S3, P4), which take more scratch than those without (S2).
# Source: espressif/esp-nn@d45b843c include/esp_nn.h.
_GENERIC_ESP_NN = ("xtensa-lx6", "rv32imc", "rv32imac")


@dataclass(frozen=True)
class Target:
    """A layout of structures and the variant of the kernels that runs on it."""

    abi: Abi
    kernels: Kernels
    simd: Simd  # vector instructions that the kernel library uses

    def pick(self, sizes: tuple[int, int, int]) -> int:
        """Return this target's entry of (arm, ilp32, lp64)."""
        return sizes[_ABIS.index(self.abi)]

    @property
    def pointer_bytes(self) -> int:
        """Size of a pointer and of `size_t`."""
        return 8 if self.abi == "lp64" else 4


HOST = Target(abi="lp64", kernels="reference", simd="none")


def target_of(core: str, kernels: str) -> Target:
    """Return the target of a board profile's `core` and a kernel library.

    Raises:
        UsageError: the core or the library is unknown, or they do not go together.
    """
    if kernels not in {"reference", "cmsis-nn", "esp-nn"}:
        raise UsageError(f"unknown kernel library {kernels!r}: reference, cmsis-nn or esp-nn")
    if core == "host":
        return HOST
    arm = core.startswith("cortex-m")
    if arm and core not in _SIMD:
        raise UsageError(f"unknown core {core!r}; known: {', '.join(sorted(_SIMD))}")
    if not arm and not core.startswith(_ILP32_PREFIXES):
        raise UsageError(f"unknown core {core!r}: a cortex-m*, xtensa-* or rv32* core is expected")
    if kernels == "cmsis-nn" and not arm:
        raise UsageError(f"CMSIS-NN runs on Cortex-M, not on {core}: use reference or esp-nn")
    if kernels == "esp-nn" and arm:
        raise UsageError(f"ESP-NN runs on ESP32 chips, not on {core}: use cmsis-nn or reference")
    library: Kernels = (
        "cmsis-nn" if kernels == "cmsis-nn" else "esp-nn" if kernels == "esp-nn" else "reference"
    )
    if arm:
        return Target("arm", library, _SIMD[core])
    return Target("ilp32", library, _esp_nn_simd(core) if library == "esp-nn" else "none")


def _esp_nn_simd(core: str) -> Simd:
    if core in _GENERIC_ESP_NN:
        return "none"
    return "esp32s3" if core.startswith("xtensa") else "esp32p4"
