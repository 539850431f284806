"""The arena in another region than the main one: where fit names it, generate and ld put it."""

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from support.firmware_tools import (
    copying_runner,
    need,
    output_of,
    run_cli,
    write,
    write_stand_in_tflm,
)
from support.tflite_models import add_model, dense_model, reshape_model

from edgecompress.board import Board, Region, load_board
from edgecompress.errors import DoesNotFitError
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.tflm import TFLM_VARIABLE, find_tflm
from edgecompress.memory.verdict.document import fit_document
from edgecompress.memory.verdict.fit import fit

F407 = load_board("stm32f4_discovery")
# Data and stack in the 64 KiB of CCM, as firmware does whose buffers for DMA fill the SRAM.
CCM_FIRST = replace(F407, ram=F407.ram[::-1])
# QEMU's machine with its RAM as two regions, the first too small for most arenas.
SPLIT = replace(
    load_board("mps2_an386"),
    ram=(
        Region("SSRAM2", 0x2000_0000, 16_384),
        Region("SSRAM3", 0x2020_0000, 2_097_152, 1024, "another core"),
    ),
)
LARGE = add_model(shape=(1, 24_000))  # an arena between 64 and 128 KiB


def arena_address(image: Path) -> int:
    lines = output_of(["arm-none-eabi-nm", image]).splitlines()
    (address,) = [line.split()[0] for line in lines if line.endswith(" g_tensor_arena")]
    return int(address, 16)


def is_inside(region: Region, address: int, size_bytes: int) -> bool:
    end = region.available_address + region.available_bytes
    return region.available_address <= address and address + size_bytes <= end


def copying_project(board: Board, tmp_path: Path, elements: int) -> tuple[Path, Path]:
    """A project whose runner needs no TFLM, and the stand-in it is built with."""
    need("cmake", "arm-none-eabi-g++")
    files = generate([reshape_model(elements)], board, "cmake", "copy", vectors=1)
    folder = write(tmp_path / "fw", files)
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy"))
    return folder, write_stand_in_tflm(tmp_path / "tflm", board.core)


@pytest.mark.parametrize("elements", [4_000, 18_000, 24_000, 36_000, 60_000])
def test_generate_places_the_arena_where_fit_does(elements: int) -> None:
    model = add_model(shape=(1, elements))
    for board in (F407, CCM_FIRST):
        ram = fit_document(fit(model, [board], others=()))["boards"][0]["ram"]
        files = generate([model], board, "cmake", vectors=1)
        facts = json.loads(files["firmware.json"])
        assert facts["arena_region"]["name"] == ram["region"]
        assert ("ARENA" in str(files["board/memory.ld"])) == ("main" in ram)
        assert (".bss.tensor_arena" in str(files["src/tensor_arena.h"])) == ("main" in ram)


def test_another_region_is_used_only_when_the_main_one_is_too_small() -> None:
    for board, elements, name in (
        (CCM_FIRST, 4_000, "CCM"),
        (CCM_FIRST, 24_000, "SRAM1 and SRAM2"),
        (F407, 24_000, "SRAM1 and SRAM2"),
    ):
        files = generate([add_model(shape=(1, elements))], board, "cmake", vectors=1)
        assert json.loads(files["firmware.json"])["arena_region"]["name"] == name


def test_models_that_fit_the_main_region_apart_share_an_arena_in_another() -> None:
    # Each interpreter and resolver takes room: one fewer byte than they need moves the arena.
    models = [add_model(shape=(1, 2_000)), dense_model()]
    facts = json.loads(generate(models, CCM_FIRST, "cmake")["firmware.json"])
    one = fit(models[0], [CCM_FIRST], others=()).verdicts[0].ram.arena
    assert facts["arena_region"]["name"] == "CCM"
    tight = replace(CCM_FIRST.ram[0], size_bytes=one.used_bytes)
    board = replace(CCM_FIRST, ram=(tight, CCM_FIRST.ram[1]))
    assert fit(models[0], [board], others=()).verdicts[0].ram.main is None
    facts = json.loads(generate(models, board, "cmake")["firmware.json"])
    assert facts["arena_region"]["name"] == "SRAM1 and SRAM2"


@pytest.mark.parametrize("reserved_at", ["start", "end"])
def test_the_linked_arena_lies_in_its_region_and_leaves_what_is_reserved(
    reserved_at: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sram = replace(F407.ram[0], reserved_bytes=664, reserved_for="DMA", reserved_at=reserved_at)
    folder, tflm = copying_project(replace(F407, ram=(F407.ram[1], sram)), tmp_path, 40_000)
    assert run_cli("build", folder, "--tflm", tflm, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    ram, main = said["ram"], said["ram"]["main"]
    arena_bytes = json.loads((folder / "firmware.json").read_text())["arena_bytes"]
    assert is_inside(sram, arena_address(Path(said["image"])), arena_bytes)
    assert (ram["region"], main["region"]) == ("SRAM1 and SRAM2", "CCM")
    assert ram["available_bytes"] == sram.size_bytes - 664
    assert arena_bytes <= ram["used_bytes"] < arena_bytes + 16
    assert 4096 < main["used_bytes"] < 8192
    assert ram["used_bytes"] + main["used_bytes"] == sum(p["ram_bytes"] for p in said["parts"])
    assert said["fits"]


def test_it_runs_with_the_arena_apart(tmp_path: Path) -> None:
    need("qemu-system-arm")
    for number, board in enumerate((SPLIT, CCM_FIRST)):
        folder, tflm = copying_project(board, tmp_path / str(number), 40_000)
        built = build(folder, find_tflm(tflm))
        assert built.main is not None
        assert built.fits
        assert [run.failed for run in emulate(folder, timeout_seconds=60).models] == [0]


def test_an_arena_too_large_for_its_region_is_named_by_the_linker(tmp_path: Path) -> None:
    folder, tflm = copying_project(CCM_FIRST, tmp_path, 40_000)
    memory = folder / "board/memory.ld"
    memory.write_text(memory.read_text().replace("LENGTH = 131072", "LENGTH = 65536"))
    with pytest.raises(DoesNotFitError, match=r"SRAM1 and SRAM2 has .* too few"):
        build(folder, find_tflm(tflm))


def test_the_alignment_of_a_regions_start_is_counted() -> None:
    needed = fit(LARGE, [CCM_FIRST], others=()).verdicts[0].ram.arena.used_bytes
    sram = replace(F407.ram[0], size_bytes=needed + 664, reserved_bytes=664, reserved_for="DMA")
    verdict = fit(LARGE, [replace(F407, ram=(F407.ram[1], sram))], others=()).verdicts[0]
    assert sram.available_address % 16 == 8
    assert not verdict.fits
    assert verdict.ram.shortfall_bytes == 8


def teensy() -> Board:
    board = load_board("teensy41")
    return replace(board, ram=(replace(board.ram[0], size_bytes=131_072), board.ram[1]))


def test_a_section_of_the_arduino_core_is_used_where_there_is_one() -> None:
    for framework in ("arduino", "platformio"):
        files = generate([LARGE], teensy(), framework, vectors=1, runtime="tflm")
        assert 'section(".dmabuffers")' in str(files["src/tensor_arena.h"])
        assert "`.dmabuffers`" in str(files["README.md"])
        larger = add_model(shape=(1, 64_000))  # the C runtime adds in place
        in_c = generate([larger], teensy(), framework, vectors=1)
        assert 'section(".dmabuffers")' in str(in_c["src/arena.h"])
        assert "`arena.h` puts it into the section `.dmabuffers`" in str(in_c["README.md"])
    small = generate([dense_model()], teensy(), "arduino")
    assert "dmabuffers" not in "".join(str(content) for content in small.values())


def test_where_no_section_is_known_the_readme_says_what_to_define(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frameworks = {"pico": {"board": "teensy"}}  # no board of the SDK's has a second RAM
    files = generate([LARGE], replace(teensy(), frameworks=frameworks), "pico", vectors=1)
    readme = str(files["README.md"])
    assert "RAM2 (OCRAM): 524288 bytes at 0x20200000" in readme
    assert "TENSOR_ARENA_ATTRIBUTE" in readme
    assert "section(" not in str(files["src/tensor_arena.h"])
    assert "TENSOR_ARENA_ATTRIBUTE" in caplog.text


def test_zephyrs_devicetree_has_a_section_for_the_arena() -> None:
    files = generate([LARGE], teensy(), "zephyr", vectors=1)
    assert 'section("TENSOR_ARENA")' in str(files["src/tensor_arena.h"])
    assert "`app.overlay`" in str(files["README.md"])
    dtlib = pytest.importorskip(
        "devicetree.dtlib", reason="needs devicetree: pip install devicetree"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".dts") as file:
        cells = "#address-cells = <1>; #size-cells = <1>;"
        file.write(f"/dts-v1/;\n/ {{ {cells} }};\n{files['app.overlay']}")
        file.flush()
        node = dtlib.DT(file.name).get_node("/tensor-arena@20200000")
    assert node.props["compatible"].to_strings() == ["zephyr,memory-region", "mmio-sram"]
    assert node.props["reg"].to_nums() == [0x20200000, 524_288]
    assert node.props["zephyr,memory-region"].to_string() == "TENSOR_ARENA"
    assert "app.overlay" not in generate([dense_model()], teensy(), "zephyr", vectors=1)


@pytest.mark.parametrize(
    ("board", "framework"), [(CCM_FIRST, "cmake"), (teensy(), "arduino"), (teensy(), "zephyr")]
)
def test_sources_are_the_same_each_time_and_as_clang_format_has_them(
    board: Board, framework: str, tmp_path: Path
) -> None:
    models = [LARGE, dense_model()]
    files = generate(models, board, framework, vectors=1, runtime="tflm")
    assert files == generate(models, board, framework, vectors=1, runtime="tflm")
    need("clang-format")
    folder = write(tmp_path, files)
    sources = sorted(p for p in folder.rglob("tensor_arena.*"))
    assert len(sources) == 2
    output_of(["clang-format", "--style=file", "--dry-run", "--Werror", *sources])


@pytest.mark.parametrize("board", [SPLIT, CCM_FIRST], ids=["split", "ccm_first"])
def test_models_run_with_a_real_tflm_and_the_arena_apart(board: Board, tmp_path: Path) -> None:
    need("cmake", "arm-none-eabi-g++", "qemu-system-arm")
    if not os.environ.get(TFLM_VARIABLE):
        pytest.skip(f"needs {TFLM_VARIABLE}: see tests/firmware/toolchain/test_firmware_tflm.py")
    tflm = find_tflm()
    if board.core not in tflm.libraries:
        pytest.skip(f"{tflm.path} has no library for {board.core}")
    folder = write(tmp_path, generate([LARGE, dense_model()], board, "cmake", "pair", vectors=1))
    built = build(folder, tflm)
    assert built.fits
    assert is_inside(board.ram[1], arena_address(built.image), built.project.arena_bytes)
    assert built.main is not None
    assert built.main.region == board.ram[0].name
    ram_bytes = built.ram.used_bytes + built.main.used_bytes
    assert ram_bytes == sum(part.ram_bytes for part in built.parts)
    assert [run.failed for run in emulate(folder).models] == [0, 0]
