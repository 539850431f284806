import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import REPOSITORY
from support.audio_front_end import audio_front_end

from edgecompress.cli.fit import command
from edgecompress.errors import DoesNotFitError, UsageError

NANO = "arduino_nano_33_ble_sense"


@pytest.fixture
def kws(shared_dir: Path) -> str:
    return str(shared_dir / "models" / "mlperf_tiny" / "kws_dscnn_int8.tflite")


@pytest.fixture
def resnet(shared_dir: Path) -> str:
    return str(shared_dir / "models" / "mlperf_tiny" / "ic_resnet8_int8.tflite")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def as_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgecompress", "fit", *arguments],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip


def test_json_answer_imports_no_tensorflow(kws: str) -> None:
    program = (
        "import sys; from edgecompress.cli import app\n"
        f"app(['fit', {kws!r}, '--board', '{NANO}', '--json'], standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras', 'rich', 'jinja2'} & set(sys.modules)\n"
        "status = open('/proc/self/status').read() if sys.platform == 'linux' else 'VmHWM: 0'\n"
        "print(status.split('VmHWM:')[1].split()[0], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["boards"][0]["fits"]
    assert document["boards"][0]["arena"]["min_bytes"] == 22_832  # measured on an emulated M4
    assert int(done.stderr) < 60 * 1024  # KiB of memory, at most


def test_people_see_items_and_headroom(kws: str) -> None:
    result = run(kws, "--board", NANO)
    assert result.exit_code == 0
    for words in ("Nano 33 BLE Sense", "fits", "tensor arena", "22,832", "headroom", "estimated"):
        assert words in result.stdout


def test_not_fitting_a_named_board_is_exit_5(resnet: str) -> None:
    done = as_process(resnet, "--board", "arduino_uno_r4_minima", "--board", "rpi_pico", "--json")
    assert done.returncode == 5
    assert [board["fits"] for board in json.loads(done.stdout)["boards"]] == [False, True]
    assert "arduino_uno_r4_minima: RAM region RAM" in done.stderr
    assert "Traceback" not in done.stderr


def test_all_boards_is_a_table_and_no_failure(resnet: str) -> None:
    result = run(resnet, "--all-boards")
    assert result.exit_code == 0
    assert "arduino_uno_r4_minima" in result.stdout
    assert "NO" in result.stdout


def test_all_boards_leaves_out_those_a_library_does_not_run_on(kws: str) -> None:
    result = run(kws, "--all-boards", "--kernels", "esp-nn", "--json")
    boards = json.loads(result.stdout)["boards"]
    assert boards
    assert all(
        board["board"].startswith(
            ("esp32_", "arduino_nano_esp32", "seeed_xiao_esp32", "qemu_riscv32")
        )
        for board in boards
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["MODEL"], 2, ["--board", "--all-boards"]),
        (["MODEL", "--board", "nucleo_f401"], 2, ["did you mean nucleo_f401re?"]),
        (["MODEL", "--board", "rpi_pico", "--kernels", "esp-nn"], 2, ["does not run on rpi_pico"]),
        (["missing.tflite", "--board", "rpi_pico"], 3, ["missing.tflite", "no such file"]),
        (["TRUNCATED", "--board", "rpi_pico"], 3, ["truncated.tflite"]),
    ],
)
def test_bad_input_ends_with_one_clear_message(
    kws: str, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    truncated = tmp_path / "truncated.tflite"
    truncated.write_bytes(Path(kws).read_bytes()[:1000])
    names = {"MODEL": kws, "TRUNCATED": str(truncated)}
    done = as_process(*(names.get(word, word) for word in arguments))
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_ci_annotates_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged, really.tflite"
    damaged.write_bytes(b"not a model")
    done = as_process(str(damaged), "--board", "rpi_pico", "--ci")
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("::")]
    name = "damaged%2C really.tflite"
    assert line.startswith(f"::error file={tmp_path}/{name},title=cannot be judged::")


def test_ci_annotates_and_summarises(
    resnet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    result = run(
        resnet, "--board", "arduino_uno_r4_minima", "--board", "rpi_pico", "--ci", "--json"
    )
    assert isinstance(result.exception, DoesNotFitError)
    json.loads(result.stdout)
    assert (
        f"::error file={resnet},title=arduino_uno_r4_minima%3A does not fit::RAM region"
        in result.stderr
    )
    assert f"::notice file={resnet},title=rpi_pico%3A fits::flash" in result.stderr
    lines = (tmp_path / "summary.md").read_text().splitlines()
    assert sum(line.startswith("| ") for line in lines) == 3
    assert any("| arduino_uno_r4_minima | NO |" in line for line in lines)


def test_baseline_reports_growth_and_fails(kws: str, tmp_path: Path) -> None:
    saved = tmp_path / "memory.json"
    assert run(kws, "--board", NANO, "--save-baseline", str(saved)).exit_code == 0
    assert run(kws, "--board", NANO, "--baseline", str(saved)).exit_code == 0
    grown = run(kws, "--board", NANO, "--baseline", str(saved), "--registration", "default")
    assert isinstance(grown.exception, DoesNotFitError)
    assert f"{NANO}: flash_used_bytes grew by 30,788" in str(grown.exception)
    saved.write_text("[]")
    for option in ("--baseline", "--save-baseline"):  # neither reads nor overwrites other files
        assert isinstance(run(kws, "--board", NANO, option, str(saved)).exception, UsageError)
    assert saved.read_text() == "[]"


def test_own_board_by_path_and_folder(kws: str, tmp_path: Path) -> None:
    profile = (REPOSITORY / "boards" / "nucleo_f401re.toml").read_text()
    (tmp_path / "my_board.toml").write_text(profile.replace("98_304", "20_000"))
    for arguments in (
        ["--board", str(tmp_path / "my_board.toml")],
        ["--board", "my_board", "--boards-dir", str(tmp_path)],
    ):
        result = run(kws, *arguments, "--json")
        assert isinstance(result.exception, DoesNotFitError)
        assert json.loads(result.stdout)["boards"][0]["ram"]["available_bytes"] == 20_000


def test_verify_compares_with_tflm_on_this_host(kws: str) -> None:
    pytest.importorskip("tflite_micro", reason="needs TFLM: pip install --pre tflite-micro")
    done = as_process(kws, "--board", NANO, "--json", "--verify")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert "allocation figures agree" in done.stderr


@pytest.mark.slow
def test_keras_model_is_converted_and_said_so(shared_dir: Path) -> None:
    model = shared_dir / "models" / "mlperf_tiny" / "ad_autoencoder.h5"
    result = run(str(model), "--board", "rpi_pico", "--json")
    assert result.exit_code == 0
    assert "noise" in json.loads(result.stdout)["model"]["note"]


def test_an_audio_front_end_of_signal_operators_fits(tmp_path: Path) -> None:
    model = tmp_path / "front_end.tflite"
    model.write_bytes(audio_front_end())
    result = run(str(model), "--board", NANO, "--json")
    assert result.exit_code == 0, result.stderr
    operators = {o["op"]: o["count"] for o in json.loads(result.stdout)["model"]["operators"]}
    assert operators["CAST"] == 4
