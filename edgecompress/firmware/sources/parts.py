"""What firmware is linked from besides the files of its project: names, releases, licences.

Licences as their repositories' LICENSE files and file headers have them, in SPDX's words. A
release is given where the project pins it, and left out where the user's tree or tools decide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgecompress.board import Board
from edgecompress.firmware.sources import versions
from edgecompress.firmware.sources.choice import Choice
from edgecompress.firmware.sources.targets import CORES, RISCV

_APACHE, _BSD, _MIT, _LGPL = "Apache-2.0", "BSD-3-Clause", "MIT", "LGPL-2.1-or-later"
SPDX_LICENCES = frozenset({_APACHE, _BSD, _MIT, _LGPL})
_GCC = "GPL-3.0-or-later WITH GCC-exception-3.1"


@dataclass(frozen=True)
class Part:
    """A library: `licence` is one of SPDX_LICENCES, an expression of them, or another's name.

    `version` is "" where it depends on the machine that builds; `note` says on what.
    """

    name: str
    licence: str
    version: str = ""
    url: str = ""
    note: str = ""


_GITHUB = "https://github.com/"
_TFLM_URL = f"{_GITHUB}tensorflow/tflite-micro"
_AS_TFLM = "as TFLM brings it"
_OF_TFLM = (
    Part("FlatBuffers", _APACHE, url=f"{_GITHUB}google/flatbuffers", note=_AS_TFLM),
    Part("gemmlowp", _APACHE, url=f"{_GITHUB}google/gemmlowp", note=_AS_TFLM),
    Part("ruy", _APACHE, url=f"{_GITHUB}google/ruy", note=_AS_TFLM),
)
_KERNELS: Mapping[str, Part] = {
    "cmsis-nn": Part("CMSIS-NN", _APACHE, url=f"{_GITHUB}ARM-software/CMSIS-NN", note=_AS_TFLM),
    "esp-nn": Part("ESP-NN", _APACHE, url=f"{_GITHUB}espressif/esp-nn", note=_AS_TFLM),
}
_TFLM: Mapping[str, Part] = {
    "arduino": Part(
        "Chirale_TensorFLowLite",
        _APACHE,
        versions.CHIRALE_VERSION,
        f"{_GITHUB}spaziochirale/Chirale_TensorFlowLite",
    ),
    "esp-idf": Part(
        "esp-tflite-micro",
        _APACHE,
        versions.ESP_TFLITE_MICRO_VERSION,
        f"{_GITHUB}espressif/esp-tflite-micro",
    ),
    "pico": Part(
        "pico-tflmicro",
        _APACHE,
        versions.PICO_TFLMICRO_COMMIT,
        f"{_GITHUB}raspberrypi/pico-tflmicro",
    ),
    "zephyr": Part("tflite-micro", _APACHE, url=_TFLM_URL, note="Zephyr's module of that name"),
}
_OWN_TFLM = Part("tflite-micro", _APACHE, url=_TFLM_URL, note="the TFLM that the build is given")

_COMPILER = Part("GCC's libgcc", _GCC, url="https://gcc.gnu.org", note="the compiler's")
_CPP = Part("GCC's libstdc++", _GCC, url="https://gcc.gnu.org", note="the compiler's")
_NEWLIB = Part(
    "Newlib", "COPYING.NEWLIB", url="https://sourceware.org/newlib", note="the compiler's"
)
_PICOLIBC = Part("Picolibc", _BSD, url=f"{_GITHUB}picolibc/picolibc", note="the compiler's")
_C_LIBRARY = Part("C library", _LGPL, note="this machine's, linked dynamically; glibc's licence")
_HOST = (_C_LIBRARY, _COMPILER)

_MBED = Part("Mbed OS", _APACHE, url=f"{_GITHUB}ARMmbed/mbed-os", note="as the core brings it")
_HAL: Mapping[str, tuple[Part, ...]] = {
    "mbed": (_MBED,),
    "esp32": (Part("ESP-IDF", _APACHE, url=f"{_GITHUB}espressif/esp-idf", note="the core's"),),
    "renesas": (Part("Renesas FSP", _BSD, url=f"{_GITHUB}renesas/fsp", note="the core's"),),
    "rp2040": (Part("Pico SDK", _BSD, url=f"{_GITHUB}raspberrypi/pico-sdk", note="the core's"),),
    "stm32": (
        Part("STM32 HAL", _BSD, url=f"{_GITHUB}STMicroelectronics", note="the core's"),
        Part("CMSIS", _APACHE, url=f"{_GITHUB}ARM-software/CMSIS_5", note="the core's"),
    ),
    "apollo3": (_MBED, Part("AmbiqSuite", _BSD, note="the core's")),
}


def parts_of(board: Board, choice: Choice, kernels: str) -> tuple[Part, ...]:
    """Return the libraries that firmware of a project is linked from, in a fixed order."""
    tflm = tuple(_tflm(choice.framework, kernels)) if choice.runtime == "tflm" else ()
    return (*tflm, *_ecosystem(board, choice.framework), *_of_compiler(board, choice))


def _tflm(framework: str, kernels: str) -> Iterator[Part]:
    framework = "arduino" if framework == "platformio" else framework
    yield _TFLM.get(framework, _OWN_TFLM)
    yield from _OF_TFLM
    if kernels in _KERNELS:
        yield _KERNELS[kernels]


def _ecosystem(board: Board, framework: str) -> Iterator[Part]:
    if framework in ("arduino", "platformio"):
        yield from _arduino(board, framework)
    elif framework == "esp-idf":
        note = f"{versions.IDF_OLDEST} or later; {versions.IDF_VERSION} is what README.md installs"
        yield Part("ESP-IDF", _APACHE, url=f"{_GITHUB}espressif/esp-idf", note=note)
        url = f"{_GITHUB}FreeRTOS/FreeRTOS-Kernel"
        yield Part("FreeRTOS kernel", _MIT, url=url, note="ESP-IDF's")
    elif framework == "zephyr":
        revision = versions.of_board(board)["zephyr_revision"]
        yield Part("Zephyr", _APACHE, revision, f"{_GITHUB}zephyrproject-rtos/zephyr")
    elif framework == "pico":
        url = f"{_GITHUB}raspberrypi/pico-sdk"
        yield Part("Pico SDK", _BSD, versions.PICO_SDK_VERSION, url)
        yield Part("TinyUSB", _MIT, url=f"{_GITHUB}hathach/tinyusb", note="Pico SDK's")


def _arduino(board: Board, framework: str) -> Iterator[Part]:
    name, core = versions.arduino_core(board)
    if framework == "platformio":
        brought = f"the one of PlatformIO's platform {versions.platformio_platform(board)}"
        yield Part("Arduino core", _LGPL, note=brought)
    else:
        licence = f"{_MIT} AND {_LGPL}" if name.startswith("teensy:") else _LGPL
        yield Part(f"Arduino core {name}", licence, core.version if core else "")
    yield from next((parts for key, parts in _HAL.items() if key in name.lower()), ())


def _of_compiler(board: Board, choice: Choice) -> Iterator[Part]:
    if choice.framework == "host":
        yield from _HOST
    else:
        bare_riscv = choice.framework == "cmake" and CORES[board.core].toolchain == RISCV
        yield _PICOLIBC if bare_riscv or choice.framework == "zephyr" else _NEWLIB
        yield _COMPILER
    if choice.runtime == "tflm":
        yield _CPP
