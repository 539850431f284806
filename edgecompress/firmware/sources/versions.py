"""The releases that generated projects are written for, and depend on."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecompress.board import Board

# Libraries of TFLM. Sources: library.properties of spaziochirale/Chirale_TensorFlowLite@46da2f9
# (tag v2.0.0); idf_component.yml of espressif/esp-tflite-micro@99f49e1.
CHIRALE_VERSION = "2.0.0"
ESP_TFLITE_MICRO_VERSION = "1.4.0"
# ESP-IDF from the first that knows all chips of the board profiles; and the one to install.
IDF_OLDEST = "5.3"
IDF_VERSION = "5.5.2"
# Sources: raspberrypi/pico-sdk@a1438dff (tag 2.2.0); raspberrypi/pico-tflmicro has no tags.
PICO_SDK_VERSION = "2.2.0"
PICO_TFLMICRO_COMMIT = "dfea53b977f131dc50d7060568ad4fd355d4d71e"
# PyPI.
PLATFORMIO_VERSION = "6.2.0"
WEST_VERSION = "1.5.0"

_ZEPHYR_RELEASE = "v4.4.0"
# Microcontrollers that Zephyr knows since its pull request 109794, after that release.
_NEWER_THAN_ZEPHYR = ("ESP32-P4",)

_EARLEPHILHOWER = (
    "https://github.com/maxgerhardt/platform-raspberrypi.git"
    "#2d445020acf8b792768a5fa5ba1870ac9607c11c"
)
# PlatformIO's platform of a board, where it is another than the microcontroller's; and of a
# microcontroller, by how its name begins. Source: tags of the platform repositories.
_PLATFORMIO_BOARDS: Mapping[str, str] = {"rpipicow": _EARLEPHILHOWER}
_PLATFORMIO_PLATFORMS: Mapping[str, str] = {
    "nRF52": "nordicnrf52@10.11.0",
    "ESP32": "espressif32@6.13.0",
    "STM32": "ststm32@19.6.0",
    "R7FA": "renesas-ra@1.9.0",
    "RP2040": "raspberrypi@1.19.0",
    "RP2350": _EARLEPHILHOWER,
    "i.MX RT": "teensy@5.2.0",
}
PLATFORMIO_MCUS = tuple(_PLATFORMIO_PLATFORMS)


@dataclass(frozen=True)
class ArduinoCore:
    """A core as `arduino-cli core install` takes it; `index_url` is "" for those of Arduino's."""

    version: str
    index_url: str = ""


# By the first two parts of an fqbn. Sources: tags of arduino/ArduinoCore-mbed,
# arduino/ArduinoCore-renesas, earlephilhower/arduino-pico, stm32duino/Arduino_Core_STM32 and
# sparkfun/Arduino_Apollo3; the package indexes of the others, as public projects install them.
_ARDUINO_CORES: Mapping[str, ArduinoCore] = {
    "arduino:esp32": ArduinoCore("2.0.18-arduino.5"),
    "arduino:mbed_nano": ArduinoCore("4.6.0"),
    "arduino:mbed_nicla": ArduinoCore("4.6.0"),
    "arduino:mbed_portenta": ArduinoCore("4.6.0"),
    "arduino:renesas_uno": ArduinoCore("1.5.3"),
    "esp32:esp32": ArduinoCore(
        "3.3.12", "https://espressif.github.io/arduino-esp32/package_esp32_index.json"
    ),
    "rp2040:rp2040": ArduinoCore(
        "6.0.0",
        "https://github.com/earlephilhower/arduino-pico/releases/download/global/package_rp2040_index.json",
    ),
    "Seeeduino:mbed": ArduinoCore(
        "2.9.3", "https://files.seeedstudio.com/arduino/package_seeeduino_boards_index.json"
    ),
    "SparkFun:apollo3": ArduinoCore(
        "2.2.1",
        "https://raw.githubusercontent.com/sparkfun/Arduino_Apollo3/main/package_sparkfun_apollo3_index.json",
    ),
    "STMicroelectronics:stm32": ArduinoCore(
        "2.12.0",
        "https://github.com/stm32duino/BoardManagerFiles/raw/main/package_stmicroelectronics_index.json",
    ),
    "teensy:avr": ArduinoCore("1.62.0", "https://www.pjrc.com/teensy/package_teensy_index.json"),
}


def of_board(board: Board) -> Mapping[str, str]:
    """Return the releases that depend on the board, by their names in templates."""
    return {
        "platformio_platform": platformio_platform(board),
        "arduino_install": _arduino_install(board),
        "zephyr_revision": _zephyr_revision(board),
    }


def platformio_platform(board: Board) -> str:
    """Return PlatformIO's platform for the board, with its version; "" if it is not known."""
    name = board.frameworks.get("platformio", {}).get("board", "")
    if name in _PLATFORMIO_BOARDS:
        return _PLATFORMIO_BOARDS[name]
    for beginning, platform in _PLATFORMIO_PLATFORMS.items():
        if board.mcu.startswith(beginning):
            return platform
    return ""


def arduino_core(board: Board) -> tuple[str, ArduinoCore | None]:
    """Return the name of the board's Arduino core, "" if it has none, and its release if known."""
    name = ":".join(board.frameworks.get("arduino", {}).get("fqbn", "").split(":")[:2])
    return name, _ARDUINO_CORES.get(name)


def _arduino_install(board: Board) -> str:
    """Return what follows `arduino-cli core install` for the core of a board."""
    name, core = arduino_core(board)
    if core is None:
        return name
    urls = f" --additional-urls {core.index_url}" if core.index_url else ""
    return f"{name}@{core.version}{urls}"


def _zephyr_revision(board: Board) -> str:
    """Return the release of Zephyr that knows the board, or `main` before there is one."""
    return "main" if board.mcu.startswith(_NEWER_THAN_ZEPHYR) else _ZEPHYR_RELEASE
