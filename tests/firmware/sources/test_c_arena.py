"""The arena of the C runtime: how it compares with the head that TFLM plans."""

from pathlib import Path

import numpy as np
import pytest
from support.c_runtime import SANITIZERS, compiled, differing
from support.flatbuffer_models import Graph, Op, T, build, integers, options, zeros

from edgecompress.memory.arena.plan import plan_arena
from edgecompress.program.lower import lower
from edgecompress.tflite.reader import read_model


def _bytes(model: bytes) -> tuple[int, int]:
    """Return the arena of the C runtime, and TFLM's head with its reference kernels."""
    graph = read_model(model)
    head = plan_arena(graph, "cortex-m0plus", "reference").head_bytes
    return lower(graph).arena_bytes, head


def test_an_output_that_is_a_view_is_not_there_before_what_it_shows():
    tensors = {
        "x": T((1, 64)), "w": zeros((64, 64)), "a": T((1, 64)), "b": T((1, 64)),
        "to": integers(1, 8, 8), "y": T((1, 8, 8)),
    }  # fmt: skip
    dense = options("FullyConnectedOptions")
    ops = [
        Op("FULLY_CONNECTED", ["x", "w"], ["a"], dense),
        Op("FULLY_CONNECTED", ["a", "w"], ["b"], dense),
        Op("RESHAPE", ["b", "to"], ["y"], options("ReshapeOptions", newShape=[1, 8, 8])),
    ]
    assert _bytes(build(Graph(tensors, ops, ["x"], ["y"]))) == (128, 128)


def _kernels(model: bytes) -> list[str]:
    return [call.kernel for call in lower(read_model(model)).calls]


def _check(model: bytes, folder: Path) -> None:
    (c_model,) = compiled([model], folder, *SANITIZERS)
    assert differing(c_model, 100) == 0


@pytest.mark.parametrize("kind", ["INT8", "INT16"])
def test_padding_at_the_ends_of_what_is_reshaped_copies_nothing(tmp_path, kind):
    paddings = T((3, 2), "INT32", np.array([[0, 0], [2, 1], [0, 0]], np.int32), scale=None)
    tensors = {
        "x": T((1, 24), kind), "a": T((1, 24), kind), "to": integers(1, 6, 4), "paddings": paddings,
        "r": T((1, 6, 4), kind), "p": T((1, 9, 4), kind), "y": T((1, 9, 4), kind),
    }  # fmt: skip
    leaky = options("LeakyReluOptions", alpha=0.5)
    ops = [
        Op("LEAKY_RELU", ["x"], ["a"], leaky),
        Op("RESHAPE", ["a", "to"], ["r"], options("ReshapeOptions", newShape=[1, 6, 4])),
        Op("PAD", ["r", "paddings"], ["p"]),
        Op("LEAKY_RELU", ["p"], ["y"], leaky),
    ]
    model = build(Graph(tensors, ops, ["x"], ["y"]))
    assert "copy" not in _kernels(model)
    assert _kernels(model).count("fill") == 2
    _check(model, tmp_path)


def test_reshaped_parts_of_a_concatenation_are_not_copied(tmp_path):
    tensors = {
        "x": T((1, 8)), "a": T((1, 8)), "b": T((1, 8)), "to": integers(1, 2, 4),
        "r": T((1, 2, 4)), "s": T((1, 2, 4)), "c": T((1, 4, 4)), "y": T((1, 4, 4)),
    }  # fmt: skip
    reshaped = options("ReshapeOptions", newShape=[1, 2, 4])
    ops = [
        Op("LEAKY_RELU", ["x"], ["a"], options("LeakyReluOptions", alpha=0.5)),
        Op("RELU", ["a"], ["b"]),
        Op("RESHAPE", ["a", "to"], ["r"], reshaped),
        Op("RESHAPE", ["b", "to"], ["s"], reshaped),
        Op("CONCATENATION", ["s", "r"], ["c"], options("ConcatenationOptions", axis=1)),
        Op("RELU", ["c"], ["y"]),
    ]
    model = build(Graph(tensors, ops, ["x"], ["y"]))
    assert _kernels(model) == ["lookup_s8"] * 3
    _check(model, tmp_path)


def test_a_tensor_put_together_with_itself_is_copied_once(tmp_path):
    tensors = {
        "x": T((1, 8)), "a": T((1, 8)), "to": integers(1, 2, 4), "r": T((1, 2, 4)),
        "s": T((1, 2, 4)), "y": T((1, 4, 4)),
    }  # fmt: skip
    reshaped = options("ReshapeOptions", newShape=[1, 2, 4])
    ops = [
        Op("RELU", ["x"], ["a"]),
        Op("RESHAPE", ["a", "to"], ["r"], reshaped),
        Op("RESHAPE", ["a", "to"], ["s"], reshaped),
        Op("CONCATENATION", ["s", "r"], ["y"], options("ConcatenationOptions", axis=1)),
    ]
    model = build(Graph(tensors, ops, ["x"], ["y"]))
    assert _kernels(model).count("copy") == 1
    _check(model, tmp_path)


def test_published_models_take_no_more_than_the_head(shared_dir: Path):
    larger = {}
    for path in sorted((shared_dir / "models").rglob("*.tflite")):
        arena, head = _bytes(path.read_bytes())
        larger |= {path.stem: (arena, head)} if arena > head else {}
    assert larger == {}
