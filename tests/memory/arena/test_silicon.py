"""Arenas that others measured on real chips, with the rules of the libraries they measured."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from support import REPOSITORY

from edgecompress.memory.arena.plan import plan_arena
from edgecompress.tflite.reader import read_model


@pytest.fixture(scope="module")
def silicon() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "s", REPOSITORY / "benchmarks" / "memory" / "silicon.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["kws_dscnn_int8", "ic_resnet8_int8", "ad_autoencoder_int8"])
def test_the_older_library_on_an_nrf52840_is_explained_to_the_byte(
    shared_dir: Path, silicon: ModuleType, name: str
) -> None:
    graph = read_model(shared_dir / "models" / "mlperf_tiny" / f"{name}.tflite")
    (published,) = [row[3] for row in silicon.PUBLISHED if row[0] == name]
    now = plan_arena(graph, *silicon.NRF52840).used_bytes
    with silicon.old_library():
        assert plan_arena(graph, *silicon.NRF52840).used_bytes == published
    assert plan_arena(graph, *silicon.NRF52840).used_bytes == now < published
