"""`doctor`: what it finds, what it says of what it does not, and its exit code."""

import json
import subprocess
import sys

import pytest

from edgecompress.firmware.toolchain.doctor import packages


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """An empty PATH, and a way to put programs on it that answer `--version`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("EDGECOMPRESS_TFLM", raising=False)
    monkeypatch.delenv("PICO_SDK_PATH", raising=False)

    def add(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return add


def _parts(cli) -> tuple[int, dict[str, dict]]:
    code, stdout, _ = cli("doctor", "--json")
    document = json.loads(stdout)
    assert document["ready"] is (code == 0)
    return code, {part["name"]: part for part in document["parts"]}


def test_what_is_not_there_is_named_with_what_it_is_for_and_how_to_get_it(cli, programs) -> None:
    code, stdout, _ = cli("doctor")
    assert code == 0  # compilers are for two commands alone
    lines = [line.strip() for line in stdout.splitlines()]
    row = next(number for number, line in enumerate(lines) if line.startswith("- cmake"))
    assert lines[row : row + 3] == [
        lines[row], "for build", "apt-get install cmake",
    ]  # fmt: skip
    assert lines[row].endswith("not found")
    for line in ("gcc-arm-none-eabi", "picolibc-riscv64-unknown-elf", "PICO_SDK_PATH=", "west=="):
        assert line in stdout


def test_versions_are_what_the_programs_say(cli, programs, tmp_path) -> None:
    programs("cmake", "echo cmake version 3.31.6")
    programs("arduino-cli", '[ "$1" = version ] && echo "arduino-cli  Version: 1.3.1 Commit: 8"')
    programs("gcc", 'echo "gcc (Debian 12.2.0-14+deb12u1) 12.2.0"')
    parts = _parts(cli)[1]
    assert parts["cmake"]["version"] == "3.31.6"
    assert parts["cmake"]["where"] == str(tmp_path / "cmake")
    assert parts["arduino-cli"]["version"] == "1.3.1"
    assert parts["gcc"]["version"] == "12.2.0"
    assert parts["gcc"]["usable"] is True


def test_a_compiler_without_its_library_and_a_program_that_fails_are_of_no_use(
    cli, programs
) -> None:
    programs("riscv64-unknown-elf-gcc", 'case $1 in -print*) echo "picolibc.specs";; esac')
    programs("west", "exit 3")
    parts = _parts(cli)[1]
    assert "no picolibc.specs" in parts["riscv64-unknown-elf-gcc"]["problem"]
    assert "exit code 3" in parts["west"]["problem"]
    assert not parts["west"]["usable"]
    assert "! west" in cli("doctor")[1]


def test_interpreters_are_tried_and_not_only_imported(cli, programs, tmp_path, monkeypatch) -> None:
    """A package that imports and fails when it is used, as tflite-runtime does with numpy 2."""
    package = tmp_path / "tflite_runtime"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "interpreter.py").write_text("raise ImportError('_ARRAY_API not found')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    parts = _parts(cli)[1]
    assert "_ARRAY_API not found" in parts["tflite-runtime"]["problem"]
    assert parts["tflite-micro"]["usable"]
    assert parts["ai-edge-litert"]["usable"]


def test_a_required_part_that_is_missing_is_exit_code_6(cli, programs, monkeypatch) -> None:
    real = packages.find_spec
    monkeypatch.setattr(packages, "find_spec", lambda n: None if n == "tensorflow" else real(n))
    code, _, stderr = cli("doctor")
    assert code == 6
    assert "tensorflow: not found; pip install tensorflow" in stderr
    assert _parts(cli)[0] == 6


def test_folders_of_variables_are_looked_into(cli, programs, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PICO_SDK_PATH", str(tmp_path))
    monkeypatch.setenv("EDGECOMPRESS_TFLM", str(tmp_path))
    parts = _parts(cli)[1]
    assert "no Pico SDK" in parts["Pico SDK"]["problem"]
    assert "neither a tree of TFLM" in parts["TFLM"]["problem"]
    (tmp_path / "pico_sdk_init.cmake").write_text("")
    (tmp_path / "pico_sdk_version.cmake").write_text(
        "set(PICO_SDK_VERSION_MAJOR 2)\nset(PICO_SDK_VERSION_MINOR 1)\n"
        "set(PICO_SDK_VERSION_REVISION 0)\n"
    )
    sdk = _parts(cli)[1]["Pico SDK"]
    assert (sdk["version"], sdk["usable"]) == ("2.1.0", True)


def test_tensorflow_is_not_imported() -> None:
    code = (
        "import sys; from edgecompress.cli import app; "
        "app(['doctor', '--json'], standalone_mode=False); sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0
