"""Sizes as people write them, and the options that keep room for an application."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_UNIT_BYTES = {"": 1, "k": 1024, "kib": 1024, "m": 1024**2, "mib": 1024**2}


class Size(click.ParamType):  # type: ignore[type-arg] # generic only in later releases
    """A number of bytes: 8192, 8k or 8KiB."""

    name = "bytes"

    def __init__(self, least: int = 0) -> None:
        """Take sizes of `least` bytes or more."""
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes; a message that says how to write them otherwise."""
        match = re.fullmatch(r"(-?[\d_]+) ?([a-z]*)", str(value).lower())
        if match is None or match[2] not in _UNIT_BYTES or not match[1].strip("-_"):
            self.fail(f"{value!r} is no size: write it as 8192, 8k, 8KiB or 2M", param, ctx)
        size = int(match[1].replace("_", "")) * _UNIT_BYTES[match[2]]
        if size < self.least:
            self.fail(f"{value!r} is too small: at least {self.least} bytes", param, ctx)
        return size


def reserve_options(command: Command) -> Command:
    """Add --reserve-ram and --reserve-flash."""
    for memory in ("flash", "ram"):
        of = memory.upper() if memory == "ram" else memory
        command = click.option(
            f"--reserve-{memory}",
            f"reserve_{memory}_bytes",
            type=Size(),
            metavar="BYTES",
            help=f"{of[0].upper()}{of[1:]} to keep for the rest of your application: bytes, or as "
            "8k, 8KiB, 2M.  [default: the profile's reserve_"
            f"{memory}_bytes, or none]",
        )(command)
    return command
