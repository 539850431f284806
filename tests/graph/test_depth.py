"""Students with fewer layers: what is left out is a whole block, what stays keeps its weights."""

import numpy as np
import pytest
from support.random_models import randomize

from edgecompress.errors import UsageError
from edgecompress.graph.depth import repeated_blocks, shallower
from edgecompress.keras_files.model import import_keras, load_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.prune.student import derive_student

keras = import_keras()
layers = keras.layers
X = np.random.default_rng(0).normal(size=(16, 8, 8, 3)).astype(np.float32)


def residual_network():
    """A ResNet of four blocks: two that keep the shape, one that changes it, one that keeps it."""

    def convolution(x, channels, name, stride=1, activation=True):
        x = layers.Conv2D(channels, 3, stride, "same", use_bias=False, name=name)(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        return layers.ReLU(name=f"{name}_relu")(x) if activation else x

    def block(x, channels, name, stride=1):
        y = convolution(x, channels, f"{name}a", stride)
        y = convolution(y, channels, f"{name}b", activation=False)
        if stride > 1:
            x = layers.Conv2D(channels, 1, stride, name=f"{name}_skip")(x)
        return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))

    image = keras.Input((8, 8, 3))
    x = convolution(image, 8, "stem")
    x = block(block(x, 8, "one"), 8, "two")
    x = block(block(x, 16, "three", 2), 16, "four")
    x = layers.Dense(5, name="head")(layers.GlobalAveragePooling2D()(x))
    return randomized(keras.Model(image, x, name="residual"))


def randomized(model):
    randomize(model, np.random.default_rng(1))
    return model


def test_residual_blocks_that_keep_the_shape_are_found_whole():
    blocks = repeated_blocks(residual_network())
    assert [block.layers[0] for block in blocks] == ["onea", "twoa", "foura"]
    assert set(blocks[1].layers) == {
        "twoa", "twoa_norm", "twoa_relu", "twob", "twob_norm", "two_add", "two_out"
    }  # fmt: skip


def test_what_stays_keeps_its_weights_and_the_rest_is_gone():
    teacher = residual_network()
    student = shallower(teacher, 1 / 3)
    names = {layer.name for layer in student.layers}
    assert len([block for block in ("onea", "twoa", "foura") if block in names]) == 1
    assert {"stem", "threea", "three_skip", "head"} <= names
    assert student.output_shape == teacher.output_shape
    for layer in student.layers:
        taught = teacher.get_layer(layer.name).get_weights()
        for ours, its in zip(layer.get_weights(), taught, strict=True):
            np.testing.assert_array_equal(ours, its)


def test_samples_tell_which_block_matters_least():
    """A block that adds nothing is the one to go, and the outputs stay."""
    teacher = residual_network()
    norm = teacher.get_layer("fourb_norm")
    gamma, beta, *rest = norm.get_weights()
    norm.set_weights([0 * gamma, 0 * beta, *rest])
    student = derive_student(teacher, 1.0, 0.67, X)
    assert "foura" not in {layer.name for layer in student.layers}
    np.testing.assert_allclose(outputs_of(student, X), outputs_of(teacher, X), atol=1e-5)


def test_an_autoencoder_keeps_its_bottleneck():
    model = keras.Sequential([keras.Input((32,))])
    for number, units in enumerate((16, 16, 16, 4, 16, 16, 16)):
        model.add(layers.Dense(units, name=f"dense{number}"))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.Dense(32, name="last"))
    student = shallower(randomized(model), 0)
    dense = [layer.name for layer in student.layers if isinstance(layer, layers.Dense)]
    assert dense == ["dense0", "dense3", "dense4", "last"]
    assert outputs_of(student, np.zeros((2, 32), np.float32)).shape == (2, 32)


def test_depthwise_and_pointwise_go_together():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, name="stem")(image)
    for name, stride in (("a", 1), ("b", 2), ("c", 1)):
        x = layers.DepthwiseConv2D(3, stride, "same", name=f"{name}_depthwise")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.ReLU()(layers.Conv2D(8, 1, name=f"{name}_pointwise")(x))
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    kernels = [
        [name for name in block.layers if "wise" in name] for block in repeated_blocks(model)
    ]
    assert kernels == [["a_depthwise", "a_pointwise"], ["c_depthwise", "c_pointwise"]]


def test_width_and_depth_together():
    teacher = residual_network()
    student = derive_student(teacher, 0.5, 0.34)
    assert student.get_layer("stem").filters == 4
    assert len(repeated_blocks(student)) == 1
    assert student.count_params() < 0.4 * teacher.count_params()


def test_a_model_without_repeated_blocks_is_refused():
    with pytest.raises(UsageError, match="by its width"):
        shallower(keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)]), 0.5)
    with pytest.raises(UsageError, match="0 to 1"):
        shallower(residual_network(), 1.5)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [("ic_resnet8.h5", 1), ("ad_autoencoder.h5", 6), ("vww_mobilenetv1_025.h5", 8)],
)
def test_published_models(shared_dir, name, blocks):
    """ResNet-8's first block, the autoencoder's equal layers, eight of MobileNet."""
    model = load_keras(shared_dir / "models" / "mlperf_tiny" / name)
    found = repeated_blocks(model)
    student = shallower(model, 0)
    assert len(found) == blocks, [block.layers for block in found]
    assert student.count_params() < model.count_params()
    assert student.output_shape == model.output_shape
