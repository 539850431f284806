"""ESP-NN's requests against its own sources and against arenas published from real chips.

Scratch sizes are what esp_nn_get_*_scratch_size of esp-nn d45b843c return, compiled for a PC.
"""

from pathlib import Path

import pytest
from support.flatbuffer_models import T, one, options
from support.tiny_models import SAME, VALID, conv, dense, depthwise, pool

from edgecompress.memory.arena.plan import Arena, plan_arena
from edgecompress.memory.arena.target import target_of
from edgecompress.tflite.reader import read_model

S3, P4, GENERIC = "xtensa-lx7", "rv32imafc", ("xtensa-lx6", "rv32imc", "rv32imac")

# arena_used_bytes() on an ESP32 with esp-tflite-micro: mcufit-bench 88f8d23 results/results.jsonl.
SILICON = {"kws_dscnn_int8": 22_780, "ic_resnet8_int8": 54_364, "ad_autoencoder_int8": 2_380}

# Image, filter, filters, stride, padding -> scratch on the S3 and on the P4.
CONVOLUTIONS = [
    ((25, 5, 64), (1, 1), 64, 1, SAME, 5184, 5152),
    ((7, 1, 12), (1, 1), 16, 1, SAME, 432, 384),
    ((9, 9, 12), (1, 1), 16, 1, SAME, 1872, 384),
    ((49, 10, 1), (10, 4), 64, 2, SAME, 3472, 328),
    ((32, 32, 3), (3, 3), 16, 1, SAME, 704, 123),
    ((32, 32, 16), (3, 3), 16, 1, SAME, 41_728, 240),
    ((32, 32, 16), (3, 3), 32, 2, SAME, 27_904, 4768),
    ((16, 16, 8), (3, 3), 8, 1, VALID, 2016, 1216),
    ((64, 64, 1), (3, 3), 8, 1, SAME, 10_344, 5572),
    ((96, 96, 1), (3, 3), 8, 2, SAME, 11_236, 148_672),
    ((224, 224, 1), (3, 3), 8, 1, SAME, 103_784, 37_376),
]
# Image, filter, stride, channel multiplier -> scratch on the S3.
DEPTHWISE = [
    ((25, 5, 64), (3, 3), 1, 1, 12_688),
    ((48, 48, 8), (3, 3), 1, 1, 37_040),
    ((48, 48, 16), (3, 3), 2, 1, 40_160),
    ((64, 64, 16), (3, 3), 1, 1, 3328),
    ((24, 24, 24), (3, 3), 1, 1, 43_872),
    ((10, 10, 16), (5, 5), 1, 1, 4032),
    ((40, 40, 32), (5, 5), 1, 1, 14_432),
    ((10, 10, 6), (3, 3), 1, 1, 2656),
    ((10, 10, 2), (3, 3), 1, 4, 576),
    ((10, 10, 1), (3, 3), 1, 2, 32),
]


def plan(content: bytes, core: str, kernels: str = "esp-nn") -> Arena:
    return plan_arena(read_model(content), core, kernels)


def scratch(content: bytes, core: str) -> tuple[int, ...]:
    return plan(content, core).operators[0].scratch_bytes


@pytest.mark.parametrize("name", SILICON)
def test_arena_on_an_esp32_is_the_one_measured_on_the_chip(shared_dir: Path, name: str) -> None:
    graph = read_model(shared_dir / "models" / "mlperf_tiny" / f"{name}.tflite")
    arena = plan_arena(graph, "xtensa-lx6", "esp-nn")
    assert arena.used_bytes == SILICON[name]
    assert arena.min_bytes >= SILICON[name]
    for core in (*GENERIC[1:], S3, P4):
        assert plan_arena(graph, core, "esp-nn").min_bytes >= arena.min_bytes, core


@pytest.mark.parametrize(
    ("image", "kernel", "filters", "stride", "padding", "s3", "p4"), CONVOLUTIONS
)
def test_scratch_of_convolutions(
    image: tuple[int, int, int], kernel: tuple[int, int], filters: int, stride: int, padding: int,
    s3: int, p4: int,
) -> None:  # fmt: skip
    content = conv(image, kernel, filters, stride=stride, padding=padding)
    assert scratch(content, S3) == (s3,)
    assert scratch(content, P4) == (p4,)
    assert {scratch(content, core) for core in GENERIC} == {()}


@pytest.mark.parametrize(("image", "kernel", "stride", "multiplier", "s3"), DEPTHWISE)
def test_scratch_of_depthwise_convolutions(
    image: tuple[int, int, int], kernel: tuple[int, int], stride: int, multiplier: int, s3: int
) -> None:
    content = depthwise(image, kernel, stride=stride, multiplier=multiplier)
    assert scratch(content, S3) == (s3,)
    assert {scratch(content, core) for core in (P4, *GENERIC)} == {()}


def test_softmax_takes_four_bytes_for_each_element_of_a_row_on_every_chip() -> None:
    output = T((1, 12), scale=1 / 256, zero_point=-128)
    content = one("SOFTMAX", [T((1, 12))], [output], options("SoftmaxOptions", beta=1.0))
    assert {scratch(content, core) for core in (S3, P4, *GENERIC)} == {(48,)}


def test_only_int8_activations_take_scratch() -> None:
    for core in (S3, P4):
        assert scratch(conv((9, 9, 8), (3, 3), 8, activations="INT16", bias="INT64"), core) == ()


@pytest.mark.parametrize("content", [dense((1, 20), 7), pool("AVERAGE_POOL_2D", (8, 8, 4), 2)])
def test_other_kernels_allocate_what_the_reference_kernels_do(content: bytes) -> None:
    ours, reference = plan(content, S3), plan(content, S3, "reference")
    assert (ours.used_bytes, ours.min_bytes) == (reference.used_bytes, reference.min_bytes)


def test_a_core_that_is_not_known_gets_the_larger_scratch() -> None:
    assert target_of("xtensa-lx8", "esp-nn") == target_of(S3, "esp-nn")
    assert target_of("rv32imafcv", "esp-nn") == target_of(P4, "esp-nn")
    # The reference kernels have no vector variants.
    assert target_of(S3, "reference") == target_of("xtensa-lx6", "reference")


def test_the_estimate_names_what_it_was_read_from() -> None:
    arena = plan(conv((9, 9, 8), (3, 3), 8), "xtensa-lx6")
    assert arena.basis == "estimated"
    reasons = " ".join(arena.why_estimated)
    assert "not measured" in reasons
    assert "esp-nn d45b843c" in reasons
    assert "esp-tflite-micro 99f49e14" in reasons
