"""Which channels go together, and why some may not go."""
# ruff: noqa: PLW0108 - the lambdas make layers when a test runs, not at import

import re

import pytest

from edgecompress.graph.groups import find_groups, group_parameters
from edgecompress.graph.surgery import prune_channels
from edgecompress.keras_files.model import import_keras, load_keras

keras = import_keras()
layers = keras.layers


def groups_of(start, end):
    """Groups by name of the model from `start` to a Dense head over `end`."""
    if len(end.shape) > 2:
        end = layers.Flatten()(end)
    model = keras.Model(start, layers.Dense(3, name="head")(end))
    return {group.name: group for group in find_groups(model)}


def layers_of(axes):
    return [axis.layer for axis in axes]


def test_residual_additions_join_resnet8(shared_dir):
    model = load_keras(shared_dir / "models" / "mlperf_tiny" / "ic_resnet8.h5")
    groups = {group.name: group for group in find_groups(model)}
    assert [group.channels for group in groups.values()] == [16, 16, 32, 32, 64, 64, 10]
    assert layers_of(groups["conv2d"].producers) == ["conv2d", "conv2d_2"]
    assert layers_of(groups["conv2d"].consumers) == ["conv2d_1", "conv2d_3", "conv2d_5"]
    assert [name for name, group in groups.items() if group.frozen] == ["dense"]
    assert groups["dense"].frozen == "model output dense"


def test_depthwise_layers_follow_mobilenet(shared_dir):
    model = load_keras(shared_dir / "models" / "mlperf_tiny" / "vww_mobilenetv1_025.h5")
    groups = find_groups(model)
    assert [group.channels for group in groups] == [
        8, 16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256, 2
    ]  # fmt: skip
    carriers = layers_of(groups[0].carriers)
    assert {"batch_normalization", "depthwise_conv2d", "batch_normalization_1"} < set(carriers)


def test_squeeze_and_excite_joins_the_gate_with_what_it_scales():
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, name="features")(start)
    s = layers.Dense(4, name="squeeze")(layers.GlobalAveragePooling2D()(x))
    s = layers.Dense(8, activation="sigmoid", name="excite")(s)
    groups = groups_of(start, layers.Multiply()([x, layers.Reshape((1, 1, 8))(s)]))
    assert layers_of(groups["features"].producers) == ["features", "excite"]
    assert groups["features"].frozen is None
    assert groups["squeeze"].frozen is None


def test_a_grouped_convolution_is_pruned_by_whole_groups():
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(12, 3, name="before")(start)
    x = layers.Conv2D(24, 3, groups=4, name="grouped")(x)
    group = groups_of(start, x)["before"]
    assert (group.channels, group.granularity) == (4, 3)
    assert layers_of(group.producers) == ["before", "grouped"]
    assert group.producers[1].channels == tuple(i // 6 for i in range(24))


def test_depth_multiplier_keeps_outputs_of_an_input_together():
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="before")(start)
    x = layers.DepthwiseConv2D(3, depth_multiplier=3, name="depthwise")(x)
    group = groups_of(start, layers.GlobalMaxPooling2D()(x))["before"]
    assert group.channels == 4
    assert [axis.channels for axis in group.consumers] == [(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3)]


def test_appended_layers_stay_apart_but_added_ones_do_not():
    start = keras.Input((8,))
    parts = [layers.Dense(5, name=f"part_{i}")(start) for i in range(2)]
    joined = layers.Concatenate()(parts)
    apart = groups_of(start, joined)
    assert [apart[f"part_{i}"].channels for i in range(2)] == [5, 5]
    added = layers.Add()([joined, layers.Dense(10, name="wide")(start)])
    group = groups_of(start, added)["part_0"]
    assert (group.channels, group.parts) == (10, (tuple(range(5)), tuple(range(5, 10))))


def test_a_dense_layer_reshaped_to_an_image_is_pruned_by_image_channels():
    start = keras.Input((4,))
    x = layers.Dense(5 * 5 * 6, name="grow")(start)
    group = groups_of(start, layers.Conv2D(4, 3)(layers.Reshape((5, 5, 6))(x)))["grow"]
    assert (group.channels, group.granularity, group.frozen) == (6, 25, None)


def test_recurrent_units_are_channels():
    start = keras.Input((6, 4))
    x = layers.LSTM(5, name="lstm", return_sequences=True)(start)
    groups = groups_of(start, layers.GRU(7, name="gru")(x))
    assert (groups["lstm"].channels, groups["gru"].channels) == (5, 7)
    kernel = groups["lstm"].producers[0]
    assert (kernel.weight, kernel.axis, kernel.channels) == ("kernel", 1, tuple(range(5)) * 4)


def test_nested_layers_are_named_by_path():
    inside = keras.Input((8,))
    block = keras.Model(inside, layers.Dense(6, name="hidden")(inside), name="block")
    start = keras.Input((8,))
    assert groups_of(start, block(start))["block/hidden"].channels == 6


def test_parameters_of_a_group_are_what_its_removal_saves():
    start = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, name="conv")(start))
    x = layers.DepthwiseConv2D(3)(x)
    model = keras.Model(start, layers.Dense(3)(layers.Flatten()(x)))
    groups = find_groups(model)
    saved = model.count_params() - prune_channels(model, {"conv": [0]}).count_params()
    assert group_parameters(model, groups)["conv"] == saved * 8 // 7


class Custom(layers.Layer):
    def call(self, x):
        return x * 2.0


class Overridden(layers.ReLU):
    def call(self, x):
        return keras.ops.cumsum(x, axis=-1)


FREEZERS = {
    r"own \(Custom\) is not understood": lambda x: Custom(name="own")(x),
    r"odd \(Overridden\) is not understood": lambda x: Overridden(name="odd")(x),
    r"lam \(Lambda\) is not understood": lambda x: layers.Lambda(
        lambda t: t[:, ::-1], output_shape=(6, 6, 8), name="lam"
    )(x),
    r"heads \(MultiHeadAttention\) is not understood": lambda x: layers.MultiHeadAttention(
        2, 4, name="heads"
    )(x, x),
    r"ln \(LayerNormalization\) mixes them": lambda x: layers.LayerNormalization(name="ln")(x),
    r"activation softmax of sm \(Activation\) may mix": lambda x: layers.Activation(
        "softmax", name="sm"
    )(x),
    r"sm \(Softmax\) mixes them": lambda x: layers.Softmax(name="sm")(x),
    r"turned \(Conv2D\) mixes them": lambda x: layers.Conv2D(4, 3, name="turned")(
        layers.Permute((3, 1, 2))(x)
    ),
    r"cumsum(_\d+)? \(Cumsum\) is not understood": lambda x: keras.ops.cumsum(x, axis=-1),
    r"add(_\d+)? \(Add\) is not understood": lambda x: x + keras.ops.ones((8,)),
    "a single channel": lambda x: layers.GroupNormalization(groups=1)(x),
    "model input": lambda x: layers.Add()([x, keras.Input((6, 6, 8), name="other")]),
}


@pytest.mark.parametrize("reason", FREEZERS)
def test_what_is_not_understood_freezes_its_group_and_is_named(reason):
    start = keras.Input((8, 8, 3))
    x = FREEZERS[reason](layers.Conv2D(8, 3, name="held")(start))
    inputs = [start, x._keras_history.operation.input[1]] if reason == "model input" else start
    group = groups_of(inputs, x)["held"]
    assert re.search(reason, str(group.frozen))


PASSERS = {
    "ReLU": lambda: layers.ReLU(max_value=6.0),
    "softmax over rows": lambda: layers.Softmax(axis=1),
    "instance normalization": lambda: layers.GroupNormalization(groups=-1),
    "PReLU": lambda: layers.PReLU(),
    "rescaling": lambda: layers.Rescaling(1 / 255),
    "bilinear": lambda: layers.UpSampling2D(2, interpolation="bilinear"),
    "batch norm": lambda: layers.BatchNormalization(),
    "per time step": lambda: layers.TimeDistributed(layers.Dropout(0.5)),
}


@pytest.mark.parametrize("name", PASSERS)
def test_what_leaves_channels_apart_freezes_nothing(name):
    start = keras.Input((8, 8, 3))
    x = PASSERS[name]()(layers.Conv2D(8, 3, name="conv")(start))
    assert groups_of(start, x)["conv"].frozen is None
