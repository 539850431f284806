"""Models that keep a state in resource variables: first state, sequences, arena, firmware."""

import numpy as np
import pytest
from support.tiny_models import stateful

from edgecompress.board import load_board
from edgecompress.firmware.sources.generate import generate
from edgecompress.memory.arena.cross_check import verify
from edgecompress.memory.verdict.fit import fit
from edgecompress.tflite.interpreter import run, run_sequence
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model

_FIRST = 7  # not the zero point, which TFLM's own reset would set
_STEPS = np.arange(12, dtype=np.int8).reshape(3, 1, 4)


@pytest.mark.parametrize("runtime", ["tflm", "litert"])
def test_each_sample_starts_from_the_state_that_call_once_sets(runtime: str) -> None:
    (outputs,) = run(stateful(_FIRST), _STEPS, runtime, workers=1)
    np.testing.assert_array_equal(outputs.reshape(3, 4), _STEPS.reshape(3, 4) + _FIRST)


def test_a_sequence_keeps_its_state() -> None:
    (outputs,) = run_sequence(stateful(_FIRST), _STEPS)
    expected = np.cumsum(_STEPS.reshape(3, 4), axis=0) + _FIRST
    np.testing.assert_array_equal(outputs.reshape(3, 4), expected)


def test_the_arena_is_exact_and_agrees_with_tflm() -> None:
    model = stateful(_FIRST)
    graph = read_model(model)
    check_supported(graph)
    assert not verify(model).differences
    (verdict,) = fit(graph, [load_board("nucleo_f401re")]).verdicts
    assert verdict.fits
    assert verdict.arena.basis == "exact"


def test_firmware_resets_to_the_first_state_and_tests_a_sequence() -> None:
    model = stateful(_FIRST)
    files = generate([model], load_board("mps2_an386"), name="wake")
    runner = next(str(text) for path, text in files.items() if "runner.cc" in str(path))
    assert "MicroResourceVariables::Create(allocator, 1)" in runner
    reset = runner[runner.index("wake_reset(void)") :]
    assert "return Initialize(g_profiler);" in reset[: reset.index("}\n\n")]
    vectors = next(str(text) for path, text in files.items() if "golden_vectors.c" in str(path))
    assert "wake_init,\n    NULL,\n    wake_invoke" in vectors
