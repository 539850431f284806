"""Networks on token ids: made sentences of three topics."""

from collections.abc import Callable
from typing import Any

from support.trained.case import Case
from support.trained.samples import sentences


def _network(body: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        tokens = keras.Input((16,), dtype="int32", name="tokens")
        x = keras.layers.Embedding(60, 12)(tokens)
        x = body(keras.layers, x)
        return keras.Model(tokens, keras.layers.Dense(3, activation="softmax")(x))

    return build


def _transformer(layers: Any, x: Any) -> Any:
    y = layers.MultiHeadAttention(2, 6)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.Dense(12)(layers.Dense(24, activation="gelu")(x))
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([x, y])))


TEXT: tuple[Case, ...] = tuple(
    Case(f"embedding, {name}", "text", sentences, _network(body), 8)
    for name, body in {
        "mean": lambda layers, x: layers.GlobalAveragePooling1D()(x),
        "convolution": lambda layers, x: layers.GlobalMaxPooling1D()(
            layers.Conv1D(16, 3, activation="relu")(x)
        ),
        "bidirectional LSTM": lambda layers, x: layers.Bidirectional(layers.LSTM(8))(x),
        "transformer": _transformer,
    }.items()
)
