"""Reading .tflite files: what is in them, and that no damaged file gets through as a crash."""

import random
from pathlib import Path

import pytest

from edgecompress.errors import ModelError
from edgecompress.tflite.reader import read_model


@pytest.fixture(scope="module")
def hello_world(shared_dir: Path) -> bytes:
    return (shared_dir / "models" / "tflm" / "hello_world_int8.tflite").read_bytes()


def test_reads_operators_shapes_and_quantization(shared_dir: Path) -> None:
    graph = read_model(shared_dir / "models" / "mlperf_tiny" / "ic_resnet8_int8.tflite")
    conv = graph.main.operators[0]
    assert conv.op == "CONV_2D"
    assert conv.options["padding"] == "SAME"
    assert conv.options["fused_activation_function"] == "RELU"
    image, kernel = (graph.main.tensors[i] for i in conv.inputs[:2])
    assert (image.shape, image.type, image.data) == ((1, 32, 32, 3), "INT8", None)
    assert kernel.shape == (16, 3, 3, 3)
    assert kernel.quantization is not None
    assert len(kernel.quantization.scales) == 16
    assert kernel.data is not None
    assert len(kernel.data) == kernel.size_bytes == 432


def test_reads_the_operator_codes_of_old_converters(shared_dir: Path) -> None:
    # This file sets only the deprecated builtin code.
    graph = read_model(shared_dir / "models" / "tflm" / "keyword_scrambled_8bit.tflite")
    assert [operator.op for operator in graph.main.operators[:3]] == [
        "QUANTIZE", "SVDF", "FULLY_CONNECTED",
    ]  # fmt: skip


def test_reads_optional_inputs_and_intermediates(shared_dir: Path) -> None:
    lstm = read_model(shared_dir / "models" / "tflm" / "mnist_lstm_int8.tflite").main.operators[0]
    assert lstm.op == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    assert lstm.inputs[9] == -1
    assert len(lstm.intermediates) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"these are words, not weights", "not a TFLite model"),
        (b"\x1c\x00\x00\x00TFL3", "damaged or truncated"),
        (b"\xff" * 4 + b"TFL3" + b"\xff" * 64, "damaged or truncated"),
    ],
)
def test_refuses_what_is_no_model(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_model(path)


def test_refuses_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_model(tmp_path / "absent.tflite")
    with pytest.raises(ModelError, match="directory"):
        read_model(tmp_path)


def test_a_truncated_model_is_refused_wherever_it_is_cut(hello_world: bytes) -> None:
    # The operator codes stand at the end of this file, so every cut loses something.
    for length in range(0, len(hello_world) - 64, 44):
        with pytest.raises(ModelError):
            read_model(hello_world[:length])


def test_flipped_bytes_never_crash_the_reader(hello_world: bytes) -> None:
    chance = random.Random(20)  # noqa: S311 - reproducible damage, not cryptography
    refused = 0
    for _ in range(400):
        damaged = bytearray(hello_world)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_model(bytes(damaged))
        except ModelError:
            refused += 1
    assert refused > 40
