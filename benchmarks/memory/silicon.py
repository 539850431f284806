"""The arena as predicted, beside what was measured on real chips.

    python benchmarks/memory/silicon.py SHARED [--person-detect PATH]

SHARED holds models/mlperf_tiny. PATH is tensorflow/lite/micro/models/person_detect.tflite of TFLM;
without it that model is left out. All published figures are `arena_used_bytes()`, from
avionicharshit-byte/mcufit-bench@88f8d23 results/results.jsonl (2026-08-16):

- ESP32: esp-tflite-micro ^1.3.3 with ESP-NN's optimized kernels, ESP-IDF 5.5.
- nRF52840 (Arduino Nano 33 BLE Sense): Chirale_TensorFLowLite 2.0.0 of July 2024, with an older
  TFLM and CMSIS-NN. What differs there is put into the model by `old_library`.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from unittest.mock import patch

from edgecompress.memory.arena import structs
from edgecompress.memory.arena.kernels import cmsis_nn, kernels_of
from edgecompress.memory.arena.kernels.cmsis_nn import Shape, Window
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.arena.requests import Kernel
from edgecompress.memory.arena.target import target_of
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.reader import read_model

ESP32, NRF52840 = ("xtensa-lx6", "esp-nn"), ("cortex-m4f", "cmsis-nn")
# Model, start of its SHA-256, bytes used on the ESP32 and on the nRF52840, why they differ there.
PUBLISHED = (
    ("person_detect", "808cfdfc", 82_300, 82_740,
     "31 nodes of 12 B more, 2 tensors of 32 B more, 14 more handles of scratch buffers"),
    ("kws_dscnn_int8", "aeea4368", 22_780, 24_164,
     "1,152 B of depthwise scratch at the peak, now not asked for; 13 nodes of 12 B more"),
    ("ic_resnet8_int8", "3c002613", 54_364, 55_188,
     "16 nodes of 12 B more, 2 tensors of 32 B more, options of 9 convolutions 4 B less"),
    ("ad_autoencoder_int8", "87cf2419", 2_380, 2_596,
     "10 nodes of 12 B more, 2 tensors of 32 B more, data of 10 dense layers 16 B less"),
)  # fmt: skip


def main() -> None:
    """Print one row per model and chip, then the nRF52840 with the sizes of its library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--person-detect", type=Path, help="TFLM's person_detect.tflite")
    arguments = parser.parse_args()
    graphs = dict(_graphs(arguments.shared / "models" / "mlperf_tiny", arguments.person_detect))
    print("| model | chip | published | predicted | off | smallest | what differs on the chip |")
    print("|---|---|---:|---:|---:|---:|---|")
    for name, _, esp32, nrf52840, why in PUBLISHED:
        if name in graphs:
            print(f"| {name} | ESP32 | {_figures(graphs[name], ESP32, esp32)} | nothing |")
            print(f"| {name} | nRF52840 | {_figures(graphs[name], NRF52840, nrf52840)} | {why} |")
    print("\nnRF52840, computed with the sizes of the library that was measured:\n")
    print("| model | published | computed | off | smallest |\n|---|---:|---:|---:|---:|")
    with old_library():
        for name, _, _, nrf52840, _ in PUBLISHED:
            if name in graphs:
                print(f"| {name} | {_figures(graphs[name], NRF52840, nrf52840)} |")
    if "person_detect" not in graphs:
        print("\nperson_detect is left out: give --person-detect PATH")


def _graphs(folder: Path, person_detect: Path | None) -> Iterator[tuple[str, Graph]]:
    for name, sha256, *_ in PUBLISHED:
        path = person_detect if name == "person_detect" else folder / f"{name}.tflite"
        if path is None:
            continue
        graph = read_model(path)
        if not graph.sha256.startswith(sha256):
            sys.exit(f"{path} is not the model that was measured: its SHA-256 is {graph.sha256}")
        yield name, graph


def _figures(graph: Graph, target: tuple[str, str], published: int) -> str:
    arena = plan_arena(graph, *target)
    off = arena.used_bytes - published
    return f"{published:,} | {arena.used_bytes:,} | {off:+,} | {arena.min_bytes:,}"


@contextmanager
def old_library() -> Iterator[None]:
    """Plan as Chirale_TensorFLowLite 2.0.0 (46da2f9) does.

    Structures measured with sizeof for Cortex-M4 (arm-none-eabi-g++ 12.2), without
    TF_LITE_STATIC_MEMORY, which Arduino does not define: nodes 44 bytes, tensors 64.
    Scratch as in its arm_convolve_wrapper_s8.c and arm_depthwise_conv_wrapper_s8.c.
    """
    kernels = kernels_of(target_of(*NRF52840))
    dense = Kernel((60, 60, 60), kernels["FULLY_CONNECTED"].prepare)
    options = {"CONV_2D": ((24, 4),) * 3, "FULLY_CONNECTED": ((4, 1),) * 3}
    with ExitStack() as stack:
        for change in (
            patch.object(structs, "NODE_AND_REGISTRATION", (44, 44, 44)),
            patch.object(structs, "TENSOR", (64, 64, 64)),
            patch.dict(structs.BUILTIN_OPTIONS, options),
            patch.dict(kernels, {"FULLY_CONNECTED": dense}),
            patch.object(cmsis_nn, "convolution_s8", _old_convolution),
            patch.object(cmsis_nn, "depthwise_s8", _old_depthwise),
        ):
            stack.enter_context(change)
        yield


def _old_convolution(
    _simd: str, window: Window, image: Shape, _channels: int, _output: Shape
) -> int:
    if window == Window((1, 1)):
        return 0
    return 2 * image[3] * prod(window.filter) * 2


def _old_depthwise(_simd: str, window: Window, image: Shape, output: Shape) -> int:
    plain = image[3] == output[3] and image[0] == 1 and window.dilation == (1, 1)
    return 2 * image[3] * prod(window.filter) if plain else 0


if __name__ == "__main__":
    main()
