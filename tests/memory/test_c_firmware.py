"""Flash, RAM and stack of the C runtime against linked images, and against emulated ones."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.firmware_tools import need, output_of, write
from support.tiny_models import conv, depthwise
from support.zoo import ZOO

from edgecompress.board import Board, Region, load_board
from edgecompress.files import COSTS_DIR, TEMPLATES_DIR, sha256_of
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.targets import CORES
from edgecompress.firmware.toolchain.build import Build, build
from edgecompress.memory.c_costs import c_costs, c_substitute
from edgecompress.memory.c_firmware import place_c_firmware
from edgecompress.memory.verdict.judge import Verdict
from edgecompress.memory.verdict.judge_c import judge_c
from edgecompress.program.lower import lower
from edgecompress.tflite.reader import read_model

TABLE = json.loads((COSTS_DIR / "c_runtime.json").read_text())
MODELS = {
    "conv": lambda: conv((9, 8, 12), (3, 3), 6, stride=2),
    "depthwise": lambda: depthwise((8, 7, 6), (3, 3)),
    **{name: ZOO[name] for name in ("residual", "softmax", "lstm", "stateful", "mirror_pad")},
}
BOARDS = {
    "cortex-m0plus": "rpi_pico",
    "cortex-m3": "mps2_an385",
    "cortex-m4f": "mps2_an386",
    "cortex-m7": "mps2_an500",
    "cortex-m33": "nrf5340_dk_cpuapp",
    "cortex-m55": "mps3_corstone300_an547",
    "rv32imc": "esp32_c3_devkitm_1",
    "rv32imafc": "esp32_p4_function_ev",
}


SELF_TEST_STACK_BYTES = 104  # of main and the functions between it and an inference


def bare(board_id: str) -> Board:
    """Return a board whose image holds nothing of a vendor's framework."""
    board = load_board(board_id)
    emulated = {name: keys for name, keys in board.frameworks.items() if name == "qemu"}
    return replace(board, frameworks={"cmake": {}, **emulated})


def judged(model: bytes, board: Board) -> Verdict:
    graph = read_model(model)
    return judge_c(graph, board, lower(graph))


def built(model: bytes, board_id: str, folder: Path) -> Build:
    files = generate([model], load_board(board_id), "cmake", name="m", vectors=1, runtime="c")
    return build(write(folder, files))


def allowed_error(compiler: str) -> float:
    """Return 1 %, or more where another compiler than that of the table is installed.

    RISC-V's linker shortens code by where it lies: 1.5 %.
    """
    version = output_of([compiler, "-dumpfullversion"]).strip()
    known = any(version in name for name in TABLE["compilers"])
    return (0.015 if compiler.startswith("riscv") else 0.01) if known else 0.1


def ram_bytes(verdict: Verdict) -> int:
    main = verdict.ram.main.used_bytes if verdict.ram.main else 0
    return verdict.ram.arena.used_bytes + main


def test_the_table_is_of_these_kernels() -> None:
    assert TABLE["sources_sha256"] == sha256_of(TEMPLATES_DIR / "c"), (
        "kernels or templates of the C runtime changed: "
        "run `python benchmarks/memory/c_runtime.py`, and commit the table"
    )


@pytest.mark.parametrize("core", BOARDS)
def test_flash_is_within_a_percent_and_ram_exactly_what_is_linked(
    core: str, tmp_path: Path
) -> None:
    compiler = CORES[core].compiler
    need(compiler, "cmake")
    for name, model in MODELS.items():
        image = built(model(), BOARDS[core], tmp_path / name)
        verdict = judged(model(), bare(BOARDS[core]))
        vectors = sum(p.flash_bytes for p in image.parts if p.name.startswith("golden vectors"))
        linked = image.flash.used_bytes - vectors  # the firmware that ships has none
        error = allowed_error(compiler)
        assert verdict.flash.used_bytes == pytest.approx(linked, rel=error), name
        assert ram_bytes(verdict) == sum(use.used_bytes for use in image.regions[1:]), name


def test_no_inference_takes_more_stack_than_is_said(tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "cmake", "qemu-system-arm")
    for name, model in MODELS.items():
        built(model(), BOARDS["cortex-m4f"], tmp_path / name)
        used = emulate(tmp_path / name).stack_used_bytes
        (said,) = [
            item.bytes
            for item in judged(model(), bare(BOARDS["cortex-m4f"])).ram.arena.items
            if item.name == "stack of an inference"
        ]
        assert used <= said + SELF_TEST_STACK_BYTES, name


def test_optimizing_for_size_takes_less_code_on_every_core() -> None:
    for core in TABLE["cores"]:
        speed, size = c_costs(core), c_costs(core, "size")
        total = [sum(k.code_bytes for k in costs.kernels.values()) for costs in (speed, size)]
        assert total[1] < 0.9 * total[0], core


def test_a_core_that_was_not_measured_is_estimated_above_the_one_it_is_like() -> None:
    substitute = c_substitute("xtensa-lx7")
    assert substitute is not None
    assert substitute.core == "rv32imc"
    esp32 = judged(MODELS["conv"](), bare("esp32_s3_devkitc_1_n8"))
    known = judged(MODELS["conv"](), bare("esp32_c3_devkitm_1"))
    assert {item.basis for item in esp32.flash.items if item.kind == "runtime"} == {"estimated"}
    assert esp32.flash.used_bytes > known.flash.used_bytes


def test_a_core_of_the_same_code_takes_no_more_than_is_said(tmp_path: Path) -> None:
    """A micro:bit's startup takes 40 bytes less than with SysTick; all else is a Cortex-M0+'s."""
    need("arm-none-eabi-gcc", "cmake")
    for name, model in MODELS.items():
        image = built(model(), "bbc_microbit", tmp_path / name)
        verdict = judged(model(), bare("bbc_microbit"))
        vectors = sum(p.flash_bytes for p in image.parts if p.name.startswith("golden vectors"))
        linked = image.flash.used_bytes - vectors
        assert linked <= verdict.flash.used_bytes <= linked * 1.02, name
        assert 0 <= ram_bytes(verdict) - image.ram.used_bytes <= 16, name


def test_generate_puts_the_arena_where_fit_says_and_the_image_links(tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "cmake")
    small, big = Region("small", 0x1000_0000, 8192), Region("big", 0x2000_0000, 65536)
    board = replace(load_board("nucleo_f401re"), ram=(small, big))
    model = conv((40, 40, 8), (3, 3), 8)
    image = build(
        write(tmp_path, generate([model], board, "cmake", name="m", vectors=1, runtime="c"))
    )
    ram = judged(model, board).ram
    assert ram.main is not None
    assert image.main is not None
    assert image.ram.region == ram.arena.region.name == "big"
    assert image.ram.used_bytes == ram.arena.used_bytes
    assert image.main.used_bytes <= ram.main.used_bytes


def test_several_models_share_kernels_and_the_arena(tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "cmake")
    board, models = bare("mps2_an386"), [model() for model in MODELS.values()]
    files = generate(models, load_board("mps2_an386"), "cmake", name="m", vectors=1, runtime="c")
    image = build(write(tmp_path, files))
    flash, ram = place_c_firmware(board, [lower(read_model(model)) for model in models])
    vectors = sum(p.flash_bytes for p in image.parts if p.name.startswith("golden vectors"))
    # Code that hands the arena over is in no table: 47 bytes for each model.
    assert flash.used_bytes == pytest.approx(image.flash.used_bytes - vectors, rel=0.03)
    assert ram.arena.used_bytes == image.ram.used_bytes
