"""Packed models: the same answers, the same memory, fewer bytes."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support.zoo import ZOO

from edgecompress.memory.arena import cross_check as verify
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.quantize.post_training import conversion, converted, quantize
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.names import with_names_of
from edgecompress.tflite.pack import packed
from edgecompress.tflite.reader import read_model

# Bytes before and after, of models as three generations of converters wrote them.
MODELS = {
    "mlperf_tiny/ic_resnet8_int8": (98_496, 86_352),
    "mlperf_tiny/kws_dscnn_int8": (53_936, 33_024),
    "mlperf_tiny/ad_autoencoder_int8": (276_976, 273_808),
    "tflm/mnist_lstm_int8": (13_952, 12_192),
    "tflm/seanet_conv0_int16x8": (2_368, 1_968),
    "tflm/simple_add_model": (976, 544),
}


@pytest.fixture(scope="module")
def unpacked(digits_model, digits_splits):
    """The digits model as the converter wrote it, for each scheme."""
    x = digits_splits[0].x

    def convert(scheme):
        function = "to_ranged_int8" if scheme == "pow2" else "to_int"
        return converted(function, conversion(digits_model, x, scheme), "digits")

    return {scheme: convert(scheme) for scheme in ("int8", "int16x8", "pow2")}


def _facts(model):
    """All that matters of a model: what a runtime reads, by value."""
    graph = read_model(model)
    facts = [graph.metadata.get("OfflineMemoryAllocation")]
    for subgraph in graph.subgraphs:
        for tensor in subgraph.tensors:
            data = None if tensor.data is None else bytes(tensor.data)
            facts.append((tensor.type, tensor.shape, data, tensor.is_variable, tensor.is_sparse))
            facts.append((tensor.quantization, tensor.shape_signature))
        facts.append((subgraph.operators, subgraph.inputs, subgraph.outputs))
    return facts


def _inputs(model, count=3):
    main, random = read_model(model).main, np.random.default_rng(0)
    tensors = [main.tensors[index] for index in main.inputs]
    return [random.integers(-99, 99, (count, *t.shape)).astype(t.type.lower()) for t in tensors]


def _check_same_answers(model, small, *runtimes):
    for runtime in runtimes:
        before = run(model, _inputs(model), runtime, workers=1)
        after = run(small, _inputs(model), runtime, workers=1)
        for one, other in zip(before, after, strict=True):
            assert np.array_equal(one, other), runtime


def test_every_operator_keeps_its_tensors_options_and_memory():
    for name, make in ZOO.items():
        model = make()
        small = packed(model)
        assert len(small) < len(model), name
        assert _facts(small) == _facts(model), name
        one, other = (plan_arena(read_model(m), "cortex-m55", "cmsis-nn") for m in (model, small))
        assert one.min_bytes == other.min_bytes, name
        assert packed(small) == small, name


@pytest.mark.parametrize("name", MODELS)
def test_published_models_shrink_and_answer_the_same(shared_dir, name):
    model = (shared_dir / "models" / f"{name}.tflite").read_bytes()
    small = packed(model)
    assert (len(model), len(small)) == MODELS[name]
    assert _facts(small) == _facts(model)
    assert verify.verify(small).differences == (), "TFLM's arena is the predicted one"
    _check_same_answers(model, small, "tflm", "litert")


@pytest.mark.parametrize("scheme", ["int8", "int16x8", "pow2"])
def test_quantized_models_come_packed_and_answer_the_same(
    unpacked, scheme, digits_model, digits_splits
):
    model = unpacked[scheme]
    small = quantize(digits_model, digits_splits[0].x, scheme)
    assert small == packed(model)
    assert len(small) < 0.9 * len(model)
    assert verify.verify(small).differences == ()
    _check_same_answers(model, small, "tflm", "litert", "tf.lite")


@pytest.mark.parametrize("name", ["lstm", "svdf", "stateful", "residual_offline", "condition"])
def test_what_keeps_a_state_or_a_plan_runs_the_same_on_tflm(name):
    model = ZOO[name]()
    small = packed(model)
    assert verify.verify(small).differences == ()
    for one, other in zip(run(model, _inputs(model)), run(small, _inputs(model)), strict=True):
        assert np.array_equal(one, other)


def test_constants_lie_where_the_schema_wants_them(unpacked):
    small = packed(unpacked["int16x8"])
    start = np.frombuffer(small, np.uint8).ctypes.data
    constants = [t for t in read_model(small).main.tensors if t.data is not None]
    assert constants
    for tensor in constants:
        assert (np.frombuffer(tensor.data, np.uint8).ctypes.data - start) % 16 == 0


def test_nothing_is_there_twice(unpacked):
    small = packed(unpacked["int8"])
    subgraph = schema.Model.GetRootAs(small, 0).Subgraphs(0)
    tensors = [subgraph.Tensors(index) for index in range(subgraph.TensorsLength())]
    parameters = [t.Quantization() for t in tensors if t.Quantization() is not None]
    for vectors in (
        [q.ZeroPointAsNumpy() for q in parameters],
        [q.ScaleAsNumpy() for q in parameters],
        [t.ShapeAsNumpy() for t in tensors],
    ):
        places = {vector.ctypes.data for vector in vectors}
        assert len(places) == len({vector.tobytes() for vector in vectors}) < len(vectors)


def test_only_inputs_and_outputs_keep_their_names(unpacked):
    model = unpacked["int8"]
    names = [[t.name for t in read_model(m).main.tensors] for m in (model, packed(model))]
    graph = read_model(model).main
    for index, (before, after) in enumerate(zip(*names, strict=True)):
        if index in (*graph.inputs, *graph.outputs):
            assert after == before
        else:  # the reader names what an operator writes for it
            written = [op for op in graph.operators if index in op.outputs]
            assert after == (f"{written[0].op} {written[0].index}" if written else "")
    whole = packed(model, names=True)
    assert [t.name for t in read_model(whole).main.tensors] == names[0]
    assert with_names_of(model, packed(model)) == whole
