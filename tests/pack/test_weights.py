"""Encoded weights: less flash where it binds, the same answers, an arena that is known."""

import numpy as np
import pytest
from support.flatbuffer_models import Graph, Op, T, build, options

from edgecompress.errors import UnsupportedModelError
from edgecompress.memory.arena.cross_check import verify
from edgecompress.memory.arena.target import target_of
from edgecompress.pack.decode import weights_of
from edgecompress.pack.pack import FAMILIES, pack
from edgecompress.pack.weights import Limits, flash_bytes, pack_weights
from edgecompress.program.lower import lower
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

M4F = {"cortex-m4f": target_of("cortex-m4f", "cmsis-nn")}
TIGHT = Limits(flash_bytes=1)
SAME = 0


def sparse(shape: tuple[int, ...], axis: int, type_: str = "INT8", kept: float = 0.1) -> T:
    """Weights of which most are zero, with a scale for each channel."""
    random = np.random.default_rng(len(shape))
    values = random.integers(-7, 8, shape) * (random.random(shape) < kept)
    scales = [0.01 * (1 + i % 5) for i in range(shape[axis])]
    return T(shape, type_, values.astype(np.int8), scale=scales, axis=axis)


def network(kept: float = 0.1, channels: int = 96) -> bytes:
    """A convolution, one that reads it twice, a depthwise one and a dense layer."""
    image = (1, 6, 6, channels)
    bias = lambda n: T((n,), "INT32", np.arange(n, dtype=np.int32), scale=0.005)  # noqa: E731
    tensors = {
        "x": T((1, 6, 6, 8)), "w0": sparse((channels, 3, 3, 8), 0, kept=kept), "b0": bias(channels),
        "w1": sparse((channels, 3, 3, channels), 0, kept=kept), "b1": bias(channels),
        "w2": sparse((1, 3, 3, channels), 3, kept=kept), "b2": bias(channels),
        "w3": sparse((10, 36 * channels), 0, kept=kept), "b3": bias(10),
        "a": T(image), "c": T(image), "d": T(image), "e": T(image), "y": T((1, 10)),
    }  # fmt: skip
    window = {"strideW": 1, "strideH": 1, "padding": SAME, "dilationWFactor": 1,
              "dilationHFactor": 1}  # fmt: skip
    conv = options("Conv2DOptions", **window)
    ops = [
        Op("CONV_2D", ["x", "w0", "b0"], ["a"], conv),
        Op("CONV_2D", ["a", "w1", "b1"], ["c"], conv),
        Op("DEPTHWISE_CONV_2D", ["c", "w2", "b2"], ["d"],
           options("DepthwiseConv2DOptions", depthMultiplier=1, **window)),
        Op("CONV_2D", ["d", "w1", "b1"], ["e"], conv),
        Op("FULLY_CONNECTED", ["e", "w3", "b3"], ["y"], options("FullyConnectedOptions")),
    ]  # fmt: skip
    return build(Graph(tensors, ops, ["x"], ["y"]))


@pytest.fixture(scope="module")
def model() -> bytes:
    return network()


def check_same_answers(model: bytes, small: bytes) -> None:
    main = read_model(model).main
    shape = main.tensors[main.inputs[0]].shape
    noise = np.random.default_rng(0).integers(-128, 128, (20, *shape)).astype(np.int8)
    before, after = (run(each, [noise], "tflm", workers=1) for each in (model, small))
    assert len(np.unique(before[0])) > 10
    assert np.array_equal(before[0], after[0])


def decodes(model: bytes) -> int:
    return sum(op.op == "CUSTOM:TFLM_DECODE" for op in read_model(model).main.operators)


def test_answers_stay_and_the_arena_is_known_to_the_byte(model: bytes) -> None:
    packed = pack(model, M4F, limits=TIGHT)
    assert packed.after.model_bytes < packed.before.model_bytes / 3
    assert decodes(packed.model) == 4, "one for each tensor, also for that of two readers"
    check_same_answers(model, packed.model)
    assert verify(packed.model).differences == ()
    step = next(step for step in packed.steps if step.name == "weights")
    assert step.done
    assert "DECODE counted" in step.what
    assert flash_bytes(packed.model, M4F) < flash_bytes(model, M4F)


def test_packing_twice_changes_nothing(model: bytes) -> None:
    once = pack(model, M4F, limits=TIGHT).model
    assert pack(once, M4F, limits=TIGHT).model == once


def test_nothing_is_encoded_where_flash_does_not_bind(model: bytes) -> None:
    room = Limits(flash_bytes=flash_bytes(model, M4F))
    for limits in (Limits(), room):
        assert pack_weights(model, M4F, limits) is None
        assert decodes(pack(model, M4F, limits=limits).model) == 0


def test_no_more_is_encoded_than_the_budget_wants(model: bytes) -> None:
    least = pack_weights(model, M4F, TIGHT)
    assert least is not None
    budget = flash_bytes(model, M4F) - 1000
    some = pack_weights(model, M4F, Limits(budget))
    assert some is not None
    assert some.done
    assert 1 <= decodes(some.model) < decodes(least.model)
    assert flash_bytes(some.model, M4F) <= budget


def test_the_arena_grows_no_further_than_it_may(model: bytes) -> None:
    free = pack(model, M4F, limits=TIGHT)
    arena = free.arena_bytes - 1
    bound = pack(model, M4F, limits=Limits(1, arena))
    assert bound.arena_bytes <= arena
    assert 0 < decodes(bound.model) < decodes(free.model)
    check_same_answers(model, bound.model)


def test_what_saves_less_than_the_code_of_decode_is_left(model: bytes) -> None:
    del model
    for small in (network(channels=1), network(kept=0.99)):
        before = flash_bytes(small, M4F)
        found = pack_weights(small, M4F, TIGHT)
        assert found is not None
        assert not found.done or flash_bytes(found.model, M4F) < before
    tiny = pack(network(channels=1), M4F, limits=TIGHT)
    step = next(step for step in tiny.steps if step.name == "weights")
    assert not step.done
    assert "the code of DECODE takes" in step.what
    assert decodes(tiny.model) == 0


def test_int8_kernels_do_where_no_int4_is_left() -> None:
    """CMSIS-NN's kernel for both types, which a model with both registers, is larger."""
    layer = T((1, 6, 6, 8))
    random = np.random.default_rng(0)
    tensors = {
        "x": layer,
        "a": layer,
        "c": layer,
        "b": T((8,), "INT32", np.arange(8, dtype=np.int32)),
    }
    for name, kept in (("large", 0.2), ("small", 1)):
        steps = random.integers(-7, 8, 576) * (random.random(576) < kept)
        nibbles = (steps[0::2] & 15 | (steps[1::2] & 15) << 4).astype(np.uint8)
        tensors[name] = T((8, 3, 3, 8), "INT4", nibbles, scale=[0.02] * 8)
    conv = options("Conv2DOptions", strideW=1, strideH=1, padding=SAME, dilationWFactor=1,
                   dilationHFactor=1)  # fmt: skip
    ops = [Op("CONV_2D", ["x", "large", "b"], ["a"], conv),
           Op("CONV_2D", ["a", "small", "b"], ["c"], conv)]  # fmt: skip
    model = build(Graph(tensors, ops, ["x"], ["c"]))
    packed = pack(model, M4F, limits=TIGHT)
    assert decodes(packed.model) == 2
    assert {t.type for t in read_model(packed.model).main.tensors} == {"INT8", "INT32", "UINT8"}
    assert flash_bytes(packed.model, M4F) < flash_bytes(model, M4F) - 8000
    check_same_answers(model, packed.model)


def test_all_families_at_once(model: bytes) -> None:
    packed = pack(model, FAMILIES, limits=TIGHT)
    assert decodes(packed.model)
    assert flash_bytes(packed.model, FAMILIES) < flash_bytes(model, FAMILIES)


def test_only_constants_that_kernels_read_while_they_run(model: bytes) -> None:
    main = read_model(model).main
    shapes = [tensor.shape for tensor, _ in weights_of(read_model(model))]
    assert shapes == [tensor.shape for tensor in main.tensors if tensor.type == "INT8"
                      and tensor.data is not None]  # fmt: skip
    assert all(len(shape) > 1 for shape in shapes), "no biases"


def test_the_c_runtime_refuses_it_with_a_reason(model: bytes) -> None:
    with pytest.raises(UnsupportedModelError, match="DECODE"):
        lower(read_model(pack(model, M4F, limits=TIGHT).model))
