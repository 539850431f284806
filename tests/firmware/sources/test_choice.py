"""What is chosen for a board where the user leaves it open, and how that is said."""

import json
from pathlib import Path

import pytest
from support.firmware_tools import boards_of, run_cli
from support.tflite_models import dense_model
from support.zoo import ZOO

from edgecompress.board import all_boards, load_board
from edgecompress.errors import UnsupportedModelError, UsageError
from edgecompress.firmware.sources.choice import choose, default_framework
from edgecompress.firmware.sources.generate import generate

OWN = {
    "arduino_nano_33_ble_sense": "arduino",
    "arduino_portenta_h7_m7": "arduino",
    "arduino_uno_r4_minima": "arduino",
    "bbc_microbit": "cmake",
    "bbc_microbit_v2": "zephyr",
    "bluepill_f103c8": "platformio",
    "esp32_c3_devkitm_1": "esp-idf",
    "esp32_c6_devkitc_1": "esp-idf",
    "esp32_s3_devkitc_1_n8r8": "esp-idf",
    "arduino_nano_esp32": "arduino",
    "mps2_an386": "cmake",
    "mps3_corstone300_an547": "cmake",
    "nrf52840_dk": "zephyr",
    "qemu_riscv32": "cmake",
    "nucleo_f446re": "platformio",
    "nucleo_h743zi2": "platformio",
    "rpi_pico": "pico",
    "rpi_pico2": "pico",
    "seeed_xiao_nrf52840_sense": "arduino",
    "sparkfun_edge": "arduino",
    "teensy41": "arduino",
}
# Boards whose Arduino core the library Chirale_TensorFlowLite is for.
WITH_PORT = {
    "arduino_nano_33_ble_sense", "arduino_nano_esp32", "arduino_nicla_vision",
    "arduino_portenta_h7_m7", "esp32_c3_devkitm_1", "esp32_devkitc", "esp32_s3_devkitc_1_n8",
    "esp32_s3_devkitc_1_n8r8", "seeed_xiao_esp32s3", "seeed_xiao_nrf52840_sense",
}  # fmt: skip


@pytest.mark.parametrize("board", OWN)
def test_a_board_has_an_ecosystem_of_its_own(board: str) -> None:
    assert default_framework(load_board(board)) == OWN[board]


@pytest.mark.usefixtures("cached_vectors")
def test_every_board_gets_a_project_without_being_told_more() -> None:
    for board in all_boards():
        facts = json.loads(generate([dense_model()], board)["firmware.json"])
        assert facts["framework"] == default_framework(board)
        no_port = facts["framework"] in ("arduino", "platformio") and board.id not in WITH_PORT
        in_c = no_port or (facts["framework"] == "cmake" and board.core.startswith("rv32"))
        assert facts["runtime"] == ("c" if in_c else "tflm")


@pytest.mark.parametrize("framework", ["arduino", "platformio"])
def test_the_runtime_is_c_where_the_port_of_tflm_is_not_for_the_boards_core(framework: str) -> None:
    for board in all_boards():
        if framework in board.frameworks:
            choice = choose(board, framework)
            assert choice.runtime == ("tflm" if board.id in WITH_PORT else "c")
            assert bool(choice.no_tflm) == (choice.runtime == "c")
            assert choose(board, framework, "tflm").runtime == "tflm"


@pytest.mark.parametrize("board", ["qemu_riscv32", "esp32_c3_devkitm_1"])
def test_on_risc_v_cmake_projects_are_in_c(
    board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(dense_model())
    command = ("generate", model, "--board", board, "--framework", "cmake", "-o", tmp_path / "fw")
    assert run_cli(*command) == 0
    assert "firmware in C (--runtime c): cmake projects with TFLM" in capsys.readouterr().err
    assert run_cli(*command, "--runtime", "tflm", "--force") == 2
    message = capsys.readouterr().err
    assert "cmake projects with TFLM are for Cortex-M, not for rv32imc" in message
    assert "give --runtime c" in message


def test_why_it_is_c_is_said_once_and_in_the_readme(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "m.tflite", tmp_path / "fw"
    model.write_bytes(dense_model())
    command = ("generate", model, "--board", "arduino_uno_r4_minima", "-o", out)
    assert run_cli(*command) == 0
    said = capsys.readouterr().err
    assert said.count("firmware in C (--runtime c): the port of TFLM that arduino projects") == 1
    assert "not for that of Arduino UNO R4 Minima" in (out / "README.md").read_text()
    assert not list(out.rglob("*_model_data.*"))
    assert run_cli(*command, "--runtime", "c", "--force") == 0
    assert "port of TFLM" not in capsys.readouterr().err
    assert run_cli(*command, "--runtime", "tflm", "--force") == 0
    assert capsys.readouterr().err.count("warning: the port of TFLM that arduino") == 1
    assert "**The port of TFLM" in (out / "README.md").read_text()


def test_a_model_that_neither_runtime_runs_is_refused_with_both_reasons() -> None:
    uno, nano = load_board("arduino_uno_r4_minima"), load_board("arduino_nano_33_ble_sense")
    with pytest.raises(UnsupportedModelError, match=r"operator 0 \(IF.*; but the port of TFLM"):
        generate([ZOO["condition"]()], uno)
    generate([ZOO["condition"]()], nano)
    with pytest.raises(UnsupportedModelError, match=r"--runtime tflm` runs it$"):
        generate([ZOO["condition"]()], nano, runtime="c")


def test_optimization_is_of_the_c_runtime_alone() -> None:
    board = load_board("mps2_an386")
    assert choose(board, runtime="c").optimize == "speed"
    assert choose(board, runtime="c", optimize="size").optimize == "size"
    with pytest.raises(UsageError, match="--optimize is for the C runtime"):
        choose(board, optimize="size")
    with pytest.raises(UsageError, match="there are speed, size"):
        choose(board, runtime="c", optimize="fast")


@pytest.mark.parametrize(
    ("framework", "path"),
    [
        ("cmake", "CMakeLists.txt"),
        ("host", "CMakeLists.txt"),
        ("esp-idf", "main/CMakeLists.txt"),
        ("zephyr", "CMakeLists.txt"),
        ("pico", "CMakeLists.txt"),
        ("platformio", "platformio.ini"),
        ("arduino", "src/kernels/fully_connected_s8.c"),
        ("arduino", "src/m_model.c"),
    ],
)
def test_each_ecosystem_is_told_how_to_optimize(framework: str, path: str) -> None:
    board = boards_of(framework)[0]
    texts = {}
    for optimize in ("speed", "size"):
        files = generate([dense_model()], board, framework, "m", runtime="c", optimize=optimize)
        texts[optimize] = str(files[path])
        assert json.loads(files["firmware.json"])["optimize"] == optimize
    assert "O2" in texts["speed"]
    assert "EC_OPTIMIZE_SIZE" not in texts["speed"]
    assert "Os" in texts["size"]
    assert "EC_OPTIMIZE_SIZE" in texts["size"]
