"""Every operator against TFLM's own count of allocations, on the host."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiny_models import dense
from support.zoo import ZOO

from edgecompress.memory.arena import cross_check as verify
from edgecompress.memory.arena import structs
from edgecompress.tflite.operator_table import OPERATORS
from edgecompress.tflite.reader import read_model

MODELS = (
    "mlperf_tiny/kws_dscnn_int8", "mlperf_tiny/ic_resnet8_int8", "mlperf_tiny/ad_autoencoder_int8",
    "tflm/hello_world_int8", "tflm/keyword_scrambled_8bit", "tflm/mnist_lstm_int8",
    "tflm/simple_add_model", "tflm/seanet_conv0_int16x8", "tflm/seanet_pad0_int16",
)  # fmt: skip

pytest.importorskip("tflite_micro", reason="needs TFLM: pip install --pre tflite-micro")


@pytest.mark.parametrize("name", ZOO)
def test_host_allocations_of_each_operator_agree_to_the_byte(name: str) -> None:
    assert verify.verify(ZOO[name]()).differences == ()


@pytest.mark.parametrize("name", MODELS)
def test_host_allocations_of_real_models_agree_to_the_byte(shared_dir: Path, name: str) -> None:
    content = (shared_dir / "models" / f"{name}.tflite").read_bytes()
    assert verify.verify(content).differences == ()


@pytest.mark.parametrize("name", ["dense_per_channel_wide", "conv_many_filters", "lstm", "mean"])
def test_the_smallest_host_arena_is_accepted(name: str) -> None:
    content = ZOO[name]()
    arena = verify.plan_for(read_model(content), verify.HOST, recording=True)
    assert verify.measure(content, arena.min_bytes)["head"] == arena.head_bytes


def test_a_difference_of_one_byte_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    arm, ilp32, lp64 = structs.EVAL_TENSOR
    monkeypatch.setattr(structs, "EVAL_TENSOR", (arm, ilp32, lp64 + 1))
    differences = verify.verify(dense((1, 20), 7)).differences
    assert "eval_tensor requested" in {difference.what for difference in differences}


def _operators() -> Iterator[str]:
    for make in ZOO.values():
        for subgraph in read_model(make()).subgraphs:
            yield from (operator.op for operator in subgraph.operators)


def test_the_zoo_holds_what_keras_layers_become() -> None:
    float_only = {op for op, support in OPERATORS.items() if support.types == "f32"}
    twins = {"GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL", "LOGICAL_OR", "LOGICAL_NOT",
             "ARG_MIN", "BROADCAST_ARGS", "WHILE"}  # fmt: skip
    missing = set(OPERATORS) - set(_operators()) - float_only - twins
    assert {op for op in missing if not op.startswith("CUSTOM:")} == set()
