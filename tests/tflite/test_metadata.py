"""Mean and deviation of inputs in a .tflite: as the metadata standard has them, and as applied."""

import struct

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support.tflite_models import add_model, dense_model

from edgecompress.board import load_board
from edgecompress.errors import ModelError
from edgecompress.firmware.sources.vectors import golden_vectors
from edgecompress.memory.verdict.fit import fit
from edgecompress.tflite.affine import quantize, real_range
from edgecompress.tflite.graph import Normalization
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.metadata import METADATA_NAME, with_normalizations
from edgecompress.tflite.pack import packed, serialized
from edgecompress.tflite.reader import read_model

BY_FEATURE = Normalization((0.5, -3.0, 101325.0, 0.0), (0.25, 150.0, 500.0, 2.0))
ONE = Normalization((127.5,), (127.5,))


def _source(model):
    main = read_model(model).main
    return main.tensors[main.inputs[0]]


def _with_metadata(model, content):
    """Return a model with other bytes as its metadata."""
    made = schema.ModelT.InitFromPackedBuf(model)
    made.metadata = [schema.MetadataT(name=METADATA_NAME, buffer=len(made.buffers))]
    made.buffers.append(schema.BufferT(data=np.frombuffer(content, np.uint8)))
    return serialized(made)


@pytest.mark.parametrize("normalization", [BY_FEATURE, ONE])
def test_a_file_keeps_it_through_packing(normalization):
    model = with_normalizations(dense_model(features=4), [normalization])
    assert _source(model).normalization == normalization
    assert _source(packed(model)).normalization == normalization
    assert _source(with_normalizations(model, [ONE])).normalization == ONE
    assert _source(dense_model()).normalization is None


def test_inputs_are_told_apart():
    model = with_normalizations(add_model(), [None, ONE])
    main = read_model(model).main
    assert [main.tensors[index].normalization for index in main.inputs] == [None, ONE]


def test_the_bytes_are_the_standards():
    """Read by offsets alone, with the numbers of the fields in metadata_schema.fbs 1.1.0."""
    model = with_normalizations(dense_model(features=4), [BY_FEATURE])
    data = read_model(model).metadata["TFLITE_METADATA"]
    assert data[4:8] == b"M001"

    def number(form, place):
        return struct.unpack_from(form, data, place)[0]

    def follow(place):
        return place + number("<I", place)

    def field(table, index):
        vtable = table - number("<i", table)
        assert 4 + 2 * index < number("<H", vtable)
        return table + number("<H", vtable + 4 + 2 * index)

    def first(table, index):
        vector = follow(field(table, index))
        assert number("<I", vector) == 1
        return follow(vector + 4)

    def floats(table, index):
        vector = follow(field(table, index))
        return struct.unpack_from(f"<{number('<I', vector)}f", data, vector + 4)

    unit = first(first(first(follow(0), 3), 2), 4)
    assert number("<B", field(unit, 0)) == 1  # NormalizationOptions
    options = follow(field(unit, 1))
    assert floats(options, 0) == BY_FEATURE.mean
    assert floats(options, 1) == BY_FEATURE.std


def test_real_inputs_are_normalized_before_they_are_quantized():
    plain = dense_model(features=4)
    model = with_normalizations(plain, [BY_FEATURE])
    random = np.random.default_rng(0)
    x = random.normal(BY_FEATURE.mean, BY_FEATURE.std, (50, 4)).astype(np.float32)
    by_hand = ((x - np.float32(BY_FEATURE.mean)) / np.float32(BY_FEATURE.std)).astype(np.float32)
    assert np.array_equal(run(model, x)[0], run(plain, by_hand)[0])
    integers = quantize(by_hand, _source(plain))
    assert np.array_equal(run(model, integers)[0], run(plain, integers)[0])
    vectors = golden_vectors(model, read_model(model), count=3, seed=0, samples=x)
    assert np.array_equal(vectors.inputs[0].reshape(3, 4), integers[:3])


def test_the_range_of_an_input_is_in_the_users_units():
    low, high = real_range(_source(with_normalizations(dense_model(features=4), [ONE])))
    assert low == pytest.approx((-128 - 3) * 0.05 * 127.5 + 127.5)
    assert high == pytest.approx((127 - 3) * 0.05 * 127.5 + 127.5)


def test_fit_counts_what_the_runner_keeps():
    board = load_board("nucleo_f401re")
    (verdict,) = fit(with_normalizations(dense_model(features=4), [BY_FEATURE]), [board]).verdicts
    (item,) = [item for item in verdict.flash.items if "deviation" in item.name]
    assert (item.bytes, item.kind, item.basis) == (32, "application", "exact")


@pytest.mark.parametrize(
    ("normalization", "words"),
    [
        (Normalization((0.0, 1.0), (1.0,)), "2 means and 1 deviations"),
        (Normalization((0.0,), (0.0,)), "no deviation may be 0"),
        (Normalization((float("nan"),), (1.0,)), "finite"),
    ],
)
def test_what_cannot_be_applied_is_refused(normalization, words):
    with pytest.raises(ModelError, match=words):
        read_model(with_normalizations(dense_model(features=4), [normalization]))


def test_damaged_metadata_is_refused_and_foreign_metadata_left_alone():
    model = with_normalizations(dense_model(features=4), [BY_FEATURE])
    data = read_model(model).metadata["TFLITE_METADATA"]
    assert _source(_with_metadata(dense_model(), b"something else")).normalization is None
    for cut in (8, 20, len(data) // 2):
        with pytest.raises(ModelError, match="damaged"):
            read_model(_with_metadata(dense_model(features=4), data[:cut]))
