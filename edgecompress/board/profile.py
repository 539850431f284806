"""The rules of a board profile, and what is said when one is broken."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from edgecompress.errors import did_you_mean

# Cores by the flags of their compilers (GCC: -mcpu, with f for a floating-point unit; -march).
CORES = (
    "cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m4f", "cortex-m7",
    "cortex-m33", "cortex-m55", "xtensa-lx6", "xtensa-lx7", "rv32imc", "rv32imac", "rv32imafc",
)  # fmt: skip
KERNELS = ("reference", "cmsis-nn", "esp-nn")
# Each build system, and what it calls the board.
FRAMEWORK_KEYS: Mapping[str, tuple[str, ...]] = {
    "cmake": (), "arduino": ("fqbn",), "platformio": ("board",), "esp-idf": ("target",),
    "zephyr": ("board",), "pico": ("board",), "qemu": ("machine",),
}  # fmt: skip
# What a build system may be told besides: the flash chip of a module, as ESP-IDF names sizes.
# Source: ESP-IDF components/esptool_py/Kconfig.projbuild.
FLASH_CHIPS_MB = (2, 4, 8, 16, 32, 64, 128)
# And how PSRAM is connected: ESP-IDF's CONFIG_SPIRAM_MODE, PlatformIO's memory_type.
_FRAMEWORK_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "esp-idf": ("flash_size", "psram"), "platformio": ("memory_type",),
}  # fmt: skip
PSRAM_MODES = ("quad", "octal")
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_]*")
_ADDRESS_END = 1 << 32

RESERVES = ("reserve_ram_bytes", "reserve_flash_bytes")  # for the user's own application
_REQUIRED_KEYS: Mapping[str, type] = {
    "name": str, "mcu": str, "core": str, "clock_hz": int, "kernels": str,
    "flash": list, "ram": list, "frameworks": dict, "sources": dict,
}  # fmt: skip
_BOARD_KEYS: Mapping[str, type] = {**_REQUIRED_KEYS, **dict.fromkeys(RESERVES, int)}
_REGION_KEYS: Mapping[str, type] = {
    "name": str, "address": int, "size_bytes": int, "reserved_bytes": int, "reserved_for": str,
    "reserved_at": str, "code_block_bytes": int, "arduino_section": str, "external": bool,
    "cost": str,
}  # fmt: skip
_REGION_REQUIRED = ("name", "address", "size_bytes")
_SOURCED = ("clock_hz", "flash", "ram")
_TYPE_NAMES: Mapping[type, str] = {
    str: "text", int: "a whole number", list: "an array of tables", dict: "a table",
    bool: "true or false",
}  # fmt: skip


def profile_problems(board_id: str, profile: Mapping[str, Any]) -> tuple[str, ...]:
    """Return each broken rule as `key: what was found; what is allowed`, none if all hold."""
    shape = [
        *_id_problems(board_id),
        *_key_problems("", profile, _BOARD_KEYS, tuple(_REQUIRED_KEYS)),
        *_region_key_problems(profile),
    ]
    if shape:  # the rules about values need the keys and types to be right
        return tuple(shape)
    return (
        *_choice_problems(profile),
        *_framework_problems(profile["frameworks"]),
        *_source_problems(profile["sources"]),
        *_region_problems(profile),
    )


def _id_problems(board_id: str) -> Iterator[str]:
    if not ID_PATTERN.fullmatch(board_id):
        yield (
            f"file name: found {board_id!r}; the file name is the board's id: "
            "lower-case letters, digits and _"
        )


def _key_problems(
    where: str, table: Mapping[str, Any], keys: Mapping[str, type], required: tuple[str, ...]
) -> Iterator[str]:
    for key, value in table.items():
        if key not in keys:
            yield (
                f"{where}{key}: unknown key; allowed are {', '.join(keys)}"
                f"{did_you_mean(key, tuple(keys))}"
            )
        elif not isinstance(value, keys[key]) or isinstance(value, bool) is not (keys[key] is bool):
            yield f"{where}{key}: found {value!r}; it must be {_TYPE_NAMES[keys[key]]}"
        elif isinstance(value, str) and not value.strip():
            yield f"{where}{key}: found empty text; say what it is"
    for key in required:
        if key not in table:
            yield f"{where}{key}: missing; every {'region' if where else 'profile'} has it"


def _region_key_problems(profile: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("flash", "ram"):
        regions = profile.get(kind)
        if not isinstance(regions, list):
            continue
        if not regions:
            yield f"{kind}: found no region; a board has at least one [[{kind}]]"
        for index, region in enumerate(regions):
            where = f"{kind}[{index}]"
            if isinstance(region, dict):
                yield from _key_problems(f"{where}.", region, _REGION_KEYS, _REGION_REQUIRED)
            else:
                yield f"{where}: found {region!r}; it must be a table"


def _choice_problems(profile: Mapping[str, Any]) -> Iterator[str]:
    core, kernels = profile["core"], profile["kernels"]
    if core not in CORES:
        yield f"core: found {core!r}; allowed are {', '.join(CORES)}{did_you_mean(core, CORES)}"
    if kernels not in KERNELS:
        yield (
            f"kernels: found {kernels!r}; allowed are {', '.join(KERNELS)}"
            f"{did_you_mean(kernels, KERNELS)}"
        )
    elif core in CORES and not kernels_run_on(kernels, core):
        yield f"kernels: found {kernels!r}, which does not run on {core}"
    if profile["clock_hz"] <= 0:
        yield f"clock_hz: found {profile['clock_hz']}; it must be more than 0"
    for key in RESERVES:
        if profile.get(key, 0) < 0:
            yield f"{key}: found {profile[key]}; it must be 0 or more"


def kernels_run_on(kernels: str, core: str) -> bool:
    """Say whether the kernel library `kernels` has code for `core`."""
    is_arm = core.startswith("cortex-m")
    return kernels == "reference" or (kernels == "cmsis-nn") == is_arm


def _framework_problems(frameworks: Mapping[str, Any]) -> Iterator[str]:
    names = tuple(FRAMEWORK_KEYS)
    if not frameworks:
        yield f"frameworks: found none; name at least one of {', '.join(names)}"
    for name, table in frameworks.items():
        where = f"frameworks.{name}"
        if name not in names:
            yield f"{where}: unknown; allowed are {', '.join(names)}{did_you_mean(name, names)}"
        elif not isinstance(table, dict):
            yield f"{where}: found {table!r}; it must be a table"
        else:
            keys = FRAMEWORK_KEYS[name]
            allowed = (*keys, *_FRAMEWORK_OPTIONS.get(name, ()))
            yield from _key_problems(f"{where}.", table, dict.fromkeys(allowed, str), keys)
            sizes = tuple(f"{mb}MB" for mb in FLASH_CHIPS_MB)
            if table.get("flash_size", sizes[0]) not in sizes:
                found = table["flash_size"]
                yield f"{where}.flash_size: found {found!r}; allowed are {', '.join(sizes)}"
            mode = table.get("psram", PSRAM_MODES[0])
            if mode not in PSRAM_MODES:
                yield f"{where}.psram: found {mode!r}; allowed are {', '.join(PSRAM_MODES)}"


def _source_problems(sources: Mapping[str, Any]) -> Iterator[str]:
    for key, value in sources.items():
        if key not in _BOARD_KEYS:
            allowed = tuple(key for key in _BOARD_KEYS if key != "sources")
            yield (
                f"sources.{key}: unknown key; a source belongs to one of {', '.join(allowed)}"
                f"{did_you_mean(key, allowed)}"
            )
        elif not isinstance(value, str) or not value.strip():
            yield f"sources.{key}: found {value!r}; say where the number was read"
    for key in _SOURCED:
        if key not in sources:
            yield f"sources.{key}: missing; say where the numbers of {key} were read"


def _region_problems(profile: Mapping[str, Any]) -> Iterator[str]:
    places = [
        (f"{kind}[{index}]", region)
        for kind in ("flash", "ram")
        for index, region in enumerate(profile[kind])
    ]
    for where, region in places:
        yield from _size_problems(where, region)
    yield from _external_problems(profile["ram"])
    for (where, one), (other_where, other) in combinations(places, 2):
        if one["address"] < _end(other) and other["address"] < _end(one):
            yield (
                f"{where}.address: 0x{one['address']:08X} to 0x{_end(one):08X} overlaps "
                f"{other_where}, 0x{other['address']:08X} to 0x{_end(other):08X}; "
                "regions must be apart"
            )


def _external_problems(ram: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with memory beside the chip, which is the slowest: it comes last."""
    for index, region in enumerate(ram):
        own_follows = any(not later.get("external", False) for later in ram[index + 1 :])
        if region.get("external", False) and (index == 0 or own_follows):
            yield f"ram[{index}].external: found true; the chip's own memory comes before that"
        if region.get("external", False) and "cost" not in region:
            yield f"ram[{index}].cost: missing; say how much slower an arena there is, sourced"


def _end(region: Mapping[str, Any]) -> int:
    return int(region["address"] + region["size_bytes"])


def _size_problems(where: str, region: Mapping[str, Any]) -> Iterator[str]:
    size, reserved = region["size_bytes"], region.get("reserved_bytes", 0)
    if size <= 0:
        yield f"{where}.size_bytes: found {size}; it must be more than 0"
    if not 0 <= region["address"] <= _ADDRESS_END - max(size, 0):
        yield f"{where}.address: found {region['address']:#x}; the region must end within 4 GiB"
    if not 0 <= reserved <= max(size, 0):
        yield f"{where}.reserved_bytes: found {reserved}; allowed is 0 to size_bytes, {size}"
    if reserved and "reserved_for" not in region:
        yield f"{where}.reserved_for: missing; say what the reserved {reserved} bytes are for"
    if region.get("reserved_at", "start") not in {"start", "end"}:
        yield f"{where}.reserved_at: found {region['reserved_at']!r}; allowed are start, end"
    if region.get("code_block_bytes", 0) < 0:
        yield f"{where}.code_block_bytes: found {region['code_block_bytes']}; it must be 0 or more"
