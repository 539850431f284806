"""The README's commands run as they stand there."""

import re
import shlex

import numpy as np
import pytest
from PIL import Image
from support import REPOSITORY
from support.firmware_tools import need

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.partition(" #")[0].strip()
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("edgecompress ")
]
# What needs a TFLM, which edgecompress does not carry, says so; and so nothing is built to emulate.
WITHOUT_TFLM = {"tflm": 6, "build": 6, "emulate": 2}


@pytest.fixture
def workplace(tmp_path, digits_files, digits_int8, digits_splits, monkeypatch):
    """A folder with the files that the README's commands name."""
    train, validation, test = digits_splits
    np.savez(
        tmp_path / "data.npz",
        x_train=train.x[:400], y_train=train.y[:400], x_test=test.x[:100], y_test=test.y[:100],
    )  # fmt: skip
    for part, split in (("train", train.take(np.arange(200))), ("test", validation)):
        for number, (pixels, label) in enumerate(zip(split.x[..., 0], split.y, strict=True)):
            path = tmp_path / "images" / part / str(label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((pixels * 255).astype(np.uint8)).save(path)
    for name in ("model.keras", "big.keras", "small.keras"):
        (tmp_path / name).write_bytes((digits_files / "digits.keras").read_bytes())
    (tmp_path / "model.tflite").write_bytes(digits_int8)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGECOMPRESS_TFLM", raising=False)
    return tmp_path


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_runs(workplace, cli, line: str) -> None:
    words = shlex.split(line)[1:]
    for name in ("small.keras", "model.tflite"):
        if "-o" in words and words[words.index("-o") + 1] == name:
            (workplace / name).unlink()
    if words == ["verify", "demo-out"]:
        name = ("compress", "model.keras", "--board", "nucleo_f401re", "--data", "data.npz")
        assert cli(*name, "-o", "demo-out", "--time-budget", "1m")[0] == 0
    if words[0] in ("build", "emulate"):
        assert cli("generate", "model.tflite", "--board", "mps2_an386", "-o", "firmware")[0] == 0
    if words[0] == "compress" and "--board" not in words:  # it takes what `init` wrote
        assert cli(*shlex.split(next(c for c in COMMANDS if " init " in c))[1:])[0] == 0
    expected = WITHOUT_TFLM.get(words[0], 0)
    if "firmware-c" in words and words[0] in ("build", "emulate", "verify"):
        need("arm-none-eabi-gcc", "cmake", "qemu-system-arm")
        c = ("--board", "mps2_an386", "--runtime", "c", "-o", "firmware-c")
        assert cli("generate", "model.tflite", *c)[0] == 0
        assert words[0] != "emulate" or cli("build", "firmware-c")[0] == 0
        expected = 0
    code, _, stderr = cli(*words)
    assert code == expected, stderr
    assert "Traceback" not in stderr


def test_the_readme_shows_every_command() -> None:
    from edgecompress.cli import COMMANDS as KNOWN

    shown = {line.split()[1] for line in COMMANDS}
    aliases_and_make = {"check", "demo", "report"}
    assert shown == set(KNOWN) - aliases_and_make


def test_the_make_targets_are_real() -> None:
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"^make (\w+)$", README, re.MULTILINE)
    assert named == ["demo", "test"]
    assert set(named) <= set(targets)


def test_exit_codes_are_those_of_the_error_classes() -> None:
    from edgecompress import errors

    codes = {
        value.exit_code
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.EdgecompressError)
    }
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert listed == codes | {0}
