"""Networks on sound: made tones, as samples and as spectrograms."""

from typing import Any

from support.trained.case import Case
from support.trained.samples import spectrograms, tones


def _answer(keras: Any, source: Any, x: Any) -> Any:
    return keras.Model(source, keras.layers.Dense(4, activation="softmax")(x))


def _keywords(keras: Any) -> Any:
    """Depthwise separable, after Zhang et al., "Hello Edge", 2017."""
    layers = keras.layers
    frames = keras.Input((31, 16, 1), name="frames")
    x = layers.Conv2D(16, (10, 4), strides=2, padding="same", activation="relu")(frames)
    for _ in range(2):
        x = layers.ReLU()(
            layers.BatchNormalization(momentum=0.9)(layers.DepthwiseConv2D(3, padding="same")(x))
        )
        x = layers.Conv2D(24, 1, activation="relu")(x)
    return _answer(keras, frames, layers.GlobalAveragePooling2D()(x))  # fmt: skip


def _recurrent(keras: Any) -> Any:
    layers = keras.layers
    frames = keras.Input((31, 16, 1), name="frames")
    x = layers.Conv2D(8, 3, strides=(4, 2), activation="relu")(frames)
    x = layers.Reshape((8, 56))(layers.ZeroPadding2D(((0, 0), (0, 0)))(x))
    return _answer(keras, frames, layers.LSTM(16)(x))


def _raw(keras: Any) -> Any:
    layers = keras.layers
    sound = keras.Input((512, 1), name="sound")
    x = layers.Conv1D(16, 32, strides=8, activation="relu")(sound)
    x = layers.MaxPooling1D(2)(layers.Conv1D(24, 5, activation="relu")(x))
    x = layers.Conv1D(24, 3, activation="relu")(x)
    return _answer(keras, sound, layers.GlobalAveragePooling1D()(x))


AUDIO: tuple[Case, ...] = (
    Case("keyword spotting", "sound", spectrograms, _keywords, 10),
    Case("convolution and LSTM on frames", "sound", spectrograms, _recurrent, 12),
    Case("raw samples", "sound", tones, _raw, 25),
)
