"""RESHAPE needs no second copy of its tensor where a plan says so: TFLM leaves it alone then."""

import numpy as np
from support.flatbuffer_models import Graph, Op, T, build, integers, options, zeros

from edgecompress.memory.arena.cross_check import verify
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.pack.pack import pack
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model


def reshaped(*, kept: bool) -> bytes:
    """Few channels, many, reshaped, few; `kept` if the tensor before is an output too."""
    tensors = {
        "x": T((1, 8, 8, 1)), "a": T((1, 8, 8, 24)), "b": T((1, 16, 4, 24)), "y": T((1, 16, 4, 2)),
        "w": zeros((24, 3, 3, 1), scale=0.25), "c": zeros((24,), "INT32", scale=0.125),
        "v": zeros((2, 1, 1, 24), scale=0.25), "d": zeros((2,), "INT32", scale=0.125),
        "shape": integers(1, 16, 4, 24),
    }  # fmt: skip
    same = options("Conv2DOptions", strideW=1, strideH=1, padding=0, dilationWFactor=1,
                   dilationHFactor=1)  # fmt: skip
    ops = [
        Op("CONV_2D", ["x", "w", "c"], ["a"], same),
        Op("RESHAPE", ["a", "shape"], ["b"]),
        Op("CONV_2D", ["b", "v", "d"], ["y"], same),
    ]
    return build(Graph(tensors, ops, ["x"], ["y", "a"] if kept else ["y"]))


def test_a_reshape_takes_its_tensor_once() -> None:
    model = reshaped(kept=False)
    packed = pack(model)
    before, after = (
        plan_arena(read_model(each), "cortex-m0plus", "reference") for each in (model, packed.model)
    )
    offsets = {buffer.tensor: buffer.offset_bytes for buffer in after.buffers}
    read, written = read_model(packed.model).main.operators[1].inputs[0], 2
    assert offsets[read] == offsets[written]
    many = 8 * 8 * 24
    assert before.head_bytes == 2 * many
    assert after.head_bytes == many + 8 * 8 * 2, "the second convolution's input and output"
    assert verify(packed.model).differences == ()
    image = [np.random.default_rng(0).integers(-99, 99, (5, 8, 8, 1)).astype(np.int8)]
    one, other = (run(each, image, "tflm", workers=1)[0] for each in (model, packed.model))
    assert np.array_equal(one, other)


def test_what_is_read_later_keeps_a_place_of_its_own() -> None:
    packed = pack(reshaped(kept=True))
    assert [step.done for step in packed.steps] == [True, False, False]
