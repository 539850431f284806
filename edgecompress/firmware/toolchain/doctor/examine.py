"""Look for every part of the tool chain."""

from concurrent.futures import ThreadPoolExecutor

from edgecompress.firmware.toolchain.doctor.folders import pico_sdk, tflm
from edgecompress.firmware.toolchain.doctor.packages import interpreters, packages
from edgecompress.firmware.toolchain.doctor.part import Part
from edgecompress.firmware.toolchain.doctor.programs import programs

_AT_ONCE = 8  # a look waits for a program or a child, and computes nothing


def examine() -> tuple[Part, ...]:
    """Return every part of the tool chain, in the order of a user's way from model to board."""
    looks = [*packages(), *interpreters(), *programs(), pico_sdk, tflm]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(lambda look: look(), looks))
