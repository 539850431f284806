"""Kernels of states and of int16 activations in the C runtime: equal to TFLM bit for bit."""

from collections.abc import Callable, Mapping
from pathlib import Path

from edgecompress.firmware.sources.model import is_stateful, resets_itself
from edgecompress.tflite.reader import read_model
from support.c_runtime import SANITIZERS, CModel, compiled, differing, differing_in_sequence
from support.random16 import STATEFUL
from support.zoo import ZOO

_INPUTS = 100
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
