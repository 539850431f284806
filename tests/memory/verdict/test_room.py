"""Room for the user's own application: kept where asked for, and spoken of where it is scarce."""

import json
from pathlib import Path

import pytest
from support import REPOSITORY
from support.plain_graphs import adds
from support.tiny_models import conv

from edgecompress.board import load_board, reserving
from edgecompress.firmware.sources.generate import generate
from edgecompress.memory.verdict.fit import fit

BOARD = "nucleo_f401re"
OWN = {"name": "your own application, reserved", "kind": "application", "basis": "exact"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.tflite"
    path.write_bytes(conv((9, 8, 12), (3, 3), 6))
    return path


def judged(cli, model: Path, *words: str) -> dict:
    code, stdout, stderr = cli("fit", model, "--board", BOARD, "--json", *words)
    (verdict,) = json.loads(stdout)["boards"]
    assert code == (0 if verdict["fits"] else 5), stderr
    return verdict


@pytest.mark.parametrize("runtime", ["tflm", "c"])
def test_what_is_reserved_is_an_item_of_the_application(cli, model: Path, runtime: str) -> None:
    plain = judged(cli, model, "--runtime", runtime)
    kept = judged(
        cli, model, "--runtime", runtime, "--reserve-ram", "8k", "--reserve-flash", "16KiB"
    )
    for memory, size in (("ram", 8192), ("flash", 16384)):
        assert {**OWN, "bytes": size} in kept[memory]["items"]
        assert OWN["name"] not in [item["name"] for item in plain[memory]["items"]]
        assert kept[memory]["used_bytes"] == plain[memory]["used_bytes"] + size
        assert list(kept[memory]) == list(plain[memory])


@pytest.mark.parametrize("runtime", ["tflm", "c"])
@pytest.mark.parametrize("memory", ["ram", "flash"])
def test_one_byte_more_than_is_left_does_not_fit(
    cli, model: Path, memory: str, runtime: str
) -> None:
    left = judged(cli, model, "--runtime", runtime)[memory]["headroom_bytes"] // 16 * 16
    option = f"--reserve-{memory}"
    assert judged(cli, model, "--runtime", runtime, option, str(left))["fits"]
    over = judged(cli, model, "--runtime", runtime, option, str(left + 16))
    assert not over["fits"]
    assert over["problems"]


def test_a_profile_reserves_too_and_the_option_wins(cli, model: Path, tmp_path: Path) -> None:
    text = (REPOSITORY / "boards" / f"{BOARD}.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(f"reserve_ram_bytes = 1_000\nreserve_flash_bytes = 2_000\n{text}")
    used = [
        json.loads(cli("fit", model, "--board", own, "--json", *words)[1])["boards"][0]
        for words in ((), ("--reserve-ram", "0", "--reserve-flash", "0"))
    ]
    for memory, size in (("ram", 1000), ("flash", 2000)):
        assert used[0][memory]["used_bytes"] - used[1][memory]["used_bytes"] == size
    shown = " ".join(cli("boards", "show", own)[1].split())
    assert "1,000 bytes of RAM and 2,000 bytes of flash" in shown


def test_the_board_that_is_suggested_has_room_for_it_too(cli, model: Path) -> None:
    told = judged(cli, model, "--reserve-ram", "100k")["suggestions"]
    named = next(text for text in told if "smallest other board" in text).split()[0]
    assert cli("fit", model, "--board", named, "--reserve-ram", "100k")[0] == 0


def test_scarce_room_is_said_once_with_the_option_that_keeps_it() -> None:
    board = load_board(BOARD)
    flash = board.flash[0].available_bytes - 3000
    used = fit(adds(100, 1, 1000), [board]).verdicts[0].flash.used_bytes
    graph = adds(100, 1, flash - used + 1000)
    (verdict,) = fit(graph, [board]).verdicts
    (told,) = verdict.suggestions
    left = verdict.flash.headroom_bytes
    assert 0 <= left < 4096
    assert f"only {left:,} of 524,288 bytes of flash" in told
    assert "--reserve-flash BYTES" in told
    assert fit(graph, [reserving(board, None, 1000)]).verdicts[0].suggestions == ()
    assert fit(adds(100), [board]).verdicts[0].suggestions == ()


def test_people_read_it_too(cli, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(conv((9, 8, 12), (3, 3), 6))
    text = (REPOSITORY / "boards" / f"{BOARD}.toml").read_text()
    used = json.loads(cli("fit", path, "--board", BOARD, "--json")[1])["boards"][0]["ram"]
    own = tmp_path / "tight.toml"
    own.write_text(text.replace("size_bytes = 98_304", f"size_bytes = {used['used_bytes'] + 40}"))
    code, stdout, _ = cli("fit", path, "--board", own)
    assert code == 0
    assert "only 40 of" in " ".join(stdout.split())
    assert "--reserve-ram" in stdout


@pytest.mark.parametrize("size", ["8q", "-1", "", "1.5k", "k"])
def test_a_size_that_is_none_is_told_how_to_write_it(cli, model: Path, size: str) -> None:
    code, _, stderr = cli("fit", model, "--board", BOARD, f"--reserve-ram={size}")
    assert code == 2
    assert "--reserve-ram" in stderr


def test_pack_keeps_to_it(cli, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tflite"
    words = ("pack", model, "-o", out, "--force")
    assert cli(*words, "--board", BOARD, "--reserve-ram", "8k")[0] == 0
    code, _, stderr = cli(*words, "--board", BOARD, "--reserve-ram", "95k")
    assert code == 5
    assert "too many" in stderr
    code, _, stderr = cli(*words, "--reserve-ram", "8k")
    assert code == 2
    assert "--board" in stderr


def test_generated_firmware_moves_the_arena_where_the_reserve_leaves_no_room(model: Path) -> None:
    board = load_board("stm32f4_discovery")
    script = "board/memory.ld"
    roomy = generate([model], board, "cmake", runtime="c")
    tight = generate([model], reserving(board, 126 * 1024, None), "cmake", runtime="c")
    assert "ARENA" not in roomy[script]
    assert "ARENA (rw) : ORIGIN = 0x10000000" in tight[script]
