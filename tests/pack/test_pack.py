"""Packed models: less arena, a smaller file, and the same answers of the TFLM interpreter."""

from contextlib import suppress
from random import Random

import numpy as np
import pytest
from support.random_branches import random_graph
from support.zoo import ZOO

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.keras_files.model import load_keras, set_seed
from edgecompress.memory.arena.cross_check import verify
from edgecompress.memory.arena.plan import Arena, plan_arena
from edgecompress.memory.arena.target import target_of
from edgecompress.pack.pack import FAMILIES, pack
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

MODELS = ["ic_resnet8_int8", "kws_dscnn_int8", "ad_autoencoder_int8"]
KERNELS = {"cortex-m0plus": "reference", "cortex-m4f": "cmsis-nn", "cortex-m55": "cmsis-nn"}


def inputs_of(model: bytes, count: int) -> list[np.ndarray]:
    main, random = read_model(model).main, np.random.default_rng(0)
    tensors = [main.tensors[index] for index in main.inputs]
    return [
        random.integers(-99, 99, (count, *tensor.shape)).astype(tensor.type.lower())
        for tensor in tensors
    ]


def check_same_answers(model: bytes, small: bytes, count: int) -> None:
    inputs = inputs_of(model, count)
    before, after = (run(each, inputs, "tflm", workers=1) for each in (model, small))
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)


def most_alive(arena: Arena) -> int:
    """The bytes of tensors and scratch in use at the worst time."""
    return max(
        sum(b.aligned_bytes for b in arena.buffers if b.first <= time <= b.last)
        for time in range(max(b.last for b in arena.buffers) + 1)
    )


@pytest.mark.parametrize("seed", range(200))
def test_random_graphs_take_no_more_memory_and_answer_the_same(seed: int) -> None:
    model = random_graph(seed, operators=3 + seed % 20, branching=(0.1, 0.4, 0.8)[seed % 3])
    packed = pack(model)
    assert packed.after.model_bytes <= packed.before.model_bytes + 4 * 100
    for core, arena_bytes in packed.after.arena_bytes.items():
        assert arena_bytes <= packed.before.arena_bytes[core]
        arena = plan_arena(read_model(packed.model), core, KERNELS[core])
        assert arena.min_bytes == arena_bytes
        assert arena.basis == "exact"
    assert verify(packed.model).differences == (), "TFLM allocates as fit says"
    check_same_answers(model, packed.model, 2)


@pytest.mark.parametrize("name", ZOO)
def test_every_operator_survives(name: str) -> None:
    model = ZOO[name]()
    packed = pack(model)
    assert verify(packed.model).differences == ()
    assert pack(packed.model).model == packed.model, "packing twice changes nothing"


@pytest.mark.parametrize("name", MODELS)
def test_published_models_answer_the_same(shared_dir, name: str) -> None:
    model = (shared_dir / f"models/mlperf_tiny/{name}.tflite").read_bytes()
    packed = pack(model)
    assert packed.after.model_bytes < packed.before.model_bytes
    check_same_answers(model, packed.model, 100)


def test_visual_wake_words_takes_what_one_layer_needs(shared_dir) -> None:
    float_model = load_keras(shared_dir / "models/mlperf_tiny/vww_mobilenetv1_025.h5")
    samples = np.random.default_rng(0).random((20, 96, 96, 3), np.float32)
    model = quantize(float_model, samples, judged=False)
    packed = pack(model)
    heads = [
        plan_arena(read_model(each), "cortex-m4f", "cmsis-nn").head_bytes
        for each in (model, packed.model)
    ]
    assert heads == [73_728, 55_296]
    assert max(packed.after.arena_bytes.values()) <= 85_300
    assert verify(packed.model).differences == ()
    check_same_answers(model, packed.model, 100)


@pytest.fixture(scope="module")
def mobile_net() -> bytes:
    """A MobileNet of a few layers whose widths grow as its images shrink, in int8."""
    from support.keras_graphs import mobile_net as made

    set_seed(0)
    samples = np.random.default_rng(0).random((20, 48, 48, 3), np.float32)
    return quantize(made(), samples, judged=False)


def test_a_mobile_net_takes_what_its_largest_layer_needs(mobile_net: bytes) -> None:
    packed = pack(mobile_net)
    arenas = {core: plan_arena(read_model(packed.model), core, KERNELS[core]) for core in FAMILIES}
    assert [step.done for step in packed.steps] == [False, False, True]
    pointwise = 24 * 24 * (8 + 16)
    assert arenas["cortex-m0plus"].head_bytes == arenas["cortex-m4f"].head_bytes == pointwise
    assert arenas["cortex-m55"].head_bytes == most_alive(arenas["cortex-m55"])
    for core in FAMILIES:
        assert packed.after.arena_bytes[core] < packed.before.arena_bytes[core]
    assert verify(packed.model).differences == ()
    check_same_answers(mobile_net, packed.model, 100)


def test_within_its_budget_a_model_is_given_no_plan(mobile_net: bytes) -> None:
    enough = max(pack(mobile_net).before.arena_bytes.values())
    assert pack(mobile_net, ram_budget_bytes=enough).model == mobile_net
    tight = pack(mobile_net, ram_budget_bytes=enough - 16)
    assert tight.model == pack(mobile_net).model


def test_one_core_is_enough(mobile_net: bytes) -> None:
    packed = pack(mobile_net, {"cortex-m4f": target_of("cortex-m4f", "cmsis-nn")})
    assert list(packed.after.arena_bytes) == ["cortex-m4f"]
    assert packed.after.arena_bytes["cortex-m4f"] < packed.before.arena_bytes["cortex-m4f"]


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ModelError):
        pack(b"no model at all")


def test_damaged_files_are_refused_or_packed() -> None:
    chance = Random(20)  # noqa: S311 - reproducible damage, not cryptography
    sound = pack(random_graph(seed=110, operators=12, branching=0.8)).model
    for _ in range(300):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with suppress(ModelError, UnsupportedModelError):
            pack(bytes(damaged[: chance.choice((-1, None, None))]))
