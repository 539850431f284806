"""Whole generated projects, one for each framework and runtime, as they were when last read.

Kernels of the C runtime are left out: they are files of `templates/`, copied. After a change of
templates, write the trees anew and read the difference in `git diff tests/golden`:

    PYTHONPATH=tests python -m support.golden_trees
"""

import json
import shutil
from collections.abc import Mapping

from edgecompress.board import load_board
from edgecompress.files import write_tree
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import Runtime
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
RUNTIMES: Mapping[str, Runtime] = {"": "tflm", "c/": "c"}  # by the folder of their trees
TREES = tuple(f"{folder}{framework}" for folder in RUNTIMES for framework in BOARDS)


def project(tree: str) -> Mapping[str, str | bytes]:
    folder, slash, framework = tree.rpartition("/")
    board = load_board(BOARDS[framework])
    runtime = RUNTIMES[folder + slash]
    files = generate(
        [dense_model()], board, framework, "tiny", vectors=2, labels=LABELS, runtime=runtime
    )
    return _without_kernels(files)


def _without_kernels(files: Mapping[str, str | bytes]) -> Mapping[str, str | bytes]:
    facts = json.loads(files["firmware.json"])
    facts["files"] = {p: sha256 for p, sha256 in facts["files"].items() if "/kernels/" not in p}
    kept = {path: text for path, text in files.items() if "/kernels/" not in path}
    return {**kept, "firmware.json": json.dumps(facts, indent=2) + "\n"}


def main() -> None:
    shutil.rmtree(FOLDER / "c", ignore_errors=True)
    for tree in TREES:
        shutil.rmtree(FOLDER / tree, ignore_errors=True)
        write_tree(FOLDER / tree, project(tree), force=True)


if __name__ == "__main__":
    main()
