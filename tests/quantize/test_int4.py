"""Large kernels in 4 bits: half of their bytes, and what they cost in accuracy."""

import numpy as np
import pytest

from edgecompress.board import load_board
from edgecompress.errors import UsageError
from edgecompress.evaluate.score import evaluate, outputs_for
from edgecompress.keras_files.model import import_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.memory.arena import cross_check as verify
from edgecompress.memory.latency import estimate_latency
from edgecompress.pipeline import compress
from edgecompress.prune.weights import apply_masks, weight_masks
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.qat import quantize_aware
from edgecompress.recipe import Recipe
from edgecompress.tflite.int4 import highest, largest_steps, rounded
from edgecompress.tflite.reader import read_model
from edgecompress.train.fine_tune import Training
from edgecompress.train.kernel_rounding import kernel_rounding, rounded_kernels


@pytest.fixture(scope="module")
def digits_int4(digits_model, digits_splits):
    return quantize(digits_model, digits_splits[0].x, weight_bits=4)


def _weights(tflite):
    """Return (operator, type, number) of each kernel."""
    graph = read_model(tflite).main
    chosen = [op for op in graph.operators if op.op in ("CONV_2D", "FULLY_CONNECTED")]
    tensors = [graph.tensors[op.inputs[1]] for op in chosen]
    return [(op.op, t.type, t.elements) for op, t in zip(chosen, tensors, strict=True)]


def test_large_kernels_take_half_of_the_bytes(digits_int8, digits_int4):
    assert _weights(digits_int4) == [
        ("CONV_2D", "INT8", 72),
        ("CONV_2D", "INT8", 576),
        ("CONV_2D", "INT4", 1152),
        ("FULLY_CONNECTED", "INT4", 2560),
    ]
    assert len(digits_int8) - len(digits_int4) == pytest.approx((1152 + 2560) / 2, abs=16)


def test_tflm_and_tflite_run_it_alike_and_its_memory_is_known(digits_int4, digits_splits):
    x = digits_splits[2].x[:50]
    tflm, litert = (outputs_for(digits_int4, x, runtime=name) for name in ("tflm", "litert"))
    assert np.abs(tflm - litert).max() <= 1 / 256, "one step of softmax"
    assert verify.verify(digits_int4).differences == ()


def test_time_is_not_estimated_where_nobody_has_published_it(digits_int8, digits_int4):
    board = load_board("nucleo_f401re")
    assert estimate_latency(read_model(digits_int8), board, "cmsis-nn") is not None
    assert estimate_latency(read_model(digits_int4), board, "cmsis-nn") is None


@pytest.mark.parametrize("bits", [4, 5, 6])
def test_rounding_takes_the_best_of_the_ranges(bits):
    kernel = np.random.default_rng(0).laplace(size=(8, 500)).astype(np.float32)
    steps, scales = rounded(kernel, bits)
    most = highest(bits)
    assert np.abs(steps).max() == most
    error = np.square(steps * scales[:, None] - kernel).sum(axis=1)
    for largest in largest_steps(bits):
        scale = np.abs(kernel).max(axis=1, keepdims=True) / largest
        other = np.clip(np.round(kernel / scale), -most, most) * scale
        assert (error <= np.square(other - kernel).sum(axis=1) * (1 + 1e-6)).all()
    again, same = rounded((steps * scales[:, None]).astype(np.float32), bits)
    assert (again == steps).all()
    assert np.allclose(same, scales)


@pytest.mark.parametrize(
    ("bits", "largest"), [(bits, n) for bits in (4, 5, 6) for n in range(1, 1 << bits - 1)]
)
def test_what_is_rounded_stays_as_it_is(bits, largest):
    random = np.random.default_rng(largest)
    kernel = random.integers(-largest, largest + 1, (8, 500)) * random.uniform(0.1, 2, (8, 1))
    steps, scales = rounded(kernel, bits)
    assert np.allclose(steps * scales[:, None], kernel, rtol=1e-6)


def test_scales_learn_as_published():
    """Equation 3 of "Learned Step Size Quantization", times the scale: its logarithm is learnt."""
    import tensorflow as tf

    keras = import_keras()
    layer = keras.layers.Dense(64)
    layer.build((None, 16))
    values = np.random.default_rng(0).laplace(size=(16, 64)).astype(np.float32)
    layer.kernel.assign(values)
    (rounding,) = kernel_rounding(keras.Sequential([layer]), 4)
    layer.kernel.assign(3 * values)  # so that many are beyond what 7 steps reach
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(rounding.rounded())
    by_kernel, by_growth = tape.gradient(loss, [layer.kernel, rounding.growth])
    steps = 3 * values / rounding.start
    inside = np.abs(steps) <= 7
    expected = np.where(inside, np.round(steps) - steps, 7 * np.sign(steps)).sum()
    assert 0.1 < inside.mean() < 0.9
    assert np.array_equal(by_kernel, inside)
    assert float(by_growth[0, 0]) == pytest.approx(rounding.start.item() * expected, rel=1e-3)


def test_a_layer_that_is_used_twice_keeps_both_of_its_biases_right():
    keras = import_keras()
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 16))
    bias = keras.initializers.RandomNormal(stddev=5.0)
    shared = keras.layers.Conv2D(16, 3, padding="same", bias_initializer=bias)
    model = keras.Model(image, shared(keras.layers.ReLU()(shared(image) * 5.0)))
    x = np.random.default_rng(0).standard_normal((20, 6, 6, 16), dtype=np.float32)
    tflite = quantize(model, x, weight_bits=4)
    assert [kind for _, kind, _ in _weights(tflite)] == ["INT4", "INT4"]
    with rounded_kernels(kernel_rounding(model, 4)):
        exact = outputs_of(model, x)
    assert np.abs(outputs_for(tflite, x) - exact).mean() < 0.05 * exact.std()


def test_training_knows_the_kernels_of_the_device(digits_model, digits_splits):
    """What training rounds to is what the file holds: no weight differs."""
    train, validation, test = digits_splits
    settings = Training(epochs=1, learning_rate=1e-3)
    aware = quantize_aware(digits_model, train, validation, settings, weight_bits=4)
    graph = read_model(aware.tflite).main
    (dense,) = (op for op in graph.operators if op.op == "FULLY_CONNECTED")
    tensor = graph.tensors[dense.inputs[1]]
    stored = np.frombuffer(tensor.data, np.uint8)
    steps = np.stack([stored & 15, stored >> 4], axis=1).ravel().astype(np.int8)
    steps = np.where(steps > 7, steps - 16, steps).reshape(tensor.shape)
    kernel = aware.model.get_layer("digit").kernel.numpy().T
    assert np.allclose(steps * tensor.quantization.scales[0], kernel, atol=1e-6)
    accuracy = evaluate(aware.tflite, test, "classification")["accuracy"]
    assert accuracy > evaluate(digits_model, test, "classification")["accuracy"] - 0.02


@pytest.mark.parametrize("bits", [5, 6])
def test_5_and_6_bits_are_int8_of_fewer_steps(bits, digits_model, digits_splits):
    """They are smaller once they are encoded; trained, they are what the file holds."""
    train, validation, test = digits_splits
    settings = Training(epochs=1, learning_rate=1e-3)
    aware = quantize_aware(digits_model, train, validation, settings, weight_bits=bits)
    graph = read_model(aware.tflite).main
    (dense,) = (op for op in graph.operators if op.op == "FULLY_CONNECTED")
    tensor = graph.tensors[dense.inputs[1]]
    steps = np.frombuffer(tensor.data, np.int8).reshape(tensor.shape)
    assert tensor.type == "INT8"
    assert highest(bits - 1) < np.abs(steps).max() <= highest(bits)
    kernel = aware.model.get_layer("digit").kernel.numpy().T
    assert np.allclose(steps * tensor.quantization.scales[0], kernel, atol=1e-6)
    accuracy = evaluate(aware.tflite, test, "classification")["accuracy"]
    assert accuracy > evaluate(digits_model, test, "classification")["accuracy"] - 0.02


@pytest.mark.parametrize("bits", [4, 8])
def test_zeros_of_a_pruned_model_outlive_training_with_rounding(bits, digits_model, digits_splits):
    train, validation, _ = digits_splits
    pruned = import_keras().models.clone_model(digits_model)
    pruned.set_weights(digits_model.get_weights())
    masks = weight_masks(pruned, "magnitude", rate=0.6)
    apply_masks(pruned, masks)
    settings = Training(epochs=1, learning_rate=1e-3)
    aware = quantize_aware(pruned, train, validation, settings, weight_bits=bits)
    for layer in aware.model.layers:
        for weight in layer.weights:
            if weight.name == "kernel":
                zeros = (weight.numpy() == 0).mean()
                assert zeros >= 0.6 - 0.01
                assert not np.array_equal(weight, pruned.get_layer(layer.name).kernel)


def test_other_schemes_have_no_weights_of_4_bits(digits_model, digits_splits):
    with pytest.raises(UsageError, match="int8 scheme only"):
        quantize(digits_model, digits_splits[0].x, "pow2", weight_bits=4)


@pytest.mark.parametrize("weight_bits", [4, 8])
def test_compress_takes_4_bits_where_8_lose_clearly_more(
    weight_bits, digits_files, digits_int8, tmp_path
):
    recipe = Recipe(
        model=str(digits_files / "digits.keras"),
        board="nucleo_f401re",
        data=str(digits_files / "digits.npz"),
        max_model_bytes=len(digits_int8) - 1800,
        max_epochs=15,
        weight_bits=weight_bits,
        trials=0,
    )
    outcome = compress(recipe, tmp_path)
    assert outcome.best.weight_bits == weight_bits
    assert outcome.facts["fits"]
    untrained = weight_bits == 8  # in 4 bits it is so near that its answers lead anyway
    assert ("when the original's answers lead" in outcome.best.why) == untrained
    types = {kind for _, kind, _ in _weights((tmp_path / "model.tflite").read_bytes())}
    assert types == ({"INT8", "INT4"} if weight_bits == 4 else {"INT8"})
