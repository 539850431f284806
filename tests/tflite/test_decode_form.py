"""Encoded weights that lead out of their tables are refused, not followed."""

from pathlib import Path

import numpy as np
import pytest
from support.flatbuffer_models import Graph, Op, T, build, options, zeros

from edgecompress.errors import ModelError
from edgecompress.pack.encodings.bitmap import bitmap
from edgecompress.pack.encodings.huffman import huffman
from edgecompress.pack.encodings.lut import look_up_table
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model

VALUES = np.random.default_rng(0).integers(-3, 4, (4, 16)).astype(np.int8)
ENCODED = {
    "lut": look_up_table(VALUES, 1, 0), "huffman": huffman(VALUES), "bitmap": bitmap(VALUES),
}  # fmt: skip


def model_of(codes: bytes, ancillary: bytes, output: T | None = None, inputs: int = 2) -> bytes:
    """A dense layer whose weights are decoded."""
    tensors = {
        "x": T((1, 16)), "w": output or T((4, 16), scale=0.25), "b": zeros((4,), "INT32"),
        "codes": T((len(codes),), "UINT8", np.frombuffer(codes, np.uint8), scale=None),
        "how": T((len(ancillary),), "UINT8", np.frombuffer(ancillary, np.uint8), scale=None),
        "y": T((1, 4)),
    }  # fmt: skip
    ops = [
        Op("CUSTOM:TFLM_DECODE", ["codes", "how"][:inputs], ["w"]),
        Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], options("FullyConnectedOptions")),
    ]
    return build(Graph(tensors, ops, ["x"], ["y"]))


def changed(content: bytes, place: int, value: int) -> bytes:
    return content[:place] + bytes([value]) + content[place + 1 :]


@pytest.mark.parametrize("kind", ENCODED)
def test_sound_weights_are_taken(kind: str) -> None:
    encoded = ENCODED[kind]
    check_supported(read_model(model_of(encoded.codes, encoded.ancillary)))


@pytest.mark.parametrize("kind", ENCODED)
def test_damaged_weights_are_refused_with_their_operator_named(kind: str) -> None:
    encoded = ENCODED[kind]
    codes, how = encoded.codes, encoded.ancillary
    damaged = {
        "shorter codes": model_of(codes[:4], how),
        "shorter header": model_of(codes, how[:9]),
        "shorter tables": model_of(codes, how[:18]),
        "unknown type": model_of(codes, changed(how, 0, 127)),
        "newer": model_of(codes, changed(how, 1, 2)),
        "newer of its own": model_of(codes, changed(how, 4, 9)),
        "one input": model_of(codes, how, inputs=1),
        "floats of no width": model_of(codes, how, T((4, 16), "UINT8", scale=0.25)),
    }
    for model in damaged.values():
        graph = read_model(model)
        with pytest.raises(ModelError, match=r"operator 0 .*DECODE"):
            check_supported(graph)


def test_scales_that_the_kernel_does_not_take_are_refused() -> None:
    output = T((4, 16), scale=[0.5], axis=1)
    with pytest.raises(ModelError, match="axis 1"):
        check_supported(
            read_model(model_of(ENCODED["lut"].codes, ENCODED["lut"].ancillary, output))
        )


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_never_crashes(seed: int, tmp_path: Path, cli) -> None:
    random = np.random.default_rng(seed)
    encoded = ENCODED[["lut", "huffman", "bitmap"][seed % 3]]
    parts = [bytearray(encoded.codes), bytearray(encoded.ancillary)]
    for _ in range(3):
        part = parts[int(random.integers(2))]
        part[int(random.integers(len(part)))] = int(random.integers(256))
    path = tmp_path / "damaged.tflite"
    path.write_bytes(model_of(bytes(parts[0]), bytes(parts[1])))
    code, _, stderr = cli("fit", path, "--board", "nucleo_f401re")
    assert code in (0, 3)
    assert "Traceback" not in stderr
    assert code == 0 or "DECODE" in stderr
