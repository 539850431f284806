"""Firmware built with a real TFLM: linked, run, measured. Skipped where there is none."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from support.firmware_tools import boards_of, need, output_of, run_cli, script, write
from support.flatbuffer_models import Graph, Op, T, options
from support.flatbuffer_models import build as build_model
from support.tflite_models import add_model, dense_model, reshape_model
from support.tiny_models import decode

from edgecompress.board import load_board
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.frameworks import FRAMEWORKS, LAYOUTS
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.host import build_host
from edgecompress.firmware.toolchain.tflm import TFLM_VARIABLE, Tflm, find_tflm
from edgecompress.tflite.reader import read_model

BOARDS = ("mps2_an386", "rpi_pico")  # Cortex-M4F with CMSIS-NN, Cortex-M0+ with reference kernels


def two_branches() -> bytes:
    """Two inputs and two outputs, of different types."""
    tensors = {"x": T((1, 40)), "a": T((1, 6), "INT16", scale=0.01)}
    tensors |= {"y": T((1, 40)), "b": T((1, 6), "INT16", scale=0.02)}
    ops = [Op("ADD", [name, name], [made], options("AddOptions"))
           for name, made in (("x", "y"), ("a", "b"))]  # fmt: skip
    return build_model(Graph(tensors, ops, ["x", "a"], ["b", "y"]))


SMALL = {
    "two_branches": two_branches(),
    "dense": dense_model(),
    "add": add_model(),
    "add_int16": add_model("INT16"),
    "reshape": reshape_model(),
    "decode_tables": decode("lut"),
    "decode_bitmap": decode("prune"),
}
# Linked flash minus model minus an empty firmware on Cortex-M4F: TFLM 90b983c2b, CMSIS-NN,
# arm-none-eabi-gcc 12.2.1.
RUNTIME_LIMITS = {
    "mlperf_tiny/kws_dscnn_int8": 52_600,
    "mlperf_tiny/ic_resnet8_int8": 50_400,
    "mlperf_tiny/ad_autoencoder_int8": 27_300,
}
OTHERS = ("tflm/mnist_lstm_int8", "tflm/seanet_conv0_int16x8", "tflm/keyword_scrambled_8bit")


@pytest.fixture(scope="module")
def tflm() -> Tflm:
    if not os.environ.get(TFLM_VARIABLE):
        pytest.skip(
            f"needs {TFLM_VARIABLE}: an upstream tree of TFLM that was built for Cortex-M (see its "
            "tensorflow/lite/micro/cortex_m_generic/README.md), or a folder with a tflm.toml"
        )
    return find_tflm()


def needs_library(tflm: Tflm, core: str) -> None:
    need("cmake", "arm-none-eabi-g++", "qemu-system-arm")
    if core not in tflm.libraries:
        pytest.skip(f"{tflm.path} has no library for {core}")


def check_on_board(model: bytes | Path, board_id: str, tflm: Tflm, folder: Path) -> int:
    """Generate, build and emulate; return the flash of the runtime in bytes."""
    board = load_board(board_id)
    needs_library(tflm, board.core)
    write(folder, generate([model], board, "cmake"))
    built = build(folder, tflm)
    result = emulate(folder, timeout_seconds=120)
    assert [run.failed for run in result.models] == [0]
    if tflm.is_known_commit:
        for run in result.models:
            assert run.arena_used_bytes == run.arena_planned_bytes
    assert built.fits
    assert sum(part.flash_bytes for part in built.parts) == built.flash.used_bytes
    return built.runtime_flash_bytes


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_answers_as_on_the_host(
    name: str, board: str, tflm: Tflm, tmp_path: Path
) -> None:
    check_on_board(SMALL[name], board, tflm, tmp_path)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", RUNTIME_LIMITS)
def test_a_reference_model_runs_and_its_flash_is_as_predicted(
    name: str, board: str, tflm: Tflm, tmp_path: Path, shared_dir: Path
) -> None:
    path = shared_dir / "models" / f"{name}.tflite"
    runtime = check_on_board(path, board, tflm, tmp_path)
    if not tflm.is_known_commit:
        pytest.skip("another commit of TFLM than the one fit's tables were measured with")
    built = build(tmp_path, tflm)
    assert runtime == pytest.approx(built.project.prediction.runtime_flash_bytes, rel=0.02)
    rows = {(row.memory, row.part): row for row in built.compared}
    assert sum(row.linked_bytes for row in rows.values() if row.memory == "flash") == (
        built.flash.used_bytes
    )
    for part in ("kernel fully_connected", "TFLM core", "libgcc", "C library"):
        assert rows["flash", part].linked_bytes > 0
        # Sections are counted in multiples of four bytes, and equal strings for one of their users.
        assert abs(rows["flash", part].difference_bytes) <= 16
    assert rows["ram", "tensor arena"].difference_bytes == 0
    assert not any(row.predicted_bytes for row in rows.values() if row.part == "golden vectors")


@pytest.mark.parametrize("name", RUNTIME_LIMITS)
def test_no_more_code_is_linked_than_the_model_needs(
    name: str, tflm: Tflm, shared_dir: Path
) -> None:
    needs_library(tflm, "cortex-m4f")
    if not tflm.is_known_commit:
        pytest.skip("another commit of TFLM than the one that was measured")
    benchmark = script("benchmarks/firmware/images.py")
    path = shared_dir / "models" / f"{name}.tflite"
    code = benchmark.runtime_code(path, load_board("mps2_an386"), tflm)
    assert code.model_bytes == path.stat().st_size
    assert 500 < code.empty_bytes < 1000
    assert RUNTIME_LIMITS[name] * 0.9 < code.runtime_bytes <= RUNTIME_LIMITS[name]


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", OTHERS)
def test_stateful_and_int16_models_run(
    name: str, board: str, tflm: Tflm, tmp_path: Path, shared_dir: Path
) -> None:
    check_on_board(shared_dir / "models" / f"{name}.tflite", board, tflm, tmp_path)


def test_two_models_run_in_one_image(tflm: Tflm, tmp_path: Path) -> None:
    needs_library(tflm, "cortex-m4f")
    models = [dense_model(), add_model("INT16", (1, 300))]
    write(tmp_path, generate(models, load_board("mps2_an386"), name="pair"))
    build(tmp_path, tflm)
    result = emulate(tmp_path, profile=True)
    assert [(run.name, run.failed) for run in result.models] == [("model", 0), ("model_2", 0)]
    operators = [[operator.name for operator in run.operators] for run in result.models]
    assert operators == [["FULLY_CONNECTED"], ["ADD"]]


def test_keyword_spotting_and_anomaly_detection_share_an_image(
    tflm: Tflm, tmp_path: Path, shared_dir: Path
) -> None:
    needs_library(tflm, "cortex-m4f")
    names = ("kws_dscnn_int8", "ad_autoencoder_int8")
    paths = [shared_dir / "models" / "mlperf_tiny" / f"{name}.tflite" for name in names]
    write(tmp_path, generate(paths, load_board("mps2_an386")))
    build(tmp_path, tflm)
    result = emulate(tmp_path)
    assert [(run.name, run.vectors, run.failed) for run in result.models] == [
        (name, 4, 0) for name in names
    ]


@pytest.mark.parametrize("board", BOARDS)
def test_the_operators_of_an_inference_add_up(
    board: str, tflm: Tflm, tmp_path: Path, shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_library(tflm, load_board(board).core)
    path = shared_dir / "models" / "mlperf_tiny" / "kws_dscnn_int8.tflite"
    write(tmp_path, generate([path], load_board(board), "cmake", vectors=2))
    plain = build(tmp_path, tflm).flash.used_bytes
    assert run_cli("emulate", tmp_path, "--profile", "--json") == 0
    (run,) = json.loads(capsys.readouterr().out)["models"]
    names = [operator["name"] for operator in run["operators"]]
    assert names == [operator.op for operator in read_model(path).main.operators]
    total = sum(operator["instructions"] for operator in run["operators"])
    assert total == pytest.approx(run["instructions"], rel=0.01)
    assert build(tmp_path, tflm).flash.used_bytes == plain
    assert run_cli("emulate", tmp_path, "--profile") == 0
    assert capsys.readouterr().out.count("DEPTHWISE_CONV_2D") == 4


def check_on_host(model: Path | bytes, tflm: Tflm, folder: Path) -> None:
    need("cmake", "g++")
    if "host" not in tflm.libraries:
        pytest.skip(f"{tflm.path} has no library for host")
    write(folder, generate([model], load_board("rpi_pico"), "host", name="net"))
    build_host(folder, tflm, sanitize=True)
    assert b"__asan_init" in (folder / "build" / "net").read_bytes()
    result = emulate(folder)
    (run,) = result.models
    assert (result.core, run.vectors, run.failed) == ("host", 4, 0)
    assert run.arena_used_bytes > 0
    if tflm.is_known_commit:
        assert run.arena_used_bytes <= run.arena_planned_bytes


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_runs_on_the_host_under_sanitizers(
    name: str, tflm: Tflm, tmp_path: Path
) -> None:
    check_on_host(SMALL[name], tflm, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RUNTIME_LIMITS, *OTHERS])
def test_a_reference_model_runs_on_the_host_under_sanitizers(
    name: str, tflm: Tflm, tmp_path: Path, shared_dir: Path
) -> None:
    check_on_host(shared_dir / "models" / f"{name}.tflite", tflm, tmp_path)


def test_two_models_run_on_the_host(
    tflm: Tflm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("cmake", "g++")
    if "host" not in tflm.libraries:
        pytest.skip(f"{tflm.path} has no library for host")
    folder = tmp_path / "fw"
    models = [dense_model(), add_model()]
    write(folder, generate(models, load_board("esp32_devkitc"), "host", name="pair"))
    assert run_cli("build", folder, "--tflm", tflm.path, "--json") == 0
    built = json.loads(capsys.readouterr().out)
    assert built == {
        "image": str(folder / "build" / "pair"), "board": "esp32_devkitc", "core": "host",
    }  # fmt: skip
    assert run_cli("emulate", folder, "--json") == 0
    ran = json.loads(capsys.readouterr().out)
    assert (ran["machine"], ran["stack_used_bytes"]) == ("host", None)
    assert [run["failed"] for run in ran["models"]] == [0, 0]
    assert run_cli("emulate", folder) == 0
    assert "4 of 4 vectors equal" in capsys.readouterr().out
    assert run_cli("emulate", folder, "--profile") == 2
    assert run_cli("build", tmp_path, "--sanitize") == 2


@pytest.mark.parametrize("framework", ["cmake", "host"])
def test_the_commands_of_the_readme_build_and_run(
    framework: str, tflm: Tflm, tmp_path: Path
) -> None:
    needs_library(tflm, "cortex-m0plus" if framework == "cmake" else "host")
    need("g++")
    board = load_board("rpi_pico")
    folder = write(tmp_path / "a b", generate([dense_model()], board, framework, name="net"))
    library = tflm.library("host" if framework == "host" else board.core, "reference")
    if library != tflm.path / "gen" / library.parent.parent.name / "lib" / library.name:
        pytest.skip(f"{tflm.path} is no upstream tree: the commands are for such")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(TFLM=.*?)```", readme, re.DOTALL)
    commands = block.replace("PATH_OF_TFLM", str(tflm.path))
    commands = commands.replace("gen/BUILD/", f"gen/{library.parent.parent.name}/")
    result = subprocess.run(
        ["sh", "-e", "-c", commands], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "result=PASS" in result.stdout + result.stderr
    assert "warning" not in result.stdout + result.stderr
    assert "adjusted" not in result.stdout + result.stderr  # as ld does without a warning


@pytest.mark.parametrize("definition", ["", "EDGECOMPRESS_ALL_TYPES", "EDGECOMPRESS_PROFILE"])
def test_the_runner_compiles_against_tflms_headers(
    definition: str, tflm: Tflm, tmp_path: Path
) -> None:
    need("arm-none-eabi-g++")
    files = generate([dense_model()], load_board("mps2_an386"), name="d")
    folder = write(tmp_path, files)
    system = [word for path in tflm.include_dirs for word in ("-isystem", path)]
    defines = [f"-D{name}" for name in ("CMSIS_NN", *tflm.defines, definition) if name]
    output_of(
        ["arm-none-eabi-g++", "-std=c++17", "-mcpu=cortex-m4", "-Os", "-fno-exceptions",
         "-fno-rtti", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only", *defines, *system,
         folder / "src" / "d_model_runner.cc"]
    )  # fmt: skip


@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "cmake"])
def test_what_cannot_be_built_here_compiles_against_tflms_headers(
    framework: str, tflm: Tflm, tmp_path: Path
) -> None:
    need("arm-none-eabi-g++")
    board = boards_of(framework)[0]
    folder = write(tmp_path, generate([dense_model(), add_model()], board, framework, name="d"))
    layout = LAYOUTS[framework]
    sources = sorted((folder / layout.sources).glob(f"*{layout.suffix}"))
    own = [path for path in sources if path.stem != "main"]  # main needs the framework's headers
    assert sum("model_runner" in path.name for path in own) == 2
    system = [word for path in tflm.include_dirs for word in ("-isystem", path)]
    defines = [f"-D{name}" for name in tflm.defines]
    kernels = ["-DCMSIS_NN"] if board.kernels == "cmsis-nn" else []
    output_of(
        ["arm-none-eabi-g++", "-std=c++17", "-mcpu=cortex-m4", "-Os", "-fno-exceptions",
         "-fno-rtti", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only", *kernels,
         *defines, *system, *own]
    )  # fmt: skip
