"""The arena against measured truth and against mcufit, and how long an answer takes.

    python benchmarks/memory/fit.py SHARED [--mcufit PATH]

SHARED holds truth/arena.json (TFLM run on an emulated Cortex-M4F) and the models it names. mcufit
(PyPI) is asked for its Nano 33 BLE, which has that core; it knows no kernel libraries.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from edgecompress.board import load_board
from edgecompress.memory.verdict.fit import fit
from edgecompress.tflite.reader import read_model

CORE = "cortex-m4f"
BOARD = "arduino_nano_33_ble_sense"


def main() -> None:
    """Print one row per model, then fits per second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--mcufit", default=shutil.which("mcufit"), help="its program")
    arguments = parser.parse_args()
    records = json.loads((arguments.shared / "truth" / "arena.json").read_text())["records"]
    print(
        f"{'model':26}{'measured':>10}{'ours':>10}{'off':>6}{'s':>6}{'mcufit':>10}{'off':>7}{'s':>6}"
    )
    for record in records:
        if record["core"] == CORE:
            model = arguments.shared / "models" / record["model"]
            print(f"{model.stem:26}{_row(model, record['min_bytes'], arguments.mcufit)}")
    _print_rate(arguments.shared / "models" / "mlperf_tiny" / "ic_resnet8_int8.tflite")


def _row(model: Path, measured: int, mcufit: str | None) -> str:
    command = [sys.executable, "-m", "edgecompress", "fit", str(model), "--board", BOARD, "--json"]
    answer, seconds = _timed(command)
    ours = answer["boards"][0]["arena"]["min_bytes"]
    text = f"{measured:10,}{ours:10,}{ours - measured:6,}{seconds:6.2f}"
    if mcufit is None:
        return text + "  not installed"
    answer, seconds = _timed([mcufit, "check", str(model), "--board", "nano33ble", "--json"])
    theirs = answer["estimate"]["total_arena_bytes"]
    return text + f"{theirs:10,}{theirs - measured:7,}{seconds:6.2f}"


def _timed(command: list[str]) -> tuple[dict, float]:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout), time.perf_counter() - start


def _print_rate(model: Path) -> None:
    """Print how many verdicts on ResNet-8 one core gives in a second."""
    board, data, rounds = load_board(BOARD), model.read_bytes(), 200
    graph = read_model(data)
    for name, source in (("its graph", graph), ("its bytes", data)):
        start = time.process_time()
        for _ in range(rounds):
            fit(source, [board], others=())
        rate = rounds / (time.process_time() - start)
        print(f"{rate:,.0f} fits of ResNet-8 per second of one core, from {name}")


if __name__ == "__main__":
    main()
