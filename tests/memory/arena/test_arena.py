"""The arena against TFLM itself, measured on emulated Cortex-M: every figure to the byte."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from support import DATA
from support.flatbuffer_models import Graph, Op, T, build, one, options
from support.tiny_models import SAME, VALID, batch_matmul, conv, dense, residual, transpose_conv
from support.zoo import ZOO

from edgecompress.errors import ModelError, UnsupportedModelError, UsageError
from edgecompress.memory.arena.defects import known_defects
from edgecompress.memory.arena.plan import plan_arena, plan_for
from edgecompress.memory.arena.planner import Requirement, plan
from edgecompress.memory.arena.target import target_of
from edgecompress.program.placement.request import size_of
from edgecompress.tflite.reader import read_model

TRUTH = json.loads((DATA / "arena_truth.json").read_text(encoding="utf-8"))["records"]
MEASURED_ZOO = DATA / "arena_zoo.json"


@pytest.mark.parametrize("record", TRUTH, ids=lambda r: f"{r['core']}-{Path(r['model']).stem}")
def test_arena_equals_the_measured_one(shared_dir: Path, record: dict[str, Any]) -> None:
    graph = read_model(shared_dir / "models" / record["model"])
    assert graph.sha256 == record["model_sha256"]
    arena = plan_arena(graph, record["core"], record["kernels"])
    assert arena.basis == "exact"
    for figure in ("used_bytes", "min_bytes", "head_bytes", "tail_bytes"):
        assert getattr(arena, figure) == record[figure], figure


@pytest.mark.parametrize("record", TRUTH, ids=lambda r: f"{r['core']}-{Path(r['model']).stem}")
def test_recorded_sections_equal_the_measured_ones(
    shared_dir: Path, record: dict[str, Any]
) -> None:
    graph = read_model(shared_dir / "models" / record["model"])
    target = target_of(record["core"], record["kernels"])
    sections = plan_for(graph, target, recording=True).sections
    predicted = {
        name: {"requested": s.requested_bytes, "used": s.used_bytes, "count": s.count}
        for name, s in sections.items()
    }
    assert predicted == record["recorded"]


@pytest.mark.parametrize("name", json.loads(MEASURED_ZOO.read_text(encoding="utf-8"))["records"])
def test_arena_of_each_operator_equals_the_measured_one(name: str) -> None:
    records = json.loads(MEASURED_ZOO.read_text(encoding="utf-8"))["records"][name]
    graph = read_model(ZOO[name]())
    for core, measured in records.items():
        kernels = "reference" if core == "cortex-m0plus" else "cmsis-nn"
        arena = plan_arena(graph, core, kernels)
        assert [arena.used_bytes, arena.min_bytes, arena.head_bytes] == measured, core
        assert arena.basis == "exact"


def test_every_operator_of_the_zoo_was_measured() -> None:
    records = json.loads(MEASURED_ZOO.read_text(encoding="utf-8"))["records"]
    assert set(records) == set(ZOO)


def test_where_cmsis_nn_reads_what_tflm_did_not_set_an_upper_bound_is_given() -> None:
    graph = read_model(ZOO["depthwise_1d_one_channel"]())
    arena = plan_arena(graph, "cortex-m55", "cmsis-nn")
    # Measured: 836 bytes used by one build; another stride on the stack, another figure.
    assert arena.basis == "estimated"
    assert arena.used_bytes >= 836


def test_of_equal_buffers_the_last_is_placed_first() -> None:
    # TFLM's tie rule: with the other order the two swap their places.
    requirements = [Requirement(64, 0, 2), Requirement(64, 1, 3), Requirement(128, 2, 2)]
    offsets = plan(requirements)
    assert offsets == [192, 128, 0]
    assert size_of(requirements, offsets) == 256


def test_an_offline_plan_is_honoured() -> None:
    greedy = plan_arena(read_model(residual()), "cortex-m4f", "cmsis-nn")
    fixed = plan_arena(read_model(residual(offline=True)), "cortex-m4f", "cmsis-nn")
    offsets = {buffer.name: buffer.offset_bytes for buffer in fixed.buffers}
    assert [offsets[name] for name in "xabc"] == [0, 256, 512, 1024]
    assert fixed.head_bytes > greedy.head_bytes


def test_an_offline_plan_of_another_model_is_refused() -> None:
    tensors = {"x": T((1, 4)), "y": T((1, 4))}
    graph = Graph(tensors, [Op("RELU", ["x"], ["y"])], ["x"], ["y"])
    content = build(graph, metadata={"OfflineMemoryAllocation": bytes(12)})
    with pytest.raises(ModelError, match="plan of another model"):
        plan_arena(read_model(content), "cortex-m4f", "cmsis-nn")


def test_planned_buffers_never_overlap() -> None:
    for name, make in ZOO.items():
        if name == "residual_offline":
            continue
        buffers = plan_arena(read_model(make()), "cortex-m55", "cmsis-nn").buffers
        for i, one_buffer in enumerate(buffers):
            for other in buffers[:i]:
                in_time = one_buffer.first <= other.last and other.first <= one_buffer.last
                apart = (
                    one_buffer.offset_bytes + one_buffer.aligned_bytes <= other.offset_bytes
                    or other.offset_bytes + other.aligned_bytes <= one_buffer.offset_bytes
                )
                assert apart or not in_time, name


def test_cores_without_a_measurement_are_estimated_and_say_so() -> None:
    graph = read_model(dense((1, 20), 7))
    arena = plan_arena(graph, "xtensa-lx7", "esp-nn")
    assert arena.basis == "estimated"
    assert "measured" in arena.why_estimated[0]
    assert arena.min_bytes >= plan_arena(graph, "xtensa-lx7", "reference").min_bytes
    assert plan_arena(graph, "rv32imc", "reference").basis == "estimated"


@pytest.mark.parametrize(
    ("core", "kernels", "message"),
    [
        ("cortex-m99", "reference", "unknown core"),
        ("z80", "reference", "unknown core"),
        ("cortex-m4f", "fast", "unknown kernel library"),
        ("xtensa-lx6", "cmsis-nn", "CMSIS-NN runs on Cortex-M"),
        ("cortex-m4f", "esp-nn", "ESP-NN runs on ESP32"),
    ],
)
def test_unknown_targets_are_refused(core: str, kernels: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_arena(read_model(dense((1, 4), 2)), core, kernels)


def test_an_operator_tflm_lacks_is_refused() -> None:
    graph = read_model(one("GELU", [T((1, 4))], [T((1, 4))], options("GeluOptions")))
    with pytest.raises(UnsupportedModelError, match="GELU"):
        plan_arena(graph, "cortex-m4f", "cmsis-nn")


def test_planning_is_cheap_enough_for_a_search(shared_dir: Path) -> None:
    graph = read_model(shared_dir / "models" / "mlperf_tiny" / "ic_resnet8_int8.tflite")
    start = time.process_time()
    for _ in range(20):
        plan_arena(graph, "cortex-m4f", "cmsis-nn")
    assert (time.process_time() - start) / 20 < 0.05


def _defects(model: bytes, core: str = "cortex-m4f", kernels: str = "cmsis-nn") -> tuple[str, ...]:
    return known_defects(read_model(model), target_of(core, kernels))


@pytest.mark.parametrize(
    ("kernel", "stride", "channels", "wrong"),
    [(4, 2, 3, True), (5, 2, 3, True), (5, 3, 3, True), (5, 3, 17, True), (7, 3, 17, True),
     (3, 2, 3, False), (6, 2, 3, False), (7, 2, 3, False), (4, 2, 17, False), (4, 3, 3, False),
     (5, 1, 3, False)],
)  # fmt: skip
def test_transposed_convolutions_that_cmsis_nn_computes_wrongly_are_named(
    kernel: int, stride: int, channels: int, wrong: bool
) -> None:
    # Outputs compared on emulated Cortex-M4F and M55 with those of the reference kernels.
    model = transpose_conv((5, 4, channels), kernel, 3, stride=stride)
    assert bool(_defects(model)) == wrong
    assert _defects(model, "cortex-m0plus", "reference") == ()


@pytest.mark.parametrize(
    ("width", "kernel", "stride", "padding", "wrong"),
    [(17, 4, 2, SAME, True), (16, 3, 2, VALID, True), (17, 3, 3, VALID, True),
     (16, 4, 3, VALID, False), (16, 2, 2, VALID, False), (17, 5, 1, SAME, False)],
)  # fmt: skip
def test_strided_one_row_convolutions_that_helium_computes_wrongly_are_named(
    width: int, kernel: int, stride: int, padding: int, wrong: bool
) -> None:
    # Outputs compared on an emulated Cortex-M55 with those of the reference kernels.
    model = conv((1, width, 4), (1, kernel), 4, stride=stride, padding=padding)
    assert bool(_defects(model, "cortex-m55")) == wrong
    assert not _defects(model, "cortex-m4f")


def test_a_32_bit_bias_of_an_int16_dense_layer_is_named() -> None:
    assert _defects(dense((1, 20), 7, activations="INT16"))
    assert not _defects(dense((1, 20), 7, activations="INT16", bias="INT64"))


@pytest.mark.parametrize(
    ("model", "message"),
    [(dense((1, 20), 7, activations="INT16", bias="INT64", per_channel=True), "one scale"),
     (transpose_conv((4, 4, 8), 3, 4, activations="INT16", bias=""), "bias"),
     (batch_matmul((1, 1, 2, 3, 4), (1, 1, 2, 4, 5), (1, 1, 2, 3, 5)), "4 dimensions")],
)  # fmt: skip
def test_what_cmsis_nn_alone_refuses_is_refused_for_it_alone(model: bytes, message: str) -> None:
    # Each fails in AllocateTensors on an emulated Cortex-M4F and runs on M0+.
    graph = read_model(model)
    with pytest.raises(UnsupportedModelError, match=f"does not run with cmsis-nn: .*{message}"):
        plan_arena(graph, "cortex-m4f", "cmsis-nn")
    assert plan_arena(graph, "cortex-m4f", "reference").basis == "exact"


def test_scratch_that_may_be_too_small_is_named() -> None:
    assert _defects(ZOO["depthwise_1d_one_channel"](), "cortex-m55")
    assert not _defects(ZOO["depthwise_1d_one_channel"]())
