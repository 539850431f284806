"""The C runtime answers as TFLM's interpreter does, bit for bit."""

import os
import time

import numpy as np
import pytest
from support.c_runtime import SANITIZERS, compiled, differing, noise
from support.flatbuffer_models import Graph, Op, T, build, integers, one, options
from support.random_graphs import random_graph
from support.random_operators import random_models
from support.zoo import ZOO

from edgecompress.errors import UnsupportedModelError
from edgecompress.program.lower import lower
from edgecompress.program.program import Call, Program
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

_INPUTS = 100
_BATCH = 200  # models of one library
_STATEFUL = frozenset({"CALL_ONCE", "CUSTOM:CIRCULAR_BUFFER"})


def _calls(model: bytes) -> tuple[Call, ...]:
    return lower(read_model(model)).calls


def _is_comparable(model: bytes) -> bool:
    """Say whether the C runtime runs a model, and each sample alone tells what it answers."""
    graph = read_model(model)
    main = graph.main
    has_state = any(t.is_variable for t in main.tensors)
    if has_state or any(op.op in _STATEFUL for op in main.operators):
        return False
    try:
        lower(graph)
    except UnsupportedModelError:
        return False
    return True


def _differences(models, folder, count):
    """Return by name how many output elements differ from TFLM's, of models that differ."""
    loaded = compiled(list(models.values()), folder, *SANITIZERS)
    found = {name: differing(model, count) for name, model in zip(models, loaded, strict=True)}
    return {name: number for name, number in found.items() if number}


def test_zoo(tmp_path):
    models = {name: make() for name, make in ZOO.items() if name != "div"}
    models = {name: model for name, model in models.items() if _is_comparable(model)}
    assert len(models) > 120
    assert _differences(models, tmp_path, _INPUTS) == {}


def test_div_but_where_tflm_shifts_by_more_bits_than_there_are(tmp_path):
    model = ZOO["div"]()
    (c_model,) = compiled([model], tmp_path, *SANITIZERS)
    inputs = noise(model, _INPUTS)
    (expected,), (actual,) = run(model, inputs), c_model(*inputs)
    differ = expected.reshape(actual.shape) != actual
    # 0 and -1 over 8 to 11 are zero; TFLM shifts by 32 bits there, which C leaves undefined.
    assert set(inputs[0].reshape(actual.shape)[differ].tolist()) <= {0, -1}
    assert not actual[differ].any()


def test_padded_space_to_batch_is_as_in_tflite(tmp_path):
    paddings = T((2, 2), "INT32", np.array([[1, 0], [2, 1]], np.int32), scale=None)
    source = T((1, 3, 5, 2), zero_point=-7)
    model = one("SPACE_TO_BATCH_ND", [source, integers(2, 2), paddings],
                [T((4, 2, 4, 2), zero_point=-7)])  # fmt: skip
    (c_model,) = compiled([model], tmp_path, *SANITIZERS)
    inputs = noise(model, 5)
    (expected,) = run(model, inputs, "litert")
    assert c_model(*inputs)[0].ravel().tolist() == expected.ravel().tolist()


def test_random_operators(tmp_path):
    models = dict(random_models(150, seed=0))
    assert _differences(models, tmp_path, 30) == {}


def test_random_graphs(tmp_path):
    models = {f"graph_{seed}": random_graph(seed) for seed in range(60)}
    assert _differences(models, tmp_path, 20) == {}


@pytest.mark.slow
def test_many_random_operators(tmp_path, capsys):
    """By batches of 200: 12 of them take about ten minutes on two cores."""
    batches = int(os.environ.get("EDGECOMPRESS_RANDOM_BATCHES", "2"))
    began, count, found = time.monotonic(), 0, {}
    for seed in range(1, batches + 1):
        models = dict(random_models(_BATCH, seed))
        found |= _differences(models, tmp_path / str(seed), 30)
        count += len(models)
    with capsys.disabled():
        print(f"\n{count} random models in {time.monotonic() - began:.0f} s")  # noqa: T201
    assert count > 180 * batches
    assert found == {}


def _tabled(table: np.ndarray, shape: tuple[int, ...] = (1, 5, 4)) -> bytes:
    """A function as quantization writes it where TFLM lacks it, between two others."""
    tensors = {
        "x": T(shape), "r": T(shape), "i": T(shape, "INT32", scale=None),
        "first": integers(128), "n": T(shape, "INT32", scale=None),
        "table": T((256,), values=table), "f": T(shape), "y": T(shape),
    }  # fmt: skip
    ops = [
        Op("RELU", ["x"], ["r"]),
        Op("CAST", ["r"], ["i"]),
        Op("ADD", ["i", "first"], ["n"], options("AddOptions")),
        Op("GATHER", ["table", "n"], ["f"], options("GatherOptions", axis=0)),
        Op("LEAKY_RELU", ["f"], ["y"], options("LeakyReluOptions", alpha=0.5)),
    ]
    return build(Graph(tensors, ops, ["x"], ["y"]))


@pytest.mark.parametrize("kind", ["INT8", "INT16"])
def test_several_images_are_computed_one_by_one(tmp_path, kind):
    pooling = options("Pool2DOptions", filterHeight=2, filterWidth=2, strideH=2, strideW=2)
    tensors = {"x": T((3, 4, 4, 5), kind), "m": T((3, 2, 2, 5), kind), "y": T((3, 1, 1, 5), kind)}
    ops = [Op("MAX_POOL_2D", ["x"], ["m"], pooling), Op("AVERAGE_POOL_2D", ["m"], ["y"], pooling)]
    single = build(Graph(tensors, ops[:1], ["x"], ["m"]))
    twice = build(Graph(tensors, ops, ["x"], ["y"]))
    pool = {"INT8": "pool_s8", "INT16": "pool_s16"}[kind]
    assert [call.kernel for call in _calls(single)].count(pool) == 3
    assert _differences({"single": single, "twice": twice}, tmp_path, _INPUTS) == {}


def test_more_images_than_a_program_has_calls_for_are_refused():
    pooling = options("Pool2DOptions", filterHeight=2, filterWidth=2, strideH=2, strideW=2)
    tensors = {"x": T((524_300, 4, 4, 1)), "y": T((524_300, 2, 2, 1))}
    model = build(Graph(tensors, [Op("MAX_POOL_2D", ["x"], ["y"], pooling)], ["x"], ["y"]))
    with pytest.raises(UnsupportedModelError, match=r"operator 0 .* 524,300 images.*--runtime"):
        lower(read_model(model))


@pytest.mark.parametrize("other", [T((1, 8)), T((1, 4), "INT16")])
def test_a_variable_of_two_sizes_or_types_is_refused(other):
    handle = options("VarHandleOptions", container="", sharedName="memory")
    tensors = {"h": T((1,), "RESOURCE", scale=None), "x": T((1, 4)), "m": other, "y": other}
    ops = [
        Op("VAR_HANDLE", [], ["h"], handle),
        Op("ASSIGN_VARIABLE", ["h", "x"], [], options("AssignVariableOptions")),
        Op("READ_VARIABLE", ["h"], ["m"], options("ReadVariableOptions")),
        Op("RELU", ["m"], ["y"]),
    ]
    with pytest.raises(UnsupportedModelError, match=r"READ_VARIABLE.* 8 bytes .* 4 of int8_t"):
        lower(read_model(build(Graph(tensors, ops, ["x"], ["y"]))))


def test_functions_in_a_row_are_one_table(tmp_path):
    model = _tabled(np.random.default_rng(0).integers(-128, 128, 256, np.int8))
    assert [call.kernel for call in _calls(model)] == ["lookup_s8"]
    assert lower(read_model(model)).arena_bytes == 20
    assert _differences({"tabled": model}, tmp_path, _INPUTS) == {}


def test_table_whose_input_is_read_twice_stays(tmp_path):
    shape = (1, 6)
    tensors = {name: T(shape) for name in ("x", "a", "b", "y")}
    ops = [
        Op("RELU", ["x"], ["a"]),
        Op("LEAKY_RELU", ["a"], ["b"], options("LeakyReluOptions", alpha=0.5)),
        Op("ADD", ["a", "b"], ["y"], options("AddOptions")),
    ]
    model = build(Graph(tensors, ops, ["x"], ["y"]))
    assert [call.kernel for call in _calls(model)] == ["lookup_s8", "lookup_s8", "add_s8"]
    assert _differences({"twice": model}, tmp_path, _INPUTS) == {}


def _int4(op: str, image: tuple[int, ...], kernel: tuple[int, ...], output: tuple[int, ...],
          settings) -> bytes:  # fmt: skip
    random = np.random.default_rng(len(kernel))
    packed = random.integers(0, 256, -(-int(np.prod(kernel)) // 2)).astype(np.uint8)
    scales = [0.0625] * (kernel[0] if op == "CONV_2D" else 1)
    bias = T((kernel[0],), "INT32", random.integers(-99, 99, kernel[0], np.int32),
             scale=[s * 0.5 for s in scales])  # fmt: skip
    weights = T(kernel, "INT4", packed, scale=scales)
    return one(op, [T(image), weights, bias], [T(output, scale=2.0)], settings)


def test_int4_weights(tmp_path):
    dense = _int4("FULLY_CONNECTED", (1, 33), (7, 33), (1, 7), options("FullyConnectedOptions"))
    conv = _int4("CONV_2D", (1, 6, 5, 4), (6, 3, 3, 4), (1, 6, 5, 6),
                 options("Conv2DOptions", strideW=1, strideH=1))  # fmt: skip
    (call,) = _calls(dense)
    assert call.kernel == "fully_connected_s4"
    assert call.fields["weights"].size_bytes == 116  # 231 weights, two to a byte
    assert _differences({"dense": dense, "conv": conv}, tmp_path, _INPUTS) == {}


@pytest.mark.parametrize("op", ["FULLY_CONNECTED", "BATCH_MATMUL"])
def test_scales_are_multiplied_in_double_precision(tmp_path, op):
    # -31564 times the scales' product is -150.496, so close to a half that float32 rounds it off.
    terms = np.full(249, 127, np.int8)
    terms[0] = 68
    scales = {"value": 0.07875595986843109, "weights": 0.003282833844423294}
    shape = (1, 249) if op == "FULLY_CONNECTED" else (1, 249, 1)
    kind = "FullyConnectedOptions" if op == "FULLY_CONNECTED" else "BatchMatMulOptions"
    value = T((1, 249) if op == "FULLY_CONNECTED" else (1, 1, 249), scale=scales["value"])
    output = T((1, 1) if op == "FULLY_CONNECTED" else (1, 1, 1), scale=0.054224949330091476,
               zero_point=127)  # fmt: skip
    weights = T(shape, values=terms.reshape(shape), scale=scales["weights"])
    model = one(op, [value, weights], [output], options(kind))
    (c_model,) = compiled([model], tmp_path, *SANITIZERS)
    inputs = np.full((1, *value.shape), -1, np.int8)
    assert c_model(inputs)[0].item() == run(model, inputs)[0].item() == -23


def test_indices_beyond_the_axis_read_nothing_else(tmp_path):
    model = one("GATHER", [T((6, 4)), T((3,), "INT32", scale=None)], [T((3, 4))],
                options("GatherOptions", axis=0))  # fmt: skip
    (c_model,) = compiled([model], tmp_path, *SANITIZERS)
    values = np.arange(24, dtype=np.int8).reshape(1, 6, 4)
    (picked,) = c_model(values, np.array([[-5, 2, 99]], np.int32))
    assert picked[0].tolist() == values[0, [0, 2, 5]].tolist()


def _dead_channels() -> bytes:
    """A convolution of which some channels have tiny weights and the largest bias."""
    random = np.random.default_rng(0)
    scales = np.float32([0.004, 1e-9, 0.003, 2e-9, 4e-9, 0.005, 1e-9, 3e-9])
    biases = np.int32([500, 1 << 30, -700, -(1 << 30), 1 << 29, 0, -(1 << 28), 123456789])
    weights = random.integers(-127, 128, (8, 3, 3, 4), np.int8)
    return one(
        "CONV_2D",
        [
            T((1, 6, 5, 4), scale=0.05, zero_point=-128),
            T(weights.shape, values=weights, scale=scales.tolist()),
            T((8,), "INT32", biases, scale=(scales * np.float32(0.05)).tolist()),
        ],
        [T((1, 6, 5, 8), scale=0.05, zero_point=-20)],
        options("Conv2DOptions", padding=0, strideW=1, strideH=1),
    )


def test_channels_that_died_in_training_leave_the_fast_way_to_a_layer(tmp_path):
    model = _dead_channels()
    (call,) = _calls(model)
    *_, kind = call.fields["scales"]
    assert kind == 1  # kEcPlainScales
    assert _differences({"dead": model}, tmp_path, _INPUTS) == {}


def _chain(random: np.random.Generator) -> bytes:
    """Convolutions, depthwise ones and pooling in a row, each over its input where it may be."""
    size, channels = random.integers(5, 12, 2).tolist(), int(random.integers(1, 9))
    tensors = {"t0": T((1, *size, channels), scale=0.05, zero_point=-3)}
    ops = []
    for i in range(5):
        kind = random.choice(["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"])
        kernel = random.integers(1, 4, 2).tolist()
        stride = int(random.choice([1, 1, 2]))
        size = [-(-n // stride) for n in size]
        inputs = [f"t{i}"]
        if kind == "MAX_POOL_2D":
            chosen = options("Pool2DOptions", filterHeight=kernel[0], filterWidth=kernel[1])
        else:
            filters = int(random.integers(1, 17)) if kind == "CONV_2D" else channels
            is_conv = kind == "CONV_2D"
            shape = (filters, *kernel, channels) if is_conv else (1, *kernel, channels)
            values = random.integers(-127, 128, shape, np.int8)
            scales = random.uniform(0.002, 0.02, filters).tolist()
            tensors[f"w{i}"] = T(shape, values=values, scale=scales, axis=0 if is_conv else 3)
            inputs.append(f"w{i}")
            chosen = options("Conv2DOptions" if is_conv else "DepthwiseConv2DOptions")
            if not is_conv:
                chosen.depthMultiplier = 1
            channels = filters
        chosen.padding, chosen.strideW, chosen.strideH = 0, stride, stride
        tensors[f"t{i + 1}"] = T((1, *size, channels), scale=0.05, zero_point=-3)
        ops.append(Op(kind, inputs, [f"t{i + 1}"], chosen))
    return build(Graph(tensors, ops, ["t0"], ["t5"]))


def test_outputs_over_their_inputs(tmp_path):
    random = np.random.default_rng(0)
    models = {f"chain_{i}": _chain(random) for i in range(60)}
    assert _differences(models, tmp_path, 20) == {}
    programs = map(lower, map(read_model, models.values()))
    assert sum(map(_calls_that_overlap, programs)) > 60


def _calls_that_overlap(program: Program) -> int:
    """Count calls whose output shares memory with their input and begins elsewhere."""
    pairs = [
        (program.places[call.inputs[0]], program.places[call.outputs[0]]) for call in program.calls
    ]
    return sum(
        read.offset_bytes != written.offset_bytes
        and read.offset_bytes < written.offset_bytes + written.size_bytes
        and written.offset_bytes < read.offset_bytes + read.size_bytes
        for read, written in pairs
    )
