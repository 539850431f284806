"""Kernels of states and of int16 activations in the C runtime: equal to TFLM bit for bit."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.c_runtime import SANITIZERS, CModel, compiled, differing, differing_in_sequence
from support.flatbuffer_models import T, one
from support.random16 import STATEFUL
from support.wide16 import WIDE
from support.zoo import ZOO

from edgecompress.errors import UnsupportedModelError
from edgecompress.firmware.sources.model import is_stateful, resets_itself
from edgecompress.program.lower import lower
from edgecompress.tflite.reader import read_model

_INPUTS = 100
_ZOO_WIDE = tuple(name for name in ZOO if "int16" in name and "lstm" not in name)
_REAL = ("keyword_scrambled_8bit", "mnist_lstm_int8", "seanet_conv0_int16x8", "seanet_pad0_int16")
_ZOO_STATEFUL = ("lstm", "lstm_batch_time_major", "lstm_int16", "svdf", "stateful")


def _differing(model: CModel) -> int:
    graph = read_model(model.content)
    in_sequence = is_stateful(graph) and not resets_itself(graph)
    return (differing_in_sequence if in_sequence else differing)(model, _INPUTS)


def _check(models: Mapping[str, Callable[[], bytes]], folder: Path) -> None:
    built = compiled([model() for model in models.values()], folder, *SANITIZERS)
    found = {name: _differing(model) for name, model in zip(models, built, strict=True)}
    assert not {name: count for name, count in found.items() if count}


def test_random_stateful_models_answer_as_tflm(tmp_path: Path) -> None:
    _check(STATEFUL, tmp_path)


def test_stateful_models_of_the_zoo_answer_as_tflm(tmp_path: Path) -> None:
    _check({name: ZOO[name] for name in _ZOO_STATEFUL}, tmp_path)


def test_random_models_of_int16_answer_as_tflm(tmp_path: Path) -> None:
    _check(WIDE, tmp_path)


def test_int16_models_of_the_zoo_answer_as_tflm(tmp_path: Path) -> None:
    _check({name: ZOO[name] for name in (*_ZOO_WIDE, "requantize")}, tmp_path)


def test_published_models_answer_as_tflm(shared_dir: Path, tmp_path: Path) -> None:
    folder = shared_dir / "models" / "tflm"
    _check({name: (folder / f"{name}.tflite").read_bytes for name in _REAL}, tmp_path)


def test_control_flow_and_signal_operators_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedModelError, match=r"operator 0 \(IF, .*--runtime tflm"):
        lower(read_model(ZOO["condition"]()))
    with pytest.raises(UnsupportedModelError, match=r"operator 0 \(DEQUANTIZE, .*FLOAT32"):
        lower(read_model(ZOO["dequantize"]()))
    framer = one("CUSTOM:SignalFramer", [T((1, 8), "INT16")], [T((1, 8), "INT16")])
    with pytest.raises(UnsupportedModelError, match=r"operator 0 \(SignalFramer, "):
        lower(read_model(framer))


def test_a_window_of_two_cycles_is_refused() -> None:
    window = one("CUSTOM:CIRCULAR_BUFFER", [T((1, 1, 1, 4))], [T((1, 6, 1, 4), variable=True)])
    with pytest.raises(UnsupportedModelError, match="only once in several inferences"):
        lower(read_model(window))
