"""Golden test vectors: inputs, and the outputs TFLM's own interpreter computes for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Inputs, arrays_of
from edgecompress.errors import DataError, UnsupportedModelError, UsageError
from edgecompress.tflite.affine import quantize
from edgecompress.tflite.graph import Graph, Tensor
from edgecompress.tflite.interpreter import run, run_sequence

# TFLM's reference kernel of these keeps its state from one inference to the next, CMSIS-NN's
# clears it (kernels/lstm_eval_common.cc; CMSIS-NN arm_lstm_unidirectional_s8.c): they agree on
# inferences that each start anew.
_KEPT_BY_SOME_KERNELS = frozenset({"UNIDIRECTIONAL_SEQUENCE_LSTM"})
_MOST_BYTES = 1 << 22  # of the vectors of a model


@dataclass(frozen=True)
class GoldenVectors:
    """`inputs[i]` holds all vectors of input i, shape [count, *tensor shape]; outputs likewise."""

    count: int
    inputs: tuple[NDArray[Any], ...]
    outputs: tuple[NDArray[Any], ...]
    origin: str

    @property
    def size_bytes(self) -> int:
        """What all inputs and outputs take as constants of the firmware."""
        return sum(values.nbytes for values in (*self.inputs, *self.outputs))


def golden_vectors(
    model: bytes, graph: Graph, *, count: int, seed: int, samples: Inputs | None = None
) -> GoldenVectors:
    """Run `count` inputs through the TFLM interpreter.

    They run in order, from the model's first state; each from the first state where
    `starts_anew(graph)`.

    Args:
        model: the .tflite file.
        graph: the same model, read.
        count: number of vectors, at least 1.
        seed: of the noise that is the input when no samples are given.
        samples: real inputs in the model's own units before quantization, [n, ...] (a tuple
            of such arrays for several inputs); the first `count` are taken.

    Raises:
        DataError: the samples do not have the input's shape, or there are too few.
        UnsupportedModelError: TFLM refuses the model, or a vector of it is too large for firmware.
        UsageError: all vectors together are.
    """
    tensors = [graph.main.tensors[index] for index in graph.main.inputs]
    _check_size([*tensors, *(graph.main.tensors[index] for index in graph.main.outputs)], count)
    if samples is None:
        random = np.random.default_rng(seed)
        inputs = tuple(_noise(tensor, count, random) for tensor in tensors)
        origin = f"Inputs: uniform noise, seed {seed}."
    else:
        inputs = _quantized(arrays_of(samples), tensors, count)
        origin = "Inputs: samples of the user's data."
    outputs = run(model, inputs, workers=1) if starts_anew(graph) else run_sequence(model, inputs)
    return GoldenVectors(count, inputs, outputs, origin)


def _check_size(tensors: list[Tensor], count: int) -> None:
    """Refuse vectors that would be larger than the flash they are to lie in."""
    each = sum(tensor.size_bytes for tensor in tensors)
    if each > _MOST_BYTES:
        raise UnsupportedModelError(
            f"inputs and outputs of the model take {each:,} bytes, and test vectors are constants "
            f"of the firmware: {_MOST_BYTES:,} bytes are the most"
        )
    if count * each > _MOST_BYTES:
        raise UsageError(
            f"{count} test vectors take {count * each:,} bytes as constants of the firmware; "
            f"{_MOST_BYTES:,} are the most: --vectors {_MOST_BYTES // each} or fewer"
        )


def _quantized(
    samples: tuple[NDArray[Any], ...], tensors: list[Tensor], count: int
) -> tuple[NDArray[Any], ...]:
    """Return the first `count` samples of each input as its tensor holds them."""
    if len(samples) != len(tensors):
        raise DataError(f"the model has {len(tensors)} inputs, the data has {len(samples)}")
    known = len(samples[0])
    if known < count:
        raise DataError(f"{count} test vectors asked for, but the data has {known} samples")
    return tuple(
        quantize(values[:count].astype(np.float32), tensor)
        for values, tensor in zip(samples, tensors, strict=True)
    )


def starts_anew(graph: Graph) -> bool:
    """Say whether the model has to be reset before each test vector."""
    return any(o.op in _KEPT_BY_SOME_KERNELS for s in graph.subgraphs for o in s.operators)


def _noise(tensor: Tensor, count: int, random: np.random.Generator) -> NDArray[Any]:
    shape = (count, *tensor.shape)
    if tensor.type in {"INT8", "UINT8", "INT16"}:
        limits = np.iinfo(tensor.type.lower())
        return random.integers(limits.min, limits.max, shape, limits.dtype, endpoint=True)
    # Wider integers and booleans are indices and switches: any tensor has elements 0 and 1.
    return random.integers(0, 2, shape).astype(tensor.type.lower())
