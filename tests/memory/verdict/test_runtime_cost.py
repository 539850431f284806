"""A board that the runtime's code alone does not fit: said before any training, with what costs."""

import re
import time
from dataclasses import replace

import pytest
from support.plain_graphs import adds

from edgecompress.board import load_board
from edgecompress.files import BOARDS_DIR
from edgecompress.memory.verdict.fit import fit

M4F = load_board("mps2_an386")


def _with_flash(size_bytes):
    return replace(M4F, flash=(replace(M4F.flash[0], size_bytes=size_bytes, reserved_bytes=0),))


def _flash_advice(board, graph):
    (verdict,) = fit(graph, [board], others=()).verdicts
    return next(text for text in verdict.suggestions if "of flash" in text)


def test_the_costliest_kernel_is_named():
    advice = _flash_advice(_with_flash(12_000), adds(100))
    assert "pruning cannot help" in advice
    assert re.search(r"ADD, [\d,]+ bytes", advice)


def test_pruning_is_advised_where_it_can_help():
    (verdict,) = fit(adds(100, 1, 20_000), [M4F], others=()).verdicts
    fixed = verdict.fixed_shortfall_bytes + M4F.flash[0].available_bytes
    advice = _flash_advice(_with_flash(fixed + 10_000), adds(100, 1, 20_000))
    assert "prune it to" in advice


@pytest.mark.parametrize("room", [-16, 304])
def test_no_model_is_to_be_pruned_to_nothing(room):
    (verdict,) = fit(adds(100, 1, 20_000), [M4F], others=()).verdicts
    fixed = verdict.fixed_shortfall_bytes + M4F.flash[0].available_bytes
    assert "prune" not in _flash_advice(_with_flash(fixed + room), adds(100, 1, 20_000)).replace(
        "pruning cannot help", ""
    )


def test_compress_ends_at_once(cli, digits_files, tmp_path):
    profile = (BOARDS_DIR / "mps2_an386.toml").read_text(encoding="utf-8")
    small = re.sub(r"(\[\[flash\]\][^\[]*?size_bytes = )[\d_]+", r"\g<1>40_000", profile, count=1)
    assert small != profile
    (tmp_path / "small.toml").write_text(small, encoding="utf-8")
    began = time.monotonic()
    code, _, err = cli(
        "compress", digits_files / "digits.keras", "--board", tmp_path / "small.toml", "--data",
        digits_files / "digits.npz", "-o", tmp_path / "out", "--time-budget", "20m",
    )  # fmt: skip
    assert code == 5
    assert "pruning cannot help" in err
    assert "epoch" not in err
    assert time.monotonic() - began < 300
