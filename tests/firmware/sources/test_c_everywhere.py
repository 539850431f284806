"""Sources of the C runtime as every ecosystem compiles them: by whom, as what, and what they say.

What vendors bring is stood in for by the few declarations that the sources need of it, so that
the applications run on this machine: the self-test and the example Classify.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.firmware_tools import boards_of, need, output_of, write
from support.tflite_models import add_model, dense_model
from support.tiny_models import conv, depthwise, residual, svdf

from edgecompress.board import load_board
from edgecompress.firmware.sources.frameworks import FRAMEWORKS, LAYOUTS
from edgecompress.firmware.sources.generate import generate
from edgecompress.tflite.graph import Normalization
from edgecompress.tflite.metadata import with_normalizations

pytestmark = pytest.mark.usefixtures("cached_vectors")

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
ARM = "arm-none-eabi-gcc"
COMPILERS = {
    "m0plus": (ARM, "-mcpu=cortex-m0plus", "-std=c99"),
    "m3": (ARM, "-mcpu=cortex-m3", "-std=c99"),
    "m4f": (ARM, "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-std=c99"),
    "m7": (ARM, "-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-std=c99"),
    "m33": (ARM, "-mcpu=cortex-m33", "-mfloat-abi=hard", "-std=c99"),
    "m55": (ARM, "-mcpu=cortex-m55", "-mfloat-abi=hard", "-std=c99"),
    "m4 as C++": ("arm-none-eabi-g++", "-mcpu=cortex-m4", "-std=c++17", "-x", "c++"),
    "rv32imc": (
        "riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-std=c99",
        "--specs=picolibc.specs",
    ),
    "gcc": ("gcc", "-std=c99"),
    "clang": ("clang", "-std=c99"),
    "g++": ("g++", "-std=c++17", "-x", "c++"),
    "clang as C++": ("clang", "-std=c++17", "-x", "c++"),
}  # fmt: skip

VENDORS: Mapping[str, str] = {
    "Arduino.h": """\
#include <stdio.h>
#include <stddef.h>
#include <stdint.h>
struct Printer {
  void begin(long) {}
  operator bool() const { return true; }
  void print(const char* text) { fputs(text, stdout); }
  void println(const char* text) { puts(text); }
  void println(double value, int digits) { printf("%.*f\\n", digits, value); }
};
extern Printer Serial;
""",
    "pico/stdlib.h": """\
#include <stdlib.h>
static inline int stdio_init_all(void) { return 1; }
static inline void sleep_ms(unsigned int ms) { exit(ms > 0 ? 0 : 1); }
""",
    "esp_attr.h": '#define EXT_RAM_BSS_ATTR __attribute__((section(".ext_ram.bss.0")))\n',
    "esp_heap_caps.h": """\
#include <stdlib.h>
#define MALLOC_CAP_SPIRAM 1024
#define MALLOC_CAP_8BIT 4
static inline void* heap_caps_aligned_alloc(size_t alignment, size_t size, unsigned int caps) {
  const size_t whole = (size + alignment - 1) / alignment * alignment;
  return caps != 1028 || getenv("NO_PSRAM") ? NULL : aligned_alloc(alignment, whole);
}
""",
    "zephyr/sys/printk.h": "#include <stdio.h>\n#define printk printf\n",
}
STARTS: Mapping[str, str] = {  # what calls the application, where that is not `main`
    "arduino": "#include <Arduino.h>\nPrinter Serial;\nvoid setup();\nint main() { setup(); }\n",
    "platformio": "#include <Arduino.h>\nPrinter Serial;\nvoid setup();\nint main() { setup(); }\n",
    "esp-idf": 'extern "C" void app_main(void);\nint main() { app_main(); }\n',
}
MAIN: Mapping[str, str] = {
    "arduino": "examples/SelfTest/SelfTest.ino",
    "platformio": "src/main.cc",
    "esp-idf": "main/main.c",
}
CLASSIFY: Mapping[str, str] = {
    "arduino": "examples/Classify/Classify.ino",
    "platformio": "examples/classify.cc",
}
LABELS = ["one", 'two "%s"', "três"]


def project(framework: str, folder: Path, **options: object) -> Path:
    models = [
        conv((5, 4, 3), (3, 3), 4),
        depthwise((5, 4, 4), (3, 3)),
        residual(),
        svdf(4, 2, 6, 3),
    ]
    board = load_board("rpi_pico") if framework == "cmake" else boards_of(framework)[0]
    return write(folder, generate(models, board, framework, "all", runtime="c", **options))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The .c files of all frameworks, for speed and for size, each text once."""
    root = tmp_path_factory.mktemp("everywhere")
    found: dict[tuple[str, str], Path] = {}
    for framework in FRAMEWORKS:
        for optimize in ("speed", "size"):
            folder = project(framework, root / f"{framework}-{optimize}", optimize=optimize)
            for path in sorted(folder.rglob("*.c")):
                found.setdefault((path.name, path.read_text()), path)
    write(root / "vendors", VENDORS)
    return list(found.values())


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_compiler_takes_the_sources_of_every_framework(
    compiler: str, sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = COMPILERS[compiler]
    need(command[0])
    monkeypatch.chdir(tmp_path)
    by_folder: dict[Path, list[Path]] = {}
    for source in sources:
        root = next(p for p in source.parents if (p / "firmware.json").is_file())
        by_folder.setdefault(root, []).append(source)
    for root, paths in by_folder.items():
        include = (root / "src", root / "main", root / "board", root.parent / "vendors")
        flags = [f"-I{path}" for path in include]
        output_of([*command, *WARNINGS, "-O2", "-c", *flags, *paths])


def run(framework: str, application: str, folder: Path) -> str:
    """Compile an application as its ecosystem does, and run it here."""
    need("g++")
    vendors = write(folder / "vendors", VENDORS)
    layout = LAYOUTS[framework]
    code = folder / layout.sources
    flags = ("-O1", *WARNINGS, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    include = ("-I", code, "-I", vendors)
    objects = []
    library = [p for p in sorted(code.rglob("*.c")) if p.name != "main.c"]
    for number, source in enumerate([*library, folder / application]):
        objects.append(folder / f"{number}.o")
        is_c = source.suffix == ".c"
        how = ("gcc", "-std=gnu11") if is_c else ("g++", "-std=gnu++17", "-x", "c++")
        force = ("-include", "Arduino.h") if source.suffix == ".ino" else ()
        output_of([*how, *flags, *include, *force, "-c", source, "-o", objects[-1]])
    start = folder / "start.cpp"
    start.write_text(STARTS.get(framework, ""))
    output_of(["g++", *flags, *include, start, *objects, "-o", folder / "program"])
    return output_of([folder / "program"])


@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "cmake"])
def test_the_self_test_of_every_framework_passes(framework: str, tmp_path: Path) -> None:
    folder = project(framework, tmp_path)
    said = run(framework, MAIN.get(framework, "src/main.c"), folder)
    assert said.count("vector 3 PASS") == 4
    assert "result=PASS" in said


@pytest.mark.parametrize("framework", ["esp-idf", "arduino", "platformio"])
def test_the_self_test_passes_with_the_arena_in_psram(
    framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = load_board("esp32_s3_devkitc_1_n8r8")
    small = replace(board, ram=(replace(board.ram[0], size_bytes=42_000), board.ram[1]))
    models = [add_model(shape=(1, 24_000)), dense_model()]
    folder = write(tmp_path, generate(models, small, framework, "two", runtime="c"))
    assert "result=PASS" in run(framework, MAIN[framework], folder)
    if framework != "esp-idf":  # the linker sees to it there
        monkeypatch.setenv("NO_PSRAM", "1")
        said = subprocess.run([folder / "program"], capture_output=True, text=True, check=False)
        assert "result=FAIL" in said.stdout


def classified(
    framework: str, folder: Path, model: bytes, labels: list[str]
) -> tuple[str, np.ndarray]:
    """Return what the example Classify says, and the first golden output."""
    board = boards_of(framework)[0]
    files = generate([model], board, framework, "one", labels=labels, runtime="c")
    said = run(framework, CLASSIFY.get(framework, "examples/classify.c"), write(folder, files))
    (path,) = [path for path in files if path.endswith("golden_vectors.c")]
    values = str(files[path]).split("kOutput0[", 1)[1].split("{", 1)[1].split("}", 1)[0]
    outputs = np.array([int(value) for value in values.replace(",", " ").split()])
    return said.strip(), outputs.reshape(4, -1)[0]


@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "cmake"])
def test_classify_prints_the_label_of_the_best_class(framework: str, tmp_path: Path) -> None:
    said, output = classified(framework, tmp_path, dense_model(), LABELS)
    assert said == LABELS[int(output.argmax())]


@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "cmake"])
def test_classify_prints_values_where_there_are_no_classes(framework: str, tmp_path: Path) -> None:
    said, output = classified(framework, tmp_path, dense_model(), [])
    values = np.array([float(line) for line in said.splitlines()])
    steps = (values[1:] - values[0]) / (output[1:] - output[0])
    assert len(values) == 3
    assert steps == pytest.approx(steps[0], rel=1e-2)


@pytest.mark.parametrize(
    "normalization",
    [Normalization((0.5,), (2.0,)), Normalization((0.1, -3.0, 9.0, 0.0), (2.0, 15.0, 0.5, 1.0))],
    ids=["one for all", "by feature"],
)
def test_classify_feeds_what_the_model_was_trained_on(
    normalization: Normalization, tmp_path: Path
) -> None:
    model = with_normalizations(dense_model(features=4), [normalization])
    said, output = classified("host", tmp_path, model, LABELS)
    assert said == LABELS[int(output.argmax())]


def test_classify_of_two_classes_in_one_element(tmp_path: Path) -> None:
    said, _ = classified("host", tmp_path, dense_model(units=1), ["no", "yes"])
    assert said in ("no", "yes")


HOSTILE = (
    "new\nline", '*/ int x; //"\\', "", "ключ", "while", "9" * 300, "??/", "int", "main",
    "%s%n", "class", "NULL",
)  # fmt: skip


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_hostile_names_are_valid_c(framework: str, tmp_path: Path) -> None:
    need("gcc", "g++")
    board = boards_of(framework)[0]
    for number, name in enumerate(HOSTILE if framework == "host" else HOSTILE[:2]):
        labels = [name, *LABELS[1:]]
        model = dense_model(name)
        files = generate([model], board, framework, name, labels=labels, runtime="c", vectors=1)
        folder = write(tmp_path / str(number), files)
        code = folder / LAYOUTS[framework].sources
        own = [p for p in code.glob("*.c") if p.name != "main.c"]
        output_of(["gcc", "-std=c99", *WARNINGS, "-fsyntax-only", "-I", code, *own])
        output_of(["g++", "-std=c++17", "-x", "c++", *WARNINGS, "-fsyntax-only", "-I", code, *own])
