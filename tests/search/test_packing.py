"""`compress` on a board that lacks RAM: what is free comes before anything is cut."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.keras_graphs import keras, mobile_net

from edgecompress.board import Board, load_board
from edgecompress.dataset import Split
from edgecompress.keras_files.model import save_keras, set_seed
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.arena.target import target_of
from edgecompress.memory.verdict.fit import fit
from edgecompress.pack.pack import pack
from edgecompress.quantize.post_training import quantize
from edgecompress.recipe import Recipe
from edgecompress.search.attempt import Attempt, Candidate, Job
from edgecompress.search.forms import SHRINKING
from edgecompress.search.narrow import converted_shortfall, cut_to_fit, learn_cuts
from edgecompress.search.packing import may_be_packed, pack_original, pack_to_fit
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model


@pytest.fixture(scope="module")
def words(digits_splits, tmp_path_factory):
    """A small MobileNet that can tell bright images from dark ones, and such images."""
    set_seed(0)
    folder = tmp_path_factory.mktemp("bright")
    random = np.random.default_rng(0)
    y = np.arange(240) % 2
    x = (random.random((240, 48, 48, 3)) * 0.5 + 0.5 * y[:, None, None, None]).astype(np.float32)
    model = mobile_net()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=16, epochs=8, verbose=0)
    save_keras(model, folder / "bright.keras")
    np.savez(folder / "bright.npz", x=x, y=y)
    return (
        "compress", folder / "bright.keras", "--data", folder / "bright.npz", "--board",
        "nucleo_f401re", "--framework", "cmake", "--time-budget", "2m", "--json",
    )  # fmt: skip


@pytest.fixture(scope="module")
def arena_bytes() -> int:
    samples = np.random.default_rng(0).random((20, 48, 48, 3), np.float32)
    made = quantize(mobile_net(), samples, judged=False)
    return plan_arena(read_model(made), "cortex-m4f", "cmsis-nn").min_bytes


def _facts(ended: tuple[int, str, str]) -> dict[str, Any]:
    """Return the report of a `compress --json` that ended well, packed and with all channels."""
    code, stdout, stderr = ended
    assert stdout, stderr
    facts = json.loads(stdout)
    assert code == 0, facts["summary"]
    assert [step["step"] for step in facts["steps"]] == ["quantize", "pack"]
    assert facts["channels"] == []
    return facts


def test_a_model_that_fits_once_packed_keeps_its_channels(words, arena_bytes, tmp_path, cli):
    limit_bytes = arena_bytes - 1024
    facts = _facts(cli(*words, "-o", tmp_path / "out", "--max-arena-bytes", limit_bytes))
    quantized, packed = facts["steps"]
    assert packed["int8_validation"] == quantized["int8_validation"]
    saved_bytes = quantized["arena_bytes"] - packed["arena_bytes"]
    assert packed["saved_ram_bytes"] >= saved_bytes > 1024  # the firmware's margin is less too
    assert re.search(r"plan -[\d,]+ bytes of arena", packed["why"])
    model = (tmp_path / "out/model.tflite").read_bytes()
    arena = plan_arena(read_model(model), "cortex-m4f", "cmsis-nn")
    assert arena.min_bytes == packed["arena_bytes"] <= limit_bytes


def test_what_is_cut_is_packed_too(words, arena_bytes, tmp_path, cli) -> None:
    limit_bytes = arena_bytes * 3 // 5
    code, stdout, stderr = cli(*words, "-o", tmp_path / "out", "--max-arena-bytes", limit_bytes)
    assert stdout, stderr
    facts = json.loads(stdout)
    assert code == 0, facts["summary"]
    steps = [step["step"] for step in facts["steps"]]
    assert steps[:2] == ["quantize", "pack"]
    assert steps[2] in SHRINKING
    assert facts["after"]["arena_bytes"] <= limit_bytes
    graph = read_model((tmp_path / "out/model.tflite").read_bytes())
    assert plan_arena(graph, "cortex-m4f", "cmsis-nn").min_bytes == facts["after"]["arena_bytes"]


def _large():
    """Return a model whose first image, on 48 x 48, takes most of the memory."""
    layers = keras.layers
    made = image = keras.Input((48, 48, 1))
    for channels, stride in ((16, 1), (16, 2), (8, 2)):
        made = layers.Conv2D(channels, 3, stride, padding="same", activation="relu")(made)
    made = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(made))
    return keras.Model(image, made)


@pytest.mark.parametrize("runtime", ["tflm", "c"])
def test_a_model_that_fits_in_strips_keeps_its_channels(tmp_path, cli, runtime) -> None:
    """Two layers on a large image need most of the memory: in strips they do not."""
    set_seed(0)
    random = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = (random.random((120, 48, 48, 1)) * 0.5 + 0.5 * y[:, None, None, None]).astype(np.float32)
    model = _large()
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=16, epochs=4, verbose=0)
    save_keras(model, tmp_path / "large.keras")
    np.savez(tmp_path / "large.npz", x=x, y=y)
    facts = _facts(cli(
        "compress", tmp_path / "large.keras", "--data", tmp_path / "large.npz", "--board",
        "mps2_an386", "--runtime", runtime, "--max-arena-bytes", "30k", "--time-budget", "2m",
        "--json", "-o", tmp_path / "out",
    ))  # fmt: skip
    quantized, packed = facts["steps"]
    assert packed["int8_validation"] == quantized["int8_validation"]
    assert packed["arena_bytes"] <= 30 * 1024 < quantized["arena_bytes"]
    assert "patches of rows and columns" in packed["why"]
    assert facts["after"]["macs"] > facts["before"]["macs"], "the price is said"


def test_patches_do_not_save_ram_at_the_price_of_flash() -> None:
    """SLICE and CONCATENATION have code of their own: a board may have no flash for it."""
    board = load_board("nucleo_f401re")
    set_seed(0)
    samples = np.random.default_rng(0).random((20, 48, 48, 3), np.float32)
    model = quantize(mobile_net(), samples, judged=False)
    plain = pack(model, {board.core: target_of(board.core, board.kernels)})
    limit_bytes = plain.arena_bytes - 16
    candidate = Candidate("quantize", "", None, model)
    patched = pack_to_fit(_job(board, limit_bytes), candidate)
    assert "patches of rows and columns" in patched.why
    spare_bytes = fit(plain.model, [board], others=()).verdicts[0].flash.headroom_bytes
    region = replace(board.flash[0], size_bytes=board.flash[0].size_bytes - spare_bytes)
    full = replace(board, flash=(region, *board.flash[1:]))
    kept = pack_to_fit(_job(full, limit_bytes), candidate)
    assert "patches of rows and columns" not in kept.why
    assert fit(kept.tflite, [full], others=()).verdicts[0].flash.headroom_bytes >= 0


@pytest.mark.parametrize(("runtime", "limit_bytes"), [("c", 12_000), ("tflm", 20_000)])
def test_widths_are_chosen_by_what_patches_need(runtime, limit_bytes) -> None:
    """At no width of 16 channels would the first layer's image fit: in patches more of them do."""
    set_seed(0)
    x = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    job = replace(
        _job(load_board("mps2_an386"), limit_bytes), original=_large(), runtime=runtime,
        train=Split(x, np.zeros(len(x))),
    )  # fmt: skip
    cuts = learn_cuts(job)
    alike = {group.name: np.ones(group.channels) for group in cuts.groups}
    ours = cut_to_fit(job, cuts, alike, alike)
    plans_alone = cut_to_fit(job, replace(cuts, ways=()), alike, alike)
    assert ours.fits
    assert plans_alone.fits
    assert converted_shortfall(job, ours.model) <= 0
    assert sum(ours.widths.values()) > sum(plans_alone.widths.values())


def _sparse(x: np.ndarray | None = None, y: np.ndarray | None = None):
    """Return dense layers, trained if there are samples; nine of ten weights of one are zero."""
    set_seed(0)
    image = keras.Input((12, 12, 3))
    made = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(image))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(made))
    if x is not None:
        model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=16, epochs=8, verbose=0)
    kernel, bias = model.layers[2].get_weights()
    small = np.abs(kernel) < np.quantile(np.abs(kernel), 0.9, axis=0)
    model.layers[2].set_weights([np.where(small, 0, kernel), bias])
    return model


@pytest.mark.slow
def test_a_run_ends_with_encoded_weights_and_a_report_of_its_layers(tmp_path, cli) -> None:
    y = np.arange(240) % 2
    noise = np.random.default_rng(0).random((240, 12, 12, 3))
    x = (noise * 0.5 + 0.5 * y[:, None, None, None]).astype(np.float32)
    save_keras(_sparse(x, y), tmp_path / "sparse.keras")
    np.savez(tmp_path / "data.npz", x=x, y=y)
    facts = _facts(cli(
        "compress", tmp_path / "sparse.keras", "--data", tmp_path / "data.npz", "--board",
        "nucleo_f401re", "--framework", "cmake", "--time-budget", "5m", "--max-model-bytes",
        15_000, "--json", "-o", tmp_path / "out",
    ))  # fmt: skip
    assert facts["after"]["model_bytes"] <= 15_000 < facts["steps"][0]["model_bytes"]
    named = {row["op"]: row["layer"] for row in facts["network"]}
    assert named["CUSTOM:TFLM_DECODE"] == ""
    assert named["FULLY_CONNECTED"].startswith("dense")
    assert facts["distributions"]


def test_a_model_of_many_zeros_fits_once_its_weights_are_encoded() -> None:
    x = np.random.default_rng(0).random((20, 12, 12, 3), np.float32)
    model = _sparse()
    board, whole = load_board("nucleo_f401re"), quantize(model, x, judged=False)
    limits = replace(_job(board, 60_000).recipe, max_model_bytes=len(whole) // 2)
    job = replace(_job(board, 60_000), recipe=limits)
    (verdict,) = fit(whole, [board], others=()).verdicts
    original = Attempt(
        "quantize", "", model, whole, verdict=verdict, shortfall_bytes=len(whole) // 2,
        float_metric=0.9, int8_metric=0.9,
    )  # fmt: skip
    packed = pack_original(job, [original], "too large")
    assert packed.fits
    assert len(packed.tflite) <= len(whole) // 2
    assert re.search(r"weights .* -[\d,]+ of file", packed.why)
    assert any(op.op == "CUSTOM:TFLM_DECODE" for op in read_model(packed.tflite).main.operators)
    noise = [np.random.default_rng(1).integers(-128, 128, (20, 12, 12, 3)).astype(np.int8)]
    before, after = (run(each, noise, "tflm", workers=1) for each in (whole, packed.tflite))
    assert np.array_equal(before[0], after[0])
    assert not may_be_packed(replace(job, runtime="c"), original), "it has no DECODE"


def _job(board: Board, max_arena_bytes: int) -> Job:
    none = Split(None)  # packing looks at no samples
    recipe = Recipe(
        model="m.keras", board=board.id, data="d.npz", time_budget="10m",
        max_arena_bytes=max_arena_bytes,
    )  # fmt: skip
    return Job(
        recipe=recipe, board=board, original=None, model_sha256="",
        train=none, validation=none,
        task="classification", are_images=True, reference=0.9, goal=0.0, deadline=0.0,
    )  # fmt: skip
