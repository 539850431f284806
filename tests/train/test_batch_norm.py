"""Batch normalization by TensorFlow's fused kernel is what Keras computes by single operations."""

import numpy as np
import pytest

from edgecompress.train.batch_norm import training_batch_norm


@pytest.fixture
def rng():
    return np.random.default_rng(3)


SHAPES = [(32, 6), (16, 5, 6), (8, 4, 3, 6)]


def _trained_once(model, x, *, fused):
    """Return the outputs, the gradients and the weights after one call in training."""
    import tensorflow as tf

    operations = set()

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = model(x, training=True)
            loss = tf.reduce_sum(outputs**3)
        operations.update(op.type for op in tf.compat.v1.get_default_graph().get_operations())
        return outputs, *tape.gradient(loss, [x, *model.trainable_variables])

    if fused:
        with training_batch_norm(model, 0.8):
            values = step(tf.constant(x))
    else:
        model.layers[-1].momentum = 0.8
        values = step(tf.constant(x))
    assert ("FusedBatchNormV3" in operations) == fused
    return [value.numpy() for value in values] + model.get_weights()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", [{}, {"center": False, "scale": False}])
def test_the_fused_kernel_computes_what_keras_computes(shape, options, rng):
    import keras

    layers = [keras.Input(shape[1:]), keras.layers.BatchNormalization(**options)]
    model, twin = (keras.Sequential(layers), keras.models.clone_model(keras.Sequential(layers)))
    x = rng.normal(3.0, 2.0, shape).astype(np.float32)
    plain = _trained_once(model, x, fused=False)
    fused = _trained_once(twin, x, fused=True)
    for ours, theirs in zip(fused, plain, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=2e-4)


def test_layers_are_as_they_were_afterwards():
    import keras

    layer = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((4,)), layer])
    with training_batch_norm(model, 0.9):
        assert layer.momentum == 0.9
        assert "call" in vars(layer)
    assert layer.momentum == 0.99
    assert "call" not in vars(layer)


def test_a_layer_that_does_more_or_is_not_trained_is_left_to_keras(rng):
    import keras

    frozen = keras.layers.BatchNormalization(trainable=False)
    first_axis = keras.layers.BatchNormalization(axis=1)
    model = keras.Sequential([keras.Input((5, 4)), frozen, first_axis])
    x = rng.normal(3.0, 2.0, (8, 5, 4)).astype(np.float32)
    expected = keras.models.clone_model(model)(x, training=True)
    before = frozen.get_weights()
    with training_batch_norm(model, 0.99):
        assert "call" not in vars(first_axis)
        outputs = model(x, training=True)
    assert np.array_equal(outputs, expected)
    assert all(map(np.array_equal, frozen.get_weights(), before))
