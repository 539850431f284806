"""Operators that lack what their kernels index are refused right behind the reader."""

import io
import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support import tiny_models
from support.zoo import ZOO

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.tflite.checks.well_formed import computing
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.pack import serialized
from edgecompress.tflite.reader import read_model


def conv():
    return tiny_models.conv((6, 6, 3), (3, 3), 4)


def dense():
    return tiny_models.dense((1, 8), 4)


def svdf():
    return tiny_models.svdf(4, 1, 6, 5)


def _changed(model, change):
    content = schema.ModelT.InitFromPackedBuf(model)
    change(content.subgraphs[0])
    return serialized(content)


def _weights(shape):
    def change(subgraph):
        subgraph.tensors[subgraph.operators[0].inputs[1]].shape = np.array(shape, np.int32)

    return change


def _no_outputs(subgraph):
    subgraph.operators[0].outputs = np.zeros(0, np.int32)


def _no_inputs(subgraph):
    subgraph.operators[0].inputs = np.zeros(0, np.int32)


def _input_of(shape):
    def change(subgraph):
        subgraph.tensors[subgraph.operators[0].inputs[0]].shape = np.array(shape, np.int32)

    return change


@pytest.mark.parametrize("command", ["fit", "inspect", "generate"])
@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        (conv, _weights([8]), "CONV_2D"),
        (conv, _no_outputs, "no output"),
        (dense, _weights([]), "FULLY_CONNECTED"),
        (dense, _no_inputs, "0 inputs"),
        (svdf, _input_of([]), "SVDF"),
        (dense, _input_of([1] * 9), "no operator takes"),
        (dense, _input_of([1 << 20, 1 << 20]), "elements"),
    ],
)
def test_a_damaged_operator_ends_with_3(command, model, change, said, cli, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(_changed(model(), change))
    where = [] if command == "inspect" else ["--board", "nucleo_f401re"]
    out = ["-o", tmp_path / "firmware"] if command == "generate" else []
    code, _, err = cli(command, path, *where, *out)
    assert code == 3
    assert said in err


def test_a_whole_model_is_read():
    for model in (conv, dense, svdf):
        assert read_model(model()).main.operators


def test_the_operator_is_named():
    with pytest.raises(ModelError, match=r"operator 0 \(CONV_2D\) .* as input 1"):
        read_model(_changed(conv(), _weights([8])))


def _tensor(place, **changes):
    """Change a tensor: input `place` of the first operator, or its output where that is "out"."""

    def change(subgraph):
        operator = subgraph.operators[0]
        index = operator.outputs[0] if place == "out" else operator.inputs[place]
        for name, value in changes.items():
            setattr(subgraph.tensors[index], name, value)

    return change


def _shape(place, *shape):
    return _tensor(place, shape=np.array(shape, np.int32))


def _option(**options):
    def change(subgraph):
        for name, value in options.items():
            setattr(subgraph.operators[0].builtinOptions, name, value)

    return change


def _no_options(subgraph):
    subgraph.operators[0].builtinOptions = None
    subgraph.operators[0].builtinOptionsType = 0


def _constant(place, *values):
    """Change the values of an input, which no other operator reads."""

    def change(subgraph, content):
        tensor = subgraph.tensors[subgraph.operators[0].inputs[place]]
        data = np.array(values, np.int32).tobytes()
        content.buffers[tensor.buffer].data = np.frombuffer(data, np.uint8)

    return change


def _quantized(place, **changes):
    def change(subgraph):
        index = subgraph.operators[0].inputs[place]
        for name, value in changes.items():
            setattr(subgraph.tensors[index].quantization, name, value)

    return change


def _reads_what_comes_later(subgraph):
    first, second = subgraph.operators[:2]
    first.inputs = np.array([second.outputs[0], *first.inputs[1:]], np.int32)


def _writes_a_constant(subgraph):
    operator = subgraph.operators[0]
    weights, output = operator.inputs[1], operator.outputs[0]
    subgraph.tensors[output].buffer = subgraph.tensors[weights].buffer


_FLOAT = schema.TensorType.FLOAT32
UNSOUND = [
    ("dense", _tensor(2, type=_FLOAT), "FLOAT32 as input 2, where only INT32 is read"),
    ("conv_int16", _tensor(2, type=_FLOAT), "where only INT32 or INT64 is read"),
    ("mean", _tensor(1, type=_FLOAT), "FLOAT32 as input 1"),
    ("conv_3x3", _option(strideH=0), r"CONV_2D\) has a stride of 0"),
    ("conv_3x3", _option(dilationWFactor=-1), "a dilation of -1"),
    ("conv_3x3", _option(padding=7), "padding 7"),
    ("conv_3x3", _shape(0, 1, 8, 7, 7), "by weights of"),
    ("conv_3x3", _shape("out", 1, 8, 9, 6), "by windows of"),
    ("conv_3x3", _shape(2, 5), "5 biases for 6 channels"),
    ("depthwise_3x3", _shape(0, 1, 8, 7, 4), "by weights of"),
    ("transpose_conv_no_bias", _option(strideW=0), "stride of 0"),
    ("average_pool", _option(filterHeight=0), r"a window of \[0, 2\]"),
    ("max_pool", _option(strideH=-3), "stride of -3"),
    ("dense", _shape(0, 1, 21), "FULLY_CONNECTED"),
    ("dense", _shape("out", 1, 8), "FULLY_CONNECTED"),
    ("batch_matmul", _shape(1, 2, 3, 5), "times"),
    ("svdf", _option(rank=0), "rank 0"),
    ("lstm", _shape(5, 8, 7), "as input 5"),
    ("add", _shape(1, 1, 5, 4, 2), "ADD"),
    ("relu", _shape("out", 1, 5, 4, 4), "RELU"),
    ("reshape", _shape("out", 1, 25), "RESHAPE"),
    ("concatenation", _no_options, "no options"),
    ("concatenation", _option(axis=4), "axis 4 of a tensor of 3"),
    ("concatenation", _shape("out", 1, 12, 3), "another length than 12"),
    ("pack", _option(axis=-9), "axis -9"),
    ("unpack", _shape(0, 1, 4, 4), "stacks 3 tensors"),
    ("split", _constant(0, 7), "axis 7"),
    ("slice", _constant(1, 0, 6, 1), "from"),
    ("slice", _constant(1, 0, -2, 1), "from"),
    ("strided_slice", _constant(3, 1, 0, 1, 1), "strides of"),
    ("transpose", _constant(1, 0, 3, 3, 2), "orders 4 axes by"),
    ("pad", _constant(1, 0, 0, 1, -1, 2, 1, 0, 0), "pads 4 axes by"),
    ("mean", _constant(1, 1, 4), "axis 4"),
    ("arg_max", _constant(1, -3), "axis -3"),
    ("space_to_depth", _option(blockSize=0), "blocks of 0"),
    ("batch_to_space_nd", _constant(1, 2, 0), "blocks of"),
    ("gather", _option(axis=2), "axis 2"),
    ("gather_nd", _shape(1, 1, 2), "GATHER_ND"),
    ("resize_bilinear", _shape("out", 1, 8, 10, 4), "RESIZE_BILINEAR"),
    ("dense", _quantized(0, scale=np.array([np.nan], np.float32)), "scale nan"),
    ("dense", _quantized(0, scale=np.array([0], np.float32)), "scale 0"),
    ("dense", _quantized(0, zeroPoint=np.array([139], np.int64)), "zero point 139"),
    ("dense", _quantized(0, zeroPoint=np.zeros(2, np.int64)), "2 zero points"),
    ("conv_3x3", _quantized(1, quantizedDimension=9), "along axis 9"),
    ("residual", _reads_what_comes_later, "before anything writes it"),
    ("dense", _writes_a_constant, "which is a constant"),
    ("condition", _option(thenSubgraphIndex=9), "calls subgraph 9 of 3"),
    ("condition", _option(elseSubgraphIndex=0), "subgraph 0 calls itself"),
]


@pytest.mark.parametrize(("name", "change", "said"), UNSOUND)
def test_what_does_not_go_together_is_refused_by_the_reader(name, change, said):
    content = schema.ModelT.InitFromPackedBuf(ZOO[name]())
    arguments = (content.subgraphs[0], content)[: change.__code__.co_argcount]
    change(*arguments)
    with pytest.raises(ModelError, match=said):
        read_model(serialized(content))


@pytest.mark.parametrize("name", sorted(ZOO))
def test_sound_models_are_read(name):
    assert read_model(ZOO[name]()).main.operators


def test_an_operator_that_nothing_can_be_computed_for_is_named():
    operator = read_model(conv()).main.operators[0]
    said = r"operator 0 \(CONV_2D\) .*ZeroDivisionError"
    with pytest.raises(ModelError, match=said), computing(operator):
        divmod(1, 0)


def _large(shape):
    return tiny_models.unary("RELU", shape=shape)


@pytest.mark.parametrize("runtime", ["tflm", "c"])
def test_test_vectors_larger_than_any_flash_are_refused(runtime, cli, tmp_path):
    (tmp_path / "large.tflite").write_bytes(_large((1, 1 << 10, 1 << 10, 1 << 10)))
    words = ("--board", "mps2_an386", "-o", tmp_path / "out", "--runtime", runtime)
    code, _, err = cli("generate", tmp_path / "large.tflite", *words)
    assert code == 3
    assert "test vectors are constants of the firmware" in err
    (tmp_path / "large.tflite").write_bytes(_large((1, 1 << 10, 1 << 10, 1)))
    code, _, err = cli("generate", tmp_path / "large.tflite", *words)
    assert code == 2
    assert "--vectors 2 or fewer" in err
    assert not (tmp_path / "out").exists()


def test_an_interpreter_is_not_given_more_memory_than_any_device_has(cli, tmp_path):
    (tmp_path / "large.tflite").write_bytes(_large((1, 1 << 10, 1 << 10, 1 << 9)))
    code, _, err = cli("inspect", tmp_path / "large.tflite", "--verify")
    assert code == 3
    assert "536,870,912 at most" in err
    with pytest.raises(UnsupportedModelError, match="no microcontroller has as much"):
        run(_large((1, 1 << 10, 1 << 10, 1 << 9)), np.zeros((1, 1), np.int8))


def test_a_header_of_more_than_there_is_memory_is_bad_data(cli, digits_files, tmp_path):
    header = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (1 << 44,)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x_train.npy", header.getvalue())
    code, _, err = cli("evaluate", digits_files / "digits.keras", "--data", tmp_path / "data.npz")
    assert code == 2
    assert "memory" in err
