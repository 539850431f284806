import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgecompress.board import all_boards, load_board, read_profile
from edgecompress.cli.boards import command
from edgecompress.errors import BoardError
from edgecompress.files import BOARDS_DIR

GOOD = """
name = "A board"
mcu = "A chip"
core = "cortex-m4f"
clock_hz = 64_000_000
kernels = "cmsis-nn"

[[flash]]
name = "FLASH"
address = 0x0
size_bytes = 65536

[[ram]]
name = "RAM"
address = 0x20000000
size_bytes = 16384
reserved_bytes = 512
reserved_for = "vector table"

[frameworks.zephyr]
board = "a_board"

[sources]
clock_hz = "its data sheet"
flash = "its data sheet"
ram = "its data sheet"
"""

# What a user gets wrong -> words the message must hold.
MISTAKES = [
    ('core = "cortex-m4f"', 'core = "cortex-m4g"', ["core", "'cortex-m4g'", "did you mean"]),
    ('kernels = "cmsis-nn"', 'kernels = "esp-nn"', ["kernels", "does not run on cortex-m4f"]),
    ("clock_hz = 64_000_000", 'clock_hz = "64 MHz"', ["clock_hz", "'64 MHz'", "whole number"]),
    ("clock_hz = 64_000_000", "clock_hz = true", ["clock_hz", "True", "whole number"]),
    ("clock_hz = 64_000_000", "clock_hz = 0", ["clock_hz", "more than 0"]),
    (
        "clock_hz = 64_000_000",
        "clock_hz = 1\nreserve_ram_bytes = -1",
        ["reserve_ram_bytes", "found -1"],
    ),
    (
        "clock_hz = 64_000_000",
        'clock_hz = 1\nreserve_flash_bytes = "8k"',
        ["reserve_flash_bytes", "'8k'", "whole number"],
    ),
    ('mcu = "A chip"', "", ["mcu", "missing"]),
    ("reserved_bytes = 512", 'external = "yes"', ["ram[0].external", "true or false"]),
    ("reserved_bytes = 512", "external = true", ["ram[0].external", "own memory comes before"]),
    ("reserved_bytes = 512", "external = true", ["ram[0].cost", "missing"]),
    (
        "[frameworks.zephyr]",
        '[frameworks.esp-idf]\ntarget = "esp32"\npsram = "fast"\n[frameworks.zephyr]',
        ["frameworks.esp-idf.psram", "found 'fast'", "quad, octal"],
    ),
    ("size_bytes = 16384", "size_byte = 16384", ["ram[0].size_byte", "did you mean size_bytes?"]),
    ("size_bytes = 65536", "size_bytes = 0", ["flash[0].size_bytes", "found 0"]),
    ("reserved_bytes = 512", "reserved_bytes = 16385", ["ram[0].reserved_bytes", "16385", "16384"]),
    ('reserved_for = "vector table"', "", ["ram[0].reserved_for", "missing"]),
    ("address = 0x20000000", "address = 0x100", ["overlaps ram[0]"]),
    ("address = 0x20000000", "address = 0xFFFFF000", ["ram[0].address", "4 GiB"]),
    ("[frameworks.zephyr]", "[frameworks.zepyr]", ["frameworks.zepyr", "did you mean zephyr?"]),
    ('board = "a_board"', 'bord = "a_board"', ["frameworks.zephyr.bord", "did you mean board?"]),
    (
        "[frameworks.zephyr]",
        '[frameworks.esp-idf]\ntarget = "esp32"\nflash_size = "3MB"\n[frameworks.zephyr]',
        ["frameworks.esp-idf.flash_size", "found '3MB'", "4MB"],
    ),
    ('flash = "its data sheet"', "", ["sources.flash", "missing"]),
    ('ram = "its data sheet"', 'rom = "its data sheet"', ["sources.rom", "did you mean ram?"]),
    ("[[flash]]", "[flash]", ["flash", "an array of tables"]),
    ('name = "A board"', "name = ", ["not valid TOML", "line 2"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "board_file", sorted(BOARDS_DIR.glob("*.toml")), ids=lambda path: path.stem
)
def test_profile_is_valid_and_sources_every_number(board_file: Path) -> None:
    board = read_profile(board_file)
    assert board.id == board_file.stem
    assert {"mcu", "clock_hz", "flash", "ram", "frameworks"} <= set(board.sources)


def test_every_board_of_the_facts_has_a_profile_with_their_flash(shared_dir: Path) -> None:
    with (shared_dir / "boards_facts.csv").open(encoding="utf-8") as file:
        facts = {row["id"]: int(row["flash_app_bytes"]) for row in csv.DictReader(file)}
    boards = {board.id: board.flash_bytes for board in all_boards()}
    assert {board_id: boards.get(board_id) for board_id in facts} == facts


@pytest.mark.parametrize(
    ("board_id", "ram_bytes"),
    [
        # Largest contiguous regions, where the sum of banks or PlatformIO's number is another.
        ("bbc_microbit", 16 * 1024),
        ("nucleo_h743zi2", 512 * 1024),
        ("arduino_portenta_h7_m7", 512 * 1024),
        ("teensy41", 512 * 1024),
        ("stm32f4_discovery", 128 * 1024),
        ("nucleo_l476rg", 96 * 1024),
        ("b_u585i_iot02a", 768 * 1024),
        ("nucleo_l4r5zi", 640 * 1024),
        ("arduino_nano_33_ble_sense", 261_632),
        ("esp32_devkitc", 180_736),
        ("esp32_s3_devkitc_1_n8", 341_760),
        ("esp32_c3_devkitm_1", 321_296),
        ("esp32_c6_devkitc_1", 452_112),
    ],
)
def test_ram_is_the_largest_contiguous_region(board_id: str, ram_bytes: int) -> None:
    assert load_board(board_id).ram_bytes == ram_bytes


def test_every_esp32_runs_esp_nn() -> None:
    # esp-tflite-micro builds its ESP-NN kernels for every chip; include/esp_nn.h picks the variant.
    chips = {board.mcu: board.kernels for board in all_boards() if board.mcu.startswith("ESP32")}
    assert set(chips) == {"ESP32", "ESP32-S3", "ESP32-C3", "ESP32-C6", "ESP32-P4"}
    assert set(chips.values()) == {"esp-nn"}


@pytest.mark.parametrize(
    ("right", "wrong", "words"), MISTAKES, ids=[m[1] or m[0] for m in MISTAKES]
)
def test_broken_profile_is_refused_with_file_key_and_remedy(
    tmp_path: Path, right: str, wrong: str, words: list[str]
) -> None:
    assert GOOD.count(right) >= 1
    profile = tmp_path / "my_board.toml"
    profile.write_text(GOOD.replace(right, wrong, 1))
    with pytest.raises(BoardError) as caught:
        read_profile(profile)
    for word in ["my_board.toml", *words]:
        assert word in str(caught.value)


def test_file_name_must_be_an_id(tmp_path: Path) -> None:
    (tmp_path / "My Board.toml").write_text(GOOD)
    with pytest.raises(BoardError, match="file name: found 'My Board'"):
        read_profile(tmp_path / "My Board.toml")


def test_reserved_memory_is_not_available(tmp_path: Path) -> None:
    (tmp_path / "my_board.toml").write_text(GOOD)
    ram = load_board(str(tmp_path / "my_board.toml")).ram[0]
    assert (ram.available_bytes, ram.available_address) == (16384 - 512, 0x20000200)
    uno = load_board("arduino_uno_r4_minima").ram[0]
    assert (uno.reserved_bytes, uno.available_address) == (256, 0x20000000)


def test_own_folder_adds_to_and_replaces_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_board.toml").write_text(GOOD)
    (tmp_path / "teensy41.toml").write_text(GOOD.replace("A board", "My Teensy"))
    monkeypatch.setenv("EDGECOMPRESS_BOARDS", str(tmp_path))
    boards = {board.id: board.name for board in all_boards()}
    assert boards["my_board"] == "A board"
    assert boards["teensy41"] == "My Teensy"
    assert "rpi_pico" in boards
    with pytest.raises(BoardError, match="no such folder"):
        all_boards(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "match"), [("nucleo_f401", "nucleo_f401re"), ("f446", "nucleo_f446re")]
)
def test_unknown_board_names_the_closest(name: str, match: str) -> None:
    with pytest.raises(BoardError, match=f"unknown board '{name}'; did you mean {match}?"):
        load_board(name)


@pytest.mark.parametrize("arguments", [["--json"], ["list", "--json"]])
def test_list_json_has_the_keys_of_the_contract(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0
    rows = json.loads(result.stdout)["boards"]
    assert len(rows) >= 34
    assert list(rows[0]) == [
        "id", "name", "mcu", "core", "kernels", "clock_hz", "flash_bytes", "ram_bytes",
        "frameworks",
    ]  # fmt: skip


def test_list_shows_every_id_whole() -> None:
    result = CliRunner().invoke(command, [])
    assert all(board.id in result.stdout for board in all_boards())


def test_show_and_validate(tmp_path: Path) -> None:
    shown = CliRunner().invoke(command, ["show", "stm32f4_discovery"])
    assert "CCM" in shown.stdout
    assert "stm32f407xx.h" in shown.stdout.replace("\n", "")
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(GOOD)
    bad.write_text(GOOD.replace("size_bytes", "size_byte"))
    result = CliRunner().invoke(command, ["validate", "--json", str(good), str(bad)])
    assert isinstance(result.exception, BoardError)
    files = json.loads(result.stdout)["files"]
    assert [file["valid"] for file in files] == [True, False]
    assert "did you mean size_bytes?" in files[1]["problems"][0]
