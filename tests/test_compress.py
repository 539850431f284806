"""`edgecompress compress`, as a user runs it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from edgecompress.files import BOARDS_DIR
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.report.write import OUTPUTS
from edgecompress.search.forms import SHRINKING
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

BOARD = "nucleo_f401re"


@pytest.fixture(scope="module")
def words(digits_files):
    return (
        "compress", digits_files / "digits.keras", "--board", BOARD,
        "--data", digits_files / "digits.npz", "--time-budget", "1m", "--runtime", "tflm",
    )  # fmt: skip


@pytest.fixture(scope="module")
def plain(words, tmp_path_factory):
    """The folder of a run in which the model fits as it is."""
    from edgecompress.cli import main

    out = tmp_path_factory.mktemp("plain") / "out"
    with pytest.raises(SystemExit) as ended:
        main([*map(str, words), "-o", str(out)])
    assert not ended.value.code
    return out


def test_a_model_that_fits_is_quantized_and_nothing_more(plain: Path) -> None:
    facts = json.loads((plain / "report.json").read_text())
    assert [step["step"] for step in facts["steps"]] == ["quantize"]
    assert facts["fits"]
    assert facts["accurate"]
    assert facts["before"]["parameters"] == facts["after"]["parameters"]
    assert facts["channels"] == []


def test_everything_the_contract_names_is_written(plain: Path) -> None:
    assert all((plain / name).exists() for name in OUTPUTS)
    assert (plain / "firmware" / "platformio.ini").is_file()  # what the board is for


def test_the_model_is_full_int8_with_a_batch_of_one(plain: Path) -> None:
    main = read_model(plain / "model.tflite").main
    ends = [main.tensors[index] for index in (*main.inputs, *main.outputs)]
    assert {tensor.type for tensor in ends} == {"INT8"}
    assert {tensor.shape[0] for tensor in ends} == {1}
    assert not {tensor.type for tensor in main.tensors} & {"FLOAT32", "FLOAT16"}
    shapes = {"SHAPE", "STRIDED_SLICE", "PACK"}
    assert not shapes & {operator.op for operator in main.operators}


def test_the_reported_accuracy_is_what_the_tflm_interpreter_says(
    plain: Path, digits_splits
) -> None:
    test = digits_splits[2]
    (outputs,) = run((plain / "model.tflite").read_bytes(), test.x)
    accuracy = float((outputs.argmax(axis=1) == test.y).mean())
    facts = json.loads((plain / "report.json").read_text())
    assert facts["after"]["int8_test"] == pytest.approx(accuracy)
    assert facts["data"]["test"] == test.size
    recalled = sum(row["samples"] * row["after"] for row in facts["classes"])
    assert recalled == pytest.approx(accuracy * test.size)


def test_the_report_compares_what_original_and_result_look_at(plain: Path, cli, words) -> None:
    facts = json.loads((plain / "report.json").read_text())
    original, result = facts["explain"]["models"]
    assert result["accuracy"] == pytest.approx(facts["after"]["int8_test"])
    assert original["accuracy"] == pytest.approx(facts["before"]["float_test"])
    assert facts["explain"]["samples"] == 8
    assert result["similarity"]["mean"]["rank_correlation"] > 0.8
    assert result["finding"] == "same"
    command = ("explain", words[1], plain / "model.tflite", *words[4:6], "--json")
    again = json.loads(cli(*command)[1])["models"][1]
    assert again["calibration_error"] == pytest.approx(result["calibration_error"])
    assert again["agreement_by_class"] == result["agreement_by_class"]
    assert facts["removed"] == []


def test_the_report_is_one_page_that_needs_nothing_else(plain: Path) -> None:
    page = (plain / "report.html").read_text()
    assert "NUCLEO-F401RE" in page
    assert "default-src 'none'" in page
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r'<(?:script|link|img|iframe)[^>]* (?:src|href)="(?!data:)', markup)


def test_report_rebuilds_the_page(plain: Path, cli) -> None:
    page = plain / "report.html"
    before = page.read_bytes()
    page.unlink()
    code, stdout, _ = cli("report", plain)
    assert code == 0
    assert stdout.strip() == str(page)
    assert page.read_bytes() == before


def test_the_recipe_makes_the_same_bytes_again(plain: Path, tmp_path: Path, cli) -> None:
    again = tmp_path / "again"
    code, _, _ = cli("compress", "--recipe", plain / "edgecompress.toml", "-o", again)
    assert code == 0
    for name in ("model.tflite", "model.keras", "firmware/src/digits_model_data.cc"):
        assert (again / name).read_bytes() == (plain / name).read_bytes()


def test_results_of_an_earlier_run_are_not_overwritten(words, plain: Path, cli) -> None:
    before = (plain / "report.json").read_bytes()
    code, _, stderr = cli(*words, "-o", plain)
    assert code == 2
    assert "--force" in stderr
    assert (plain / "report.json").read_bytes() == before


@pytest.fixture(scope="module")
def limit_bytes(plain: Path) -> int:
    """An arena 15 % smaller than the unpruned model needs: most of a small one is persistent."""
    return (
        plan_arena(read_model(plain / "model.tflite"), "cortex-m4f", "cmsis-nn").min_bytes
        * 17
        // 20
    )


def test_a_model_that_is_too_large_is_pruned_until_it_fits(
    words, limit_bytes: int, tmp_path: Path, cli
) -> None:
    out = tmp_path / "out"
    words = (*words, "--time-budget", "5m")  # it ends before, on a busy computer too
    code, stdout, _ = cli(*words, "-o", out, "--max-arena-bytes", limit_bytes, "--json")
    facts = json.loads(stdout)
    assert code == 0, facts["summary"]
    assert facts == json.loads((out / "report.json").read_text())
    first, second, *_ = [step["step"] for step in facts["steps"]]
    assert first == "quantize"
    assert second in SHRINKING
    arena = plan_arena(read_model(out / "model.tflite"), "cortex-m4f", "cmsis-nn")
    assert arena.min_bytes == facts["after"]["arena_bytes"] <= limit_bytes
    assert facts["after"]["parameters"] < facts["before"]["parameters"]
    narrowed = {group["name"]: group["after"] < group["before"] for group in facts["channels"]}
    assert narrowed
    assert all(narrowed.values())
    for group, removed in zip(facts["channels"], facts["removed"], strict=True):
        assert removed["name"] == group["name"]
        assert (len(removed["kept"]), len(removed["gone"])) == (
            group["after"], group["before"] - group["after"],
        )  # fmt: skip
        assert min(removed["kept"]) >= max(removed["gone"]) >= 0
        assert 0 < removed["effect"] < 2
    assert facts["steps"][1]["saved_ram_bytes"] > 0


def test_compress_keeps_room_for_the_user_s_application(
    words, plain: Path, tmp_path: Path, cli
) -> None:
    before = json.loads((plain / "report.json").read_text())["verdict"]
    size = before["ram"]["headroom_bytes"] + before["arena"]["min_bytes"] * 3 // 20
    out = tmp_path / "out"
    words = (*words, "-o", out, "--reserve-ram", size, "--reserve-flash", "8k", "--json")
    code, stdout, _ = cli(*words)
    facts = json.loads(stdout)
    assert code == 0, facts["summary"]
    for memory, reserved in (("ram", size), ("flash", 8192)):
        placed = facts["verdict"][memory]
        own = [item for item in placed["items"] if item["name"].startswith("your own application")]
        assert [(item["kind"], item["bytes"]) for item in own] == [("application", reserved)]
        assert placed["headroom_bytes"] >= 0
        others = sum(item["bytes"] for item in placed["items"] if item not in own)
        assert others + reserved <= placed["available_bytes"]
    assert facts["after"]["arena_bytes"] < before["arena"]["min_bytes"]
    assert f"{size:,} bytes of RAM and 8,192 bytes of flash" in facts["summary"]
    assert "your own application, reserved" in (out / "report.html").read_text()
    recipe = (out / "edgecompress.toml").read_text()
    assert f"reserve_ram_bytes = {size}" in recipe
    assert "reserve_flash_bytes = 8192" in recipe


def test_an_arena_beside_the_chip_counts_as_fitting_and_is_spoken_of(
    words, tmp_path: Path, cli
) -> None:
    profile = (BOARDS_DIR / "esp32_s3_devkitc_1_n8r8.toml").read_text()
    own, out = tmp_path / "own.toml", tmp_path / "out"
    own.write_text(profile.replace("size_bytes = 341_760", "size_bytes = 40_000"))
    code, stdout, _ = cli(*words, "--board", own, "-o", out)
    facts = json.loads((out / "report.json").read_text())
    assert code == 0
    assert [step["step"] for step in facts["steps"]] == ["quantize"]
    assert facts["verdict"]["ram"]["region"] == "PSRAM"
    for told in (stdout, (out / "report.html").read_text()):
        assert "The arena goes to PSRAM" in told
        assert "slower there" in told
    assert "RAM PSRAM of the board, bytes" in stdout
    assert "EXT_RAM_BSS_ATTR" in (out / "firmware/main/tensor_arena.h").read_text()


def test_when_nothing_fits_the_closest_is_kept_and_explained(words, tmp_path: Path, cli) -> None:
    out = tmp_path / "out"
    code, _, stderr = cli(*words, "-o", out, "--max-model-bytes", 2000)
    assert code == 5
    facts = json.loads((out / "report.json").read_text())
    missing = (out / "model.tflite").stat().st_size - 2000
    assert f"{missing:,} bytes too large" in stderr
    assert not facts["fits"]
    assert facts["after"]["parameters"] < facts["before"]["parameters"]
    assert not (out / "firmware").exists()


def test_firmware_of_an_earlier_run_does_not_outlive_its_model(
    words, plain: Path, tmp_path: Path, cli
) -> None:
    out = tmp_path / "out"
    shutil.copytree(plain, out)
    (out / "firmware" / "notes.txt").write_text("mine")
    code, _, _ = cli(*words, "-o", out, "--max-model-bytes", 2000, "--force")
    assert code == 5
    left = [path.name for path in (out / "firmware").rglob("*") if path.is_file()]
    assert left == ["notes.txt"]


def test_lost_accuracy_is_exit_4_with_the_result_kept(
    words, limit_bytes: int, tmp_path: Path, cli
) -> None:
    recipe = tmp_path / "untrained.toml"
    recipe.write_text("max_epochs = 0\n")
    out = tmp_path / "out"
    code, _, stderr = cli(*words, "-o", out, "--max-arena-bytes", limit_bytes, "--recipe", recipe)
    assert code == 4
    assert "points worse" in stderr
    assert (out / "model.tflite").is_file()
    assert (out / "firmware").is_dir()


def test_an_interrupted_run_resumes_after_its_last_attempt(
    words, plain: Path, tmp_path: Path, cli, monkeypatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("edgecompress.pipeline.measure_final", _interrupt)
        code, _, _ = cli(*words, "-o", out)
    assert code != 0
    assert not (out / "model.tflite").exists()
    code, _, stderr = cli(*words, "-o", out, "--resume")
    assert code == 0
    assert "resuming after quantize" in stderr
    assert (out / "model.tflite").read_bytes() == (plain / "model.tflite").read_bytes()


def _interrupt(*args, **kwargs):
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def small_board(tmp_path_factory):
    """A Cortex-M3 whose 12 KiB of flash TFLM's code alone does not fit."""
    profile = (BOARDS_DIR / "bluepill_f103c8.toml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("board") / "small.toml"
    path.write_text(re.sub(r"(?m)^size_bytes = 65_536", "size_bytes = 12_288", profile))
    return path


def test_the_c_runtime_judges_what_it_is_to_run(cli, digits_files, small_board, tmp_path) -> None:
    out = tmp_path / "out"
    data = ("--data", digits_files / "digits.npz", "--time-budget", "1m")
    recipe = ("compress", digits_files / "digits.keras", "--board", small_board, *data)
    code, printed, err = cli(*recipe, "--runtime", "c", "-o", out)
    assert code == 0, err
    assert "C runtime (chosen): " in printed
    assert "TFLM: " in printed
    facts = json.loads((out / "report.json").read_text())
    assert facts["verdict"]["runtime"] == "c"
    assert [(r["runtime"], r["chosen"], r["fits"]) for r in facts["runtimes"]] == [
        ("tflm", False, False), ("c", True, True),
    ]  # fmt: skip
    assert json.loads((out / "firmware" / "firmware.json").read_text())["runtime"] == "c"
    assert [*(out / "firmware").rglob("kernels/conv_s8.c")]
    assert 'runtime = "c"' in (out / "edgecompress.toml").read_text()
    page = (out / "report.html").read_text()
    assert "C runtime <span" in page
    counts = [row["instructions"] or 0 for row in facts["network"]]
    assert sum(counts) == facts["instructions"]["total"] > 0
    assert max(counts) == counts[facts["network"].index(max(facts["network"], key=_macs))]
    assert f"Instructions, {sum(counts):,} in all, are estimated" in page


def _macs(row):
    return row["macs"]


def test_a_runtime_that_cannot_be_what_was_asked_for_is_refused_at_once(
    cli, digits_files, tmp_path
) -> None:
    code, _, err = cli(
        "compress", digits_files / "digits.keras", "--board", "arduino_nano_33_ble_sense",
        "--data", digits_files / "digits.npz", "--optimize", "size", "--runtime", "tflm",
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 2
    assert "--optimize is for the C runtime" in err
    code, _, err = cli("compress", "m", "--board", "b", "--data", "d", "--runtime", "d", "-o", "o")
    assert code == 2
