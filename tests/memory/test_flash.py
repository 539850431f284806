import json
from pathlib import Path

import pytest
from support import DATA

from edgecompress.board import load_board
from edgecompress.memory.application import application
from edgecompress.memory.flash import (
    flash_items,
    flash_table,
    kernel_of,
    runtime_bytes,
    runtime_items,
    runtime_parts,
    substitute_for,
)
from edgecompress.memory.ram import arena_margin_bytes, resident_items

# TFLM 90b983c linked for each model and core, all-type registrations (see its provenance).
RECORDS = json.loads((DATA / "linked_firmware.json").read_text())["records"]
KWS = ["CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
RESNET = ["CONV_2D", "ADD", "AVERAGE_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
NARROW = {
    name: f"{name}@INT8"
    for name in (
        "CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "FULLY_CONNECTED", "SOFTMAX", "ADD",
    )
}  # fmt: skip


def record_id(record: dict) -> str:
    return f"{Path(record['model']).stem}-{record['core']}"


@pytest.mark.parametrize("record", RECORDS, ids=record_id)
def test_runtime_is_within_a_tenth_of_a_percent_of_the_linked_elf(record: dict) -> None:
    predicted = runtime_bytes(record["operators"], record["core"], record["kernels"])
    assert predicted == pytest.approx(record["flash_tflm_and_libs_bytes"], rel=0.0015)


@pytest.mark.parametrize(
    ("operators", "linked_bytes"),
    [(KWS, 52_572), (RESNET, 50_376), (["FULLY_CONNECTED"], 27_236)],
    ids=["kws", "resnet8", "autoencoder"],
)
def test_int8_only_registrations_link_less(operators: list[str], linked_bytes: int) -> None:
    narrow = [NARROW.get(name, name) for name in operators]
    assert runtime_bytes(narrow, "cortex-m4f", "cmsis-nn") == pytest.approx(linked_bytes, rel=0.001)


@pytest.mark.parametrize("core", ["cortex-m4f", "cortex-m0plus"])
def test_shared_code_counts_once(core: str) -> None:
    table = flash_table(core)
    items = runtime_items(KWS, core, table.kernels)
    assert sum(item.bytes for item in items) == runtime_bytes(KWS, core, table.kernels)
    alone = [runtime_bytes([name], core, table.kernels) - table.core_bytes for name in KWS]
    # Adding up operators over-predicts by 15 to 34 % on the M4 and 52 to 87 % on the M0+.
    assert sum(alone) > 1.1 * (sum(item.bytes for item in items) - table.core_bytes)


@pytest.mark.parametrize("record", RECORDS, ids=record_id)
def test_the_parts_of_the_runtime_add_up(record: dict) -> None:
    where = record["core"], record["kernels"]
    parts = runtime_parts(record["operators"], *where)
    assert sum(parts.values()) == runtime_bytes(record["operators"], *where)
    assert {"TFLM core", "C library", "model runner"} < set(parts)


def test_parts_of_a_core_without_a_table_are_those_of_another_one_enlarged() -> None:
    m4, m3 = (runtime_parts(KWS, core, "cmsis-nn") for core in ("cortex-m4f", "cortex-m3"))
    assert set(m4) == set(m3)
    assert sum(m3.values()) == pytest.approx(runtime_bytes(KWS, "cortex-m3", "cmsis-nn"), abs=20)
    unmeasured = runtime_parts(["ELU"], "cortex-m55", "cmsis-nn")
    assert sum(unmeasured.values()) == runtime_bytes(["ELU"], "cortex-m55", "cmsis-nn")


def test_static_ram_of_the_runtime_is_exact() -> None:
    for record in RECORDS:
        core, kernels = record["core"], record["kernels"]
        app = application(load_board("mps2_an386"))
        items = resident_items(record["operators"], core, kernels, app)
        static = next(item for item in items if item.kind == "runtime")
        assert static.bytes == record["ram_static_without_arena_bytes"]
        stack = next(item for item in items if item.kind == "stack")
        assert stack.bytes >= max(record["stack_allocate_bytes"], record["stack_invoke_bytes"])


def test_model_is_padded_to_its_alignment() -> None:
    assert [flash_items(n, KWS, "cortex-m4f", "cmsis-nn")[0].bytes for n in (1, 16, 17)] == [
        16,
        16,
        32,
    ]


def test_operator_not_measured_on_a_core_is_estimated_upwards() -> None:
    # The M55's table has 51 registrations, the M4's 134.
    (item,) = [
        item for item in runtime_items(["ELU"], "cortex-m55", "cmsis-nn") if "ELU" in item.name
    ]
    assert item.basis == "estimated"
    assert item.bytes > runtime_bytes(["ELU"], "cortex-m4f", "cmsis-nn") - 10_772


@pytest.mark.parametrize(
    ("core", "kernels"),
    [
        ("cortex-m7", "cmsis-nn"), ("cortex-m33", "cmsis-nn"), ("cortex-m3", "cmsis-nn"),
        ("cortex-m4f", "reference"), ("xtensa-lx7", "esp-nn"), ("rv32imc", "reference"),
    ],
)  # fmt: skip
def test_core_without_a_table_is_called_estimated_with_its_band(core: str, kernels: str) -> None:
    items = runtime_items(KWS, core, kernels)
    assert {item.basis for item in items} == {"estimated"}
    assert "plus" in items[0].name
    assert [kernel_of(item) for item in items] == [None, *KWS, None]
    substitute = substitute_for(core, kernels)
    measured = sum(
        item.bytes
        for item in runtime_items(KWS, substitute.core, flash_table(substitute.core).kernels)
    )
    factor = substitute.scale * (1 + substitute.band)
    assert sum(item.bytes for item in items) == int(measured * factor)


def test_esp32_estimate_covers_the_published_figure() -> None:
    # mcufit-bench: 114,579 bytes of runtime on a Nano ESP32 with an empty sketch subtracted.
    operators = sorted(set(KWS) | set(RESNET))
    assert runtime_bytes(operators, "xtensa-lx7", "esp-nn") >= 114_579


def test_application_follows_the_boards_first_framework() -> None:
    bare = application(load_board("nucleo_f401re"))
    assert [item.bytes for item in bare.flash] == [1517]
    assert bare.stack_bytes == 4096
    mbed = application(load_board("arduino_nano_33_ble_sense"))
    assert sum(item.bytes for item in mbed.ram) > 40_000
    assert mbed.flash[-1].basis == "estimated"
    # ESP-IDF's code in RAM takes none of the ESP32's data RAM, but some of the C3's.
    assert len(application(load_board("esp32_devkitc")).ram) == 2
    assert application(load_board("esp32_c3_devkitm_1")).ram[-1].bytes == 38_804


@pytest.mark.parametrize(
    ("min_bytes", "basis", "framework", "margin"),
    [
        (1000, "exact", "cmake", 256),
        (100_000, "exact", "cmake", 2000),
        (100_000, "estimated", "esp-idf", 10_000),
        (100_000, "exact", "arduino", 10_000),
    ],
)
def test_arena_margin(min_bytes: int, basis: str, framework: str, margin: int) -> None:
    assert arena_margin_bytes(min_bytes, basis, framework) == margin


@pytest.mark.parametrize(
    ("planned_min_bytes", "published_bytes"),
    [(82_320, 82_740), (22_832, 24_164), (55_008, 55_188), (3_024, 2_596)],
)
def test_an_arduino_arena_suffices_for_its_older_tflm(
    planned_min_bytes: int, published_bytes: int
) -> None:
    """person_detect, KWS, ResNet-8, AD on an nRF52840: mcufit-bench, August 2026."""
    margin = arena_margin_bytes(planned_min_bytes, "exact", "arduino")
    assert planned_min_bytes + margin >= published_bytes + 16
