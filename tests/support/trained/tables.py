"""Networks on tables: scikit-learn's, whose columns have units of all sizes."""

from functools import partial
from typing import Any

from support.trained.case import Case
from support.trained.samples import table


def _network(
    features: int, classes: int, activation: str, last: str, norm: str, **options: Any
) -> Any:
    def build(keras: Any) -> Any:
        layers = keras.layers
        row = keras.Input((features,), name="row")
        x = getattr(layers, norm)(**options)(row)
        x = layers.Dense(24, activation=activation)(x)
        x = layers.Dense(12, activation=activation)(x)
        return keras.Model(row, layers.Dense(classes, activation=last)(x))

    return build


def _root_mean_square(keras: Any) -> Any:
    layers = keras.layers
    row = keras.Input((13,), name="row")
    x = layers.Dense(24)(layers.Normalization()(row))
    x = layers.Dense(24, activation="relu")(layers.RMSNormalization()(x))
    return keras.Model(row, layers.Dense(3, activation="softmax")(x))


def _gated(keras: Any) -> Any:
    layers, ops = keras.layers, keras.ops
    row = keras.Input((4,), name="row")
    x = layers.Dense(16)(layers.Normalization()(row))
    x = ops.sqrt(ops.abs(x) + 0.1) * ops.sigmoid(x) / 2.0 - ops.square(x) * 0.1
    return keras.Model(row, layers.Dense(3, activation="softmax")(x))


TABLES: tuple[Case, ...] = tuple(
    Case(f"{name}, {activation}", "table", partial(table, name), build, 30, loss)
    for name, activation, build, loss in (
        ("iris", "tanh", _network(4, 3, "tanh", "softmax", "Normalization"),
         "sparse_categorical_crossentropy"),
        ("wine", "relu", _network(13, 3, "relu", "softmax", "Normalization"),
         "sparse_categorical_crossentropy"),
        ("wine", "softsign",
         _network(13, 3, "softsign", "softmax", "BatchNormalization", momentum=0.9),
         "sparse_categorical_crossentropy"),
        ("wine", "RMS normalization", _root_mean_square, "sparse_categorical_crossentropy"),
        ("iris", "keras.ops", _gated, "sparse_categorical_crossentropy"),
        ("breast_cancer", "swish", _network(30, 1, "swish", "sigmoid", "Normalization"),
         "binary_crossentropy"),
        ("diabetes", "relu", _network(10, 1, "relu", "linear", "Normalization"), "mse"),
    )
)  # fmt: skip
