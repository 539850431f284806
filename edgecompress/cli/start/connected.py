"""Which known boards are connected, by the numbers that they give themselves on USB."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_DEVICES = Path("/sys/bus/usb/devices")  # Linux; elsewhere there is none

# Vendor and product -> board. Sources: boards.txt of arduino/ArduinoCore-mbed@04ccf55 and of
# arduino/ArduinoCore-renesas; Readme.md of raspberrypi/usb-pid@00f06e9, whose numbers are those of
# the chip: a Pico is the most common board with it.
_BOARDS: Mapping[str, tuple[str, ...]] = {
    "arduino_nano_33_ble_sense": ("2341:005a", "2341:805a", "2341:015a", "2341:025a"),
    "arduino_portenta_h7_m7": ("2341:025b", "2341:035b", "2341:045b", "2341:055b"),
    "arduino_uno_r4_minima": ("2341:0069", "2341:0369"),
    "arduino_uno_r4_wifi": ("2341:1002", "2341:006d"),
    "rpi_pico": ("2e8a:0003", "2e8a:000a"),
    "rpi_pico2": ("2e8a:000f",),
}


@dataclass(frozen=True)
class Connected:
    """A board's id, and the number by which it was recognised."""

    board: str
    usb_id: str


def connected_boards(devices: Path = _DEVICES) -> list[Connected]:
    """Return the boards that the kernel lists, each once."""
    known = {number: board for board, numbers in _BOARDS.items() for number in numbers}
    found = {known[number]: number for number in sorted(_numbers(devices)) if number in known}
    return [Connected(board, number) for board, number in sorted(found.items())]


def _numbers(devices: Path) -> Iterator[str]:
    for vendor in devices.glob("*/idVendor"):
        product = vendor.with_name("idProduct")
        try:
            yield f"{vendor.read_text().strip()}:{product.read_text().strip()}".lower()
        except OSError:  # it was unplugged meanwhile
            continue
