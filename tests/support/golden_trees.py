"""Whole generated projects, one for each framework, as they were when somebody last read them.

After a change of templates, write them anew and read the difference in `git diff tests/golden`:

    PYTHONPATH=tests python -m support.golden_trees
"""

import shutil
from collections.abc import Mapping

from edgecompress.board import load_board
from edgecompress.files import write_tree
from edgecompress.firmware.sources.generate import generate
from support import GOLDEN
from support.tflite_models import dense_model

FOLDER = GOLDEN
BOARDS = {
    "cmake": "rpi_pico",
    "arduino": "arduino_nano_33_ble_sense",
    "platformio": "nucleo_f446re",
    "esp-idf": "esp32_s3_devkitc_1_n8r8",
    "zephyr": "nrf52840_dk",
    "pico": "rpi_pico2",
    "host": "rpi_pico",
}
LABELS = ("one", 'two "2"', "três")


def project(framework: str) -> Mapping[str, str | bytes]:
    board = load_board(BOARDS[framework])
    return generate([dense_model()], board, framework, name="tiny", vectors=2, labels=LABELS)


def main() -> None:
    for framework in BOARDS:
        shutil.rmtree(FOLDER / framework, ignore_errors=True)
        write_tree(FOLDER / framework, project(framework), force=True)


if __name__ == "__main__":
    main()
