import subprocess
import sys

import pytest
from click.testing import CliRunner
from support import REPOSITORY

from edgecompress.cli import COMMANDS, app, main
from edgecompress.errors import DoesNotFitError


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )


def test_help_imports_nothing_heavy() -> None:
    result = _run("-X", "importtime", "-m", "edgecompress", "--help")
    assert result.returncode == 0
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in result.stderr.split("\n")}
    assert "click" in imported
    assert not imported & {"tensorflow", "keras", "jinja2", "numpy", "rich"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    command = app.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert command.help
    commands = getattr(command, "commands", {"": command}).values()
    for each in commands:
        for parameter in each.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{name}: {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_needs_no_tensorflow(name: str) -> None:
    code = (
        "import sys; from edgecompress.cli import app; "
        f"app(['{name}', '--help'], standalone_mode=False); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert _run("-c", code).returncode == 0


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["comprez"])
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_errors_become_exit_codes_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise DoesNotFitError("too large")

    monkeypatch.setattr("edgecompress.cli.app", fails)
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 5
    assert capsys.readouterr().err == "edgecompress: too large\n"
    with pytest.raises(SystemExit) as stop:
        main(["--debug"])
    assert stop.value.code == 5
    assert "Traceback" in capsys.readouterr().err


def test_a_defect_is_exit_code_1_and_says_how_to_report_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgecompress.cli.app", lambda *_, **__: 1 / 0)
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 1
    error = capsys.readouterr().err
    assert "ZeroDivisionError" in error
    assert "--debug" in error
    assert "Traceback" not in error
