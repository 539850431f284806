"""Keras models: those that call a layer or a model more than once, and a small MobileNet."""

from edgecompress.keras_files.model import import_keras

keras = import_keras()
layers = keras.layers


def shared_layers():
    """One convolution called three times, on different tensors."""
    first, second = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    conv, deeper = layers.Conv2D(8, 3, activation="relu"), layers.Conv2D(8, 3, padding="same")
    x, y = conv(first), conv(second)
    x, y = deeper(x), deeper(deeper(y))
    joined = layers.Concatenate()([layers.Flatten()(x), layers.GlobalMaxPooling2D()(y)])
    return keras.Model([first, second], layers.Dense(4)(joined))


def nested_models():
    """An encoder called twice, inside a model called twice; one model is a Sequential."""
    image = keras.Input((8, 8, 6))
    encoder = keras.Sequential(
        [keras.Input((8, 8, 6)), layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(),
         layers.ReLU(), layers.Conv2D(6, 1)], name="encoder",
    )  # fmt: skip
    block = keras.Model(image, layers.Add()([encoder(encoder(image)), image]), name="block")
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 1)(start)
    x = block(block(x))
    return keras.Model(start, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def mobile_net(classes: int = 2):
    """A MobileNet of a few layers on images of 48 x 48, whose memory TFLM's planner fragments."""
    image = keras.Input((48, 48, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    for width, stride in ((16, 1), (32, 2), (32, 1), (64, 2)):
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", activation="relu")(x)
        x = layers.Conv2D(width, 1, activation="relu")(x)
    x = layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, x)
