"""A model's firmware runs with whatever this machine has, and says what it lacks."""

import os
from pathlib import Path

import pytest
from support.firmware_tools import need
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.errors import ToolError
from edgecompress.firmware.run.anywhere import run_anywhere

CROSS_COMPILER = "arm-none-eabi-gcc"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "residual.tflite"
    path.write_bytes(ZOO["residual"]())
    return path


@pytest.fixture
def hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Take programs off PATH; without names, all."""

    def hide(*hidden: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        for entry in os.environ["PATH"].split(os.pathsep) if hidden else ():
            for program in Path(entry).glob("*"):
                if program.name not in hidden and not (folder / program.name).is_symlink():
                    (folder / program.name).symlink_to(program)
        monkeypatch.setenv("PATH", str(folder))

    return hide


def test_with_everything_it_runs_in_qemu_on_the_core_of_an_arduino_board(
    model: Path, tmp_path: Path
) -> None:
    need("cmake", CROSS_COMPILER, "qemu-system-arm")
    result = run_anywhere(model, load_board("arduino_uno_r4_minima"), tmp_path / "fw")
    (run,) = result.models
    assert (result.machine, result.core) == ("mps2-an386", "cortex-m4f")
    assert (run.vectors, run.failed, run.microseconds) == (4, 0, None)
    assert run.instructions > 1000
    assert 0 < result.stack_used_bytes < 1000


@pytest.mark.parametrize("missing", [CROSS_COMPILER, "qemu-system-arm"])
def test_without_one_of_them_it_runs_here(
    missing: str, model: Path, tmp_path: Path, hide, caplog: pytest.LogCaptureFixture
) -> None:
    need("cmake", "gcc", CROSS_COMPILER, "qemu-system-arm")
    hide(missing)
    with caplog.at_level("INFO", "edgecompress"):
        result = run_anywhere(model, load_board("rpi_pico"), tmp_path / "fw")
    (run,) = result.models
    assert (result.machine, run.vectors, run.failed, run.instructions) == ("host", 4, 0, None)
    assert run.microseconds is not None
    assert result.stack_used_bytes is None
    assert f"not in QEMU: {missing} is not on PATH; on Debian or Ubuntu: apt-get" in caplog.text


def test_a_core_that_is_not_in_qemu_runs_here(model: Path, tmp_path: Path) -> None:
    need("cmake", "gcc")
    assert run_anywhere(model, load_board("esp32_devkitc"), tmp_path / "fw").core == "host"


def test_without_any_tool_it_says_what_to_install(model: Path, tmp_path: Path, hide) -> None:
    hide()
    with pytest.raises(ToolError, match=r"cmake is not on PATH.*apt-get install cmake"):
        run_anywhere(model, load_board("rpi_pico"), tmp_path / "fw")
