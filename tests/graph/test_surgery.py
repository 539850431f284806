"""Pruned models equal their masked originals, on real models and on every kind of graph."""

import numpy as np
import pytest
from support.keras_graphs import nested_models, shared_layers
from support.random_models import randomize
from support.surgery_checks import (
    outputs_of,
    prune_half,
    random_inputs,
    relative_difference,
    surgery_difference,
)

from edgecompress.errors import ModelError, UsageError
from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import mask_channels, prune_channels
from edgecompress.keras_files.model import import_keras, load_keras, save_keras

keras = import_keras()
layers = keras.layers

MLPERF_TINY = (
    "ad_autoencoder.h5", "ic_resnet8.h5", "vww_mobilenetv1_025.h5", "kws_dscnn_saved_model"
)  # fmt: skip


@pytest.mark.parametrize("name", MLPERF_TINY)
def test_surgery_is_exact_on_mlperf_tiny_models(shared_dir, name):
    model = load_keras(shared_dir / "models" / "mlperf_tiny" / name)
    if model.layers[-1].activation is keras.activations.softmax:
        # Logits show differences that a saturated softmax hides.
        model.layers[-1].activation = keras.activations.linear
    keep = prune_half(model)
    assert set(keep) == {group.name for group in find_groups(model) if group.frozen is None}
    pruned = prune_channels(model, keep)
    inputs = random_inputs(model, np.random.default_rng(1))
    masked = outputs_of(mask_channels(model, keep), inputs)
    assert relative_difference(outputs_of(pruned, inputs), masked) < 1e-4
    assert relative_difference(outputs_of(model, inputs), masked) > 1e-2
    assert [layer.name for layer in pruned.layers] == [layer.name for layer in model.layers]
    assert pruned.count_params() < model.count_params()


def dictionary_model():
    """Inputs and outputs by name, three of each kind."""
    inputs = {name: keras.Input((8, 4), name=name) for name in ("left", "middle", "right")}
    streams = [layers.Conv1D(8, 3, activation="relu")(tensor) for tensor in inputs.values()]
    joined = layers.Maximum()(streams[:2])
    outputs = {
        "class": layers.Dense(3, name="class")(layers.Flatten()(joined)),
        "mask": layers.Conv1D(1, 1, name="mask")(layers.Add()([joined, streams[2]])),
    }
    return keras.Model(inputs, outputs)


def mobile_inverted_bottleneck():
    x = start = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    for _ in range(2):
        y = layers.Conv2D(24, 1, use_bias=False)(x)
        y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
        y = layers.DepthwiseConv2D(3, padding="same")(layers.ZeroPadding2D(((0, 0), (0, 0)))(y))
        s = layers.GlobalAveragePooling2D(keepdims=True)(y)
        s = layers.Conv2D(6, 1, activation="relu")(s)
        y = layers.Multiply()([y, layers.Conv2D(24, 1, activation="hard_sigmoid")(s)])
        x = layers.Add()([x, layers.BatchNormalization()(layers.Conv2D(8, 1)(y))])
    return keras.Model(start, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def densely_connected():
    x = start = keras.Input((8, 8, 4))
    for _ in range(3):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Concatenate()([x, layers.Conv2D(6, 3, padding="same")(y)])
    return keras.Model(start, layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))


def partly_tied():
    """Two narrow convolutions, appended, are added to one wide: a group of three producers."""
    start = keras.Input((8, 8, 3))
    narrow = [layers.Conv2D(5, 3, padding="same", name=f"narrow_{i}")(start) for i in range(2)]
    wide = layers.Conv2D(10, 1, name="wide")(start)
    added = layers.Add()([layers.Concatenate()(narrow), wide])
    return keras.Model(start, layers.Dense(3)(layers.Flatten()(added)))


def upsampling_decoder():
    """Dense, reshaped to an image: a channel of the image is a stride of units."""
    x = start = keras.Input((10,))
    x = layers.Reshape((4, 4, 6))(layers.Dense(96, activation="relu", name="grow")(x))
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(start, layers.Conv2D(1, 3, padding="same")(x))


def sequence_to_sequence():
    start = keras.Input((7, 5))
    encoder = layers.Bidirectional(layers.LSTM(6, return_sequences=True, return_state=True))
    sequence, *states = encoder(layers.Masking()(start))
    decoded = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(
        sequence, initial_state=states
    )
    return keras.Model(start, layers.TimeDistributed(layers.Dense(3))(decoded))


def channels_first():
    """Shapes only: TensorFlow's CPU kernels run no channels_first convolution, pooling it does."""
    start = keras.Input((8, 6))
    x = layers.Conv1D(10, 3, padding="same")(start)
    x = layers.Permute((2, 1))(x)
    x = layers.BatchNormalization(axis=1)(x)
    x = layers.MaxPooling1D(2, data_format="channels_first")(x)
    x = layers.Flatten(data_format="channels_first")(x)
    return keras.Model(start, layers.Dense(3)(x))


def unknown_middle():
    """Around a layer that nothing is known of, the rest is still pruned."""
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, name="free")(x)
    x = layers.Conv2D(6, 3, name="held")(x)
    x = layers.Lambda(lambda t: t[..., ::-1], name="flip", output_shape=(4, 4, 6))(x)
    x = layers.Conv2D(8, 3, activation="relu", name="after")(x)
    attended = layers.MultiHeadAttention(2, 4)(x, x)
    return keras.Model(start, layers.Dense(3)(layers.Flatten()(attended)))


def volumes():
    x = start = keras.Input((6, 6, 6, 2))
    x = layers.BatchNormalization()(layers.Conv3D(8, 3, activation="relu")(x))
    x = layers.ZeroPadding3D(1)(layers.Conv3DTranspose(6, 2)(layers.UpSampling3D(2)(x)))
    return keras.Model(start, layers.Dense(3)(layers.GlobalAveragePooling3D()(x)))


def masked_tokens():
    """Keras passes the mask of mask_zero from layer to layer, as tensors of the graph."""
    start = keras.Input((6,), dtype="int32")
    x = layers.Embedding(10, 8, mask_zero=True)(start)
    x = layers.Bidirectional(layers.GRU(6, return_sequences=True), merge_mode="sum")(x)
    x = layers.Dense(7, activation=layers.LeakyReLU())(x)
    return keras.Model(start, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def shared_with_the_input():
    """A model called on channels that may go, and on the model's input, whose may not."""
    start, inside = keras.Input((8,)), keras.Input((8,))
    shared = keras.Model(inside, layers.Dense(6)(layers.ReLU()(inside)))
    both = [shared(layers.Dense(8)(start)), shared(start)]
    return keras.Model(start, layers.Dense(2)(layers.Add()(both)))


def channel_shuffle():
    x = start = keras.Input((6, 6, 3))
    x = layers.Reshape((6, 6, 3, 4))(layers.Conv2D(12, 1)(x))
    x = layers.Reshape((6, 6, 12))(layers.Permute((1, 2, 4, 3))(x))
    x = layers.Conv2D(12, 3, groups=2)(x)
    return keras.Model(start, layers.Dense(2)(layers.Flatten()(x)))


def images_over_time():
    x = start = keras.Input((4, 8, 8, 2))
    x = layers.TimeDistributed(layers.Conv2D(6, 3, activation="relu"))(x)
    x = layers.TimeDistributed(layers.Flatten())(layers.TimeDistributed(layers.MaxPooling2D())(x))
    return keras.Model(start, layers.Dense(2)(layers.LSTM(6)(x)))


def any_size():
    x = start = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 3)(x)
    x = layers.Conv2D(8, 3)(layers.Add()([x, layers.Conv2D(8, 1)(x)]))
    return keras.Model(start, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


def sequential_all_through():
    inner = keras.Sequential([layers.Conv2D(6, 3), layers.ReLU()])
    return keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(8, 3), layers.BatchNormalization(), inner,
         layers.Flatten(), layers.Dense(8), layers.Dense(2)]
    )  # fmt: skip


GRAPHS = (
    volumes, masked_tokens, shared_with_the_input, channel_shuffle, images_over_time, any_size,
    sequential_all_through,
    shared_layers, nested_models, dictionary_model, mobile_inverted_bottleneck, densely_connected,
    partly_tied, upsampling_decoder, sequence_to_sequence, channels_first, unknown_middle,
)  # fmt: skip


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
def test_surgery_equals_masking(build):
    model = build()
    randomize(model, np.random.default_rng(0))
    keep = prune_half(model)
    assert keep
    difference, effect = surgery_difference(model, keep, seed=1)
    assert difference < 1e-5
    assert effect > 1e-3


def test_the_original_stays_as_it_is():
    model = mobile_inverted_bottleneck()
    inputs = random_inputs(model, np.random.default_rng(0))
    before = outputs_of(model, inputs)
    keep = prune_half(model)
    prune_channels(model, keep)
    mask_channels(model, keep)
    assert relative_difference(outputs_of(model, inputs), before) == 0


def test_keeping_everything_is_an_exact_copy():
    model = nested_models()
    inputs = random_inputs(model, np.random.default_rng(0))
    copy = prune_channels(model, {})
    assert relative_difference(outputs_of(copy, inputs), outputs_of(model, inputs)) == 0
    assert copy.count_params() == model.count_params()


def test_a_pruned_model_trains_saves_and_loads(tmp_path):
    model = nested_models()
    pruned = prune_channels(model, prune_half(model))
    pruned.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(16, 8, 8, 3)).astype("float32")
    losses = pruned.fit(x, np.ones((16, 3)), epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    save_keras(pruned, tmp_path / "pruned.keras")
    loaded = load_keras(tmp_path / "pruned.keras")
    assert relative_difference(outputs_of(loaded, [x]), outputs_of(pruned, [x])) < 1e-6


def test_pruning_twice_is_pruning_once():
    model = mobile_inverted_bottleneck()
    name = find_groups(model)[1].name
    once = prune_channels(model, {name: [1, 5, 7, 11]})
    twice = prune_channels(
        prune_channels(model, {name: [1, 2, 5, 7, 11, 20]}), {name: [0, 2, 3, 4]}
    )
    inputs = random_inputs(model, np.random.default_rng(0))
    assert relative_difference(outputs_of(once, inputs), outputs_of(twice, inputs)) == 0


def test_frozen_layers_stay_frozen_to_training():
    model = mobile_inverted_bottleneck()
    model.layers[1].trainable = False
    pruned = prune_channels(model, prune_half(model))
    assert [layer.trainable for layer in pruned.layers] == [
        layer.trainable for layer in model.layers
    ]


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        ({"narow_0": [0]}, "did you mean narrow_0"),
        ({"dense": [0]}, "must stay: model output"),
        ({"narrow_0": [10]}, "no channel 10; it has channels 0 to 9"),
        ({"narrow_0": []}, "keep at least one"),
        ({"narrow_0": [0, 1]}, "keep at least one"),  # nothing of narrow_1
    ],
)
def test_what_cannot_be_kept_is_refused(keep, words):
    keras.utils.clear_session()
    with pytest.raises(UsageError, match=words):
        prune_channels(partly_tied(), keep)


def test_a_subclassed_model_is_refused():
    class Free(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ModelError, match="not a functional Keras model"):
        find_groups(Free(name="free"))
