"""Close matches, listed choices, shell completion, and folders taken as they come."""

import shutil
import subprocess
import sys

import click
import numpy as np
import pytest
from support.firmware_tools import need

from edgecompress.cli import COMMANDS, app
from edgecompress.cli.input.options import BoardName, OneOf
from edgecompress.errors import close_matches, did_you_mean
from edgecompress.files import BOARDS_DIR
from edgecompress.firmware.sources.frameworks import FRAMEWORKS


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ft",), "did you mean fit?"),
        (("comprez",), "did you mean compare or compress?"),
        (("generate", "m.tflite", "--framework", "arduno"), "did you mean arduino?"),
        (("quantize", "m.keras", "--calibration", "precentile"), "did you mean percentile?"),
        (("boards", "show", "esp32s3"), "esp32_s3_devkitc_1_n8, esp32_s3_devkitc_1_n8r8 or seeed_"),
    ],
)
def test_a_mistyped_word_gets_what_it_may_have_meant(cli, words, message) -> None:
    code, _, stderr = cli(*words)
    assert code == 2
    assert message in stderr


def test_a_word_like_nothing_gets_no_guess(cli) -> None:
    assert did_you_mean("xyzzy", COMMANDS) == ""
    assert "did you mean" not in cli("xyzzy")[2]


def test_what_holds_the_word_comes_before_what_is_spelt_like_it() -> None:
    assert close_matches("nano_33", ["nano_3", "arduino_nano_33_ble"]) == ["arduino_nano_33_ble"]


def test_a_mistyped_class_gets_the_close_ones(tmp_path) -> None:
    from edgecompress.dataset.load import load_dataset
    from edgecompress.errors import DataError

    np.savez(tmp_path / "d.npz", x=np.zeros((4, 2), np.float32), y=["left", "rigth"] * 2)
    with pytest.raises(DataError, match=r"'rigth' is not among .*; did you mean right\?"):
        load_dataset(str(tmp_path / "d.npz"), labels=["left", "right"])


def _parameters() -> list[tuple[str, click.Parameter]]:
    commands = {name: app.get_command(None, name) for name in COMMANDS}  # type: ignore[arg-type]
    return [(name, each) for name, command in commands.items() for each in command.params]


def test_every_choice_lists_its_values_and_boards_are_completed() -> None:
    for name, parameter in _parameters():
        if "--framework" in parameter.opts:
            assert tuple(parameter.type.choices) == FRAMEWORKS, name
        if "--board" in parameter.opts:
            assert isinstance(parameter.type, BoardName), name
        assert not isinstance(parameter.type, click.Choice) or isinstance(parameter.type, OneOf)


def _completed(words: str, **environment: str) -> list[str]:
    values = {"_EDGECOMPRESS_COMPLETE": "bash_complete", "COMP_WORDS": words}
    values["COMP_CWORD"] = str(len(words.split(" ")) - 1)
    program = "import sys; sys.argv[0] = 'edgecompress'; from edgecompress.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**values, **environment, "PYTHONPATH": sys.path[0]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.split()


def test_shells_complete_commands_boards_and_frameworks(tmp_path) -> None:
    shutil.copy(BOARDS_DIR / "rpi_pico.toml", tmp_path / "rpi_mine.toml")
    assert _completed("edgecompress qu") == ["plain,quantize"]
    boards = _completed("edgecompress fit m.tflite --board rpi_")
    assert boards == ["plain,rpi_pico", "plain,rpi_pico2", "plain,rpi_pico_w"]
    own = _completed("edgecompress fit m.tflite --board rpi_m", EDGECOMPRESS_BOARDS=str(tmp_path))
    assert own == ["plain,rpi_mine"]
    assert _completed("edgecompress compress --framework p") == ["plain,platformio", "plain,pico"]
    assert _completed("edgecompress boards show ./bo")[0].startswith("file")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_install_line_of_each_shell_prints_its_script(shell, cli, monkeypatch) -> None:
    monkeypatch.setenv("_EDGECOMPRESS_COMPLETE", f"{shell}_source")
    code, stdout, _ = cli()
    assert code == 0
    assert f"_EDGECOMPRESS_COMPLETE={shell}_complete" in stdout
    if shell == "bash" and shutil.which("bash"):
        subprocess.run(["bash", "-n"], input=stdout, text=True, check=True)


@pytest.fixture(scope="module")
def run(digits_files, tmp_path_factory):
    """A run of compress whose firmware is of cmake."""
    from edgecompress.pipeline import compress
    from edgecompress.recipe import Recipe

    folder = tmp_path_factory.mktemp("run")
    recipe = Recipe(
        model=str(digits_files / "digits.keras"), data=str(digits_files / "digits.npz"),
        board="mps2_an386", runtime="c",
    )  # fmt: skip
    compress(recipe, folder)
    return folder


def test_build_and_emulate_take_the_folder_of_a_run(run, cli) -> None:
    need("arm-none-eabi-gcc", "cmake", "qemu-system-arm")
    assert cli("build", run)[0] == 0
    code, stdout, stderr = cli("emulate", run)
    assert code == 0, stderr
    assert "digits: 4 of 4 vectors equal" in stdout


def test_firmware_is_named_for_the_users_model(run, cli, tmp_path) -> None:
    assert (run / "firmware" / "src" / "digits_model_runner.h").is_file()
    out = tmp_path / "again"
    words = ("generate", run / "model.tflite", "--board", "mps2_an386", "-o", out)
    code, _, stderr = cli(*words)
    assert (code, "--name" in stderr) == (0, False)
    assert (out / "src" / "digits_model_runner.h").is_file()
    alone = tmp_path / "model.tflite"
    alone.write_bytes((run / "model.tflite").read_bytes())
    code, _, stderr = cli("generate", alone, *words[2:-1], tmp_path / "alone")
    assert (code, "--name gives it another" in stderr) == (0, True)
    assert (tmp_path / "alone" / "src" / "model_model_runner.h").is_file()
