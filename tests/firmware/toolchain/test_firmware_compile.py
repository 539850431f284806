"""What of the firmware needs no TFLM: compiled with warnings as errors, linked, run in QEMU."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.constants import P_FLAGS, SH_FLAGS
from elftools.elf.elffile import ELFFile
from support.firmware_tools import (
    boards_of,
    copying_runner,
    need,
    output_of,
    run_cli,
    write,
    write_stand_in_tflm,
)
from support.tflite_models import add_model, dense_model, reshape_model

from edgecompress.board import load_board
from edgecompress.errors import DoesNotFitError, EdgecompressError, ToolError, UsageError
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.run.profile import OperatorCounts, longest_inferences
from edgecompress.firmware.sources.frameworks import FRAMEWORKS
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import Runtime
from edgecompress.firmware.sources.prediction import Prediction
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.comparison import compare, explain
from edgecompress.firmware.toolchain.host import build_host
from edgecompress.firmware.toolchain.link_map import Contributor
from edgecompress.firmware.toolchain.tflm import find_tflm
from edgecompress.tflite.affine import quantize
from edgecompress.tflite.graph import Normalization
from edgecompress.tflite.metadata import with_normalizations
from edgecompress.tflite.reader import read_model

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LONGEST = "a_name_as_long_as_one"[:20]
LABELS = ("one", 'two "?"', "três")
MEANS, DEVIATIONS = (0.1, -3.0, 101325.0, 0.0), (0.02, 150.0, 500.0, 1e-3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = [dense_model(), add_model("INT16")]
    files = generate(models, load_board("mps2_an386"), name="pair", labels=LABELS)
    return write(tmp_path_factory.mktemp("pair"), files)


def test_sources_without_tflm_compile_without_a_warning(folder: Path) -> None:
    need("g++")
    sources = [p for p in (folder / "src").glob("*.cc") if "model_runner" not in p.name]
    in_c = sorted((folder / "src").glob("*.c"))
    assert (len(sources), len(in_c)) == (3, 4)
    flags = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fsyntax-only", *WARNINGS)
    output_of(["g++", *flags, "-I", folder / "src", *sources])
    output_of(["gcc", "-std=c99", "-fsyntax-only", *WARNINGS, "-I", folder / "src", *in_c])


def test_the_api_compiles_as_c(folder: Path, tmp_path: Path) -> None:
    need("g++")
    user = tmp_path / "user.c"
    headers = ["model_model_data.h", "model_model_runner.h", "model_2_model_runner.h"]
    includes = "\n".join(f'#include "{name}"' for name in headers)
    user.write_text(
        f"{includes}\nint main(void) {{\n  model_input0()[0] = model_quantize0(0.5f);\n"
        "  return model_invoke() == kModelOk && model_dequantize0(model_output0()[0]) > 0;\n}\n"
    )
    output_of(["gcc", "-std=c11", "-fsyntax-only", *WARNINGS, "-I", folder / "src", user])


def test_attributes_place_the_arena_and_each_model(folder: Path, tmp_path: Path) -> None:
    need("arm-none-eabi-g++")
    for source, macro, section in (
        ("tensor_arena", "TENSOR_ARENA", ".psram"),
        ("tensor_arena", "TENSOR_ARENA", ".dtcm_bss"),
        ("model_model_data", "MODEL_MODEL_DATA", ".xip"),
        ("model_2_model_data", "MODEL_2_MODEL_DATA", ".qspi"),
    ):
        made = tmp_path / f"{source}.o"
        attribute = f'-D{macro}_ATTRIBUTE=__attribute__((section("{section}")))'
        flags = ("-std=c++17", "-mcpu=cortex-m7", *WARNINGS, attribute, "-I", folder / "src")
        output_of(["arm-none-eabi-g++", *flags, "-c", folder / f"src/{source}.cc", "-o", made])
        with made.open("rb") as file:
            elf = ELFFile(file)
            placed = elf.get_section_by_name(section)
            assert placed["sh_addralign"] == 16
            symbols = elf.get_section_by_name(".symtab").iter_symbols()
            (array,) = [s for s in symbols if s["st_size"] > 64]
            assert elf.get_section(array["st_shndx"]).name == section
            assert array["st_info"]["bind"] == "STB_GLOBAL"
            writable = bool(placed["sh_flags"] & SH_FLAGS.SHF_WRITE)
            assert writable == (source == "tensor_arena")


def test_inlines_quantize_as_python_does(folder: Path, tmp_path: Path) -> None:
    need("g++")
    values = np.concatenate(
        [np.linspace(-9, 9, 4001), (np.arange(-300, 300) + 0.5) * 0.05, [1e30, -1e30]]
    ).astype(np.float32)
    program = tmp_path / "quantize.cc"
    program.write_text(
        '#include <stdio.h>\n#include "model_model_runner.h"\n'
        "int main() {\n  float real;\n"
        '  while (scanf("%a", &real) == 1) printf("%d\\n", model_quantize0(real));\n}\n'
    )
    output_of(["g++", *WARNINGS, "-I", folder / "src", program, "-o", tmp_path / "quantize"])
    feed = tmp_path / "values"
    feed.write_text("\n".join(float(value).hex() for value in values))
    answers = output_of(["sh", "-c", f"{tmp_path / 'quantize'} < {feed}"]).split()
    expected = quantize(values, read_model(dense_model()).main.tensors[0])
    assert np.array_equal(np.array(answers, np.int64), expected)
    assert {-128, 127} <= set(expected.tolist())


@pytest.mark.parametrize(
    "normalization",
    [None, Normalization((127.5,), (127.5,)), Normalization(MEANS, DEVIATIONS)],
    ids=["as it is", "one for all", "by feature"],
)
def test_a_whole_sample_is_set_as_python_does(
    normalization: Normalization | None, tmp_path: Path
) -> None:
    need("g++")
    model = with_normalizations(dense_model(features=4), [normalization])
    folder = write(tmp_path, generate([model], load_board("mps2_an386"), name="unit"))
    source = read_model(model).main.tensors[0]
    values = np.random.default_rng(0).normal(MEANS, DEVIATIONS, (500, 4)).astype(np.float32)
    program = tmp_path / "set_input.cc"
    program.write_text(
        '#include <stdio.h>\n#include "unit_model_runner.h"\nnamespace { int8_t input[4]; }\n'
        'extern "C" void* unit_input(size_t) { return input; }\n'
        "int main() {\n  float x[4];\n"
        '  while (scanf("%a %a %a %a", &x[0], &x[1], &x[2], &x[3]) == 4) {\n'
        "    if (unit_set_input0(x) != kModelOk) return 1;\n"
        '    for (int8_t value : input) printf("%d\\n", value);\n  }\n}\n'
    )
    made, data = tmp_path / "set_input", folder / "src/unit_model_data.cc"
    output_of(["g++", *WARNINGS, "-I", folder / "src", program, data, "-o", made])
    feed = tmp_path / "values"
    feed.write_text("\n".join(float(value).hex() for value in values.ravel()))
    answers = np.array(output_of(["sh", "-c", f"{made} < {feed}"]).split(), np.int64)
    expected = quantize(values, source)
    assert np.array_equal(answers.reshape(-1, 4), expected)
    if normalization is not None and len(normalization.mean) > 1:
        assert all(len(np.unique(column)) > 30 for column in expected.T)


def test_the_runner_of_a_normalized_input_is_plain_c(tmp_path: Path) -> None:
    need("gcc")
    model = with_normalizations(dense_model(features=4), [Normalization(MEANS, DEVIATIONS)])
    folder = write(tmp_path, generate([model], load_board("mps2_an386"), name="unit"))
    user = tmp_path / "user.c"
    user.write_text(
        '#include "unit_model_runner.h"\nModelStatus feed(const float* sample);\n'
        "ModelStatus feed(const float* sample) {\n"
        "  unit_input0()[1] = unit_quantize0(sample[1], 1);\n"
        "  return unit_set_input0(sample);\n}\n"
    )
    output_of(["gcc", "-std=c11", "-fsyntax-only", *WARNINGS, "-I", folder / "src", user])
    assert "it normalizes them" in (folder / "README.md").read_text()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("runtime", ["tflm", "c"])
@pytest.mark.parametrize("name", ["a", LONGEST])
def test_sources_are_as_clang_format_would_have_them(
    tmp_path: Path, framework: str, name: str, runtime: Runtime
) -> None:
    need("clang-format")
    board = boards_of(framework)[0]
    model = with_normalizations(dense_model(features=4), [Normalization(MEANS, DEVIATIONS)])
    files = generate([model], board, framework, name, labels=LABELS, vectors=1, runtime=runtime)
    folder = write(tmp_path, files)
    sources = [p for p in folder.rglob("*") if p.suffix in {".c", ".cc", ".cpp", ".h", ".ino"}]
    output_of(["clang-format", "--style=file", "--dry-run", "--Werror", *sorted(sources)])


def test_several_models_are_as_clang_format_would_have_them(folder: Path) -> None:
    need("clang-format")
    sources = sorted(p for p in folder.rglob("*") if p.suffix in {".c", ".cc", ".h"})
    output_of(["clang-format", "--style=file", "--dry-run", "--Werror", *sources])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_cppcheck_has_nothing_to_say(framework: str, tmp_path: Path) -> None:
    need("cppcheck")
    board = boards_of(framework)[0]
    models = [dense_model(), add_model("INT16")]
    files = generate(models, board, framework, name="pair", labels=LABELS, vectors=1)
    folder = write(tmp_path, files)
    sources = [p for p in folder.rglob("*") if p.suffix in {".c", ".cc", ".cpp", ".ino"}]
    headers = sorted({path.parent for path in folder.rglob("*.h")})
    includes = [word for path in headers for word in ("-I", path)]
    checks = "--enable=warning,style,performance,portability"
    for language in ("c", "c++"):
        chosen = [path for path in sources if (path.suffix == ".c") == (language == "c")]
        command = ["cppcheck", checks, "--quiet", "--error-exitcode=1", f"--language={language}"]
        assert not chosen or output_of([*command, *includes, *chosen]) == ""
    assert len(sources) >= 9


@pytest.fixture
def copying(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A project whose runner copies its input, and the stand-in for TFLM it is built with."""
    need("cmake", "arm-none-eabi-g++", "qemu-system-arm")
    board = load_board(getattr(request, "param", "mps2_an386"))
    framework_files = generate([reshape_model()], board, "cmake", "copy", vectors=2)
    folder = write(tmp_path / "fw", framework_files)
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy"))
    return folder, write_stand_in_tflm(tmp_path / "tflm", board.core)


@pytest.mark.parametrize(
    ("copying", "machine"),
    [
        ("mps2_an385", "mps2-an385"),
        ("mps2_an386", "mps2-an386"),
        ("mps2_an500", "mps2-an500"),
        ("mps3_corstone300_an547", "mps3-an547"),
        ("b_u585i_iot02a", "mps2-an505"),
        ("rpi_pico", "mps2-an385"),
    ],
    indirect=["copying"],
)
def test_startup_linker_script_and_self_test_run_on_each_core(
    copying: tuple[Path, Path], machine: str
) -> None:
    folder, tflm = copying
    built = build(folder, find_tflm(tflm))
    assert sum(part.flash_bytes for part in built.parts) == built.flash.used_bytes
    assert sum(part.ram_bytes for part in built.parts) == built.ram.used_bytes
    assert {part.name for part in built.parts} >= {"model copy", "tensor arena", "stack", "startup"}
    (runner,) = [part for part in built.parts if part.name == "model runner copy"]
    assert runner.ram_bytes >= 12  # what the stand-in lets startup initialize
    with built.image.open("rb") as file:
        flags = [segment["p_flags"] for segment in ELFFile(file).iter_segments("PT_LOAD")]
    read_write = P_FLAGS.PF_R | P_FLAGS.PF_W
    assert flags == [P_FLAGS.PF_R | P_FLAGS.PF_X, read_write, read_write]
    result = emulate(folder, timeout_seconds=60)
    assert result.machine == machine
    assert [(run.vectors, run.failed, run.arena_used_bytes) for run in result.models] == [
        (2, 0, 128)
    ]
    assert 64 < result.stack_used_bytes < 4096
    assert result.models[0].instructions < 5000


def test_the_commands_say_what_came_out(
    copying: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, tflm = copying
    assert run_cli("build", folder, "--tflm", tflm, "--json") == 0
    built = json.loads(capsys.readouterr().out)
    assert built["fits"]
    assert built["flash"]["used_bytes"] == sum(part["flash_bytes"] for part in built["parts"])
    assert run_cli("emulate", folder, "--json") == 0
    ran = json.loads(capsys.readouterr().out)
    assert (ran["machine"], ran["machine_core"]) == ("mps2-an386", "cortex-m4f")
    assert ran["models"][0]["failed"] == 0
    rows = {(row["memory"], row["part"]): row for row in built["compared"]}
    arena = rows["ram", "tensor arena"]
    assert arena["linked_bytes"] == arena["predicted_bytes"] > 0
    core = rows["flash", "TFLM core"]
    assert (core["linked_bytes"], core["difference_bytes"]) == (0, -core["predicted_bytes"])
    assert run_cli("build", folder, "--tflm", tflm) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "tensor arena" in said
    assert "TFLM is at an unknown commit" in said
    assert "fit does not count golden vectors" in said
    assert run_cli("emulate", folder) == 0
    assert "2 of 2 vectors equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("", ""),
        ("g_tensor_arena[kTensorArenaSize + 1] = 0;", "index .* out of bounds for type"),
        (
            "uint8_t* volatile end = g_tensor_arena + kTensorArenaSize; end[0] = 0;",
            "AddressSanitizer: global-buffer-overflow",
        ),
    ],
)
def test_a_host_project_runs_under_sanitizers(statement: str, error: str, tmp_path: Path) -> None:
    need("cmake", "g++", "arm-none-eabi-g++")
    folder = tmp_path / "fw"
    write(folder, generate([reshape_model()], load_board("rpi_pico"), "host", name="copy"))
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy", statement=statement))
    tflm = find_tflm(write_stand_in_tflm(tmp_path / "tflm", "host"))
    program = build_host(folder, tflm, sanitize=True)
    if statement:
        with pytest.raises(EdgecompressError, match=error):
            emulate(folder)
        return
    assert [(run.failed, run.arena_used_bytes) for run in emulate(folder).models] == [(0, 128)]
    assert emulate(folder).stack_used_bytes is None
    build_host(folder, tflm)
    assert b"__asan_init" not in program.read_bytes()
    with pytest.raises(UsageError, match="this machine"):
        build(folder, tflm)


def test_a_folder_generated_anew_for_another_core_builds(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    build(folder, find_tflm(tflm))
    write(folder, generate([reshape_model()], load_board("rpi_pico"), "cmake", "copy"))
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy"))
    (tflm / "tflm.toml").write_text(
        'include_dirs = ["include"]\n[libraries]\ncortex-m0plus = "empty.a"\n'
    )
    build(folder, find_tflm(tflm))
    assert emulate(folder, timeout_seconds=60).project.core == "cortex-m0plus"


def test_a_wrong_output_is_shown_and_fails(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    wrong = copying_runner("copy", statement="g_tensor_arena[64 + 5] ^= 1;")
    (folder / "src/copy_model_runner.cc").write_text(wrong)
    build(folder, find_tflm(tflm))
    with pytest.raises(EdgecompressError, match=r"2 of 2 vectors of copy differ") as failure:
        emulate(folder, timeout_seconds=60)
    (path,) = folder.glob("src/*_golden_vectors.c")
    arrays = re.findall(r"kOutput0\[.*?\{(.*?)\}", path.read_text(), re.DOTALL)
    golden = [int(value) for value in arrays[0].split(",")]
    value = golden[5]
    assert f"  element 5: expected {value}, got {value ^ 1}\n" in str(failure.value)
    assert f"  output 0: 1 of {len(golden) // 2} elements differ\n" in str(failure.value)


def test_no_more_than_a_few_wrong_elements_are_shown(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    wrong = copying_runner("copy", statement="memset(g_tensor_arena + 64, 128, 12);")
    (folder / "src/copy_model_runner.cc").write_text(wrong)
    build(folder, find_tflm(tflm))
    with pytest.raises(EdgecompressError, match=r"elements differ") as failure:
        emulate(folder, timeout_seconds=60)
    assert str(failure.value).count(", got -128\n") == 8  # of two vectors


def test_a_model_that_does_not_start_is_named(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    runner = copying_runner("copy").replace("g_initialized == 7", "g_initialized == 8")
    (folder / "src/copy_model_runner.cc").write_text(runner)
    build(folder, find_tflm(tflm))
    with pytest.raises(EdgecompressError, match="copy does not start: its tensor arena is"):
        emulate(folder, timeout_seconds=60)


def test_a_failed_assertion_and_a_heap_that_is_not_there(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    statement = """
    static char text[8];
    void* none = malloc(16);
    snprintf(text, sizeof(text), "%d", none == nullptr ? 42 : 0);
    assert(strcmp(text, "42") == 0);
    assert(text[0] == 'x');"""
    runner = copying_runner("copy", statement=statement)
    headers = "".join(f"#include <{name}>\n" for name in ("assert.h", "stdio.h", "stdlib.h"))
    (folder / "src/copy_model_runner.cc").write_text(headers + runner)
    build(folder, find_tflm(tflm))
    with pytest.raises(
        EdgecompressError, match=r"it called abort(.|\n)*copy_invoke.*: text\[0\] ="
    ):
        emulate(folder, timeout_seconds=60)


def test_a_crash_ends_the_run_and_says_so(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    crash = copying_runner("copy", statement="*reinterpret_cast<volatile int*>(0xFFFFFFF0u) = 1;")
    (folder / "src/copy_model_runner.cc").write_text(crash)
    build(folder, find_tflm(tflm))
    with pytest.raises(EdgecompressError, match=r"fault .* stopped it(.|\n)*result=FAULT"):
        emulate(folder, timeout_seconds=60)


def test_a_stack_that_is_used_up_is_an_error(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    # With the frames around it, a few bytes more than there are: the end of .bss lies below.
    deep = "volatile uint8_t deep[4000]; for (volatile uint8_t& byte : deep) byte = 0;"
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy", statement=deep))
    build(folder, find_tflm(tflm))
    with pytest.raises(EdgecompressError, match=r"all 4,096 bytes of stack .*sections\.ld"):
        emulate(folder, timeout_seconds=60)


@pytest.mark.parametrize(
    "copying", ["mps2_an386", "b_u585i_iot02a", "mps3_corstone300_an547"], indirect=True
)
def test_instructions_are_counted(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    loop = 'for (int i = 0; i < 100000; ++i) __asm__ volatile("nop\\n\\tnop\\n\\tnop");'
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy", statement=loop))
    build(folder, find_tflm(tflm))
    counted = emulate(folder, timeout_seconds=60).models[0].instructions
    # Three nops, a decrement and a branch, or one instruction that does both (Armv8.1-M).
    assert counted // 1000 in {400, 500}


def test_an_image_too_large_for_its_memory_is_exit_5(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    memory = folder / "board/memory.ld"
    memory.write_text(memory.read_text().replace("LENGTH = 4194304", "LENGTH = 2048"))
    with pytest.raises(DoesNotFitError, match=r"SSRAM1 has .* too few"):
        build(folder, find_tflm(tflm))


def test_golden_vectors_that_do_not_fit_are_named(tmp_path: Path) -> None:
    need("cmake", "arm-none-eabi-g++")
    board = load_board("mps2_an386")
    files = generate([reshape_model(2000)], board, name="copy", vectors=4)
    folder = write(tmp_path / "fw", files)
    (folder / "src/copy_model_runner.cc").write_text(copying_runner("copy"))
    memory = folder / "board/memory.ld"
    memory.write_text(memory.read_text().replace("LENGTH = 4194304", "LENGTH = 12288"))
    tflm = find_tflm(write_stand_in_tflm(tmp_path / "tflm", board.core))
    with pytest.raises(DoesNotFitError, match=r"golden vectors take 16,000 bytes.*--vectors"):
        build(folder, tflm)


def test_an_image_that_does_not_end_is_stopped(copying: tuple[Path, Path]) -> None:
    folder, tflm = copying
    hang = copying_runner("copy", statement="for (;;) g_tensor_arena[0]++;")
    (folder / "src/copy_model_runner.cc").write_text(hang)
    build(folder, find_tflm(tflm))
    with pytest.raises(ToolError, match="did not end within 2 s"):
        emulate(folder, timeout_seconds=2)


def test_a_failing_compiler_is_a_tool_error_that_shows_what_it_said(
    copying: tuple[Path, Path],
) -> None:
    folder, tflm = copying
    (folder / "src/copy_model_runner.cc").write_text("#error no runner here\n")
    with pytest.raises(ToolError, match="no runner here"):
        build(folder, find_tflm(tflm))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "fw", generate([reshape_model()], load_board("mps2_an386")))
    monkeypatch.delenv("EDGECOMPRESS_TFLM", raising=False)
    with pytest.raises(ToolError, match="EDGECOMPRESS_TFLM"):
        find_tflm()
    with pytest.raises(ToolError, match="neither a tree of TFLM"):
        find_tflm(tmp_path)
    with pytest.raises(UsageError, match="edgecompress build"):
        emulate(folder)
    with pytest.raises(UsageError, match="edgecompress generate"):
        build(tmp_path, None)  # type: ignore[arg-type]
    (tmp_path / "tflm.toml").write_text("librarys = 1\n")
    with pytest.raises(UsageError, match="librarys"):
        find_tflm(tmp_path)
    (tmp_path / "tflm.toml").write_text('[libraries]\ncortex-m7 = "m7.a"\n')
    with pytest.raises(ToolError, match="no TFLM library for cortex-m4f; there is: cortex-m7"):
        build(folder, find_tflm(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "tflm.toml").write_text('[libraries]\ncortex-m4f = "m4.a"\n')
    with pytest.raises(ToolError, match=r"m4\.a does not exist"):
        build(folder, find_tflm(tmp_path))
    (tmp_path / "m4.a").touch()
    with pytest.raises(ToolError, match="apt-get install cmake"):
        build(folder, find_tflm(tmp_path))


def test_differences_to_the_prediction_are_explained() -> None:
    parts = [
        Contributor("kernel conv", "runtime", 900, 0),
        Contributor("model runner a", "runtime", 300, 200),
        Contributor("model runner b", "runtime", 300, 200),
        Contributor("startup", "application", 400, 8),
    ]
    predicted = Prediction(
        flash={"kernel conv": 2000, "kernel div": 50, "model runner": 600},
        ram={},
        runtime_flash_bytes=2650,
        compiler="arm-none-eabi-gcc 12.2.1",
        notes=("CONV_2D for all types",),
    )
    rows = compare(parts, predicted)
    assert [(row.part, row.difference_bytes) for row in rows if row.memory == "flash"] == [
        ("kernel conv", -1100),
        ("model runner", 0),
        ("startup, self-test and alignment", 400),
        ("kernel div", -50),
    ]
    here = {"compiler": "13.2.1", "commit": "a" * 40, "known_commit": "b" * 40}
    reasons = " / ".join(explain(rows, predicted, **here, is_release=False))
    for words in (
        "BUILD_TYPE=release",
        "CONV_2D for all types",
        "aaaaaaaaaaaa",
        "compiled with 13.2.1",
        "have alike",
    ):
        assert words in reasons
    same = {"compiler": "12.2.1", "commit": "b" * 40, "known_commit": "b" * 40}
    assert explain((), predicted, **same) == ("CONV_2D for all types",)


def test_the_longest_inference_of_each_model_is_shown() -> None:
    output = """\
profile: counts=5 operator=CALL_ONCE
profile: counts=3 operator=ADD
a: vector 0 PASS
profile: counts=9 operator=ADD
a: vector 1 PASS
edgecompress: model=a init=0 vectors=2 failed=0
edgecompress: model=none init=1 vectors=1 failed=1
profile: counts=1 operator=CIRCULAR_BUFFER
b: vector 0 PASS
edgecompress: model=b init=0 vectors=1 failed=0
"""
    assert longest_inferences(output) == {
        "a": (OperatorCounts("ADD", 9),),
        "none": (),
        "b": (OperatorCounts("CIRCULAR_BUFFER", 1),),
    }
