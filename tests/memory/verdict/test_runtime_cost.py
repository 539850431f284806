"""A board that the runtime's code alone does not fit: said before any training, with what costs."""

import re
import time
from dataclasses import replace

import pytest
from support.plain_graphs import adds

from edgecompress.board import load_board
from edgecompress.files import BOARDS_DIR
from edgecompress.memory.verdict.fit import fit
from edgecompress.memory.verdict.judge import LEAST_MODEL_BYTES
from edgecompress.tflite.graph import Graph, Operator, Subgraph, Tensor

M4F = load_board("mps2_an386")
MODEL = adds(100, 1, 20_000)


def _with_flash(size_bytes, board=M4F):
    return replace(board, flash=(replace(board.flash[0], size_bytes=size_bytes, reserved_bytes=0),))


def _with_ram(size_bytes, board=M4F):
    return replace(board, ram=(replace(board.ram[0], size_bytes=size_bytes, reserved_bytes=0),))


def _verdict(graph, board):
    (verdict,) = fit(graph, [board], others=()).verdicts
    return verdict


def _sizes(items):
    return sum(item.bytes for item in items)


def _with_room(room, graph=MODEL):
    """Judge on a board whose flash leaves so many bytes for the model."""
    return _verdict(graph, _with_flash(_sizes(_verdict(graph, M4F).fixed_flash) + room))


def test_the_costliest_kernel_is_named():
    advice = _with_room(-16).suggestions[0]
    assert "pruning cannot help" in advice
    assert re.search(r"ADD, [\d,]+ bytes", advice)


def test_code_that_kernels_share_is_no_kernel(digits_int8):
    verdict = _verdict(digits_int8, _with_flash(40_000))
    shared = next(item for item in verdict.flash.items if "shared" in item.name)
    assert shared.bytes > 6000  # more than some kernels, so that it would be named
    named = re.findall(r"([A-Za-z_0-9]+), [\d,]+ bytes", verdict.suggestions[0])
    assert named == ["FULLY_CONNECTED", "CONV_2D", "SOFTMAX"]


def test_cores_with_a_borrowed_table_name_estimated_kernels(digits_int8):
    board = _with_flash(200_000, load_board("esp32_devkitc"))
    advice = _verdict(digits_int8, board).suggestions[0]
    assert re.search(r"FULLY_CONNECTED, [\d,]+ bytes, estimated", advice)


@pytest.mark.parametrize("room", [LEAST_MODEL_BYTES, 10_000])
def test_pruning_is_advised_where_it_can_help(room):
    verdict = _with_room(room)
    assert not verdict.pruning_cannot_help
    assert f"at most {room:,} bytes would fit: prune it to" in verdict.suggestions[0]
    assert not any("cannot help" in text for text in verdict.suggestions)


@pytest.mark.parametrize("room", [-16, 304, LEAST_MODEL_BYTES - 16])
def test_no_model_is_to_be_pruned_to_nothing(room):
    verdict = _with_room(room)
    assert verdict.pruning_cannot_help
    assert "prune it" not in " ".join(verdict.suggestions)
    assert "cut " not in " ".join(verdict.suggestions)


def test_a_model_that_fits_is_never_hopeless_however_little_room_it_has():
    verdict = _with_room(320, adds(100, 1, 300))
    assert verdict.fits
    assert not verdict.pruning_cannot_help


def test_no_other_advice_contradicts_it():
    # RAM is short too, and halving an activation would be enough there: it is not worth saying.
    graph = adds(60_000, 1, 20_000)
    ram = _sizes(_verdict(graph, M4F).ram.arena.items) - 16
    assert any("enough" in text for text in _verdict(graph, _with_ram(ram)).suggestions)
    verdict = _verdict(graph, _with_ram(ram, _with_flash(12_000)))
    assert len(verdict.problems) == 2
    assert not any("halving" in text or "cut " in text for text in verdict.suggestions)


def test_ram_that_the_arena_has_no_part_in_is_said_to_be_too_small():
    fixed = _sizes(_verdict(MODEL, M4F).fixed_ram)
    verdict = _verdict(MODEL, _with_ram(fixed - 16))
    assert verdict.pruning_cannot_help
    (text,) = [text for text in verdict.suggestions if "pruning cannot help" in text]
    assert f"{fixed:,} of {fixed - 16:,} bytes of RAM" in text
    assert "stack" in text
    assert not any("cut " in text for text in verdict.suggestions)


def test_ram_that_shrinks_with_the_model_does_not_count():
    graph = adds(60_000, 1, 400_000)
    teensy = load_board("teensy41")  # whose linker script copies code and constants to RAM
    for board in (M4F, teensy):
        before = _verdict(graph, board)
        gone = ("arena", "margin", "model data")
        main = before.ram.main or before.ram.arena
        kept = [item for item in main.items if not any(w in item.name for w in gone)]
        assert before.fixed_ram == tuple(kept)
        short = _verdict(graph, _with_ram(_sizes(kept) + 16, board))
        assert not short.fits
        assert not short.pruning_cannot_help


CONSTANT = memoryview(b"\1\1\1\1")


def _graph(*operators, constants=(), outputs):
    """Return a graph of (op, inputs, output) on tensors that are named by number."""
    count = 1 + max(max(*inputs, output) for _, inputs, output in operators)
    tensors = tuple(
        Tensor(i, f"t{i}", "INT8", (1, 4), 0, CONSTANT if i in constants else None)
        for i in range(count)
    )
    ops = tuple(Operator(i, op, 1, ins, (out,)) for i, (op, ins, out) in enumerate(operators))
    return Graph(1, "0" * 64, (Subgraph("main", tensors, ops, (0,), outputs),))


DENSE = ("FULLY_CONNECTED", (0, 1), 2)  # from input 0, with the constant 1


@pytest.mark.parametrize(
    ("op", "graph", "advice"),
    [
        ("SOFTMAX", _graph(DENSE, ("SOFTMAX", (2,), 3), constants=(1,), outputs=(3,)),
         "end with logits"),
        ("SOFTMAX", _graph(("SOFTMAX", (0,), 2), ("FULLY_CONNECTED", (2, 1), 3), constants=(1,),
                           outputs=(3,)), None),
        ("ADD", _graph(DENSE, ("ADD", (2, 1), 3), constants=(1,), outputs=(3,)), "fold"),
        ("ADD", _graph(DENSE, ("ADD", (2, 0), 3), constants=(1,), outputs=(3,)), None),
        # One that cannot be spared keeps the kernel.
        ("ADD", _graph(DENSE, ("ADD", (2, 1), 3), ("ADD", (3, 0), 4), constants=(1,),
                       outputs=(4,)), None),
        ("LOGISTIC", _graph(DENSE, ("LOGISTIC", (2,), 3), ("MUL", (2, 3), 4), constants=(1,),
                            outputs=(4,)), "SiLU"),
        ("LOGISTIC", _graph(DENSE, ("LOGISTIC", (2,), 3), ("MUL", (0, 3), 4), constants=(1,),
                            outputs=(4,)), None),
        ("LOGISTIC", _graph(DENSE, ("LOGISTIC", (2,), 3), ("DEQUANTIZE", (3,), 4),
                            constants=(1,), outputs=(4,)), "end with logits"),
        ("TANH", _graph(DENSE, ("TANH", (2,), 3), constants=(1,), outputs=(3,)), None),
        ("TANH", _graph(DENSE, ("TANH", (2,), 3), ("FULLY_CONNECTED", (3, 1), 4),
                        constants=(1,), outputs=(4,)), "ReLU"),
        ("MEAN", _graph(("MEAN", (0, 1), 2), constants=(1,), outputs=(2,)), None),
        ("BATCH_MATMUL", _graph(("BATCH_MATMUL", (0, 0), 1), outputs=(1,)), None),
    ],
)  # fmt: skip
def test_advice_is_of_what_the_model_has(op, graph, advice):
    from edgecompress.memory.verdict.spared import what_spares

    found = what_spares(op, graph)
    assert (found is None) if advice is None else (advice in found)


@pytest.mark.parametrize(
    ("flash_bytes", "ram_bytes"), [(40_000, None), ("few left", None), (None, 4_000)]
)
def test_compress_ends_at_once(cli, digits_files, digits_int8, tmp_path, flash_bytes, ram_bytes):
    if flash_bytes == "few left":  # of which pruning made a model that guesses
        flash_bytes = _sizes(_verdict(digits_int8, M4F).fixed_flash) + 400
    profile = (BOARDS_DIR / "mps2_an386.toml").read_text(encoding="utf-8")
    for kind, size_bytes in (("flash", flash_bytes), ("ram", ram_bytes)):
        if size_bytes is not None:
            pattern = rf"(\[\[{kind}\]\][^\[]*?size_bytes = )[\d_]+"
            profile = re.sub(pattern, rf"\g<1>{size_bytes}", profile, count=1)
    (tmp_path / "small.toml").write_text(profile, encoding="utf-8")
    began = time.monotonic()
    code, _, err = cli(
        "compress", digits_files / "digits.keras", "--board", tmp_path / "small.toml", "--data",
        digits_files / "digits.npz", "-o", tmp_path / "out", "--time-budget", "20m",
    )  # fmt: skip
    assert code == 5
    in_c = r"- the C runtime \(--runtime c\) frees .*, and then it fits\n" if flash_bytes else ""
    problem = r"too large:\n- .* too many\n(- .*\n)*- pruning cannot help: .*\n(- .*\n)*"
    assert re.search(rf"{problem}- .*of flash\n{in_c}$", err)
    assert "epoch" not in err
    assert "shrink_to_fit" not in err
    assert time.monotonic() - began < 300
