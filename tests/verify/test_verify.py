"""`verify`: a folder is what it was, or what has changed is named, and is the exit code."""

import json
import shutil

import numpy as np
import pytest
from support.firmware_tools import need

BOARD = "nucleo_f401re"


@pytest.fixture(scope="module")
def written(tmp_path_factory, digits_files):
    """What `compress` leaves of the digits model, and what it was made from."""
    from edgecompress.pipeline import compress
    from edgecompress.recipe import Recipe

    place = tmp_path_factory.mktemp("run")
    for name in ("digits.keras", "digits.npz"):
        shutil.copy(digits_files / name, place / name)
    recipe = Recipe(str(place / "digits.keras"), BOARD, str(place / "digits.npz"), time_budget="1m")
    compress(recipe, place / "out")
    return place


@pytest.fixture
def place(written, tmp_path):
    """A copy to change."""
    shutil.copytree(written, tmp_path / "run")
    return tmp_path / "run"


def _checks(cli, folder, *options):
    code, stdout, stderr = cli("verify", folder, *options, "--json")
    assert "Traceback" not in stderr
    checks = json.loads(stdout)["checks"]
    return code, {(check["kind"], check["holds"]) for check in checks}, stderr


def test_what_compress_wrote_holds(place, cli) -> None:
    code, checks, _ = _checks(cli, place / "out")
    assert code == 0
    held = {kind for kind, holds in checks if holds}
    assert held == {"model", "files", "fit", "accuracy", "golden vectors"}
    assert {kind for kind, holds in checks if holds is None} == {"emulation"}  # PlatformIO's


def test_a_changed_source_is_named(place, cli) -> None:
    source = next((place / "out" / "firmware").rglob("*_golden_vectors.c"))
    text = source.read_text()
    first = text.index("= {", text.index("kOutput0")) + 3
    source.write_text(text[:first] + " 99," + text[text.index(",", first) + 1 :])
    code, checks, stderr = _checks(cli, place / "out")
    assert code == 2
    assert {("files", False), ("golden vectors", False)} <= checks
    assert source.name in stderr
    source.unlink()
    assert f"gone: src/{source.name}" in _checks(cli, place / "out")[2]


def test_another_model_is_noticed_and_measured(place, cli) -> None:
    model = place / "out" / "model.tflite"
    content = bytearray(model.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = (
        np.random.default_rng(0).integers(0, 255, 200, np.uint8).tobytes()
    )
    model.write_bytes(content)
    code, checks, stderr = _checks(cli, place / "out")
    assert code == 2
    assert ("model", False) in checks
    assert "sha256 was" in stderr


def test_data_that_changed_or_went(place, cli) -> None:
    with np.load(place / "digits.npz") as arrays:
        changed = dict(arrays)
    changed["y_test"] = (changed["y_test"] + 1) % 10
    np.savez(place / "digits.npz", **changed)
    code, checks, _ = _checks(cli, place / "out")
    assert code == 2
    assert {("files", False), ("accuracy", False)} <= checks
    (place / "digits.npz").unlink()
    code, checks, _ = _checks(cli, place / "out")
    assert code == 0
    assert ("accuracy", None) in checks


def test_a_board_that_shrank_no_longer_fits(place, cli, tmp_path, monkeypatch) -> None:
    _, shown, _ = cli("boards", "show", BOARD, "--json")
    assert json.loads(shown)["ram"][0]["size_bytes"] == 98_304
    from edgecompress.files import BOARDS_DIR

    profile = (BOARDS_DIR / f"{BOARD}.toml").read_text().replace("98_304", "4_304")
    (tmp_path / f"{BOARD}.toml").write_text(profile)
    monkeypatch.setenv("EDGECOMPRESS_BOARDS", str(tmp_path))
    code, checks, stderr = _checks(cli, place / "out")
    assert (code, ("fit", False) in checks) == (5, True)
    assert "fits was True, is False" in stderr


@pytest.mark.parametrize("framework", ["cmake", "host"])
def test_firmware_in_c_runs_again(digits_files, digits_int8, tmp_path, cli, framework) -> None:
    need("arm-none-eabi-gcc", "cmake", "qemu-system-arm", "g++")
    model = tmp_path / "digits.tflite"
    model.write_bytes(digits_int8)
    folder = tmp_path / "firmware"
    words = ("--board", "mps2_an386", "--framework", framework, "--runtime", "c", "-o", folder)
    assert cli("generate", model, *words)[0] == 0
    before = sorted(folder.rglob("*"))
    code, checks, _ = _checks(cli, folder, "--model", model)
    assert code == 0
    assert {("emulation", True), ("golden vectors", True)} <= checks
    assert sorted(folder.rglob("*")) == before  # built elsewhere
    assert ("golden vectors", None) in _checks(cli, folder)[1]  # the model is not in it


def test_firmware_for_tflm_holds_its_model(digits_int8, tmp_path, cli) -> None:
    (tmp_path / "digits.tflite").write_bytes(digits_int8)
    folder = tmp_path / "firmware"
    words = ("--board", "esp32_s3_devkitc_1_n8", "--runtime", "tflm", "-o", folder)
    assert cli("generate", tmp_path / "digits.tflite", *words)[0] == 0
    code, checks, _ = _checks(cli, folder)
    assert code == 0
    assert {("golden vectors", True), ("fit", True), ("files", True)} <= checks


def test_firmware_is_judged_with_the_room_that_it_was_written_for(
    digits_int8, tmp_path, cli, monkeypatch
) -> None:
    model = tmp_path / "digits.tflite"
    model.write_bytes(digits_int8)
    folder = tmp_path / "firmware"
    words = ("--board", BOARD, "-o", folder, "--reserve-ram", "20k")
    assert cli("generate", model, *words)[0] == 0
    assert json.loads((folder / "firmware.json").read_text())["reserve_ram_bytes"] == 20480
    assert _checks(cli, folder, "--model", model)[0] == 0
    from edgecompress.files import BOARDS_DIR

    profile = (BOARDS_DIR / f"{BOARD}.toml").read_text().replace("98_304", "21_304")
    (tmp_path / f"{BOARD}.toml").write_text(profile)
    monkeypatch.setenv("EDGECOMPRESS_BOARDS", str(tmp_path))
    assert _checks(cli, folder, "--model", model)[0] == 5


@pytest.mark.parametrize("facts", ["", "[]", "{}", '{"after": {"sha256": 1}}'])
def test_folders_of_others_are_refused(tmp_path, cli, facts) -> None:
    code, _, stderr = cli("verify", tmp_path)
    assert (code, "report.json" in stderr) == (2, True)
    (tmp_path / "report.json").write_text(facts)
    (tmp_path / "model.tflite").write_bytes(b"")
    code, _, stderr = cli("verify", tmp_path)
    assert (code, "Traceback" in stderr) == (2, False)
    (tmp_path / "report.json").unlink()
    (tmp_path / "firmware.json").write_text(facts)
    assert cli("verify", tmp_path)[0] == 2
