"""Run a .tflite on the host, in worker processes that never import TensorFlow.

TFLM's own interpreter is the default, because its outputs are the device's.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecompress.child import Child, ChildError
from edgecompress.errors import DataError, ToolError, UnsupportedModelError, UsageError
from edgecompress.tflite.affine import dequantize, quantize
from edgecompress.tflite.graph import Graph, Tensor
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.names import operator_name
from edgecompress.tflite.reader import read_model

Runtime = Literal["tflm", "auto", "litert", "tflite_runtime", "tf.lite"]
Inputs = NDArray[Any] | Sequence[NDArray[Any]]

# "auto" takes the first that works: LiteRT is TFLite's successor, tf.lite is due for deletion.
TFLITE_RUNTIMES = ("litert", "tflite_runtime", "tf.lite")
RUNTIMES: tuple[str, ...] = ("tflm", "auto", *TFLITE_RUNTIMES)

INSTALL = {
    "tflm": "pip install --pre tflite-micro",
    "litert": "pip install ai-edge-litert",
    "tflite_runtime": "pip install 'edgecompress[tflite-runtime]' (Python < 3.12, numpy < 2)",
    "tf.lite": "pip install tensorflow",
}
# Operators that keep something from one inference to the next.
_STATEFUL = {"ASSIGN_VARIABLE", "CALL_ONCE", "CUSTOM:CIRCULAR_BUFFER"}
_CHUNKS_PER_WORKER = 4  # so that a slow core does not hold up the rest
_CHUNK_BYTES = 1 << 25  # of inputs: quantized, they take several times as much for a moment
# What an interpreter's process may take of address space, and what of it may be tensors and
# constants: the arena is several times as large, so that nothing in it need be reused.
INTERPRETER_BYTES = 8 << 30
_MOST_TENSOR_BYTES = 1 << 28
# Processor time that is enough on a slow computer: to start, for runtimes that start TensorFlow,
# and to compute. TFLM's reference kernels do hundreds of millions of multiplications a second.
START_SECONDS = 5.0
_IMPORT_SECONDS = 30.0
_VALUES_PER_SECOND = 10_000_000


def predict(
    model: bytes, inputs: Inputs, runtime: Runtime = "tflm"
) -> tuple[NDArray[np.float32], ...]:
    """Return the model's outputs as real values, float32 [n, ...] each. Otherwise as `run`."""
    graph = read_model(model)
    outputs = run(model, inputs, runtime)
    tensors = [graph.main.tensors[index] for index in graph.main.outputs]
    return tuple(dequantize(v, t) for v, t in zip(outputs, tensors, strict=True))


def run(
    model: bytes, inputs: Inputs, runtime: Runtime = "tflm", *, workers: int | None = None
) -> tuple[NDArray[Any], ...]:
    """Run `model`, whose batch is one, on n samples.

    Args:
        model: a .tflite.
        inputs: [n, ...], or one such array for each input; floating-point values are quantized
            with the input's scale, integers are taken as they are.
        runtime: "tflm" (the device's answer), one of TFLITE_RUNTIMES, or "auto" for the first of
            those that works.
        workers: processes; as many as there are cores by default.

    Returns:
        One array [n, ...] for each output, of the output's own type.

    Raises:
        DataError: the inputs are not of the model's shape.
        UnsupportedModelError: the runtime cannot run the model; says what it said.
        ToolError: the runtime is not installed, or does not work here.
    """
    graph = read_model(model)
    arena_bytes, rows = _arena_bytes(graph), _rows(graph, inputs)
    name = chosen_runtime(runtime)
    job = (name, model, arena_bytes, _is_stateful(graph))
    children = _children(name)[:workers]
    idle: SimpleQueue[Child] = SimpleQueue()
    for child in children:
        idle.put(child)

    def work(chunk: list[NDArray[Any]]) -> list[NDArray[Any]]:
        quantized = _quantized(graph, chunk)
        child = idle.get()
        try:
            outputs: list[NDArray[Any]] = child.call(
                *job, quantized, cpu_seconds=_limit_seconds(graph, len(chunk[0]), name)
            )
        finally:
            idle.put(child)
        return outputs

    try:
        with ThreadPoolExecutor(len(children)) as pool:  # a thread only waits for its child
            parts = list(pool.map(work, _chunks(rows, len(children))))
    except ChildError as error:
        raise UnsupportedModelError(_refusal(name, graph, error)) from error
    return tuple(_joined(values) for values in zip(*parts, strict=True))


def run_sequence(model: bytes, inputs: Inputs) -> tuple[NDArray[Any], ...]:
    """Run samples one after another on TFLM, from the model's first state and keeping its state.

    Arguments, result and errors as of `run`.
    """
    graph = read_model(model)
    arena_bytes, rows = _arena_bytes(graph), _rows(graph, inputs)
    job = (chosen_runtime("tflm"), model, arena_bytes, False, _quantized(graph, rows))
    # Kernels may count on memory that nothing was in yet: CIRCULAR_BUFFER does.
    child = Child("edgecompress.tflite.runtimes:infer", INTERPRETER_BYTES)
    try:
        outputs = child.call(*job, cpu_seconds=_limit_seconds(graph, len(rows[0]), "tflm"))
    except ChildError as error:
        raise UnsupportedModelError(_refusal("tflm", graph, error)) from error
    finally:
        child.close()
    return tuple(_joined([values]) for values in outputs)


@cache
def chosen_runtime(runtime: str) -> str:
    """Return the runtime that `runtime` stands for, after trying a tiny model on it.

    Raises:
        UsageError: there is no runtime of this name.
        ToolError: none of those asked for works here.
    """
    if runtime not in RUNTIMES:
        raise UsageError(f"unknown runtime {runtime!r}; known are {', '.join(RUNTIMES)}")
    failures = []
    for name in TFLITE_RUNTIMES if runtime == "auto" else (runtime,):
        failure = probe_failure(name)
        if not failure:
            return name
        failures.append(f"{name}: {failure}; try: {INSTALL[name]}")
    raise ToolError(f"no interpreter works here. {'. '.join(failures)}")


def probe_failure(name: str) -> str:
    """Return why a runtime does not work here, or "" when it does."""
    try:
        works = Child("edgecompress.tflite.runtimes:probe").call(name)
    except ChildError as error:
        return str(error)
    return "" if works else "it computes wrong outputs"


@cache
def _children(runtime: str) -> tuple[Child, ...]:
    """Return the workers of a runtime; kept, because starting one takes a quarter second."""
    del runtime
    function = "edgecompress.tflite.runtimes:infer"
    return tuple(Child(function, INTERPRETER_BYTES) for _ in range(_cores()))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what a container or taskset leaves to us
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _rows(graph: Graph, inputs: Inputs) -> list[NDArray[Any]]:
    """Return an array for each input: a row is what one inference takes."""
    arrays = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
    tensors = [graph.main.tensors[index] for index in graph.main.inputs]
    if len(arrays) != len(tensors):
        raise DataError(f"the model has {len(tensors)} inputs, the data has {len(arrays)}")
    if len({len(values) for values in arrays}) != 1 or len(arrays[0]) == 0:
        raise DataError("the data holds no samples, or not as many for each input")
    for values, tensor in zip(arrays, tensors, strict=True):
        _check_row(values, tensor)
    return arrays


def _check_row(values: NDArray[Any], tensor: Tensor) -> None:
    if values[0].size != tensor.elements:
        raise DataError(
            f"samples have shape {values.shape[1:]}, the model's input {tensor.name!r} "
            f"has {tensor.shape}"
        )


def _quantized(graph: Graph, rows: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the quantized inputs, [n, 1, ...] each."""
    tensors = [graph.main.tensors[index] for index in graph.main.inputs]
    return [quantize(v, t).reshape(len(v), *t.shape) for v, t in zip(rows, tensors, strict=True)]


def _chunks(rows: list[NDArray[Any]], workers: int) -> list[list[NDArray[Any]]]:
    count = max(workers * _CHUNKS_PER_WORKER, sum(v.nbytes for v in rows) // _CHUNK_BYTES)
    count = min(len(rows[0]), count)
    split = [np.array_split(values, count) for values in rows]
    return [[values[index] for values in split] for index in range(count)]


def _joined(chunks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the chunks [k, 1, ...] as one array [n, ...], without the batch of one."""
    values = np.concatenate(chunks)
    return values[:, 0] if values.ndim > 2 and values.shape[1] == 1 else values  # noqa: PLR2004


def _is_stateful(graph: Graph) -> bool:
    return any(
        any(tensor.is_variable for tensor in subgraph.tensors)
        or any(operator.op in _STATEFUL for operator in subgraph.operators)
        for subgraph in graph.subgraphs
    )


def _arena_bytes(graph: Graph) -> int:
    """Return an arena that no host interpreter can find too small: nothing in it is reused.

    Raises:
        UnsupportedModelError: it would take more than an interpreter is given.
    """
    tensors = [tensor for subgraph in graph.subgraphs for tensor in subgraph.tensors]
    activations = sum(tensor.size_bytes + 1024 for tensor in tensors if tensor.data is None)
    if activations + graph.size_bytes > _MOST_TENSOR_BYTES:
        raise UnsupportedModelError(
            f"the model's tensors and its file take {activations + graph.size_bytes:,} bytes; no "
            f"more than {_MOST_TENSOR_BYTES:,} are run here, and no microcontroller has as much"
        )
    return 4 * (activations + graph.size_bytes) + (1 << 20)


def _limit_seconds(graph: Graph, samples: int, runtime: str) -> float:
    """Return the processor time of inferences: one that does not end is a damaged model's."""
    values = sum(tensor.elements for s in graph.subgraphs for tensor in s.tensors)
    start = START_SECONDS if runtime == "tflm" else _IMPORT_SECONDS
    return start + samples * (graph_macs(graph) + values) / _VALUES_PER_SECOND


def _refusal(runtime: str, graph: Graph, error: ChildError) -> str:
    said = " ".join(line.strip() for line in error.log.splitlines()[-3:] if line.strip())
    named = {
        operator_name(graph.main, operator)
        for operator in graph.main.operators
        if f"'{operator.op}'" in said
    }
    where = f"; the operators meant: {', '.join(sorted(named))}" if named else ""
    return f"{runtime} cannot run this model: {error}. It said: {said or 'nothing'}{where}"
