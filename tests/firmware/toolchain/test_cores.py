"""The C runtime on every core that QEMU has a machine for: Debian's packages alone, no TFLM."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.firmware_tools import need, output_of, run_cli
from support.tiny_models import conv, dense_twice, depthwise, lstm
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.errors import ToolError, UnsupportedModelError
from edgecompress.files import write_tree
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.targets import CORES, MACHINES
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.tools import require_picolibc
from edgecompress.program.lower import lower
from edgecompress.tflite.reader import read_model

MODELS = {
    "conv": lambda: conv((9, 8, 12), (3, 3), 6, stride=2),
    "depthwise": lambda: depthwise((8, 7, 6), (3, 3)),
    "residual": ZOO["residual"],
    "dense": lambda: dense_twice(24),
    "lstm": lambda: lstm(5, 6, 8),
}
# The machine and core that run a board's code: each core that QEMU has, and what stands in for
# others. The core of a RISC-V machine has the extensions of the board's and no more.
BOARDS = {
    "mps2_an385": ("mps2-an385", "cortex-m3"),
    "mps2_an386": ("mps2-an386", "cortex-m4f"),
    "mps2_an500": ("mps2-an500", "cortex-m7"),
    "mps2_an505": ("mps2-an505", "cortex-m33"),
    "mps3_corstone300_an547": ("mps3-an547", "cortex-m55"),
    "bbc_microbit": ("microbit", "cortex-m0"),
    "qemu_riscv32": ("virt", "rv32imc"),
    "rpi_pico": ("mps2-an385", "cortex-m3"),
    "esp32_c3_devkitm_1": ("virt", "rv32imc"),
    "esp32_c6_devkitc_1": ("virt", "rv32imac"),
    "esp32_p4_function_ev": ("virt", "rv32imafc"),
}
# Real models, and boards that are large enough for them.
REAL = {
    "tflm/hello_world_int8": ("bbc_microbit", "qemu_riscv32", "mps2_an505"),
    "mlperf_tiny/kws_dscnn_int8": ("bbc_microbit", "qemu_riscv32", "mps2_an500"),
}


def need_tools_of(board: str) -> None:
    core = CORES[load_board(board).core]
    need("cmake", core.compiler, MACHINES[BOARDS[board][0]].program)


def words_of(board: str, out: Path) -> tuple[object, ...]:
    return ("--board", board, "--framework", "cmake", "--runtime", "c", "-o", out)


def project(board: str, models: list[bytes], folder: Path, statement: str = "") -> Path:
    """A project whose first model runs a statement of C whenever it is invoked."""
    files = generate(models, load_board(board), "cmake", "m", vectors=2, runtime="c")
    write_tree(folder, files, force=True)
    source = folder / "src" / "m_model.c"
    invoke = "ModelStatus m_invoke(void) {\n"
    text = source.read_text(encoding="utf-8") if statement else ""
    if statement:
        assert invoke in text
        source.write_text(text.replace(invoke, f"{invoke}  {statement}\n"), encoding="utf-8")
    return folder


def emulated(board: str, models: list[Path], out: Path, capsys: Any) -> dict[str, Any]:
    assert run_cli("generate", *models, *words_of(board, out)) == 0
    assert run_cli("build", out) == 0
    capsys.readouterr()
    assert run_cli("emulate", out, "--json") == 0
    run: dict[str, Any] = json.loads(capsys.readouterr().out)
    return run


@pytest.mark.parametrize("board", BOARDS)
def test_models_answer_as_tflm_does_on_every_core(
    board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of(board)
    models = [tmp_path / f"{name}.tflite" for name in MODELS]
    for path, model in zip(models, MODELS.values(), strict=True):
        path.write_bytes(model())
    run = emulated(board, models, tmp_path / "fw", capsys)
    assert (run["machine"], run["machine_core"]) == BOARDS[board]
    assert [(model["name"], model["failed"]) for model in run["models"]] == [
        (name, 0) for name in MODELS
    ]
    assert all(model["instructions"] > 300 for model in run["models"])
    assert 64 < run["stack_used_bytes"] < 1000
    built = build(tmp_path / "fw")
    assert sum(part.flash_bytes for part in built.parts) == built.flash.used_bytes
    assert sum(part.ram_bytes for part in built.parts) == built.ram.used_bytes
    parts = {part.name for part in built.parts}
    assert {"kernel conv_pixel_s8", "model conv", "tensor arena", "startup", "stack"} <= parts


@pytest.mark.parametrize("board", ["bbc_microbit", "qemu_riscv32", "mps2_an386"])
def test_the_digits_model_runs(
    board: str, digits_int8: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of(board)
    model = tmp_path / "digits.tflite"
    model.write_bytes(digits_int8)
    (run,) = emulated(board, [model], tmp_path / "fw", capsys)["models"]
    assert (run["vectors"], run["failed"]) == (4, 0)


@pytest.mark.parametrize(("model", "board"), [(m, b) for m, boards in REAL.items() for b in boards])
def test_published_models_run(
    model: str, board: str, shared_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of(board)
    path = shared_dir / "models" / f"{model}.tflite"
    (run,) = emulated(board, [path], tmp_path / "fw", capsys)["models"]
    assert (run["vectors"], run["failed"]) == (4, 0)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["rpi_pico", "mps2_an505", "qemu_riscv32"])
def test_every_operator_answers_as_tflm_does(
    board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of(board)
    models = []
    for name, make in ZOO.items():
        if is_supported(model := make()):
            models.append(tmp_path / f"{name}.tflite")
            models[-1].write_bytes(model)
    assert len(models) > 120
    run = emulated(board, models, tmp_path / "fw", capsys)
    assert [model["name"] for model in run["models"] if model["failed"]] == []
    assert len(run["models"]) == len(models)


def is_supported(model: bytes) -> bool:
    try:
        lower(read_model(model))
    except UnsupportedModelError:
        return False
    return True


# A loop of three instructions each time around, whatever the compiler does.
LOOPS = {
    "mps2_an386": 'uint32_t n = 200000; __asm__ volatile("1: nop\\n\\tsubs %0, #1\\n\\tbne 1b"'
    ' : "+r"(n) : : "cc");',
    "qemu_riscv32": 'uint32_t n = 200000; __asm__ volatile("1: nop\\n\\taddi %0, %0, -1\\n\\t'
    'bnez %0, 1b" : "+r"(n));',
}
LOOPS["bbc_microbit"] = 'uint32_t n = 200000; __asm__ volatile(".syntax unified\\n1: nop\\n\\t'
LOOPS["bbc_microbit"] += 'subs %0, %0, #1\\n\\tbne 1b" : "+l"(n) : : "cc");'


@pytest.mark.parametrize("board", LOOPS)
def test_what_is_counted_is_instructions(board: str, tmp_path: Path) -> None:
    need_tools_of(board)
    counts = []
    for name, statement in (("plain", ""), ("longer", LOOPS[board])):
        folder = project(board, [MODELS["conv"]()], tmp_path / name, statement)
        build(folder)
        counts.append(emulate(folder).models[0].instructions)
    plain, longer = counts
    assert plain is not None
    assert longer is not None
    assert longer - plain == pytest.approx(600_000, abs=200)  # the clocks' steps: 40 and 63


UNALIGNED = "*(volatile uint32_t*)((uintptr_t)g_tensor_arena + 1) = 1;"


@pytest.mark.parametrize(
    ("board", "statement"),
    [
        ("bbc_microbit", UNALIGNED),
        ("rpi_pico", UNALIGNED),
        ("qemu_riscv32", "*(volatile uint32_t*)0x00200000u = 1;"),
        # Instructions that the ESP32-C3 has not: of extensions A and F.
        ("esp32_c3_devkitm_1", '__asm__ volatile(".word 0x100522af");'),
        ("esp32_c3_devkitm_1", '__asm__ volatile(".word 0xf0050053");'),
    ],
)
def test_a_fault_is_reported(
    board: str, statement: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of(board)
    folder = project(board, [MODELS["conv"]()], tmp_path, statement)
    assert run_cli("build", folder) == 0
    assert run_cli("emulate", folder) == 1
    assert "a fault of the processor stopped it" in capsys.readouterr().err


@pytest.mark.parametrize("board", ["bbc_microbit", "qemu_riscv32"])
def test_a_wrong_output_is_told_from_a_right_one(
    board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of(board)
    folder = project(board, [MODELS["dense"]()], tmp_path)
    vectors = folder / "src" / "m_golden_vectors.c"
    text, mark = vectors.read_text(encoding="utf-8"), "kOutput0["
    start = text.index("{", text.index(mark)) + 1
    first = text[start:].split(",")[0].strip().lstrip("{ \n")
    changed = text[:start] + text[start:].replace(first, str(-int(first) - 1), 1)
    vectors.write_text(changed, encoding="utf-8")
    assert run_cli("build", folder) == 0
    assert run_cli("emulate", folder) == 1
    assert "1 of 2 vectors of m differ from TFLM's interpreter" in capsys.readouterr().err


def test_a_model_too_large_for_the_microbit_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tools_of("bbc_microbit")
    model = tmp_path / "m.tflite"
    model.write_bytes(conv((48, 48, 8), (3, 3), 8))
    assert run_cli("generate", model, *words_of("bbc_microbit", tmp_path / "fw")) == 0
    assert run_cli("build", tmp_path / "fw") == 5
    assert "RAM has 16,384 bytes" in capsys.readouterr().err


@pytest.mark.parametrize("board", ["bbc_microbit", "esp32_c3_devkitm_1", "esp32_p4_function_ev"])
def test_startup_code_compiles_without_a_warning(board: str, tmp_path: Path) -> None:
    core = CORES[load_board(board).core]
    need(core.compiler, "clang-format")
    folder = project(board, [MODELS["dense"]()], tmp_path)
    sources = sorted((folder / "board").glob("*.[ch]"))
    output_of(["clang-format", "--style=file", "--dry-run", "--Werror", *sources])
    flags = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
    for source in (folder / "board").glob("*.c"):
        listening = "-DEDGECOMPRESS_SEMIHOSTING"
        output_of([core.compiler, *core.flags, *flags, listening, "-Os", "-I", folder / "src",
                   "-c", source, "-o", tmp_path / "out.o"])  # fmt: skip


@pytest.mark.parametrize(
    ("command", "absent", "package"),
    [
        ("build", "riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
        ("emulate", "qemu-system-riscv32", "qemu-system-misc"),
    ],
)
def test_a_missing_tool_is_named_with_its_package(
    command: str,
    absent: str,
    package: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need_tools_of("qemu_riscv32")
    folder = project("qemu_riscv32", [MODELS["dense"]()], tmp_path)
    build(folder)
    monkeypatch.setattr("shutil.which", lambda name: None if name == absent else name)
    assert run_cli(command, folder) == 6
    message = capsys.readouterr().err
    assert f"{absent} is not on PATH" in message
    assert package in message


def test_a_compiler_without_picolibc_is_told_from_one_with_it() -> None:
    need("riscv64-unknown-elf-gcc", "arm-none-eabi-gcc")
    require_picolibc("riscv64-unknown-elf-gcc")
    if "/" in output_of(["arm-none-eabi-gcc", "-print-file-name=picolibc.specs"]):
        pytest.skip("both compilers have picolibc")
    with pytest.raises(ToolError, match="apt-get install picolibc-arm-none-eabi"):
        require_picolibc("arm-none-eabi-gcc")
