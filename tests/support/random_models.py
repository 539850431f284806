"""Random functional Keras graphs, by seed, out of every layer that channel surgery follows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgecompress.keras_files.model import import_keras

keras = import_keras()
layers = keras.layers


def random_model(seed: int) -> Any:
    """Return a model of one to three inputs and outputs whose weights are all random."""
    return RandomGraph(seed).build()


def randomize(model: Any, rng: np.random.Generator) -> None:
    """Give every weight a value that a wrong slice would change the output by."""
    for weight in model.weights:
        shape = tuple(weight.shape)
        if "variance" in weight.path or "gamma" in weight.path:
            weight.assign(rng.uniform(0.5, 1.5, shape))
        elif len(shape) > 1:
            fan_in = max(1.0, np.prod(shape[:-1]))
            weight.assign(rng.normal(0, 1.5 / np.sqrt(fan_in), shape))
        else:
            weight.assign(rng.normal(0, 0.5, shape))


class RandomGraph:
    """Grows a graph step by step; every choice comes from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def width(self) -> int:
        return int(self.rng.integers(2, 7)) * 2

    def build(self) -> Any:
        grow = self.pick(self.images, self.images, self.images, self.sequences)
        inputs, features = grow()
        heads = []
        for index in range(self.pick(1, 1, 2)):
            hidden = layers.Dense(self.width(), activation=self.pick("relu", "tanh", None))(
                features
            )
            hidden = self.vector_step(hidden)
            heads.append(layers.Dense(3, name=f"head_{index}")(hidden))
        model = keras.Model(inputs, heads if len(heads) > 1 else heads[0])
        randomize(model, self.rng)
        return model

    # What grows images, of 8 x 8 pixels and any channels.

    def images(self) -> tuple[list[Any], Any]:
        inputs = [keras.Input((8, 8, self.pick(1, 3))) for _ in range(self.pick(1, 1, 2, 3))]
        maps = [layers.Conv2D(self.width(), 3, padding="same")(tensor) for tensor in inputs]
        for _ in range(int(self.rng.integers(3, 9))):
            index = int(self.rng.integers(len(maps)))
            step = self.pick(*self.image_steps())
            maps.append(step(maps[index]))
            if self.rng.random() < 0.5 and len(maps) > 2:
                maps.pop(int(self.rng.integers(len(maps))))
        return inputs, self.joined_vector(maps)

    def image_steps(self) -> list[Callable[[Any], Any]]:
        return [
            self.convolution, self.convolution, self.grouped, self.depthwise, self.depthwise,
            self.separable, self.transposed, self.normalized, self.normalized, self.activated,
            self.residual, self.residual, self.squeeze_excite, self.branches, self.resized,
            self.nested, self.shared, self.reshaped, self.permuted, self.operators, self.gated,
        ]  # fmt: skip

    def convolution(self, x: Any) -> Any:
        kernel = self.pick(1, 3, (1, 3))
        return layers.Conv2D(
            self.width(), kernel, padding="same", use_bias=self.pick(True, False),
            activation=self.pick(None, "relu", "sigmoid"), dilation_rate=self.pick(1, 2),
        )(x)  # fmt: skip

    def grouped(self, x: Any) -> Any:
        groups = self.pick(*[n for n in (2, 4, x.shape[-1]) if x.shape[-1] % n == 0])
        return layers.Conv2D(groups * self.pick(1, 2, 3), 3, padding="same", groups=groups)(x)

    def depthwise(self, x: Any) -> Any:
        layer = layers.DepthwiseConv2D(
            3, padding="same", depth_multiplier=self.pick(1, 1, 2), use_bias=self.pick(True, False)
        )
        return layer(x)

    def separable(self, x: Any) -> Any:
        multiplier = self.pick(1, 2)
        return layers.SeparableConv2D(
            self.width(), 3, padding="same", depth_multiplier=multiplier, activation="relu"
        )(x)

    def transposed(self, x: Any) -> Any:
        up = layers.Conv2DTranspose(self.width(), 3, strides=2, padding="same")(x)
        return layers.MaxPooling2D(2)(up)

    def normalized(self, x: Any) -> Any:
        channels = x.shape[-1]
        whole = layers.GroupNormalization(groups=self.pick(-1, 2 if channels % 2 == 0 else 1))
        return self.pick(layers.BatchNormalization(), layers.BatchNormalization(), whole)(x)

    def activated(self, x: Any) -> Any:
        layer = self.pick(
            layers.ReLU(max_value=6.0), layers.LeakyReLU(), layers.ELU(), layers.Dropout(0.3),
            layers.PReLU(shared_axes=[1, 2]), layers.PReLU(), layers.SpatialDropout2D(0.2),
            layers.Activation("hard_silu"), layers.GaussianNoise(0.1), layers.Softmax(axis=1),
            layers.Rescaling(0.5, offset=0.1), layers.Activation("tanh"),
        )  # fmt: skip
        return layer(x)

    def residual(self, x: Any) -> Any:
        y = layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")(x)
        y = layers.BatchNormalization()(y)
        y = layers.Conv2D(x.shape[-1], 1)(y)
        merge = self.pick("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average")
        return getattr(layers, merge)()([x, y])

    def squeeze_excite(self, x: Any) -> Any:
        s = layers.GlobalAveragePooling2D(keepdims=self.pick(True, False))(x)
        s = layers.Dense(self.width(), activation="relu")(s)
        s = layers.Dense(x.shape[-1], activation="sigmoid")(s)
        if len(s.shape) == 2 and self.rng.random() < 0.5:
            s = layers.Reshape((1, 1, x.shape[-1]))(s)
        return layers.Multiply()([x, s])

    def gated(self, x: Any) -> Any:
        """A spatial attention map of one channel, broadcast over all."""
        return layers.Multiply()([x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)])

    def branches(self, x: Any) -> Any:
        parts = [x, self.convolution(x), self.convolution(x)][self.pick(0, 1) :]
        return layers.Concatenate()(parts)

    def resized(self, x: Any) -> Any:
        if self.rng.random() < 0.5:
            padded = layers.ZeroPadding2D(1)(x)
            return layers.Cropping2D(self.pick(1, ((2, 0), (1, 1))))(padded)
        up = layers.UpSampling2D(2, interpolation=self.pick("nearest", "bilinear"))(x)
        return self.pick(layers.AveragePooling2D(2), layers.MaxPooling2D(2))(up)

    def nested(self, x: Any) -> Any:
        """A model inside the model, called once or twice."""
        inside = keras.Input(x.shape[1:])
        y = layers.Conv2D(self.width(), 3, padding="same", activation="relu")(inside)
        y = layers.Conv2D(x.shape[-1], 1)(layers.BatchNormalization()(y))
        if self.rng.random() < 0.5:
            y = layers.Add()([y, inside])
        block = keras.Model(inside, y)
        if self.rng.random() < 0.3:
            block = keras.Sequential([keras.Input(x.shape[1:]), block, layers.ReLU()])
        return block(block(x)) if self.rng.random() < 0.5 else block(x)

    def shared(self, x: Any) -> Any:
        """One convolution and one normalization called on two tensors."""
        conv, norm = layers.Conv2D(x.shape[-1], 3, padding="same"), layers.BatchNormalization()
        first = norm(conv(x))
        second = norm(conv(layers.ReLU()(first)))
        return self.pick(layers.Concatenate(), layers.Add())([first, second])

    def reshaped(self, x: Any) -> Any:
        height, width, channels = x.shape[1:]
        if self.rng.random() < 0.5:
            row = layers.Reshape((-1, channels))(x)
            row = layers.Conv1D(self.width(), 3, padding="same")(row)
            return layers.Reshape((height, width, row.shape[-1]))(row)
        small = layers.GlobalMaxPooling2D()(x)
        grown = layers.Dense(height * width * 2, activation="relu")(small)
        return layers.Reshape((height, width, 2))(grown)

    def permuted(self, x: Any) -> Any:
        turned = layers.Permute((3, 1, 2))(x)
        return (
            layers.Permute((3, 2, 1))(turned)
            if self.rng.random() < 0.5
            else (layers.Permute((2, 3, 1))(layers.ReLU()(turned)))
        )

    def operators(self, x: Any) -> Any:
        y = layers.Conv2D(x.shape[-1], 1)(x)
        return keras.ops.relu(self.pick(x + y, x * y, x - y, keras.ops.maximum(x, y))) * 0.5

    # What grows sequences of 6 steps.

    def sequences(self) -> tuple[list[Any], Any]:
        if self.rng.random() < 0.2:
            tokens = keras.Input((6,), dtype="int32")
            inputs, x = [tokens], layers.Embedding(10, self.width())(tokens)
        else:
            inputs = [keras.Input((6, 4))]
            x = layers.Conv1D(self.width(), 3, padding="same", activation="relu")(inputs[0])
        maps = [x]
        for _ in range(int(self.rng.integers(2, 6))):
            maps.append(self.pick(*self.sequence_steps())(maps[-1]))
        return inputs, self.joined_vector([self.recurrent(maps[-1]), *maps[-2:]])

    def sequence_steps(self) -> list[Callable[[Any], Any]]:
        return [
            self.recurrent, self.recurrent, self.bidirectional, self.stateful_pair,
            self.time_distributed, self.conv1d, self.separable1d, self.dense_residual,
        ]  # fmt: skip

    def recurrent(self, x: Any) -> Any:
        kind = self.pick(layers.GRU, layers.LSTM, layers.SimpleRNN)
        return kind(self.width(), return_sequences=True, go_backwards=self.pick(False, True))(x)

    def bidirectional(self, x: Any) -> Any:
        inner = self.pick(layers.GRU, layers.LSTM)(self.width(), return_sequences=True)
        mode = self.pick("concat", "sum", "mul", "ave", None)
        y = layers.Bidirectional(inner, merge_mode=mode)(x)
        return layers.Add()(list(y)) if mode is None else y

    def stateful_pair(self, x: Any) -> Any:
        """An encoder whose final states a decoder starts from."""
        units = self.width()
        kind = self.pick(layers.GRU, layers.LSTM)
        _, *states = kind(units, return_state=True, return_sequences=True)(x)
        return kind(units, return_sequences=True)(x, initial_state=states)

    def time_distributed(self, x: Any) -> Any:
        inside = keras.Input(x.shape[2:])
        block = keras.Model(inside, layers.Dense(self.width(), activation="relu")(inside))
        layer = self.pick(layers.Dense(self.width()), layers.BatchNormalization(), block)
        return layers.TimeDistributed(layer)(x)

    def conv1d(self, x: Any) -> Any:
        y = layers.Conv1D(self.width(), 3, padding="causal")(x)
        y = layers.DepthwiseConv1D(3, padding="same", depth_multiplier=self.pick(1, 2))(y)
        return layers.AveragePooling1D(2, strides=1, padding="same")(y)

    def separable1d(self, x: Any) -> Any:
        y = layers.SeparableConv1D(self.width(), 3, padding="same")(x)
        return layers.Conv1DTranspose(self.width(), 3, padding="same")(y)

    def dense_residual(self, x: Any) -> Any:
        y = layers.Dense(x.shape[-1], activation="relu")(x)
        return layers.Add()([x, layers.Dense(x.shape[-1])(y)])

    # What brings both to vectors of features.

    def joined_vector(self, maps: list[Any]) -> Any:
        vectors = [self.vector(tensor) for tensor in maps]
        return layers.Concatenate()(vectors) if len(vectors) > 1 else vectors[0]

    def vector(self, x: Any) -> Any:
        if self.rng.random() < 0.5:
            return layers.Flatten()(x)
        dimensions = len(x.shape) - 2
        pool = self.pick("GlobalAveragePooling", "GlobalMaxPooling")
        return getattr(layers, f"{pool}{dimensions}D")()(x)

    def vector_step(self, x: Any) -> Any:
        if self.rng.random() < 0.3:
            repeated = layers.RepeatVector(3)(x)
            x = layers.Flatten()(layers.Conv1D(self.width(), 2)(repeated))
        return layers.BatchNormalization()(x) if self.rng.random() < 0.5 else layers.PReLU()(x)
