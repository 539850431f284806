import hashlib
import json
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from support.firmware_tools import boards_of, run_cli
from support.tflite_models import add_model, dense_model, reshape_model
from support.tiny_models import lstm, svdf

from edgecompress.board import Board, all_boards, load_board
from edgecompress.errors import BoardError, DataError, UnsupportedModelError, UsageError
from edgecompress.firmware.sources.frameworks import FRAMEWORKS
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import check_labels, io_tensors
from edgecompress.firmware.sources.targets import CORES
from edgecompress.firmware.sources.write import write_firmware
from edgecompress.tflite.interpreter import run_sequence
from edgecompress.tflite.reader import read_model

HOSTILE = 'x"; */ #include "/etc/passwd" \\\n${EVIL} {{ 123457*2 }} ../../<b>`id` ??/'


@pytest.fixture(scope="module")
def an386() -> Board:
    return load_board("mps2_an386")


def numbers_of(source: str, array: str) -> np.ndarray:
    inside = re.search(rf"\b{array}\[[^]]*\] = {{(.*?)}};", source, re.DOTALL)
    assert inside, array
    return np.array([int(word, 0) for word in inside[1].replace(",", " ").split()])


def text(files: dict[str, str | bytes], path: str) -> str:
    content = files[path]
    assert isinstance(content, str)
    return content


def test_the_arrays_hold_the_model_and_what_tflm_computes(an386: Board) -> None:
    model = dense_model()
    files = generate([model], an386, name="dense", vectors=3, seed=5)
    data = numbers_of(text(files, "src/dense_model_data.cc"), "g_dense_model_data")
    vectors = text(files, "src/dense_golden_vectors.c")
    inputs = numbers_of(vectors, "kInput0").astype(np.int8).reshape(3, 1, 8)
    (outputs,) = run_sequence(model, inputs)
    assert bytes(data.astype(np.uint8)) == model
    assert np.array_equal(numbers_of(vectors, "kOutput0"), outputs.ravel())
    assert len(np.unique(inputs)) > 10


def test_real_samples_become_the_vectors_by_the_models_own_quantization(an386: Board) -> None:
    samples = np.linspace(-2, 2, 16, dtype=np.float32).reshape(2, 8)
    files = generate([dense_model()], an386, name="dense", vectors=2, samples=samples)
    values = numbers_of(text(files, "src/dense_golden_vectors.c"), "kInput0")
    assert np.allclose((values - 3) * 0.05, samples.ravel(), atol=0.0251)


def test_the_same_arguments_give_the_same_bytes(an386: Board) -> None:
    first = generate([dense_model()], an386, name="dense")
    assert first == generate([dense_model()], an386, name="dense")
    assert first != generate([dense_model()], an386, name="dense", seed=1)


@pytest.mark.usefixtures("cached_vectors")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_renders_for_every_board_that_has_it(framework: str) -> None:
    models = [dense_model(), add_model()]
    rendered = 0
    for board in all_boards():
        has_it = framework == "host" or framework in board.frameworks
        if has_it or (framework == "cmake" and board.core in CORES):
            files = generate(models, board, framework, name="two")
            assert files == generate(models, board, framework, name="two")
            facts = json.loads(text(files, "firmware.json"))
            assert (facts["board"], facts["framework"]) == (board.id, framework)
            rendered += 1
        else:
            with pytest.raises(BoardError, match="Its frameworks are"):
                generate(models, board, framework)
    assert rendered >= 2


def test_refuses_a_board_that_a_framework_cannot_name(an386: Board) -> None:
    strange = replace(an386, frameworks={"qemu": {"machine": "pc"}}, mcu="Z80")
    with pytest.raises(BoardError, match="'pc'; known are mps2-an385"):
        generate([dense_model()], strange)
    strange = replace(strange, frameworks={"platformio": {"board": "z80"}})
    with pytest.raises(BoardError, match="begin with nRF52"):
        generate([dense_model()], strange, "platformio")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_build_files_name_the_board_as_its_profile_does(framework: str) -> None:
    board = boards_of(framework)[0]
    files = generate([dense_model()], board, framework, name="dense")
    everything = "\n".join(c for c in files.values() if isinstance(c, str))
    keys = board.frameworks.get(framework, {})
    named = [value for key, value in keys.items() if key != "psram"]  # for large arenas alone
    for value in (board.name, *named):
        assert value in everything


def test_nothing_hostile_leaves_its_string_its_comment_or_the_folder() -> None:
    for framework in FRAMEWORKS:
        board = boards_of(framework)[0]
        files = generate(
            [dense_model(HOSTILE)], board, framework, name=HOSTILE, labels=(HOSTILE, "né?", "c")
        )
        for path, content in files.items():
            parts = PurePosixPath(path).parts
            assert ".." not in parts
            assert re.fullmatch(r"[\w./-]+", path), path
            assert not path.startswith("/")
            assert isinstance(content, str)
            assert "246914" not in content
            for line in content.splitlines():
                assert not line.startswith(("${EVIL}", '#include "/etc'))
                assert "??/" not in line
                assert not (line.endswith("\\") and "passwd" in line)


def test_an_inference_of_an_lstm_begins_by_forgetting_the_one_before(an386: Board) -> None:
    def invoke(model: bytes) -> str:
        runner = text(generate([model], an386, name="m", vectors=2), "src/m_model_runner.cc")
        return runner.partition("m_invoke(void) {")[2].partition("\n}")[0]

    assert "->Reset()" in invoke(lstm(5, 6, 8))
    # One step at a time: whoever feeds it so counts on its state.
    assert "->Reset()" not in invoke(lstm(1, 6, 8))
    assert "->Reset()" not in invoke(svdf(4, 2, 6, 3))


def test_labels_are_constants(an386: Board) -> None:
    files = generate([dense_model()], an386, name="dense", labels=["yes", 'say "no"', "peut-être"])
    runner = text(files, "src/dense_model_runner.cc")
    assert '"say \\042no\\042"' in runner
    assert '"peut-\\303\\252tre"' in runner
    assert "#define DENSE_LABEL_COUNT 3" in text(files, "src/dense_model_runner.h")


def test_models_of_one_firmware_share_the_larger_arena(an386: Board) -> None:
    small, large = dense_model(), add_model(shape=(1, 4096))
    facts = json.loads(text(generate([small, large], an386), "firmware.json"))
    needed = [model["arena_min_bytes"] for model in facts["models"]]
    names = [model["name"] for model in facts["models"]]
    assert names == ["model", "model_2"]
    assert facts["arena_bytes"] > max(needed) > min(needed)
    assert facts["arena_bytes"] <= max(needed) * 1.02 + 256


def test_each_model_has_a_runner_and_all_share_the_kernels(an386: Board) -> None:
    def flash(*models: bytes) -> dict[str, int]:
        facts = json.loads(text(generate(models, an386), "firmware.json"))
        return facts["prediction"]["flash"]

    one, two = flash(dense_model()), flash(dense_model(), dense_model(units=4))
    assert two["model runner"] == 2 * one["model runner"] > 0
    assert two["kernel fully_connected"] == one["kernel fully_connected"]


def test_registers_the_operators_of_the_model_and_no_others(an386: Board) -> None:
    cmsis = text(generate([dense_model()], an386, name="d"), "src/d_model_runner.cc")
    assert "MicroMutableOpResolver<1>" in cmsis
    assert "AddFullyConnected(tflite::Register_FULLY_CONNECTED_INT8())" in cmsis
    assert cmsis.count("resolver->Add") == 2  # the narrow one, and the one for an old TFLM


def test_refuses_what_no_firmware_can_be_made_of(an386: Board) -> None:
    with pytest.raises(UnsupportedModelError, match="edgecompress quantize"):
        generate([add_model("FLOAT32")], an386)
    with pytest.raises(UsageError, match="no framework 'make'"):
        generate([dense_model()], an386, "make")
    with pytest.raises(UsageError, match="at least one"):
        generate([], an386)
    with pytest.raises(DataError, match="samples"):
        generate([dense_model()], an386, samples=np.zeros((2, 8), np.float32), vectors=3)
    with pytest.raises(DataError, match="shape"):
        generate([dense_model()], an386, samples=np.zeros((9, 7), np.float32))


def test_the_command_writes_the_folder_and_protects_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "my net.tflite", tmp_path / "fw"
    model.write_bytes(reshape_model())
    command = ("generate", model, "--board", "mps2_an386", "-o", out)
    assert run_cli(*command, "--json") == 0
    listed = json.loads(capsys.readouterr().out)["files"]
    on_disk = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert {entry["path"] for entry in listed} == on_disk
    assert "src/my_net_model_runner.cc" in on_disk
    assert not any(str(tmp_path) in p.read_text() for p in out.rglob("*") if p.is_file())
    assert run_cli(*command) == 0  # the same files again
    assert run_cli(*command, "--vectors", "2") == 2
    assert "--force" in capsys.readouterr().err
    assert run_cli(*command, "--vectors", "2", "--force") == 0


def test_another_generation_leaves_nothing_of_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, out = tmp_path / "old.tflite", tmp_path / "next.tflite", tmp_path / "fw"
    for model in (old, new):
        model.write_bytes(reshape_model())
    command = ("--board", "arduino_nano_33_ble_sense", "--framework", "arduino", "-o", out)
    assert run_cli("generate", old, *command) == 0
    (out / "src" / "mine.cpp").write_text("// the user's\n")
    changed = out / "src" / "old_golden_vectors.c"
    changed.write_text(changed.read_text() + "// changed\n")
    assert run_cli("generate", new, *command) == 2
    assert (out / "src" / "old_model_data.cpp").is_file()
    capsys.readouterr()
    assert run_cli("generate", new, *command, "--force") == 0
    assert "old_golden_vectors.c is of an earlier generation" in capsys.readouterr().err
    left = {path.name for path in (out / "src").iterdir() if path.name.startswith("old")}
    assert left == {"old_golden_vectors.c"}
    assert (out / "src" / "mine.cpp").is_file()
    fresh = {p.name for p in (out / "src").iterdir()} - {"mine.cpp", "old_golden_vectors.c"}
    assert fresh >= {"next.h", "next_model_data.cpp", "self_test.c"}
    cmake = ("--board", "mps2_an386", "-o", out, "--force")
    assert run_cli("generate", new, *cmake) == 0
    assert not (out / "examples").exists()


def test_nothing_outside_the_folder_is_removed(tmp_path: Path) -> None:
    outside, out = tmp_path / "outside.txt", tmp_path / "fw"
    outside.write_text("mine")
    out.mkdir()
    (out / "link.txt").symlink_to(outside)
    sha256 = hashlib.sha256(b"mine").hexdigest()
    written = dict.fromkeys(["../outside.txt", str(outside), "link.txt", "."], sha256)
    for facts in ({"files": written}, {"files": 3}, [], {"files": {"\0": 1}}):
        (out / "firmware.json").write_text(json.dumps(facts))
        write_firmware(out, {"firmware.json": "{}"}, force=True)
        assert outside.read_text() == "mine"
        assert (out / "link.txt").is_symlink()


@pytest.mark.parametrize(
    ("content", "board", "expected"),
    [
        (None, "mps2_an386", (3, "cannot read")),
        (b"TFL3 but no model", "mps2_an386", (3, "not a TFLite model")),
        (dense_model()[:300], "mps2_an386", (3, "truncated")),
        (add_model("FLOAT32"), "mps2_an386", (3, "edgecompress quantize")),
        (dense_model(), "mps2_an387", (2, "mps2_an386")),
    ],
)
def test_input_errors_end_in_their_code_with_one_message(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    board: str,
    expected: tuple[int, str],
) -> None:
    code, message = expected
    model = tmp_path / "m.tflite"
    if content is not None:
        model.write_bytes(content)
    assert run_cli("generate", model, "--board", board, "-o", tmp_path / "fw") == code
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "fw").exists()


def test_labels_and_samples_come_from_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, labels, data = (tmp_path / name for name in ("m.tflite", "labels.txt", "data.npz"))
    model.write_bytes(dense_model())
    labels.write_text("cat\ndog\nbird\n")
    random = np.random.default_rng(0)
    np.savez(data, x=random.normal(size=(60, 8)).astype(np.float32), y=np.arange(60) % 3)
    command = ("generate", model, "--board", "mps2_an386", "-o", tmp_path / "fw")
    assert run_cli(*command, "--labels", labels, "--data", data) == 0
    runner = (tmp_path / "fw/src/m_model_runner.cc").read_text()
    assert runner.index('"cat"') < runner.index('"dog"') < runner.index('"bird"')
    assert "samples of the user" in (tmp_path / "fw/src/m_golden_vectors.c").read_text()
    labels.write_text("cat\ndog\n")
    assert run_cli(*command, "--labels", labels) == 2
    assert f"--labels {labels}: 2 labels for a model whose output is 1x3" in capsys.readouterr().err
    labels.write_bytes(b"\xff\xfe\x00")
    assert run_cli(*command, "--labels", labels) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_each_model_may_have_labels_and_samples_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("a.tflite", "b.tflite", "a.txt", "b.txt", "a.npz", "b.npz")
    one, two, first, second, data_1, data_2 = (tmp_path / name for name in names)
    for number, (model, labels, data) in enumerate(
        ((one, first, data_1), (two, second, data_2)), start=3
    ):
        model.write_bytes(dense_model(units=number, features=number * 2))
        labels.write_text("\n".join(f"{model.stem}{index}" for index in range(number)))
        np.savez(data, x=np.full((60, number * 2), number, np.float32), y=np.arange(60) % number)
    command = ("generate", one, two, "--board", "mps2_an386", "-o", tmp_path / "fw")
    assert run_cli(*command, "--labels", first, "--data", data_1) == 0
    src = tmp_path / "fw/src"
    assert '"a2"' in (src / "a_model_runner.cc").read_text()
    assert "labels" not in (src / "b_model_runner.cc").read_text()
    assert "uniform noise" in (src / "b_golden_vectors.c").read_text()
    options = ("--labels", first, "--data", data_1, "--labels", second, "--data", data_2)
    assert run_cli(*command, *options, "--force") == 0
    assert '"b3"' in (src / "b_model_runner.cc").read_text()
    assert "samples of the user" in (src / "b_golden_vectors.c").read_text()
    assert run_cli(*command, *options, "--data", data_1) == 2
    assert "--data is given 3 times for 2 MODELS" in capsys.readouterr().err


def test_labels_are_those_of_an_output() -> None:
    for model, counts in (
        (dense_model(units=3), {3}),
        (dense_model(units=1), {1, 2}),  # a sigmoid: which of two
        (reshape_model(12), {12}),
    ):
        outputs = io_tensors(read_model(model))[1]
        for count in range(1, 15):
            with nullcontext() if count in counts else pytest.raises(UsageError, match="labels"):
                check_labels(["x"] * count, outputs)


# What the runner may use of TFLM, at the commit of `firmware.json`.
TFLM_API = {
    "tensorflow/lite/micro/micro_interpreter.h": {
        "MicroInterpreter", "AllocateTensors", "Invoke", "Reset", "arena_used_bytes", "input",
        "output",
    },
    "tensorflow/lite/micro/micro_mutable_op_resolver.h": {"MicroMutableOpResolver", "Add"},
    "tensorflow/lite/micro/micro_profiler_interface.h": {"MicroProfilerInterface"},
    "tensorflow/lite/schema/schema_generated.h": {
        "BuiltinOperator", "EnumNameBuiltinOperator", "GetModel", "Model",
    },
}  # fmt: skip


def test_the_runner_uses_no_more_of_tflm_than_the_pinned_release_has(an386: Board) -> None:
    source = text(generate([dense_model()], an386, name="d"), "src/d_model_runner.cc")
    known = set().union(*TFLM_API.values())
    names = set(re.findall(r"tflite::(\w+)", source)) - {"Register_FULLY_CONNECTED_INT8"}
    called = set(re.findall(r"interpreter->(\w+)\(", source))
    assert names | called <= known
    assert {"AllocateTensors", "Invoke", "arena_used_bytes", "input", "output"} <= called
    assert set(re.findall(r'#include "(tensorflow/.*)"', source)) <= set(TFLM_API)
    profiled = text(generate([dense_model()], an386, name="d"), "src/profiled_op_resolver.h")
    assert set(re.findall(r"tflite::(\w+)", profiled)) <= known
    assert set(re.findall(r'#include "(tensorflow/.*)"', profiled)) <= set(TFLM_API)
