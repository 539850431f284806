"""The flash and RAM of a board that an image is linked into, and the arena's share of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.board import Board, Region
from edgecompress.board.profile import FLASH_CHIPS_MB
from edgecompress.firmware.sources.model import FirmwareModel
from edgecompress.firmware.sources.targets import KIB, Memory
from edgecompress.memory.c_firmware import place_c_firmware
from edgecompress.memory.ram import Placement, arena_margin_bytes
from edgecompress.memory.verdict.judge import arena_items, place_firmware

# Part of .bss, so that a linker script which does not know it still gives the arena memory.
_CMAKE_SECTION = ".bss.tensor_arena"
# Zephyr has a section for each memory region of its devicetree, of the region's name.
_ZEPHYR_SECTION = "TENSOR_ARENA"


_FLASH_SECTOR_BYTES = 4096


@dataclass(frozen=True)
class AppPartition:
    """The partition of an ESP32's flash that the profile counts, and the chip it lies on."""

    address: int
    size_bytes: int
    flash_size: str  # as ESP-IDF names it: "8MB"


@dataclass(frozen=True)
class ArenaSize:
    """What the tensor arena of a firmware is made of."""

    min_bytes: int
    margin_bytes: int
    basis: str  # "exact" or "estimated"


@dataclass(frozen=True)
class ArenaPlace:
    """Where the arena goes, and what places it there: at most one of the last three."""

    memory: Memory
    is_apart: bool  # from the main RAM, which everything else is in
    cost: str = ""  # in speed, in words
    is_psram: bool = False  # of an ESP32, which has to be switched on
    section: str = ""
    macro: str = ""  # of ESP-IDF's esp_attr.h
    on_heap: bool = False  # taken from the heap of PSRAM when the model is initialized

    @property
    def is_known(self) -> bool:
        """Whether something places the arena; else the user has to."""
        return bool(self.section or self.macro or self.on_heap)


def board_memory(board: Board) -> tuple[Memory, Memory]:
    """Return the flash that offers most and the main RAM, without what others have reserved."""
    flash = max(board.flash, key=lambda region: region.available_bytes)
    return _memory(flash), _memory(board.ram[0])


def app_partition(board: Board) -> AppPartition | None:
    """Return where an application goes on an ESP32, in whole sectors; None on others."""
    if not board.mcu.startswith("ESP32") and "esp-idf" not in board.frameworks:
        return None
    flash, _ = board_memory(board)
    size_bytes = flash.size_bytes // _FLASH_SECTOR_BYTES * _FLASH_SECTOR_BYTES
    end_mb = (flash.address + size_bytes) / KIB**2
    smallest = next((mb for mb in FLASH_CHIPS_MB if mb >= end_mb), FLASH_CHIPS_MB[-1])
    chip = board.frameworks.get("esp-idf", {}).get("flash_size", f"{smallest}MB")
    return AppPartition(flash.address, size_bytes, chip)


def arena_size(models: Sequence[FirmwareModel], framework: str) -> ArenaSize:
    """Return the size of an arena that serves each of the models, one at a time."""
    largest = max(models, key=lambda model: model.arena.min_bytes).arena
    basis = "exact" if all(model.arena.basis == "exact" for model in models) else "estimated"
    # The margin is for another release of TFLM; the C runtime is all in the project.
    in_c = any(model.program is not None for model in models)
    margin = 0 if in_c else arena_margin_bytes(largest.min_bytes, basis, framework)
    return ArenaSize(largest.min_bytes, margin, basis)


def arena_place(
    models: Sequence[FirmwareModel], board: Board, framework: str, kernels: str
) -> ArenaPlace:
    """Return where the arena goes: the region that `fit` names for these models.

    On the host it goes wherever the linker likes; the board's main RAM stands for that.
    """
    if framework == "host":
        return ArenaPlace(_memory(board.ram[0]), is_apart=False)
    ram = _placement(models, board, framework, kernels)
    region = ram.arena.region
    if ram.main is None:
        return ArenaPlace(_memory(region), is_apart=False)
    if region.external and board.mcu.startswith("ESP32"):
        return _in_psram(region, framework)
    section = _section(region, framework)
    return ArenaPlace(_memory(region), is_apart=True, cost=region.cost, section=section)


def _in_psram(region: Region, framework: str) -> ArenaPlace:
    """Return how an arena gets into an ESP32's PSRAM.

    The libraries of Arduino's core are built without CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY
    (espressif/esp32-arduino-lib-builder@6b87a0f:configs/defconfig.opi_ram ignores that PSRAM is not
    found, which excludes it), so that no section of theirs lies in PSRAM: its heap does.
    """
    on_heap = framework in ("arduino", "platformio")
    # Source: zephyrproject-rtos/zephyr@06758ff:soc/espressif/esp32s3/default.ld.
    section = ".ext_ram.bss" if framework == "zephyr" else ""
    macro = "EXT_RAM_BSS_ATTR" if framework == "esp-idf" else ""
    return ArenaPlace(
        _memory(region),
        is_apart=True,
        cost=region.cost,
        is_psram=True,
        section=section,
        macro=macro,
        on_heap=on_heap,
    )


def _placement(
    models: Sequence[FirmwareModel], board: Board, framework: str, kernels: str
) -> Placement:
    programs = [model.program.lowered for model in models if model.program is not None]
    if programs:
        return place_c_firmware(board, programs)[1]
    size = arena_size(models, framework)
    items = arena_items(size.min_bytes, size.margin_bytes, size.basis)
    model_bytes = sum(len(model.content) for model in models)
    resolvers = [[entry.name for entry in model.registrations] for model in models]
    return place_firmware(board, kernels, model_bytes, resolvers, items)[1]


def _section(region: Region, framework: str) -> str:
    if framework == "cmake":
        return _CMAKE_SECTION
    if framework == "zephyr":
        return _ZEPHYR_SECTION
    # PlatformIO projects are of its framework arduino, with the same linker script.
    return region.arduino_section if framework in ("arduino", "platformio") else ""


def _memory(region: Region) -> Memory:
    return Memory(region.name, region.available_address, region.available_bytes)
