from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_graphs import adds
from support.tiny_models import transpose_conv

import edgecompress
from edgecompress.board import Board, Region, all_boards, load_board
from edgecompress.errors import ModelError, UnsupportedModelError, UsageError
from edgecompress.memory.flash import runtime_bytes
from edgecompress.memory.ram import Placed
from edgecompress.memory.verdict.document import fit_document
from edgecompress.side_by_side import fit
from edgecompress.tflite.graph import Graph, Subgraph
from edgecompress.tflite.reader import read_model

BOARDS = all_boards()
M4F = load_board("nucleo_f401re")


def regions_of(verdict) -> list[Placed]:
    main = [verdict.ram.main] if verdict.ram.main else []
    return [verdict.flash, verdict.ram.arena, *main]


def resized(board: Board, region: Region, available_bytes: int) -> Board:
    """Return the board with `region` offering exactly `available_bytes`."""
    new = replace(region, size_bytes=available_bytes + region.reserved_bytes)
    return replace(
        board,
        flash=tuple(new if r == region else r for r in board.flash),
        ram=tuple(new if r == region else r for r in board.ram),
    )


@settings(max_examples=60, deadline=None)
@given(
    elements=st.integers(1, 400_000),
    count=st.integers(1, 5),
    size_bytes=st.integers(1, 2_000_000),
    board=st.sampled_from(BOARDS),
    registration=st.sampled_from(["narrow", "default"]),
)
def test_one_byte_too_little_in_any_region_never_fits(
    elements: int, count: int, size_bytes: int, board: Board, registration: str
) -> None:
    graph = adds(elements, count, size_bytes)

    def judged(on: Board):
        return fit(graph, [on], registration=registration, others=()).verdicts[0]

    verdict = judged(board)
    needed = regions_of(verdict)
    assert verdict.fits == all(p.used_bytes <= p.region.available_bytes for p in needed)
    assert verdict.fits == (not verdict.problems)
    # Leave only the regions this verdict uses, so that none other can take the arena.
    used = tuple(dict.fromkeys(p.region for p in needed[1:]))
    main = verdict.board.ram[0]
    exact = replace(board, flash=(verdict.flash.region,), ram=(main, *(set(used) - {main})))
    for place in needed:
        exact = resized(exact, place.region, place.used_bytes)
    assert judged(exact).fits
    for region in (*exact.flash, *exact.ram):
        if region.available_bytes:
            assert not judged(resized(exact, region, region.available_bytes - 1)).fits


@settings(max_examples=40, deadline=None)
@given(
    elements=st.integers(1, 60_000),
    sizes=st.lists(st.integers(4096, 200_000), min_size=1, max_size=4),
    reserved=st.integers(0, 2048),
)
def test_placement_holds_on_drawn_boards(elements: int, sizes: list[int], reserved: int) -> None:
    ram = tuple(
        Region(f"R{i}", 0x2000_0000 + i * 0x100_0000, size, reserved, "test")
        for i, size in enumerate(sizes)
    )
    verdict = fit(adds(elements), [replace(M4F, ram=ram)], others=()).verdicts[0]
    items = [item for place in regions_of(verdict)[1:] for item in place.items]
    assert sum(item.bytes for item in items if item.kind == "arena") == verdict.arena.min_bytes
    assert [item.kind for item in items].count("stack") == 1
    if verdict.ram.main is not None:  # only the arena may leave the main region
        assert verdict.ram.main.region == ram[0]
        assert all(item.kind != "stack" for item in verdict.ram.arena.items)
    if not verdict.ram.fits:  # then no single region could have held the arena
        rest = sum(item.bytes for item in items) - sum(
            item.bytes for item in items if "arena" in item.name or "margin" in item.name
        )
        arena = sum(item.bytes for item in items) - rest
        assert ram[0].available_bytes < arena + rest
        assert ram[0].available_bytes < rest or all(r.available_bytes < arena for r in ram[1:])


@pytest.mark.parametrize(
    ("board_id", "elements"),
    [
        # An arena between the largest contiguous region and the sum of all regions.
        ("nucleo_h743zi2", 300_000),
        ("arduino_portenta_h7_m7", 270_000),
        ("teensy41", 300_000),
        ("stm32f4_discovery", 75_000),
        ("nucleo_l476rg", 55_000),
    ],
)
def test_regions_are_not_summed(board_id: str, elements: int) -> None:
    board = load_board(board_id)
    verdict = fit(adds(elements), [board], others=()).verdicts[0]
    assert board.ram_bytes < verdict.arena.min_bytes < sum(r.available_bytes for r in board.ram)
    assert not verdict.fits
    assert "too many" in verdict.problems[0]


def test_arena_goes_to_another_region_when_the_main_one_is_too_small() -> None:
    board = replace(
        M4F, ram=(Region("small", 0x1000_0000, 8192), Region("big", 0x2000_0000, 65536))
    )
    result = fit(adds(20_000), [board])
    verdict = result.verdicts[0]
    assert verdict.fits
    assert verdict.ram.arena.region.name == "big"
    ram = fit_document(result)["boards"][0]["ram"]
    assert (ram["region"], ram["main"]["region"]) == ("big", "small")
    assert {item["kind"] for item in ram["main"]["items"]} == {"runtime", "stack", "application"}


def test_code_and_model_count_in_ram_where_they_are_copied() -> None:
    # Teensy 4.1's linker script copies both to RAM1; 480 KB of model leave no room there.
    verdict = fit(adds(100, 1, 480_000), [load_board("teensy41")], others=()).verdicts[0]
    assert not verdict.fits
    assert any("PROGMEM keeps 480,000 bytes" in text for text in verdict.suggestions)


def test_document_has_the_keys_of_the_contract() -> None:
    document = fit_document(fit(adds(100), [load_board("esp32_s3_devkitc_1_n8")]))
    assert list(document) == ["model", "boards"]
    assert list(document["model"]) == ["path", "sha256", "bytes", "operators"]
    assert document["model"]["operators"] == [{"op": "ADD", "count": 1}]
    (board,) = document["boards"]
    assert list(board) == [
        "board", "runtime", "fits", "kernels", "tflm", "arena", "flash", "ram", "problems",
        "suggestions",
    ]  # fmt: skip
    assert list(board["arena"]) == [
        "min_bytes", "used_bytes", "head_bytes", "tail_bytes", "basis",
    ]  # fmt: skip
    assert list(board["flash"]) == ["available_bytes", "used_bytes", "headroom_bytes", "items"]
    assert list(board["ram"]) == [
        "region", "available_bytes", "used_bytes", "headroom_bytes", "items",
    ]  # fmt: skip
    for place, kinds in (
        ("flash", {"model", "runtime", "application"}),
        ("ram", {"arena", "runtime", "stack", "application"}),
    ):
        items = board[place]["items"]
        assert all(list(item) == ["name", "kind", "bytes", "basis"] for item in items)
        assert {item["kind"] for item in items} == kinds
        assert {item["basis"] for item in items} <= {"exact", "measured", "estimated"}
        assert sum(item["bytes"] for item in items) == board[place]["used_bytes"]
        assert (
            board[place]["available_bytes"] - board[place]["used_bytes"]
            == (board[place]["headroom_bytes"])
        )


def test_default_registrations_take_more_flash() -> None:
    narrow, default = (
        fit(adds(100), [M4F], registration=kind).verdicts[0].flash.used_bytes
        for kind in ("narrow", "default")
    )
    runtime = [runtime_bytes([name], M4F.core, "cmsis-nn") for name in ("ADD@INT8", "ADD")]
    assert default - narrow == runtime[1] - runtime[0] > 5000


def test_suggestions_are_true() -> None:
    graph = adds(60_000, 2)
    (verdict,) = fit(graph, [M4F]).verdicts
    cut, half, board, in_c = verdict.suggestions
    assert f"cut {verdict.ram.shortfall_bytes:,} bytes of RAM" in cut
    assert "ADD (layer_" in cut
    # The board named has room, and none with less RAM has.
    named = board.split()[0]
    assert fit(graph, [load_board(named)]).fits
    smaller = [b for b in BOARDS if b.ram_bytes < load_board(named).ram_bytes]
    assert not any(verdict.fits for verdict in fit(graph, smaller, others=()).verdicts)
    assert "halving layer_" in half
    assert in_c.startswith("the C runtime (--runtime c) frees")
    assert fit(graph, [M4F], runtime="c").fits


def test_halving_says_what_planning_again_finds() -> None:
    (verdict,) = fit(adds(60_000, 1), [M4F], others=()).verdicts
    halved = next(text for text in verdict.suggestions if "halving" in text)
    # Two vectors of 60,000 live at once; half of one is 30,000, aligned to 16.
    assert "frees 30,000 bytes" in halved


def test_int8_instead_of_float_io_frees_what_it_says() -> None:
    with_float, plain = adds(30_000, 2, float_io=True), adds(30_000, 2)
    (before,), (after,) = (fit(g, [M4F], others=()).verdicts for g in (with_float, plain))
    assert not before.fits
    freed = before.arena.min_bytes - after.arena.min_bytes
    text = next(text for text in before.suggestions if "int8 inputs" in text)
    assert f"free {freed:,} bytes of the arena" in text
    assert "and then it fits" in text


def test_model_too_large_for_flash_is_told_how_large_it_may_be() -> None:
    (verdict,) = fit(adds(100, 1, 600_000), [M4F], others=()).verdicts
    text = next(text for text in verdict.suggestions if "bytes of flash" in text)
    room = (600_000 + verdict.flash.headroom_bytes) // 16 * 16
    assert f"at most {room:,} bytes" in text
    assert fit(adds(100, 1, room), [M4F], others=()).fits
    assert not fit(adds(100, 1, room + 16), [M4F], others=()).fits


def test_kernels_that_do_not_run_on_the_core_are_refused() -> None:
    with pytest.raises(UsageError, match="cmsis-nn does not run on esp32_devkitc"):
        fit(adds(100), [load_board("esp32_devkitc")], kernels="cmsis-nn")
    assert fit(adds(100), [M4F], kernels="reference").verdicts[0].kernels == "reference"


def test_operator_that_tflm_lacks_is_named() -> None:
    graph = adds(100)
    strange = replace(graph.main, operators=(replace(graph.main.operators[0], op="GELU"),))
    with pytest.raises(UnsupportedModelError, match="GELU"):
        fit(Graph(1000, "0" * 64, (strange,)), [M4F])


def test_missing_model_is_an_error_of_the_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        fit(tmp_path / "model.tflite", [M4F])


def test_fit_is_public() -> None:
    assert edgecompress.fit(adds(100), [M4F]).fits


@pytest.mark.parametrize(
    ("model", "board_id", "fits"),
    [
        ("kws_dscnn_int8", "arduino_nano_33_ble_sense", True),
        ("ic_resnet8_int8", "nucleo_f401re", True),
        ("ic_resnet8_int8", "arduino_uno_r4_minima", False),
        ("ad_autoencoder_int8", "rpi_pico", True),
    ],
)
def test_mlperf_tiny(shared_dir: Path, model: str, board_id: str, fits: bool) -> None:
    path = shared_dir / "models" / "mlperf_tiny" / f"{model}.tflite"
    result = fit(path, [load_board(board_id)])
    assert result.fits == fits
    assert result.model.sha256 == read_model(path).sha256
    assert isinstance(read_model(path).main, Subgraph)


def test_of_several_boards_those_that_cannot_run_it_are_left_out_and_named() -> None:
    """CMSIS-NN has no transposed convolution for int16 without a bias; the reference has."""
    model = transpose_conv((4, 4, 8), 3, 4, activations="INT16", bias="")
    boards = [M4F, load_board("rpi_pico")]
    result = fit(model, boards, others=())
    assert [verdict.board.id for verdict in result.verdicts] == ["rpi_pico"]
    assert [name for name, _ in result.refused] == [M4F.id]
    assert not result.fits
    with pytest.raises(UnsupportedModelError, match="does not run with cmsis-nn"):
        fit(model, [M4F])
