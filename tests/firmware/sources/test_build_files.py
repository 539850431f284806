"""Build files of ecosystems that are not installed here, read by those ecosystems' own parsers."""

import configparser
import re
from itertools import product
from pathlib import Path

import pytest
import yaml
from support.firmware_tools import boards_of, copying_runner, need, output_of, write
from support.tflite_models import dense_model, reshape_model

from edgecompress.board import Board, all_boards, load_board
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import Runtime
from edgecompress.memory.verdict.fit import fit

pytestmark = pytest.mark.usefixtures("cached_vectors")

HOSTILE = 'x: "y" # [z]'

# The symbols of Zephyr that prj.conf sets, with the types they have there. Sources:
# lib/cpp/Kconfig, lib/libc/Kconfig, lib/os/Kconfig.cbprintf, kernel/Kconfig,
# modules/Kconfig.tflite-micro.
ZEPHYR_KCONFIG = """
config CPP
    bool "C++"
config STD_CPP17
    bool "C++17"
config REQUIRES_FULL_LIBC
    bool "libc"
config MAIN_STACK_SIZE
    int "stack"
config CBPRINTF_FP_SUPPORT
    bool "real values"
config TENSORFLOW_LITE_MICRO
    bool "TFLM"
config TENSORFLOW_LITE_MICRO_CMSIS_NN_KERNELS
    bool "CMSIS-NN"
"""

# Those of ESP-IDF that sdkconfig.defaults sets. Sources: ESP-IDF's Kconfig, and
# Kconfig files of components/esp_system, esptool_py and partition_table. The optimization level is
# one of a choice there.
ESP_IDF_KCONFIG = """
config IDF_TARGET
    string "target"
config ESP_MAIN_TASK_STACK_SIZE
    int "stack"
config COMPILER_OPTIMIZATION_PERF
    bool "-O2"
config ESPTOOLPY_FLASHSIZE_4MB
    bool "4 MB"
config ESPTOOLPY_FLASHSIZE_8MB
    bool "8 MB"
config ESPTOOLPY_FLASHSIZE_16MB
    bool "16 MB"
config PARTITION_TABLE_CUSTOM
    bool "Custom partition table CSV"
config PARTITION_TABLE_CUSTOM_FILENAME
    string "Custom partition CSV file"
"""

# Arduino library specification 1.5: https://arduino.github.io/arduino-cli/latest/library-specification/
ARDUINO_FIELDS = {
    "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
    "architectures", "includes", "depends",
}  # fmt: skip

# What the CMakeLists.txt of each ecosystem calls, in as few words as CMake needs to check the
# sources that it lists.
STAND_INS: dict[str, dict[str, str]] = {
    "host": {},
    "zephyr": {"ZephyrConfig.cmake": "enable_language(CXX)\nadd_library(app STATIC)\n"},
    "pico": {
        "external/pico_sdk_import.cmake": "function(pico_sdk_init)\nendfunction()\n"
        "function(pico_enable_stdio_usb)\nendfunction()\n"
        "function(pico_add_extra_outputs)\nendfunction()\nadd_library(pico_stdlib INTERFACE)\n"
    },
    "esp-idf": {
        "tools/cmake/project.cmake": """\
macro(project name)
  _project(${name} C CXX)
  add_subdirectory(main)
endmacro()
function(idf_component_register)
  cmake_parse_arguments(IT "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
  add_library(main STATIC ${IT_SRCS})
endfunction()
"""
    },
}


RUNTIMES: tuple[Runtime, ...] = ("tflm", "c")


def rendered(
    framework: str, path: str, board: Board | None = None, runtime: Runtime = "tflm"
) -> str:
    board = board or boards_of(framework)[0]
    content = generate([dense_model()], board, framework, HOSTILE, vectors=1, runtime=runtime)[path]
    assert isinstance(content, str)
    return content


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_west_reads_the_manifest(runtime: Runtime) -> None:
    manifest = pytest.importorskip("west.manifest", reason="needs west: pip install west")
    text = rendered("zephyr", "west.yml", runtime=runtime)
    read = manifest.Manifest.from_data(text, import_flags=manifest.ImportFlag.IGNORE)
    assert [project.name for project in read.projects] == ["manifest", "zephyr"]
    assert read.projects[1].url == "https://github.com/zephyrproject-rtos/zephyr"
    assert re.fullmatch(r"v\d+\.\d+\.\d+", read.projects[1].revision)
    groups = yaml.safe_load(text)["manifest"].get("group-filter")
    assert groups == (["+optional"] if runtime == "tflm" else None)
    assert read.yaml_path == "x_y_z"
    assert yaml.safe_load(text)["manifest"]["projects"][0]["import"] is True


@pytest.mark.parametrize(
    ("framework", "path", "declarations"),
    [
        ("zephyr", "prj.conf", ZEPHYR_KCONFIG),
        ("esp-idf", "sdkconfig.defaults", ESP_IDF_KCONFIG),
    ],
)
def test_kconfig_accepts_every_setting(
    framework: str, path: str, declarations: str, tmp_path: Path
) -> None:
    kconfiglib = pytest.importorskip(
        "kconfiglib", reason="needs kconfiglib: pip install kconfiglib"
    )
    (tmp_path / "Kconfig").write_text(declarations)
    for board, runtime in product(boards_of(framework), RUNTIMES):
        text = rendered(framework, path, board, runtime)
        assert runtime == "tflm" or "TENSORFLOW" not in text
        (tmp_path / "conf").write_text(text)
        kconfig = kconfiglib.Kconfig(str(tmp_path / "Kconfig"), warn_to_stderr=False)
        kconfig.load_config(str(tmp_path / "conf"))
        assert kconfig.warnings == []
        for name, value in re.findall(r'^CONFIG_(\w+)="?(.*?)"?$', text, re.MULTILINE):
            assert kconfig.syms[name].str_value == value
    if framework == "esp-idf":
        assert kconfig.syms["IDF_TARGET"].str_value == board.frameworks["esp-idf"]["target"]


def test_the_component_managers_manifest_is_yaml() -> None:
    dependencies = yaml.safe_load(rendered("esp-idf", "main/idf_component.yml"))["dependencies"]
    assert set(dependencies) == {"idf", "espressif/esp-tflite-micro"}
    assert re.fullmatch(r">=\d+\.\d+", dependencies["idf"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", dependencies["espressif/esp-tflite-micro"])
    in_c = yaml.safe_load(rendered("esp-idf", "main/idf_component.yml", runtime="c"))
    assert set(in_c["dependencies"]) == {"idf"}


def test_the_component_manager_reads_its_manifest(tmp_path: Path) -> None:
    tools = pytest.importorskip(
        "idf_component_tools.manager", reason="needs pip install edgecompress[ecosystems]"
    )
    text = rendered("esp-idf", "main/idf_component.yml")
    (tmp_path / "idf_component.yml").write_text(text)
    manifest = tools.ManifestManager(str(tmp_path), "main").load()
    assert set(manifest.dependencies) == set(yaml.safe_load(text)["dependencies"])


def test_platformio_reads_its_configuration(tmp_path: Path) -> None:
    platformio = pytest.importorskip(
        "platformio.project.config", reason="needs pip install edgecompress[ecosystems]"
    )
    for board in boards_of("platformio"):
        ini = tmp_path / f"{board.id}.ini"
        ini.write_text(rendered("platformio", "platformio.ini", board))
        config = platformio.ProjectConfig(str(ini))
        assert config.validate() is True
        assert len(config.envs()) == 2
        (env,) = config.default_envs()
        assert config.get(f"env:{env}", "board") == board.frameworks["platformio"]["board"]
        assert config.get(f"env:{env}", "framework") == ["arduino"]


def test_platformio_ini_names_platform_board_and_flags() -> None:
    boards = boards_of("platformio")
    for board, runtime in product(boards, RUNTIMES):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(rendered("platformio", "platformio.ini", board, runtime))
        identity = board.frameworks["platformio"]["board"]
        assert parser.sections() == ["platformio", f"env:{identity}", "env:classify"]
        assert parser["platformio"]["default_envs"] == identity
        settings = parser[f"env:{identity}"]
        assert settings["board"] == identity
        assert re.fullmatch(r"[\w-]+@\d+\.\d+\.\d+|https://\S+#[0-9a-f]{40}", settings["platform"])
        assert settings["framework"] == "arduino"
        if runtime == "tflm":
            assert settings["build_flags"] == "-std=gnu++17"
            assert re.search(r"#v\d+\.\d+\.\d+$", settings["lib_deps"])
        else:
            assert settings["build_src_flags"] == "-O2"
            assert "lib_deps" not in settings
    assert len(boards) > 5


ESP32_BOARDS = [board for board in all_boards() if board.mcu.startswith("ESP32")]
# Application partitions of Arduino's schemes. Source: espressif/arduino-esp32 tools/partitions,
# and boards.txt for the boards' defaults.
ARDUINO_PARTITIONS = {
    "arduino:esp32:nano_nora": 0x300000,
    "esp32:esp32:XIAO_ESP32S3:PSRAM=opi": 0x330000,
    "esp32:esp32:esp32": 0x140000,
    "esp32:esp32:esp32c3": 0x140000,
    "esp32:esp32:esp32s3:FlashSize=8M,PartitionScheme=default_8MB": 0x330000,
    "esp32:esp32:esp32s3:FlashSize=8M,PartitionScheme=default_8MB,PSRAM=opi": 0x330000,
}


@pytest.mark.parametrize("board", ESP32_BOARDS, ids=lambda board: board.id)
def test_what_fit_counts_of_an_esp32s_flash_is_the_projects_partition(board: Board) -> None:
    (verdict,) = fit(dense_model(), [board], others=()).verdicts
    counted_bytes = verdict.flash.region.available_bytes
    for framework in {"esp-idf", "platformio"} & set(board.frameworks):
        rows = [
            [cell.strip() for cell in line.split(",")]
            for line in rendered(framework, "partitions.csv", board, "c").splitlines()
            if not line.startswith("#")
        ]
        ((address, size_bytes),) = [(row[3], row[4]) for row in rows if row[1] == "app"]
        assert int(size_bytes, 0) == counted_bytes
        assert int(address, 0) % 0x10000 == 0
        assert all(int(row[3], 0) + int(row[4], 0) <= int(address, 0) for row in rows[:-1])
    if "esp-idf" in board.frameworks:
        conf = rendered("esp-idf", "sdkconfig.defaults", board, "c")
        (chip_mb,) = re.findall(r"^CONFIG_ESPTOOLPY_FLASHSIZE_(\d+)MB=y$", conf, re.MULTILINE)
        assert int(chip_mb) << 20 >= 0x10000 + counted_bytes
        assert 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="partitions.csv"' in conf
    if "platformio" in board.frameworks:
        ini = rendered("platformio", "platformio.ini", board, "c")
        assert "board_build.partitions = partitions.csv" in ini
    if "arduino" in board.frameworks:
        fqbn = board.frameworks["arduino"]["fqbn"]
        assert ARDUINO_PARTITIONS[fqbn] >= counted_bytes
        assert f"--fqbn {fqbn} " in rendered("arduino", "README.md", board, "c")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_library_properties_are_as_arduino_specifies(runtime: Runtime) -> None:
    lines = rendered("arduino", "library.properties", runtime=runtime).splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    assert set(fields) == ARDUINO_FIELDS - (set() if runtime == "tflm" else {"depends"})
    assert fields.get("depends", "Chirale_TensorFLowLite (=2.0.0)").endswith(" (=2.0.0)")
    assert len(lines) == len(fields)
    assert re.fullmatch(r"[A-Za-z][\w .-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    assert fields["category"] == "Data Processing"
    assert fields["includes"] == f"{fields['name']}.h"


@pytest.mark.parametrize("sketch", ["SelfTest", "Classify"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_arduinos_builder_finds_compiles_and_links_the_library(
    runtime: Runtime, sketch: str, tmp_path: Path
) -> None:
    need("arduino-builder")
    board = load_board("arduino_nano_33_ble_sense")
    library = tmp_path / "libraries" / "copy"
    model = reshape_model() if runtime == "tflm" else dense_model()
    write(library, generate([model], board, "arduino", "copy", vectors=1, runtime=runtime))
    if runtime == "tflm":
        # TFLM and a port of it for the AVR, the one core that Debian has, are stood in for.
        (library / "src" / "copy_model_runner.cpp").write_text(copying_runner("copy"))
        write(tmp_path / "libraries" / "port", {"Chirale_TensorFlowLite.h": ""})
    (tmp_path / "build").mkdir()
    ctags = "arduino-ctags -u --language-force=c++ -f - --c++-kinds=svpf --fields=KSTtzns"
    preferences = {
        "tools.ctags.pattern": f'{ctags} --line-directives "{{source_file}}"',
        # Debian's avr-gcc does not define what the core asks <float.h> for.
        "compiler.cpp.extra_flags": "-DDECIMAL_DIG=9",
    }
    said = output_of(
        ["arduino-builder", "-compile", "-warnings", "all",
         "-hardware", "/usr/share/arduino/hardware", "-tools", "/usr/bin",
         "-libraries", library.parent, "-build-path", tmp_path / "build",
         "-fqbn", "arduino:avr:mega:cpu=atmega2560",
         *(word for key, value in preferences.items() for word in ("-prefs", f"{key}={value}")),
         library / "examples" / sketch / f"{sketch}.ino"]
    )  # fmt: skip
    assert "Sketch uses" in said
    warnings = [line for line in said.splitlines() if "warning" in line and "/copy/" in line]
    # The kernels are for int of 32 bits, which no board of the profiles lacks and the AVR does.
    assert not [line for line in warnings if "/kernels/" not in line]
    built = {path.name for path in (tmp_path / "build" / "libraries" / "copy").rglob("*.o")}
    own = {"tflm": "tensor_arena.cpp.o", "c": "fully_connected_s8.c.o"}[runtime]
    assert {"copy_golden_vectors.c.o", "self_test.c.o", own} <= built


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("framework", STAND_INS)
def test_cmake_reads_the_project_and_finds_its_sources(
    framework: str, runtime: Runtime, tmp_path: Path
) -> None:
    need("cmake", "g++")
    board = load_board("rpi_pico") if framework == "pico" else boards_of(framework)[0]
    files = generate([dense_model()], board, framework, HOSTILE, runtime=runtime)
    folder = write(tmp_path / "fw", files)
    sdk = write(tmp_path / "sdk", STAND_INS[framework])
    variables = [f"{name}={sdk}" for name in ("PICO_SDK_PATH", "IDF_PATH", "Zephyr_DIR")]
    options = []
    if runtime == "tflm":
        port = write(tmp_path / "port", {"CMakeLists.txt": "add_library(pico-tflmicro INTERFACE)"})
        (port / "tflm.a").touch()
        variables.append(f"PICO_TFLMICRO_PATH={port}")
        options = [f"-DTFLM_LIBRARY={port / 'tflm.a'}", f"-DTFLM_INCLUDE_DIRS={port}"]
    command = ["env", *variables, "cmake", "-S", folder, "-B", tmp_path / "build", *options]
    assert "Generating done" in output_of(command)
    (source,) = folder.rglob("*_golden_vectors.c")
    source.unlink()
    with pytest.raises(AssertionError, match="Cannot find source file"):
        output_of(command)
