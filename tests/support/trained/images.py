"""Networks on images: scikit-learn's digits."""

from typing import Any

from support.trained.case import Case
from support.trained.samples import digits, images_to_rebuild, strokes


def _classes(keras: Any, image: Any, x: Any) -> Any:
    if len(x.shape) > 2:
        x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


def _stem(keras: Any, channels: int = 16, **options: Any) -> tuple[Any, Any]:
    image = keras.Input((8, 8, 1), name="image")
    options = {"padding": "same", "activation": "relu", "name": "stem", **options}
    return image, keras.layers.Conv2D(channels, 3, **options)(image)


def _cnn(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.1)(layers.Conv2D(24, 3, activation="relu")(x))
    return _classes(keras, image, layers.Flatten()(x))


def _rescaled(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Rescaling(2.0, offset=-1.0)(image)
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(layers.ZeroPadding2D()(x))
    return _classes(keras, image, layers.Flatten()(x))


def _residual(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras)
    for number in range(2):
        y = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
        y = layers.BatchNormalization(momentum=0.9)(y)
        x = layers.ReLU(name=f"block_{number}")(layers.Add()([x, y]))
    return _classes(keras, image, layers.Flatten()(layers.AveragePooling2D(2)(x)))


def _depthwise(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras)
    for channels in (24, 32):
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.Conv2D(channels, 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))
    return _classes(keras, image, layers.Flatten()(layers.MaxPooling2D()(x)))


def _inverted(keras: Any, activation: str = "relu6", squeeze: bool = False) -> Any:
    layers = keras.layers
    image, x = _stem(keras, activation=activation)
    for _ in range(2):
        y = layers.Conv2D(48, 1, activation=activation)(x)
        y = layers.DepthwiseConv2D(3, padding="same", activation=activation)(y)
        if squeeze:
            s = layers.GlobalAveragePooling2D(keepdims=True)(y)
            s = layers.Conv2D(12, 1, activation="relu")(s)
            y = layers.Multiply()([y, layers.Conv2D(48, 1, activation="hard_sigmoid")(s)])
        x = layers.Add()([x, layers.Conv2D(16, 1)(y)])
    return _classes(keras, image, layers.Flatten()(layers.MaxPooling2D()(x)))


def _dense_blocks(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras, 12)
    for _ in range(3):
        y = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        x = layers.Concatenate()([x, y])
    return _classes(keras, image, layers.Flatten()(layers.AveragePooling2D(2)(x)))


def _branches(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras)
    parts = [layers.Conv2D(8, k, padding="same", activation="relu")(x) for k in (1, 3, 5)]
    parts.append(layers.Conv2D(8, 1)(layers.MaxPooling2D(3, strides=1, padding="same")(x)))
    return _classes(keras, image, layers.Concatenate()(parts))


def _convnext(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras, activation="linear")
    for _ in range(2):
        y = layers.DepthwiseConv2D(5, padding="same")(x)
        y = layers.Dense(32, activation="gelu")(layers.LayerNormalization()(y))
        x = layers.Add()([x, layers.Dense(16)(y)])
    return _classes(keras, image, layers.Flatten()(layers.MaxPooling2D()(x)))


def _activated(activation: str) -> Any:
    def build(keras: Any) -> Any:
        image, x = _stem(keras, activation=activation)
        x = keras.layers.Conv2D(24, 3, strides=2, activation=activation)(x)
        return _classes(keras, image, keras.layers.Flatten()(x))

    return build


def _with_layer(name: str, **options: Any) -> Any:
    """A layer of Keras between two convolutions, by its name."""

    def build(keras: Any) -> Any:
        image, x = _stem(keras, activation="linear")
        x = getattr(keras.layers, name)(**options)(x)
        x = keras.layers.Conv2D(24, 3, strides=2, activation="relu")(x)
        return _classes(keras, image, keras.layers.Flatten()(x))

    return build


def _dilated(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras)
    x = layers.Conv2D(16, 3, dilation_rate=2, padding="same", activation="relu")(x)
    x = layers.SeparableConv2D(24, 3, activation="relu")(x)
    return _classes(keras, image, layers.Flatten()(x))


def _transformer(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Reshape((16, 24))(layers.Conv2D(24, 2, strides=2)(image))
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 12)(y, y)])
    y = layers.Dense(48, activation="gelu")(layers.LayerNormalization()(x))
    x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(24)(y)]))
    return _classes(keras, image, layers.Flatten()(x))


def _mixer(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Reshape((16, 24))(layers.Conv2D(24, 2, strides=2)(image))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Dense(16)(layers.Dense(32, activation="gelu")(y))
    x = layers.Add()([x, layers.Permute((2, 1))(y)])
    y = layers.Dense(24)(layers.Dense(48, activation="gelu")(layers.LayerNormalization()(x)))
    return _classes(keras, image, layers.GlobalAveragePooling1D()(layers.Add()([x, y])))


def _metric(keras: Any) -> Any:
    layers = keras.layers
    image, x = _stem(keras)
    x = layers.Dense(16)(layers.Flatten()(layers.MaxPooling2D()(x)))
    x = layers.UnitNormalization()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def _autoencoder(up: str) -> Any:
    def build(keras: Any) -> Any:
        layers = keras.layers
        image, x = _stem(keras, strides=2)
        x = layers.Conv2D(8, 1, activation="relu")(x)
        if up == "transposed":
            x = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(x)
        else:
            x = layers.UpSampling2D(2, interpolation=up)(x)
            x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
        return keras.Model(image, layers.Conv2D(1, 3, padding="same")(x))

    return build


def _u_net(keras: Any) -> Any:
    layers = keras.layers
    image, top = _stem(keras, 12)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(top))
    x = layers.Concatenate()([layers.UpSampling2D(2, interpolation="nearest")(x), top])
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


IMAGES: tuple[Case, ...] = (
    *(
        Case(name, "image classification", digits, build, epochs)
        for name, build, epochs in (
            ("convolutions", _cnn, 8),
            ("rescaled pixels", _rescaled, 10),
            ("residual blocks", _residual, 8),
            ("depthwise separable, ReLU6", _depthwise, 12),
            ("inverted bottlenecks", _inverted, 8),
            ("squeeze and excite, hard swish", lambda k: _inverted(k, "hard_swish", True), 10),
            ("dense blocks", _dense_blocks, 8),
            ("branches", _branches, 30),
            ("SiLU bottlenecks", lambda k: _inverted(k, "silu"), 8),
            ("ConvNeXt blocks", _convnext, 10),
            ("dilated and separable", _dilated, 8),
            ("PReLU", _with_layer("PReLU", shared_axes=[1, 2]), 8),
            ("leaky ReLU", _with_layer("LeakyReLU", negative_slope=0.1), 8),
            ("group normalization", _with_layer("GroupNormalization", groups=4), 8),
            ("batch normalization alone", _with_layer("BatchNormalization", momentum=0.9), 10),
            ("SELU", _activated("selu"), 8),
            ("ELU", _activated("elu"), 8),
            ("mish", _activated("mish"), 8),
            ("softplus", _activated("softplus"), 12),
            ("vision transformer", _transformer, 25),
            ("MLP mixer", _mixer, 20),
            ("unit-length embedding", _metric, 12),
        )
    ),
    *(
        Case(
            f"autoencoder, {up}",
            "image reconstruction",
            images_to_rebuild,
            _autoencoder(up),
            12,
            "mse",
        )
        for up in ("transposed", "nearest", "bilinear")
    ),
    Case("U-Net", "segmentation", strokes, _u_net, 10, "binary_crossentropy"),
)
