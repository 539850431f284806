"""Operators that lack what their kernels index are refused right behind the reader."""

import io
import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support import tiny_models

from edgecompress.errors import ModelError
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


def test_a_header_of_more_than_there_is_memory_is_bad_data(cli, digits_files, tmp_path):
    header = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (1 << 44,)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x_train.npy", header.getvalue())
    code, _, err = cli("evaluate", digits_files / "digits.keras", "--data", tmp_path / "data.npz")
    assert code == 2
    assert "memory" in err
