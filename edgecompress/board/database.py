"""Boards: one TOML profile each, loaded into one frozen value.

The file name is the board's id. `[[flash]]` and `[[ram]]` list contiguous regions, never sums of
them. The first `[[ram]]` region is the one that data, stack and (when it fits) the tensor arena
go to by default; an arena that does not goes to the first of the others that holds it, which are
listed from the fastest on.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgecompress.board.profile import RESERVES, profile_problems
from edgecompress.errors import BoardError, did_you_mean
from edgecompress.files import BOARDS_DIR, read_toml

BOARDS_VARIABLE = "EDGECOMPRESS_BOARDS"


@dataclass(frozen=True)
class Region:
    """Contiguous memory of a board.

    `reserved_bytes` at its start or end (`reserved_at`) are not the application's. Where
    `code_block_bytes` is not 0, the board's linker script copies code and constants into this
    RAM, code in blocks of that size (Teensy 4: FlexRAM banks). `arduino_section` is the section
    that its Arduino core's linker script places here; "" if there is none. `external` memory is
    not the chip's own (PSRAM); `cost` says how much slower an inference is with its arena there.
    """

    name: str
    address: int
    size_bytes: int
    reserved_bytes: int = 0
    reserved_for: str = ""
    reserved_at: str = "start"
    code_block_bytes: int = 0
    arduino_section: str = ""
    external: bool = False
    cost: str = ""

    @property
    def available_bytes(self) -> int:
        """Bytes that an application may use."""
        return self.size_bytes - self.reserved_bytes

    @property
    def available_address(self) -> int:
        """First address that an application may use."""
        return self.address + (self.reserved_bytes if self.reserved_at == "start" else 0)


@dataclass(frozen=True)
class Board:
    """A board's profile. `kernels` is the kernel library that TFLM is built with for its core.

    `reserve_ram_bytes` and `reserve_flash_bytes` are kept for the user's own application.
    """

    id: str
    name: str
    mcu: str
    core: str
    clock_hz: int
    kernels: str
    flash: tuple[Region, ...]
    ram: tuple[Region, ...]
    frameworks: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    reserve_ram_bytes: int = 0
    reserve_flash_bytes: int = 0

    @property
    def flash_bytes(self) -> int:
        """Flash that an application may use, of the region that offers most."""
        return max(region.available_bytes for region in self.flash)

    @property
    def ram_bytes(self) -> int:
        """RAM of the chip that an application may use, of the region that offers most."""
        return max(region.available_bytes for region in self.ram if not region.external)

    @property
    def external_ram_bytes(self) -> int:
        """RAM beside the chip, of the region that offers most; 0 if there is none."""
        return max((region.available_bytes for region in self.ram if region.external), default=0)


def load_board(name_or_path: str, boards_dir: Path | None = None) -> Board:
    """Return the board of an id, or of the path of a profile (`.toml`).

    Raises:
        BoardError: no such board (with the closest id), or a profile that breaks the rules.
    """
    if name_or_path.endswith(".toml") or os.sep in name_or_path:
        return read_profile(Path(name_or_path))
    profiles = _profiles(boards_dir)
    if name_or_path not in profiles:
        raise BoardError(
            f"unknown board {name_or_path!r}{did_you_mean(name_or_path, profiles) or ';'} "
            "`edgecompress boards` lists all; a profile of your own is given by its path, "
            f"or by its folder with --boards-dir or {BOARDS_VARIABLE}"
        )
    return read_profile(profiles[name_or_path])


def reserving(board: Board, ram_bytes: int | None, flash_bytes: int | None) -> Board:
    """Return `board` with as much kept for the user's application; None: what its profile says."""
    ram = board.reserve_ram_bytes if ram_bytes is None else ram_bytes
    flash = board.reserve_flash_bytes if flash_bytes is None else flash_bytes
    return replace(board, reserve_ram_bytes=ram, reserve_flash_bytes=flash)


def all_boards(boards_dir: Path | None = None) -> tuple[Board, ...]:
    """Return every board in the order of ids; one in the user's folder replaces ours.

    Args:
        boards_dir: the user's own folder of profiles; by default what EDGECOMPRESS_BOARDS names.

    Raises:
        BoardError: the folder does not exist, or a profile breaks the rules.
    """
    return tuple(read_profile(path) for _, path in sorted(_profiles(boards_dir).items()))


def read_profile(path: Path) -> Board:
    """Read and check one profile.

    Raises:
        BoardError: the file cannot be read, is not TOML, or breaks a rule; every broken rule is
            named with its key, what was found, and what is allowed.
    """
    profile = _parse(path)
    problems = profile_problems(path.stem, profile)
    if problems:
        raise BoardError("\n".join(f"{path}: {problem}" for problem in problems))
    return _board(path.stem, profile)


def _board(board_id: str, profile: Mapping[str, Any]) -> Board:
    return Board(
        id=board_id,
        **{key: profile[key] for key in ("name", "mcu", "core", "clock_hz", "kernels")},
        flash=tuple(Region(**region) for region in profile["flash"]),
        ram=tuple(Region(**region) for region in profile["ram"]),
        frameworks=profile["frameworks"],
        sources=profile["sources"],
        **{key: profile[key] for key in RESERVES if key in profile},
    )


def _profiles(boards_dir: Path | None) -> dict[str, Path]:
    """Return id -> profile, ours first so that the user's replace them."""
    own = boards_dir or (
        Path(os.environ[BOARDS_VARIABLE]) if os.environ.get(BOARDS_VARIABLE) else None
    )
    if own is not None and not own.is_dir():
        raise BoardError(f"{own}: no such folder of board profiles; see --boards-dir")
    folders = [BOARDS_DIR] if own is None else [BOARDS_DIR, own]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def _parse(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except OSError as error:
        raise BoardError(f"{path}: cannot read the board profile: {error.strerror}") from error
    except ValueError as error:
        raise BoardError(f"{path}: the board profile is not valid TOML: {error}") from error
