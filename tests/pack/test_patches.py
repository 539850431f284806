"""Layers in patches where RAM binds: the same answers of the TFLM interpreter, less memory."""

import hashlib
import json

import numpy as np
import pytest
from support.keras_graphs import keras

from edgecompress.keras_files.model import load_keras, set_seed
from edgecompress.memory.arena.cross_check import verify
from edgecompress.pack.pack import FAMILIES, pack
from edgecompress.pack.pack_c import pack_for_c
from edgecompress.pack.weights import Limits, flash_bytes
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

CORE = "cortex-m4f"


def _answers(model: bytes, count: int = 2) -> np.ndarray:
    main = read_model(model).main
    shape = main.tensors[main.inputs[0]].shape
    noise = np.random.default_rng(0).integers(-128, 128, (count, *shape)).astype(np.int8)
    return run(model, [noise], "tflm", workers=1)[0]


@pytest.fixture(scope="module")
def small_net() -> bytes:
    """Two layers on a large image, which need most of the memory, and a small rest."""
    set_seed(0)
    layers = keras.layers
    x = image = keras.Input((48, 48, 1))
    for channels, stride in ((16, 1), (16, 2), (8, 2)):
        x = layers.Conv2D(channels, 3, stride, padding="same", activation="relu")(x)
    x = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    samples = np.random.default_rng(0).random((20, 48, 48, 1), np.float32)
    return quantize(keras.Model(image, x), samples, samples=20, judged=False)


def test_without_a_budget_no_row_is_computed_twice(small_net: bytes) -> None:
    packed = pack(small_net)
    assert [step.name for step in packed.steps] == ["file", "order", "plan"]
    assert packed.after.macs == packed.before.macs


def test_what_fits_with_least_work_is_taken(small_net: bytes) -> None:
    whole = pack(small_net).after.arena_bytes[CORE]
    budgets = (whole - 2048, whole * 11 // 20)
    work = []
    for budget in budgets:
        packed = pack(small_net, limits=Limits(arena_bytes=budget))
        step = next(step for step in packed.steps if step.name == "patches")
        assert step.done
        assert "patches of rows and columns" in step.what
        assert packed.after.arena_bytes[CORE] < whole
        assert np.array_equal(_answers(packed.model, 5), _answers(small_net, 5))
        assert verify(packed.model).differences == ()
        work.append(packed.after.macs)
    assert packed.before.macs < work[0] <= work[1]


def test_the_least_memory_is_taken_where_nothing_is_small_enough(small_net: bytes) -> None:
    whole = pack(small_net)
    packed = pack(small_net, ram_budget_bytes=1)
    assert packed.arena_bytes < whole.arena_bytes


def test_the_c_runtime_gains_too_and_answers_the_same(small_net: bytes, tmp_path, cli) -> None:
    model, out = tmp_path / "net.tflite", tmp_path / "out.tflite"
    model.write_bytes(small_net)
    code, stdout, stderr = cli(
        "pack", model, "-o", out, "--runtime", "c", "--ram-budget", 1, "--json"
    )
    assert code == 5, stderr  # one byte is out of reach; the smallest is written
    document = json.loads(stdout)
    before, after = (document[name]["arena_bytes"]["C runtime"] for name in ("before", "after"))
    assert after < before
    assert document["after"]["macs"] > document["before"]["macs"]
    words = (
        "--board",
        "mps2_an386",
        "--framework",
        "host",
        "--runtime",
        "c",
        "-o",
        tmp_path / "firmware",
    )
    assert cli("generate", out, *words)[0] == 0
    assert cli("build", tmp_path / "firmware")[0] == 0
    code, stdout, stderr = cli("emulate", tmp_path / "firmware", "--json")
    assert code == 0, stderr
    assert json.loads(stdout)["models"][0]["arena_used_bytes"] == after
    assert np.array_equal(_answers(out.read_bytes(), 4), _answers(small_net, 4))


def test_strips_are_the_same_each_time(small_net: bytes) -> None:
    digests = {
        hashlib.sha256(pack(small_net, ram_budget_bytes=1).model).hexdigest() for _ in range(2)
    }
    assert len(digests) == 1


@pytest.fixture(scope="module")
def words(shared_dir) -> bytes:
    """The visual wake words model of MLPerf Tiny."""
    model = load_keras(shared_dir / "models/mlperf_tiny/vww_mobilenetv1_025.h5")
    samples = np.random.default_rng(0).random((20, 96, 96, 3), np.float32)
    return quantize(model, samples, samples=20, judged=False)


def test_visual_wake_words_in_less_than_its_largest_layer(words: bytes) -> None:
    without, packed = pack(words), pack(words, ram_budget_bytes=1)
    for core, arena_bytes in packed.after.arena_bytes.items():
        assert arena_bytes < without.after.arena_bytes[core] - 7_000
    assert packed.after.macs < 1.01 * packed.before.macs
    assert verify(packed.model).differences == ()
    assert np.array_equal(_answers(packed.model, 100), _answers(words, 100))


def test_visual_wake_words_in_32_kilobytes_of_the_c_runtime(words: bytes) -> None:
    packed = pack_for_c(words, 1)
    assert packed.arena_bytes < 32_768 < packed.before.arena_bytes["C runtime"]
    assert packed.after.macs < 1.15 * packed.before.macs
    assert np.array_equal(_answers(packed.model, 100), _answers(words, 100))


def test_patches_never_break_the_flash_budget(small_net: bytes) -> None:
    """SLICE and CONCATENATION have code of their own."""
    targets = {CORE: FAMILIES[CORE]}
    enough = flash_bytes(pack(small_net, targets).model, targets)
    for limit, done in ((enough, False), (2 * enough, True)):
        packed = pack(small_net, targets, ram_budget_bytes=1, limits=Limits(flash_bytes=limit))
        assert next(step for step in packed.steps if step.name == "patches").done == done


def test_what_has_no_images_stays_as_it_is(shared_dir) -> None:
    model = (shared_dir / "models/mlperf_tiny/ad_autoencoder_int8.tflite").read_bytes()
    packed = pack(model, ram_budget_bytes=1)
    assert not any(step.done for step in packed.steps if step.name == "patches")
    assert packed.after.macs == packed.before.macs
