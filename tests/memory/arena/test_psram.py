"""Memory beside the chip and second banks: when an arena goes there, and what is said of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.firmware_tools import need, output_of, write
from support.tflite_models import add_model
from support.tiny_models import conv

from edgecompress.board import load_board
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.toolchain.build import build
from edgecompress.memory.verdict.document import fit_document
from edgecompress.memory.verdict.fit import fit
from edgecompress.recipe import Recipe
from edgecompress.search.attempt import shortfall

WITH, WITHOUT = (load_board(f"esp32_s3_devkitc_1_{memory}") for memory in ("n8r8", "n8"))
CNN = conv((160, 160, 8), (3, 3), 16)  # more than the 341,760 bytes inside, with either runtime


@pytest.mark.parametrize("runtime", ["tflm", "c"])
def test_a_cnn_that_misses_internal_ram_fits_with_its_arena_in_psram(runtime: str) -> None:
    missed, fits = fit(CNN, [WITHOUT, WITH], runtime=runtime, others=()).verdicts
    assert not missed.fits
    assert fits.fits
    document = fit_document(fit(CNN, [WITH], runtime=runtime))["boards"][0]
    assert (document["ram"]["region"], document["ram"]["main"]["region"]) == (
        "PSRAM",
        "dram0_0_seg",
    )
    kinds = {item["kind"] for item in document["ram"]["main"]["items"]}
    assert kinds == {"runtime", "stack", "application"}
    assert document["ram"]["available_bytes"] == 8 * 1024 * 1024


def test_an_arena_that_fits_inside_stays_there() -> None:
    assert fit(add_model(), [WITH]).verdicts[0].ram.main is None
    assert (WITH.ram_bytes, WITH.external_ram_bytes) == (341_760, 8 * 1024 * 1024)


def test_a_tighter_limit_on_the_arena_holds_there_too() -> None:
    (verdict,) = fit(CNN, [WITH], others=()).verdicts
    recipe = Recipe("m", WITH.id, "d", max_arena_bytes=verdict.arena.min_bytes - 1)
    assert shortfall(verdict, 1, recipe) == 1
    assert shortfall(verdict, 1, replace(recipe, max_arena_bytes=None)) < 0


def test_people_are_told_where_it_goes_and_what_it_costs_by_whom(cli, tmp_path: Path) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(CNN)
    code, stdout, _ = cli("fit", model, "--board", WITH.id)
    told = " ".join(stdout.split())
    assert code == 0
    assert "the arena goes to PSRAM, external memory, as dram0_0_seg has no room for it" in told
    assert "slower there" in told
    assert "ESP-IDF Programming Guide" in told
    assert "estimated from widths and clocks" in told


def test_boards_show_says_what_it_costs(cli) -> None:
    shown = " ".join(cli("boards", "show", WITH.id)[1].split())
    assert "an arena in PSRAM: an inference is slower there" in shown


def test_times_measured_inside_are_not_claimed_for_memory_beside_the_chip() -> None:
    esp32 = load_board("esp32_devkitc")  # which has evidence
    psram = replace(esp32, ram=(*esp32.ram, WITH.ram[1]))
    small, large = (conv((side, side, 8), (3, 3), 16) for side in (16, 160))
    assert fit(small, [psram]).verdicts[0].latency is not None
    assert fit(large, [psram]).verdicts[0].latency is None


def test_the_first_region_that_holds_it_is_taken_not_the_largest() -> None:
    h743 = load_board("nucleo_h743zi2")
    tight = replace(h743, ram=(replace(h743.ram[0], size_bytes=32_768), *h743.ram[1:]))
    names = [
        fit(add_model(shape=(1, elements)), [tight]).verdicts[0].ram.arena.region.name
        for elements in (24_000, 60_000)
    ]
    assert names == ["DTCM", "SRAM1, SRAM2 and SRAM3"]


@pytest.mark.parametrize("runtime", ["tflm", "c"])
def test_esp_idf_places_it_when_it_links(runtime: str) -> None:
    files = generate([CNN], WITH, "esp-idf", vectors=1, runtime=runtime)
    header = str(files[f"main/{'tensor_arena' if runtime == 'tflm' else 'arena'}.h"])
    assert '#include "esp_attr.h"' in header
    assert "#define TENSOR_ARENA_ATTRIBUTE EXT_RAM_BSS_ATTR" in header
    lines = str(files["sdkconfig.defaults"]).splitlines()
    assert {
        "CONFIG_SPIRAM=y", "CONFIG_SPIRAM_MODE_OCT=y",
        "CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY=y",
    } <= set(lines)  # fmt: skip
    assert "ESP-IDF Programming Guide" in str(files["README.md"])
    inside = generate([add_model()], WITH, "esp-idf", vectors=1, runtime=runtime)
    assert "SPIRAM" not in "".join(str(text) for text in inside.values())


@pytest.mark.parametrize("framework", ["arduino", "platformio"])
def test_arduinos_core_gives_it_from_its_heap(framework: str, tmp_path: Path) -> None:
    files = generate([CNN], WITH, framework, "cnn", vectors=1, runtime="tflm")
    source = str(files[f"src/tensor_arena.{'cpp' if framework == 'arduino' else 'cc'}"])
    assert "heap_caps_aligned_alloc(16, kTensorArenaSize," in source
    assert "MALLOC_CAP_SPIRAM" in source
    runner = next(str(text) for path, text in files.items() if "_model_runner.c" in path)
    assert "if (!TakeTensorArena()) {" in runner
    assert "kModelErrorAllocate" in str(files["README.md"])
    if framework == "platformio":
        lines = str(files["platformio.ini"]).splitlines()
        assert "board_build.arduino.memory_type = qio_opi" in lines
        assert any("-D BOARD_HAS_PSRAM" in line for line in lines)
    else:
        assert "PSRAM=opi" in str(files["README.md"])
    need("g++")
    stub = "extern void* heap_caps_aligned_alloc(unsigned long, unsigned long, unsigned);\n"
    stub += "#define MALLOC_CAP_SPIRAM 1024\n#define MALLOC_CAP_8BIT 4\n"
    folder = write(tmp_path, {**files, "stand_in/esp_heap_caps.h": stub})
    made = next(folder.glob("src/tensor_arena.c*"))
    flags = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")
    output_of(["g++", *flags, "-I", folder / "src", "-I", folder / "stand_in", made])


def test_zephyr_places_it_and_switches_the_memory_on() -> None:
    files = generate([CNN], WITH, "zephyr", vectors=1, runtime="c")
    assert 'section(".ext_ram.bss")' in str(files["src/arena.h"])
    assert "CONFIG_ESP_SPIRAM=y" in str(files["prj.conf"]).splitlines()
    assert "&psram0 {" in str(files["app.overlay"])


@pytest.mark.parametrize(
    ("board_id", "first", "region", "address"),
    [
        ("mps2_an386", 8_192, "PSRAM", 0x2100_0000),
        ("mps2_an500", 8_192, "PSRAM", 0x6000_0000),
        ("mps3_corstone300_an547", 8_192, "SRAM", 0x1100_0000),
    ],
)
def test_the_linked_arena_lies_in_the_second_bank_and_runs_there(
    board_id: str, first: int, region: str, address: int, tmp_path: Path
) -> None:
    need("cmake", "arm-none-eabi-gcc", "qemu-system-arm")
    board = load_board(board_id)
    tight = replace(board, ram=(replace(board.ram[0], size_bytes=first), *board.ram[1:]))
    files = generate([conv((24, 24, 8), (3, 3), 8)], tight, "cmake", "cnn", runtime="c")
    assert json.loads(files["firmware.json"])["arena_region"]["name"] == region
    folder = write(tmp_path, files)
    built = build(folder)
    (line,) = [
        line
        for line in output_of(["arm-none-eabi-nm", built.image]).splitlines()
        if line.endswith(" g_tensor_arena")
    ]
    assert int(line.split()[0], 16) == address
    assert built.ram.region == region
    assert [model.failed for model in emulate(folder, timeout_seconds=120).models] == [0]
