"""Models as firmware of the C runtime, compiled for this machine and called from Python."""

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.board import load_board
from edgecompress.files import write_tree
from edgecompress.firmware.sources.generate import ModelSource, generate
from edgecompress.tflite.affine import quantize
from edgecompress.tflite.interpreter import run, run_sequence
from edgecompress.tflite.reader import read_model

SANITIZERS = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Werror")


@dataclass(frozen=True)
class CModel:
    """A model of a compiled library."""

    name: str
    library: ctypes.CDLL
    content: bytes

    def __call__(self, *inputs: NDArray[Any], resets: bool = False) -> tuple[NDArray[Any], ...]:
        """Run samples [n, ...] one after another, as arrays of the model's own types.

        The model begins anew, and with `resets` each sample does.
        """
        graph = read_model(self.content)
        tensors = [graph.main.tensors[i] for i in graph.main.outputs]
        outputs = [np.zeros((len(inputs[0]), *t.shape), np.dtype(t.type.lower())) for t in tensors]
        assert self._function("init", ctypes.c_int)() == 0
        for row in range(len(inputs[0])):
            assert not resets or self._function("reset", ctypes.c_int)() == 0
            for i, values in enumerate(inputs):
                sample = np.ascontiguousarray(values[row])
                place = self._function("input", ctypes.c_void_p)(i)
                ctypes.memmove(place, sample.ctypes.data, sample.nbytes)
            assert self._function("invoke", ctypes.c_int)() == 0
            for i, values in enumerate(outputs):
                place = self._function("output", ctypes.c_void_p)(i)
                content = ctypes.string_at(place, values[row].nbytes)
                values[row] = np.frombuffer(content, values.dtype).reshape(values[row].shape)
        return tuple(outputs)

    def _function(self, name: str, result: Any) -> Any:
        function = getattr(self.library, f"{self.name}_{name}")
        function.restype = result
        function.argtypes = [ctypes.c_size_t] if name in ("input", "output") else []
        return function


def compiled(models: Sequence[bytes], folder: Path, *flags: str) -> list[CModel]:
    """Return models generated as one project and compiled into one library."""
    sources = [ModelSource(model) for model in models]
    board = load_board("mps2_an386")
    files = generate(sources, board, "host", "zoo", vectors=1, runtime="c")
    write_tree(folder, files, force=True)
    library = folder / "models.so"
    code = sorted(str(p) for p in (folder / "src").rglob("*.c") if p.name != "main.c")
    subprocess.run(
        ["gcc", "-std=c99", "-O1", *STRICT, *flags, "-shared", "-fPIC",
         f"-I{folder / 'src'}", *code, "-o", str(library)],
        check=True,
    )  # fmt: skip
    loaded = ctypes.CDLL(str(library))
    names = sorted(p.name.removesuffix("_model.c") for p in (folder / "src").glob("*_model.c"))
    order = sorted(names, key=lambda name: [int(part) for part in name.split("_")[1:]])
    return [CModel(n, loaded, m) for n, m in zip(order, models, strict=True)]


def noise(model: bytes, count: int, seed: int = 0) -> list[NDArray[Any]]:
    """Return `count` inputs of a model over the whole range of its types, the ends included."""
    random = np.random.default_rng(seed)
    graph = read_model(model)
    return [_values(graph.main.tensors[i], count, random) for i in graph.main.inputs]


def _values(tensor: Any, count: int, random: np.random.Generator) -> NDArray[Any]:
    shape = (count, *tensor.shape)
    if tensor.type == "INT32" and tensor.quantization and tensor.quantization.scales:
        return random.integers(-(1 << 20), 1 << 20, shape, np.int32)
    if tensor.type not in ("INT8", "INT16", "UINT8"):
        return random.integers(0, 2, shape).astype(np.dtype(tensor.type.lower()))
    limits = np.iinfo(tensor.type.lower())
    values = random.integers(limits.min, limits.max, shape, limits.dtype, endpoint=True)
    if count > 2:
        values[0], values[1] = limits.min, limits.max
        values[2] = random.choice([limits.min, limits.max], shape[1:])
    return values


def differing(model: CModel, count: int = 20) -> int:
    """Count the output elements that differ from those of TFLM's interpreter."""
    return differing_on(model, noise(model.content, count))


def differing_on(model: CModel, samples: Sequence[NDArray[Any]]) -> int:
    """Count as `differing` does on samples [n, ...] for each input, real ones or integers."""
    graph = read_model(model.content)
    tensors = [graph.main.tensors[i] for i in graph.main.inputs]
    inputs = [quantize(v, t) for v, t in zip(samples, tensors, strict=True)]
    expected = run(model.content, inputs, workers=1)
    actual = model(*inputs)
    return sum(int((a.ravel() != b.ravel()).sum()) for a, b in zip(expected, actual, strict=True))


def differing_in_sequence(model: CModel, count: int = 20) -> int:
    """Count as `differing` does for a model with states: kept over inferences, and reset.

    First all inputs run as one sequence, then each from the first state.
    """
    inputs = noise(model.content, count)
    kept = zip(run_sequence(model.content, inputs), model(*inputs), strict=True)
    anew = zip(run(model.content, inputs, workers=1), model(*inputs, resets=True), strict=True)
    pairs = [*kept, *anew]
    return sum(int((a.ravel() != b.ravel()).sum()) for a, b in pairs)
