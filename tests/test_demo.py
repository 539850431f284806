"""`edgecompress demo`, and what the README shows of it."""

import re
from pathlib import Path

import pytest
from support import REPOSITORY
from support.firmware_tools import need

from edgecompress.cli.demo import run_firmware
from edgecompress.report.write import OUTPUTS


@pytest.mark.slow
def test_the_demo_ends_as_the_readme_shows(cli, tmp_path, monkeypatch, capsys) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm", "cmake")
    monkeypatch.chdir(tmp_path)
    code, stdout, stderr = cli("demo", "-o", "out")
    assert code == 0, stderr
    assert all((tmp_path / "out" / name).exists() for name in OUTPUTS)
    readme = (REPOSITORY / "README.md").read_text()
    shown = re.search(r"<!-- demo output -->\n```text\n(.*?)```", readme, re.DOTALL)
    assert shown is not None
    assert _shape(stdout) == _shape(shown[1])
    monkeypatch.setenv("PATH", "")
    run_firmware("arduino_uno_r4_minima", Path("out"), force=True)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("The firmware was not run: cmake is not on PATH; on Debian")
    assert said[1] == stdout.splitlines()[-1]


def _shape(output: str) -> list[str]:
    """The words of each line: the figures differ a little from one processor to another."""
    text = output.replace("demo-out", "out").replace("better", "worse")
    return [re.sub(r"[\d,.% ]+", " ", line).strip() for line in text.splitlines()]
