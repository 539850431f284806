"""What TFLM runs and what it refuses, and what a model registers."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import DATA
from support.audio_front_end import audio_front_end
from support.flatbuffer_models import Graph, Op, T, build, integers, one, options, zeros
from support.tiny_models import conv, dense
from support.zoo import ZOO

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.memory.arena.kernels import kernels_of
from edgecompress.memory.arena.target import target_of
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.operator_table import NARROW, OPERATORS
from edgecompress.tflite.operators import check_supported, registrations
from edgecompress.tflite.reader import read_model

TRUTH = json.loads((DATA / "arena_truth.json").read_text(encoding="utf-8"))["records"]


@pytest.mark.parametrize("record", TRUTH, ids=lambda r: f"{r['core']}-{Path(r['model']).stem}")
def test_registers_what_the_measured_firmware_registered(
    shared_dir: Path, record: dict[str, object]
) -> None:
    graph = read_model(shared_dir / "models" / str(record["model"]))
    check_supported(graph)
    calls = [r.call for r in registrations(graph, str(record["kernels"]), narrow=False)]
    assert calls == record["resolver_calls"]


def test_narrow_registrations_follow_the_types() -> None:
    def names(model: bytes, kernels: str = "cmsis-nn") -> list[str]:
        return [registration.name for registration in registrations(read_model(model), kernels)]

    assert names(conv((6, 6, 4), (3, 3), 4)) == ["CONV_2D@INT8"]
    assert names(conv((6, 6, 4), (3, 3), 4), "reference") == ["CONV_2D"]
    int16 = conv((6, 6, 4), (3, 3), 4, activations="INT16", bias="INT64")
    assert names(int16) == ["CONV_2D@INT16"]
    assert names(ZOO["softmax_int8_to_int16"]()) == ["SOFTMAX@INT8_INT16"]
    assert names(ZOO["pad_int16"]()) == ["PAD"]


def test_a_kind_used_with_two_types_is_registered_for_all() -> None:
    tensors = {"x": T((1, 4)), "y": T((1, 4)), "a": T((1, 4), "INT16"), "b": T((1, 4), "INT16")}
    ops = [Op("ADD", ["x", "x"], ["y"], options("AddOptions")),
           Op("ADD", ["a", "a"], ["b"], options("AddOptions"))]  # fmt: skip
    graph = read_model(build(Graph(tensors, ops, ["x", "a"], ["y", "b"])))
    assert [registration.call for registration in registrations(graph, "cmsis-nn")] == ["AddAdd()"]


def test_calls_name_the_registration_function() -> None:
    (registration,) = registrations(read_model(dense((1, 4), 2)), "cmsis-nn")
    assert registration.call == "AddFullyConnected(tflite::Register_FULLY_CONNECTED_INT8())"


def test_the_zoo_is_supported() -> None:
    for make in ZOO.values():
        check_supported(read_model(make()))


def _float_dense(weights: str) -> bytes:
    return one(
        "FULLY_CONNECTED",
        [T((1, 4), "FLOAT32", scale=None), zeros((2, 4), weights, name="dense/kernel")],
        [T((1, 2), "FLOAT32", scale=None, name="dense/BiasAdd")],
        options("FullyConnectedOptions"),
    )


def _flex() -> bytes:
    return one("CUSTOM:FlexErf", [T((1, 4))], [T((1, 4))])


REFUSED: list[tuple[Callable[[], bytes], str]] = [
    (lambda: one("GELU", [T((1, 4))], [T((1, 4), name="act/Gelu")], options("GeluOptions")),
     r"TFLM has no operator GELU: .*layer 'act/Gelu'.*use ReLU"),
    (lambda: one("TILE", [T((1, 4)), integers(1, 2)], [T((1, 8))], options("TileOptions")),
     "bilinear"),
    (_flex, "without SELECT_TF_OPS"),
    (lambda: one("CUSTOM:ethos-u", [T((1, 4))], [T((1, 4))]), "Ethos-U"),
    (lambda: _float_dense("INT8"), "is hybrid: INT8 weights .*dense/kernel"),
    (lambda: _float_dense("FLOAT32"), "not fully quantized: .*dense/BiasAdd.*edgecompress quant"),
    (lambda: one("RELU", [T((1, 4), "UINT8")], [T((1, 4), "UINT8")]), "computes on UINT8"),
    (lambda: one("NEG", [T((1, 4))], [T((1, 4))], options("NegOptions")), "computes on INT8"),
    (lambda: one("RELU", [T((1, 4))], [T((0, 4))]), "dynamic shape"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_tflm_refuses_is_named(make: Callable[[], bytes], message: str) -> None:
    with pytest.raises(UnsupportedModelError, match=message):
        check_supported(read_model(make()))


def test_a_float_layer_between_dequantize_and_quantize_is_supported() -> None:
    # What converters write for a layer they cannot quantize, such as ELU; TFLM runs it.
    tensors = {"x": T((1, 4)), "f": T((1, 4), "FLOAT32", scale=None),
               "g": T((1, 4), "FLOAT32", scale=None), "y": T((1, 4)), "z": T((1, 4))}  # fmt: skip
    ops = [Op("DEQUANTIZE", ["x"], ["f"]), Op("ELU", ["f"], ["g"]),
           Op("QUANTIZE", ["g"], ["y"]), Op("RELU", ["y"], ["z"])]  # fmt: skip
    check_supported(read_model(build(Graph(tensors, ops, ["x"], ["z"]))))


def test_a_model_of_float_layers_alone_is_refused() -> None:
    content = one("RELU", [T((1, 4), "FLOAT32", scale=None)], [T((1, 4), "FLOAT32", scale=None)])
    with pytest.raises(UnsupportedModelError, match="not fully quantized"):
        check_supported(read_model(content))


def test_values_behind_the_flatbuffer_are_refused() -> None:
    from ai_edge_litert import schema_py_generated as schema

    content = _with_outside_buffer(schema, dense((1, 4), 2), b"\x01" * 8)
    graph = read_model(content)
    assert bytes(graph.main.tensors[1].data or b"") == b"\x01" * 8
    with pytest.raises(UnsupportedModelError, match="behind the flatbuffer"):
        check_supported(graph)
    with pytest.raises(ModelError, match="buffer ends at byte"):
        read_model(content[:-4])


def _with_outside_buffer(schema: object, model: bytes, values: bytes) -> bytes:
    """Move the weights behind the flatbuffer, where models of over 2 GB have them."""
    import flatbuffers

    for offset in (len(model) + 4096,):
        tree = schema.ModelT.InitFromPackedBuf(model, 0)
        buffer = tree.buffers[tree.subgraphs[0].tensors[1].buffer]
        buffer.data, buffer.offset, buffer.size = None, offset, len(values)
        builder = flatbuffers.Builder(0)
        builder.Finish(tree.Pack(builder), b"TFL3")
        packed = bytes(builder.Output())
    return packed + bytes(offset - len(packed)) + values


def test_every_operator_has_a_kernel_rule() -> None:
    for core, kernels in (
        ("cortex-m0plus", "reference"), ("cortex-m4f", "cmsis-nn"), ("xtensa-lx6", "esp-nn"),
    ):  # fmt: skip
        known = kernels_of(target_of(core, kernels))
        assert set(OPERATORS) - set(known) == {"CUSTOM:ethos-u"}


def test_the_table_equals_the_resolver_of_a_tflm_checkout() -> None:
    root = os.environ.get("EDGECOMPRESS_TFLM")
    header = Path(root or "", "tensorflow/lite/micro/micro_mutable_op_resolver.h")
    if not root or not header.is_file():
        pytest.skip("needs an upstream TFLM tree: set EDGECOMPRESS_TFLM to it")
    text = header.read_text(encoding="utf-8")
    calls = r"TfLiteStatus (Add\w+)\([^{]*\{\s*return AddBuiltin\(\s*BuiltinOperator_(\w+)"
    builtin = {op: method for method, op in re.findall(calls, text)}
    assert builtin == {
        op: support.method for op, support in OPERATORS.items() if not op.startswith("CUSTOM:")
    }
    for op in NARROW:
        folder = header.parent / "kernels"
        declared = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.h"))
        for suffix in set(NARROW[op].values()):
            assert f"Register_{op}_{suffix}()" in declared


def test_constants_that_say_how_are_no_parameters() -> None:
    from edgecompress.tflite.summary import summarize

    summary = summarize(read_model(ZOO["pad"]()))
    assert summary.parameters == 0
    summary = summarize(read_model(dense((1, 20), 7)))
    assert (summary.parameters, summary.parameter_bytes, summary.macs) == (147, 168, 140)
    assert np.prod(summary.inputs[0].shape) == 20


def test_unsigned_values_pass_through_cast_as_in_tflms_audio_preprocessor() -> None:
    model = audio_front_end()
    check_supported(read_model(model))
    tone = 8000 * np.sin(2 * np.pi * 8 * np.arange(64) / 64)
    (features,) = run(model, tone.astype(np.int16)[None])
    assert int(np.argmax(features[0])) == 7  # the band of 8 cycles: the first is of one


OTHER_TYPES: list[tuple[Callable[[], bytes], str]] = [
    (lambda: one("CAST", [T((4,), "INT32", scale=None)], [T((4,), "INT64", scale=None)]),
     "CAST.* writes INT64 .*kernel takes FLOAT32, INT16, INT32, INT8, UINT32: change that"),
    (lambda: one("ARG_MAX", [T((1, 4)), integers(1)], [T((1,), "INT64", scale=None)],
                 options("ArgMaxOptions")), "ARG_MAX.* writes INT64"),
    (lambda: one("GATHER", [T((4, 2)), T((3,), "INT64", scale=None)], [T((3, 2))],
                 options("GatherOptions")), "GATHER.* is told where by INT64"),
    (lambda: one("RELU", [T((4,), "INT32", scale=None)], [T((4,), "INT32", scale=None)]),
     "RELU.* computes on INT32"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), OTHER_TYPES)
def test_types_of_outputs_and_indices_are_checked_too(
    make: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(UnsupportedModelError, match=message):
        check_supported(read_model(make()))


def test_a_float_kernel_is_not_advised_to_be_quantized_to_int8() -> None:
    with pytest.raises(UnsupportedModelError, match=r"takes FLOAT32: change that layer$"):
        check_supported(read_model(one("SQRT", [T((1, 4))], [T((1, 4))])))
