"""Encoded constants: TFLM's own DECODE kernel gives back what went in."""

import numpy as np
import pytest
from support.flatbuffer_models import Graph, Op, T, build

from edgecompress.pack.encodings.bitmap import bitmap
from edgecompress.pack.encodings.encoded import Encoded
from edgecompress.pack.encodings.huffman import huffman
from edgecompress.pack.encodings.lut import look_up_table
from edgecompress.tflite.decode_form import check_decode
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

SHAPES = [(1,), (7, 3), (33,), (5, 3, 3, 4), (1, 3, 3, 10), (16, 65), (40, 1, 1, 16)]


def decoder(encoded: Encoded, output: T) -> bytes:
    """A model that gives the larger of its input and what it decodes."""
    tensors = {
        "x": T(output.shape, scale=0.5), "w": output, "y": T(output.shape, scale=0.5),
        "codes": T((len(encoded.codes),), "UINT8", np.frombuffer(encoded.codes, np.uint8),
                   scale=None),
        "how": T((len(encoded.ancillary),), "UINT8", np.frombuffer(encoded.ancillary, np.uint8),
                 scale=None),
    }  # fmt: skip
    ops = [Op("CUSTOM:TFLM_DECODE", ["codes", "how"], ["w"]), Op("MAXIMUM", ["x", "w"], ["y"])]
    return build(Graph(tensors, ops, ["x"], ["y"]))


def check_decoded(encoded: Encoded, values: np.ndarray, scales: list[float], axis: int) -> None:
    model = decoder(encoded, T(values.shape, scale=scales, axis=axis))
    main = read_model(model).main
    check_decode(main, main.operators[0])
    lowest = np.full((1, *values.shape), -128, np.int8)
    (answer,) = run(model, [lowest[0] if values.shape[0] == 1 else lowest], "tflm", workers=1)
    assert np.array_equal(answer.reshape(values.shape), values)


def some_values(shape: tuple[int, ...], different: int, zeros: float, seed: int) -> np.ndarray:
    """Random int8 of a bell shape, with at most so many different values and this share of 0."""
    random = np.random.default_rng(seed)
    allowed = np.unique(np.clip(random.normal(0, 40, different), -128, 127).astype(np.int8))
    values = random.choice(allowed, shape)
    return np.where(random.random(shape) < zeros, 0, values).astype(np.int8)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("different", [1, 2, 4, 7, 16, 30, 60, 120, 400])
def test_what_is_encoded_is_decoded_by_tflm(shape, different: int, seed: int) -> None:
    values = some_values(shape, different, (0.0, 0.5, 0.9)[seed], seed)
    check_decoded(bitmap(values), values, [0.5], 0)
    coded = huffman(values)
    assert (coded is None) == (len(np.unique(values)) == 1)
    if coded is not None:
        check_decoded(coded, values, [0.5], 0)
    for axis in {0, len(shape) - 1}:
        for channels in {1, shape[axis]}:
            table = look_up_table(values, channels, axis)
            if table is not None:
                scales = [0.5 + i / 64 for i in range(channels)]
                check_decoded(table, values, scales, axis if channels > 1 else 0)


def test_scales_do_not_matter_to_bitmaps_and_huffman() -> None:
    values = some_values((12, 3, 3, 5), 300, 0.5, 0)
    for axis, channels in ((0, 12), (3, 5)):
        for encoded in (bitmap(values), huffman(values)):
            assert encoded is not None
            check_decoded(encoded, values, [0.5] * channels, axis)


def test_codes_of_very_different_lengths_need_several_tables() -> None:
    times = [1 << power for power in range(16)]
    values = np.repeat(np.arange(-8, 8, dtype=np.int8), times)
    np.random.default_rng(0).shuffle(values)
    encoded = huffman(values)
    assert encoded is not None
    assert len(encoded.codes) * 8 < 2 * len(values) + 64, "the most frequent takes one bit"
    assert len(encoded.ancillary) < 16 + 2 * 64
    check_decoded(encoded, values, [0.5], 0)


def test_codes_are_within_a_bit_of_the_entropy() -> None:
    values = some_values((64, 3, 3, 32), 60, 0.3, 1)
    share = np.unique(values, return_counts=True)[1] / values.size
    entropy = -(share * np.log2(share)).sum()
    encoded = huffman(values)
    assert encoded is not None
    bits = len(encoded.codes) * 8 / values.size
    assert entropy <= bits < entropy + 0.1


def test_more_than_128_values_need_no_table() -> None:
    values = np.arange(-65, 64, dtype=np.int8)
    assert look_up_table(values, 1, 0) is None
    assert look_up_table(values[:128], 1, 0) is not None
