"""Networks on time series: made motions of an inertial sensor, and waves to foretell."""

from collections.abc import Callable
from typing import Any

import numpy as np

from support.trained.case import Case
from support.trained.samples import motions, normal_motions, rows_of_digits, steady, waves


def _motion(keras: Any, body: Callable[[Any, Any], Any], classes: int = 4) -> Any:
    signal = keras.Input((32, 6), name="signal")
    x = body(keras.layers, signal)
    return keras.Model(signal, keras.layers.Dense(classes, activation="softmax")(x))


def _convolved(layers: Any, x: Any) -> Any:
    x = layers.Conv1D(16, 5, strides=2, activation="relu")(x)
    return layers.GlobalAveragePooling1D()(layers.Conv1D(24, 3, activation="relu")(x))


def _raw_units(layers: Any, x: Any) -> Any:
    """A first layer whose kernel starts in the size of its features' units."""
    sizes = np.array([0.2] * 3 + [150.0] * 3)[:, None]

    def start(shape: Any, dtype: Any = None) -> Any:
        return (np.random.default_rng(0).normal(0, 0.3, shape) / sizes).astype(dtype or "float32")

    x = layers.Conv1D(16, 5, strides=2, activation="relu", kernel_initializer=start)(x)
    return layers.GlobalAveragePooling1D()(layers.Conv1D(24, 3, activation="relu")(x))


def _causal(layers: Any, x: Any) -> Any:
    for rate in (1, 2, 4):
        y = layers.Conv1D(16, 3, dilation_rate=rate, padding="causal", activation="relu")(x)
        x = y if rate == 1 else layers.Add()([x, y])
    return layers.GlobalMaxPooling1D()(x)


def _attended(layers: Any, x: Any) -> Any:
    x = layers.Conv1D(16, 4, strides=4)(x)
    y = layers.MultiHeadAttention(2, 8)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.Dense(16)(layers.Dense(32, activation="relu")(x))
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([x, y])))


def _rows(keras: Any, body: Callable[[Any, Any], Any]) -> Any:
    rows = keras.Input((8, 8), name="rows")
    return keras.Model(rows, keras.layers.Dense(10, activation="softmax")(body(keras.layers, rows)))


def _stacked(layers: Any, x: Any) -> Any:
    return layers.LSTM(16)(layers.LSTM(16, return_sequences=True)(x))


def _convolved_first(layers: Any, x: Any) -> Any:
    return layers.LSTM(12)(layers.Conv1D(12, 3, strides=2)(x))


def _convolved_steps(layers: Any, x: Any) -> Any:
    return layers.Flatten()(layers.ConvLSTM1D(6, 3)(layers.Reshape((8, 8, 1))(x)))


def _framed(layers: Any, x: Any) -> Any:
    x = layers.Reshape((4, 8, 6))(x)
    x = layers.TimeDistributed(layers.Conv1D(12, 3, activation="relu"))(x)
    x = layers.TimeDistributed(layers.GlobalMaxPooling1D())(x)
    return layers.LSTM(12)(x)


def _autoencoder(transposed: bool) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        layers = keras.layers
        signal = keras.Input((32, 6), name="signal")
        x = layers.Conv1D(12, 5, strides=2, padding="same", activation="relu")(signal)
        x = layers.Conv1D(6, 3, padding="same", activation="relu")(x)
        if transposed:
            x = layers.Conv1DTranspose(12, 4, strides=2, padding="same", activation="relu")(x)
        else:
            x = layers.UpSampling1D(2)(x)
        return keras.Model(signal, layers.Conv1D(6, 3, padding="same")(x))

    return build


def _foretelling(keras: Any, body: Callable[[Any, Any], Any]) -> Any:
    signal = keras.Input((24, 1), name="signal")
    return keras.Model(signal, keras.layers.Dense(1)(body(keras.layers, signal)))


def _normalized(name: str, **options: Any) -> Callable[[Any, Any], Any]:
    return lambda layers, x: _convolved(layers, getattr(layers, name)(**options)(x))


def _of(data: Any, shape: Any, kind: str, epochs: int, bodies: dict[str, Any]) -> tuple[Case, ...]:
    return tuple(
        Case(name, kind, data, lambda keras, body=body: shape(keras, body), epochs)
        for name, body in bodies.items()
    )


SEQUENCES: tuple[Case, ...] = (
    *_of(motions, _motion, "mixed units", 25, {
        "Normalization first": _normalized("Normalization"),
        "BatchNormalization first": _normalized("BatchNormalization", momentum=0.9),
        "no normalization": _raw_units,
    }),
    *_of(steady, _motion, "motion", 12, {
        "causal, dilated": _causal,
        "attention": _attended,
        "convolution and LSTM": _convolved_first,
        "TimeDistributed and LSTM": _framed,
    }),
    *_of(rows_of_digits, _rows, "sequence", 25, {
        "LSTM": lambda layers, x: layers.LSTM(24)(x),
        "bidirectional LSTM": lambda layers, x: layers.Bidirectional(layers.LSTM(16))(x),
        "stacked LSTM": _stacked,
        "GRU": lambda layers, x: layers.GRU(24)(x),
        "simple RNN": lambda layers, x: layers.SimpleRNN(24)(x),
        "ConvLSTM": _convolved_steps,
    }),
    Case("autoencoder, transposed 1-D", "anomaly", normal_motions, _autoencoder(True), 15, "mse"),
    Case("autoencoder, upsampled 1-D", "anomaly", normal_motions, _autoencoder(False), 15, "mse"),
    Case("forecast, dense", "forecast", waves, lambda k: _foretelling(
        k, lambda layers, x: layers.Dense(32, activation="tanh")(layers.Flatten()(x))), 30, "mse"),
    Case("forecast, LSTM", "forecast", waves, lambda k: _foretelling(
        k, lambda layers, x: layers.LSTM(16)(x)), 20, "mse"),
)  # fmt: skip
