"""Count the instructions of the C runtime's kernels in QEMU, and write them as rates by core.

    python benchmarks/memory/instructions.py MODELS

MODELS is a folder of .tflite and Keras files; networks made here are added. Each model
is generated for a board of each core, built and profiled (`emulate --profile`); the counts of each
kernel's calls are laid on multiply-accumulates, bytes read, bytes written and calls, by least
squares of relative errors, none below zero. `error` is the ninth tenth of the relative errors of
calls that take a hundredth of a model and more, each judged by rates that its model had no part in.

Needs CMake, arm-none-eabi-gcc, qemu-system-arm, and for RISC-V riscv64-unknown-elf-gcc and
qemu-system-riscv32.
"""

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from edgecompress.board import load_board
from edgecompress.files import COSTS_DIR, write_file, write_tree
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.toolchain.build import build
from edgecompress.memory.instructions import features_of
from edgecompress.program.lower import lower
from edgecompress.tflite.reader import read_model

BOARDS = {
    "cortex-m0plus": "rpi_pico",
    "cortex-m3": "mps2_an385",
    "cortex-m4f": "mps2_an386",
    "cortex-m7": "mps2_an500",
    "cortex-m33": "mps2_an505",
    "cortex-m55": "mps3_corstone300_an547",
    "rv32imc": "qemu_riscv32",
}
PROGRAMS = (
    "arm-none-eabi-gcc",
    "qemu-system-arm",
    "riscv64-unknown-elf-gcc",
    "qemu-system-riscv32",
)
SAMPLES = 8
PLAIN = ((80, 8), (24, 16), (10, 20))  # channels and size of small networks of convolutions
LEAST_SHARE, QUANTILE = 0.01, 0.9


@dataclass(frozen=True)
class Counted:
    """A call of a kernel: what it works on, and the instructions that it took."""

    model: str
    kernel: str
    features: tuple[int, ...]
    instructions: int
    share: float  # of the model's


def models_in(folder: Path) -> dict[str, bytes]:
    """Return the .tflite of each file, Keras models with noise for calibration."""
    from edgecompress.keras_files.model import load_keras

    models = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.tflite"))}
    for path in sorted(folder.glob("*.h5")):
        if f"{path.stem}_int8" not in models:
            models[path.stem] = _int8(load_keras(path, as_graph=True))
    plain = {f"{channels} channels": _int8(_plain(channels, size)) for channels, size in PLAIN}
    return {**models, "mixed layers": _int8(_mixed_layers()), **plain}


def _int8(model: object) -> bytes:
    from edgecompress.quantize.post_training import quantize

    shape = model.inputs[0].shape[1:]  # type: ignore[attr-defined]
    noise = np.random.default_rng(0).random((SAMPLES, *shape)).astype(np.float32)
    return quantize(model, noise, samples=SAMPLES)


def _mixed_layers() -> object:
    """Return a network of the layers that the others lack."""
    from edgecompress.keras_files.model import import_keras, set_seed

    keras = import_keras()
    set_seed(0)
    layers = keras.layers
    image = keras.Input((24, 24, 3))
    x = wide = layers.Conv2D(12, 5, padding="same", activation="relu6")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.DepthwiseConv2D(5, padding="same", activation="relu")(x)
    gate = layers.Dense(12, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 12))(gate)])
    x = layers.Concatenate()([x, layers.Conv2D(20, 1, activation="tanh")(x)])
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(24, 3, strides=2)(x)
    x = layers.LeakyReLU()(x)
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.Add()([layers.Conv2D(12, 1)(x), wide])
    x = layers.AveragePooling2D(3)(layers.ReLU()(x))
    x = layers.Dense(40, activation="swish")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def _plain(channels: int, size: int) -> object:
    """Return convolutions of one width, and the mean of what they find."""
    from edgecompress.keras_files.model import import_keras, set_seed

    keras = import_keras()
    set_seed(0)
    layers = keras.layers
    x = image = keras.Input((size, size, 1))
    for stride in (1, 1, 2, 1):
        x = layers.Conv2D(channels, 3, strides=stride, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def counted(name: str, model: bytes, board: str) -> Iterator[Counted]:
    """Build and profile a model, and yield its calls."""
    with tempfile.TemporaryDirectory() as folder:
        sources = generate([model], load_board(board), "cmake", "m", vectors=1, runtime="c")
        write_tree(Path(folder), sources, force=True)
        build(Path(folder), None)
        ran = emulate(Path(folder), timeout_seconds=900, profile=True).models[0].operators
    program = lower(read_model(model))
    total = sum(each.instructions for each in ran)
    for call, each in zip(program.calls, ran, strict=True):
        features = features_of(call, program)
        yield Counted(name, call.kernel, features, each.instructions, each.instructions / total)


def rates(calls: Sequence[Counted]) -> dict[str, list[float]]:
    """Return by kernel what a call, a multiply-accumulate, a byte read and one written take."""
    by_kernel = defaultdict(list)
    for call in calls:
        by_kernel[call.kernel].append(call)
    return {kernel: _rates(found) for kernel, found in sorted(by_kernel.items())}


def _rates(calls: Sequence[Counted]) -> list[float]:
    took = np.array([call.instructions for call in calls], float)
    features = np.array([call.features for call in calls], float)
    found, _ = nnls(features / took[:, None], np.ones(len(calls)))
    return [float(f"{rate:.4g}") for rate in found]


def errors(calls: Sequence[Counted]) -> list[float]:
    """Return relative errors of calls by the rates of the other models."""
    found = []
    for model in {call.model for call in calls}:
        others = rates([call for call in calls if call.model != model])
        for call in calls:
            if call.model == model and call.share >= LEAST_SHARE and call.kernel in others:
                guess = float(np.dot(others[call.kernel], call.features))
                found.append(abs(guess / call.instructions - 1))
    return found


def versions() -> str:
    """Return what compiled and ran the models, by the first line that each says of itself."""
    commands = ((program, "--version") for program in PROGRAMS)
    said = (subprocess.run(each, capture_output=True, text=True, check=True) for each in commands)
    return "; ".join(each.stdout.splitlines()[0] for each in said)


def main() -> None:
    """Measure all models on all cores."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", type=Path)
    models = models_in(parser.parse_args().models)
    cores = {}
    for core, board in BOARDS.items():
        calls = [call for name, model in models.items() for call in counted(name, model, board)]
        off = sorted(errors(calls))
        error = float(np.quantile(off, QUANTILE))
        cores[core] = {"error": round(error, 2), "kernels": rates(calls)}
        print(f"{core}: {len(calls)} calls, errors of {len(off)}: median {np.median(off):.2f}, "
              f"ninth tenth {error:.2f}, largest {off[-1]:.2f}", flush=True)  # fmt: skip
    table = {"source": f"instructions counted by emulate --profile, kernels at -O2: {versions()}",
             "features": ["call", "multiply-accumulate", "byte read", "byte written"],
             "models": sorted(models), "cores": cores}  # fmt: skip
    write_file(COSTS_DIR / "instructions.json", json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
