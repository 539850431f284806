"""ResNet-8 with fewer and with encoded weights: bytes, code, arena, accuracy on CIFAR-10.

    python benchmarks/packing/weights.py FOLDER

Fine-tunes the published model in float, prunes single weights while it is trained (magnitude, over
all layers, sparser with each epoch up to half of them), trains each with rounded weights, and packs
for a flash budget of one byte. Packed models answer as those they are made of, so these are
evaluated once. Needs the shared models and data (see benchmarks/README.md) and an hour or two on
two cores. FOLDER keeps what is trained; a second run goes on from there.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edgecompress.dataset.load import load_dataset
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.evaluate.score import evaluate
from edgecompress.keras_files.model import load_keras, save_keras, set_seed
from edgecompress.memory.arena.target import target_of
from edgecompress.memory.flash import runtime_bytes
from edgecompress.pack.decode import weights_of, with_decode
from edgecompress.pack.encodings.lut import look_up_table
from edgecompress.pack.pack import pack
from edgecompress.pack.variants import sizes_of
from edgecompress.pack.weights import Limits
from edgecompress.prune.weights import polynomial_rate, weight_masks
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.qat import quantize_aware
from edgecompress.tflite.operators import registrations
from edgecompress.tflite.reader import read_model
from edgecompress.train.fine_tune import finetune
from edgecompress.train.settings import Training

SHARED = Path(os.environ.get("EDGECOMPRESS_SHARED", Path(__file__).parents[3] / "shared"))
CORE, KERNELS = "cortex-m4f", "cmsis-nn"
TARGETS = {CORE: target_of(CORE, KERNELS)}
SETTINGS = Training(epochs=4, batch_size=128, augmentation="shift+flip")
# Share of zeros, epochs of pruning; then (bits, epochs of training with rounding).
SPARSE = ((0.5, 6, ((4, 4),)), (0.6, 8, ((4, 4), (5, 4), (6, 3))), (0.8, 8, ((4, 2), (8, 0))))


@dataclass(frozen=True)
class Bench:
    """Where results are kept, the data, and the model fine-tuned in float."""

    folder: Path
    data: Any
    original: Any


def main() -> None:
    """Train what is not there yet, and print the table."""
    bench = _prepared(Path(sys.argv[1]))
    test, task = bench.data.test.open("evaluate"), bench.data.task
    exact = evaluate(bench.original, test, task)["accuracy"]
    print(f"float: {exact:.2%}\n")
    print("| model | bytes | code beside int8's | together | arena | accuracy | lost |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    plain = None
    for name, tflite in _models(bench):
        plain = plain or _code_bytes(tflite)
        accuracy = evaluate(tflite, test, task)["accuracy"]
        for form, written in _forms(tflite):
            code = _code_bytes(written) - plain
            sizes = sizes_of(written, TARGETS)
            cells = (
                f"{name}{form}", f"{sizes.model_bytes:,}", f"{code:,}",
                f"{sizes.model_bytes + code:,}", f"{sizes.arena_bytes[CORE]:,}",
                f"{accuracy:.2%}", f"{100 * (exact - accuracy):.2f}",
            )  # fmt: skip
            print(f"| {' | '.join(cells)} |", flush=True)


def _prepared(folder: Path) -> Bench:
    """Load the data, and fine-tune the published model in float."""
    folder.mkdir(parents=True, exist_ok=True)
    start = load_keras(SHARED / "models" / "mlperf_tiny" / "ic_resnet8.h5")
    source = str(SHARED / "data" / "cifar10_jpeg")
    shapes = {"input_shape": start.input_shape[1:], "output_shape": start.output_shape[1:]}
    data = resolve_pixels(load_dataset(source, **shapes), start)
    tune = partial(finetune, start, data.train, data.validation, SETTINGS, task=data.task)
    return Bench(folder, data, _kept(folder / "float.keras", tune))


def _models(bench: Bench) -> Iterator[tuple[str, bytes]]:
    """Yield each way to have fewer weights or fewer steps of them."""
    yield "int8", _rounded(bench, "int8", bench.original, 8, 0)
    yield "int4", _rounded(bench, "int4", bench.original, 4, 2)
    for rate, epochs, roundings in SPARSE:
        name = f"sparse{round(100 * rate)}"
        pruned = _kept(bench.folder / f"{name}.keras", partial(_sparse, bench, rate, epochs))
        for bits, more in roundings:
            title = f"{round(100 * rate)} % zeros, {bits} bits"
            yield title, _rounded(bench, f"{name}_{bits}", pruned, bits, more)


def _rounded(bench: Bench, name: str, model: Any, bits: int, epochs: int) -> bytes:
    """Return a .tflite: trained with rounding for so many epochs, or just quantized."""
    make = partial(_aware, bench, model, bits, epochs)
    if not epochs:
        make = partial(quantize, model, bench.data.train.x)
    tflite: bytes = _kept(bench.folder / f"{name}.tflite", make)
    return tflite


def _forms(tflite: bytes) -> Iterator[tuple[str, bytes]]:
    yield "", tflite
    graph = read_model(tflite)
    if any(tensor.type == "INT4" for tensor in graph.main.tensors):
        tables = {
            tensor.index: look_up_table(values, len(tensor.quantization.scales), 0)
            for tensor, values in weights_of(graph)
            if tensor.type == "INT4" and tensor.quantization
        }
        yield ", look-up tables", with_decode(tflite, {i: t for i, t in tables.items() if t})
    yield ", packed", pack(tflite, TARGETS, limits=Limits(flash_bytes=1)).model


def _sparse(bench: Bench, rate: float, epochs: int) -> Any:
    """Prune while training: the share of zeros grows in the first half of the epochs."""

    def masks(model: Any, epoch: int) -> Any:
        progress = epoch / (epochs // 2)
        if progress > 1:
            return None
        now = polynomial_rate(progress, rate)
        return weight_masks(model, "magnitude", rate=now, scope="global")

    settings = replace(SETTINGS, epochs=epochs, alpha=0.5)
    data = bench.data
    return finetune(bench.original, data.train, data.validation, settings, task=data.task,
                    teacher=bench.original, masks=masks)  # fmt: skip


def _aware(bench: Bench, model: Any, bits: int, epochs: int) -> bytes:
    settings = replace(SETTINGS, epochs=epochs, learning_rate=3e-4)
    data = bench.data
    return quantize_aware(model, data.train, data.validation, settings, task=data.task,
                          weight_bits=bits, teacher=bench.original).tflite  # fmt: skip


def _kept(path: Path, make: Callable[[], Any]) -> Any:
    """Return what a path holds; made first if it is not there."""
    is_keras = path.suffix == ".keras"
    if not path.exists():
        set_seed(0)
        made = make()
        save_keras(made, path) if is_keras else path.write_bytes(made)
    return load_keras(path) if is_keras else path.read_bytes()


def _code_bytes(tflite: bytes) -> int:
    names = [entry.name for entry in registrations(read_model(tflite), KERNELS)]
    return runtime_bytes(names, CORE, KERNELS)


if __name__ == "__main__":
    main()
