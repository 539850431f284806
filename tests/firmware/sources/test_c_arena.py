"""The arena of the C runtime: how it compares with the head that TFLM plans."""

from pathlib import Path

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


def test_published_models_take_no_more_than_the_head(shared_dir: Path):
    larger = {}
    for path in sorted((shared_dir / "models").rglob("*.tflite")):
        arena, head = _bytes(path.read_bytes())
        larger |= {path.stem: (arena, head)} if arena > head else {}
    assert larger == {}
