"""Estimated instructions of the C runtime, held against QEMU's counts."""

import numpy as np
import pytest
from support.firmware_tools import need, write
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.toolchain.build import build
from edgecompress.memory.instructions import estimate_instructions
from edgecompress.program.lower import lower
from edgecompress.tflite.reader import read_model


def _estimated(model: bytes, core: str):
    graph = read_model(model)
    return estimate_instructions(graph, lower(graph), core)


def test_a_model_takes_about_what_is_estimated(digits_int8, tmp_path) -> None:
    """None that the rates were made from."""
    need("arm-none-eabi-gcc", "cmake", "qemu-system-arm")
    board = load_board("mps2_an386")
    write(tmp_path, generate([digits_int8], board, "cmake", "m", vectors=1, runtime="c"))
    build(tmp_path, None)
    ran = emulate(tmp_path, profile=True).models[0].operators
    estimated = _estimated(digits_int8, board.core)
    assert estimated.missing == ()
    counts = [each.instructions for each in ran]
    guesses = list(estimated.by_operator.values())
    assert sum(guesses) == pytest.approx(sum(counts), rel=estimated.error)
    off = np.abs(np.array(guesses) / counts - 1)[np.array(counts) > 0.01 * sum(counts)]
    assert np.median(off) <= estimated.error


# Of docs/runtime.md: instructions of an inference, counted in QEMU.
@pytest.mark.parametrize(
    ("name", "core", "counted"),
    [
        ("mlperf_tiny/kws_dscnn_int8", "cortex-m0plus", 16_356_080),
        ("mlperf_tiny/ic_resnet8_int8", "cortex-m4f", 15_501_840),
        ("mlperf_tiny/ad_autoencoder_int8", "cortex-m55", 84_875),
        ("tflm/simple_add_model", "cortex-m4f", 655_560),
    ],
)
def test_published_counts_are_met(shared_dir, name, core, counted) -> None:
    model = (shared_dir / "models" / f"{name}.tflite").read_bytes()
    estimated = _estimated(model, core)
    assert sum(estimated.by_operator.values()) == pytest.approx(counted, rel=estimated.error)


def test_cores_of_the_same_code_share_rates_and_others_have_none(digits_int8) -> None:
    assert _estimated(digits_int8, "cortex-m0") == _estimated(digits_int8, "cortex-m0plus")
    assert _estimated(digits_int8, "rv32imac") == _estimated(digits_int8, "rv32imc")
    assert _estimated(digits_int8, "xtensa-lx7") is None


def test_a_kernel_that_nobody_counted_is_named() -> None:
    estimated = _estimated(ZOO["cumsum"](), "cortex-m4f")
    assert estimated.by_operator == {}
    assert estimated.missing == ("cumsum_s8",)
