"""Firmware of the C runtime: it builds without TFLM and answers as TFLM does."""

import json
import re
import shutil
from pathlib import Path

import pytest
from support import REPOSITORY
from support.firmware_tools import need, output_of, run_cli, script
from support.random_operators import random_models
from support.tiny_models import conv, depthwise
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.files import sha256_of, write_tree
from edgecompress.firmware.sources.generate import ModelSource, generate
from edgecompress.firmware.toolchain.build import build
from edgecompress.lock import alone_in

MODELS = {
    "conv": lambda: conv((9, 8, 12), (3, 3), 6, stride=2),
    "depthwise": lambda: depthwise((8, 7, 6), (3, 3)),
    "residual": ZOO["residual"],
}
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")


@pytest.mark.parametrize("board", ["mps2_an385", "mps2_an386", "mps3_corstone300_an547"])
def test_a_board_needs_no_tflm(
    board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm", "cmake")
    models = []
    for name, model in MODELS.items():
        (tmp_path / f"{name}.tflite").write_bytes(model())
        models.append(tmp_path / f"{name}.tflite")
    out = tmp_path / "fw"
    assert run_cli("generate", *models, "--board", board, "--runtime", "c", "-o", out) == 0
    assert run_cli("build", out, "--json") == 0
    built = json.loads(capsys.readouterr().out)
    assert 1000 < built["runtime_flash_bytes"] < 12000
    assert {"kernel conv_pixel_s8", "model conv", "tensor arena"} <= {
        p["name"] for p in built["parts"]
    }
    assert run_cli("emulate", out, "--json") == 0
    run = json.loads(capsys.readouterr().out)
    assert [model["failed"] for model in run["models"]] == [0, 0, 0]
    assert run["stack_used_bytes"] < 1000


def test_random_operators_on_a_core_with_helium(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm", "cmake")
    models = [ModelSource(model) for _, model in random_models(90, seed=7)]
    board = load_board("mps3_corstone300_an547")
    write_tree(tmp_path, generate(models, board, name="m", runtime="c"), force=True)
    assert run_cli("build", tmp_path) == 0
    capsys.readouterr()
    assert run_cli("emulate", tmp_path, "--json") == 0
    run = json.loads(capsys.readouterr().out)
    assert [model["failed"] for model in run["models"]] == [0] * len(models)


@pytest.mark.parametrize("board", ["mps2_an386", "rpi_pico"])
def test_the_layers_of_an_inference_add_up(
    board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm", "cmake")
    models = [MODELS[name]() for name in ("conv", "residual")]
    write_tree(tmp_path, generate(models, load_board(board), "cmake", runtime="c"), force=True)
    flash = build(tmp_path).flash.used_bytes
    assert run_cli("emulate", tmp_path, "--profile", "--json") == 0
    for run in json.loads(capsys.readouterr().out)["models"]:
        source = (tmp_path / "src" / f"{run['name']}_model.c").read_text(encoding="utf-8")
        calls = re.findall(r"^  (Ec\w+\(&k\w+),", source, re.MULTILINE)
        assert [operator["name"] for operator in run["operators"]] == [f"{c})" for c in calls]
        total = sum(operator["instructions"] for operator in run["operators"])
        assert total == pytest.approx(run["instructions"], rel=0.05, abs=100 * len(calls))
    assert build(tmp_path).flash.used_bytes == flash
    assert run_cli("emulate", tmp_path, "--profile") == 0
    assert "EcAddS8(&k" in capsys.readouterr().out


def test_the_table_of_the_documentation_is_made_by_its_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm", "cmake")
    model, published = tmp_path / "conv.tflite", tmp_path / "published.json"
    model.write_bytes(MODELS["conv"]())
    record = {"model_sha256": sha256_of(model), "core": "cortex-m0plus", "min_bytes": 4321,
              "ram_static_without_arena_bytes": 272}  # fmt: skip
    published.write_text(json.dumps({"records": [record]}))
    (tmp_path / "broken.tflite").write_bytes(b"TFL3")
    words = [tmp_path, "--core", "cortex-m0plus", "--published", published]
    monkeypatch.setattr("sys.argv", ["runtime.py", *map(str, words)])
    script("benchmarks/runtime.py").main()
    out, err = capsys.readouterr()
    assert "broken on cortex-m0plus: " in err
    (row,) = [line for line in out.splitlines() if line.startswith("| conv | cortex-m0plus | ")]
    headings = [line for line in out.splitlines() if line.startswith("| model | ")]
    assert headings[0] in (REPOSITORY / "docs" / "runtime.md").read_text(encoding="utf-8")
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[3] == cells[9] == "-"
    assert cells[7] == "4,321 + 272"
    assert 10_000 < int(cells[2].replace(",", "")) < 1_000_000
    assert int(cells[4].replace(",", "")) < int(cells[5].replace(",", "")) / 4


def test_the_host_needs_a_c_compiler_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("gcc", "cmake")
    model, out = tmp_path / "m.tflite", tmp_path / "fw"
    model.write_bytes(MODELS["residual"]())
    host = ("--board", "rpi_pico", "--framework", "host", "--runtime", "c")
    assert run_cli("generate", model, *host, "-o", out) == 0
    with alone_in(out / "build"):  # as another build is
        assert run_cli("build", out) == 2
    assert "build: another run writes to this folder" in capsys.readouterr().err
    assert run_cli("build", out, "--sanitize") == 0
    assert run_cli("emulate", out) == 0
    assert "4 of 4 vectors equal TFLM's interpreter" in capsys.readouterr().out


@pytest.mark.parametrize("maker", ["ninja", "make"])
def test_what_a_full_disk_or_a_kill_left_of_a_build_is_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch, maker: str
) -> None:
    need("arm-none-eabi-gcc", "cmake", maker)
    which = shutil.which
    hidden = {"ninja", "make"} - {maker}
    monkeypatch.setattr(shutil, "which", lambda name: None if name in hidden else which(name))
    model, out = tmp_path / "m.tflite", tmp_path / "fw"
    model.write_bytes(MODELS["residual"]())
    board = ("--board", "mps2_an386", "--framework", "cmake", "--runtime", "c")
    assert run_cli("generate", model, *board, "-o", out) == 0
    assert run_cli("build", out) == 0
    image = out / "build" / "m.elf"
    whole, expected = image.with_suffix(".map").read_text(), image.read_bytes()
    image.with_suffix(".map").write_text(whole[: len(whole) // 2])  # ld takes no notice
    assert run_cli("build", out) == 6
    assert "m.map: the map ends too soon" in capsys.readouterr().err
    next(out.rglob("m_model.c.obj")).write_bytes(b"")  # newer than its source
    assert run_cli("build", out) == 0
    assert image.with_suffix(".map").read_text() == whole
    assert image.read_bytes() == expected


@pytest.mark.parametrize(
    "compiler",
    [
        ("arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-std=c99"),
        ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-std=c99"),
        ("arm-none-eabi-gcc", "-mcpu=cortex-m55", "-std=c99"),
        ("gcc", "-std=c99"),
        ("g++", "-std=c++17", "-x", "c++"),
        ("clang", "-std=c99"),
        ("riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-std=c99",
         "--specs=picolibc.specs"),
    ],
)  # fmt: skip
def test_every_compiler_takes_the_sources_without_a_warning(
    compiler: tuple[str, ...], tmp_path: Path
) -> None:
    need(compiler[0])
    files = generate([m() for m in MODELS.values()], load_board("mps2_an386"), runtime="c")
    write_tree(tmp_path, files, force=True)
    sources = sorted(p for p in (tmp_path / "src").rglob("*.c") if p.name != "main.c")
    for source in sources:
        output_of(
            [*compiler, *WARNINGS, "-O2", "-c", "-I", tmp_path / "src", source,
             "-o", tmp_path / "out.o"],
        )  # fmt: skip


def test_calls_before_init_and_wrong_indices_return_an_error(tmp_path: Path) -> None:
    need("gcc")
    files = generate([MODELS["conv"]()], load_board("rpi_pico"), "host", "m", runtime="c")
    write_tree(tmp_path, files, force=True)
    (tmp_path / "user.c").write_text(
        '#include "m_model_runner.h"\n'
        "int main(void) {\n"
        "  if (m_invoke() != kModelErrorNotReady || m_input(0) || m_output(0)) return 1;\n"
        "  if (m_set_input0(NULL) != kModelErrorNotReady || m_input0()) return 6;\n"
        "  if (m_arena_used() != 0 || m_init() != kModelOk) return 2;\n"
        "  if (!m_input(0) || m_input(1) || !m_output(0) || m_output(9)) return 3;\n"
        "  if (m_set_input0(NULL) != kModelErrorArgument) return 4;\n"
        "  return m_invoke() == kModelOk ? 0 : 5;\n}\n"
    )
    sources = [p for p in (tmp_path / "src").rglob("*.c") if p.name != "main.c"]
    program = tmp_path / "user"
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    include = ("-I", tmp_path / "src")
    output_of(["gcc", *flags, *include, tmp_path / "user.c", *sources, "-o", program])
    output_of([program])


def test_hostile_names_are_valid_c(tmp_path: Path) -> None:
    need("gcc")
    names = ['*/ int x; //"\\', "", "ключ", "while", "9" * 300, "??/"]
    files = generate(
        [MODELS["conv"]()], load_board("rpi_pico"), "host", names[0], runtime="c", labels=names
    )
    write_tree(tmp_path, files, force=True)
    for source in (tmp_path / "src").glob("*_model.c"):
        output_of(["gcc", "-std=c99", *WARNINGS, "-fsyntax-only", "-I", tmp_path / "src", source])
