"""What an environment variable names the folder of: TFLM, and the Pico SDK."""

import os
import re
from pathlib import Path

from edgecompress.errors import EdgecompressError
from edgecompress.firmware.sources.versions import PICO_SDK_VERSION
from edgecompress.firmware.toolchain.doctor.part import Part
from edgecompress.firmware.toolchain.tflm import TFLM_VARIABLE, find_tflm

PICO_VARIABLE = "PICO_SDK_PATH"
_PICO_FILE = "pico_sdk_init.cmake"


def tflm() -> Part:
    """Describe what EDGECOMPRESS_TFLM names."""
    named = os.environ.get(TFLM_VARIABLE, "")
    needed_for = "build and emulate of firmware that runs on TFLM (that of --runtime c does not)"
    get = f"build upstream TFLM, and name its folder in {TFLM_VARIABLE}: docs/tflm.md"
    if not named:
        return Part("TFLM", "TFLM", needed_for, get)
    try:
        found = find_tflm()
    except EdgecompressError as error:
        return Part("TFLM", "TFLM", needed_for, get, where=named, problem=str(error))
    return Part(
        "TFLM",
        "TFLM",
        needed_for,
        get,
        found.commit[:9],
        str(found.path),
        "; ".join(found.problems),
    )


def pico_sdk() -> Part:
    """Describe what PICO_SDK_PATH names."""
    where = os.environ.get(PICO_VARIABLE, "")
    get = (
        f"git clone -b {PICO_SDK_VERSION} --recursive https://github.com/raspberrypi/pico-sdk.git "
        f"~/pico-sdk; then export {PICO_VARIABLE}=~/pico-sdk"
    )
    is_one = (Path(where) / _PICO_FILE).is_file()
    problem = f"{where} has no {_PICO_FILE}: it is no Pico SDK" if where and not is_one else ""
    version = _pico_version(Path(where)) if is_one else ""
    return Part("Ecosystems", "Pico SDK", "--framework pico", get, version, where, problem)


def _pico_version(sdk: Path) -> str:
    file = sdk / "pico_sdk_version.cmake"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    numbers = re.findall(r"set\(PICO_SDK_VERSION_(?:MAJOR|MINOR|REVISION) (\d+)", text)
    return ".".join(numbers)
