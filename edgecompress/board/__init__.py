"""Boards as data: a TOML profile each, its rules, and what was read of it."""

from edgecompress.board.database import (
    BOARDS_VARIABLE,
    Board,
    Region,
    all_boards,
    load_board,
    read_profile,
    reserving,
)

__all__ = [
    "BOARDS_VARIABLE",
    "Board",
    "Region",
    "all_boards",
    "load_board",
    "read_profile",
    "reserving",
]
