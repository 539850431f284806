"""Recurrent layers and layers of sequences: trained on the rows of digits, run by TFLM."""

from collections import Counter

import numpy as np
import pytest

from edgecompress.errors import ConversionError
from edgecompress.keras_files.model import import_keras, set_seed
from edgecompress.quantize.layer_errors import layer_errors
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.interpreter import predict
from edgecompress.tflite.reader import read_model

LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"


@pytest.fixture(scope="module")
def keras():
    return import_keras()


@pytest.fixture(scope="module")
def rows(digits_splits):
    """Digits as sequences of eight rows, and their classes, as (train, test)."""
    train, validation, test = digits_splits
    x = np.concatenate([train.x, validation.x])
    y = np.concatenate([train.y, validation.y])
    return (x[..., 0], y), (test.x[..., 0], test.y)


def trained(keras, layers, data, epochs=12):
    set_seed(0)
    model = keras.Sequential([keras.Input(data[0].shape[1:]), *layers])
    model.add(keras.layers.Dense(10, activation="softmax", name="digit"))
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    model.fit(*data, batch_size=64, epochs=epochs, verbose=0)
    return model


def operators(tflite):
    return Counter(operator.op for operator in read_model(tflite).main.operators)


def accuracy_lost(model, tflite, data):
    """Return the percentage points between the float model and TFLM's integers."""
    x, y = data
    exact, (rounded,) = model.predict(x, verbose=0), predict(tflite, x)
    return 100 * float((exact.argmax(1) == y).mean() - (rounded.argmax(1) == y).mean())


KINDS = {
    "lstm": (lambda k: [k.LSTM(16)], 1),
    "backwards": (lambda k: [k.LSTM(16, go_backwards=True, use_bias=False)], 1),
    "stacked": (lambda k: [k.LSTM(16, return_sequences=True), k.LSTM(16)], 2),
    "cell": (lambda k: [k.RNN(k.LSTMCell(16))], 1),
    "concat": (lambda k: [k.Bidirectional(k.LSTM(12))], 2),
    "sum": (
        lambda k: [k.Bidirectional(k.LSTM(12, return_sequences=True), "sum"), k.Flatten()],
        2,
    ),
    "ave": (lambda k: [k.Bidirectional(k.LSTM(12), "ave")], 2),
    "mul": (
        lambda k: [
            k.Bidirectional(k.LSTM(12, return_sequences=True), "mul"),
            k.GlobalMaxPooling1D(),
        ],
        2,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_lstm_is_one_operator_and_as_right_as_in_float(kind, keras, rows):
    layers, count = KINDS[kind]
    train, test = rows
    model = trained(keras, layers(keras.layers), train)
    tflite = quantize(model, train[0])
    assert operators(tflite)[LSTM] == count
    assert accuracy_lost(model, tflite, test) <= 1
    answers, (rounded,) = model.predict(test[0], verbose=0), predict(tflite, test[0])
    assert np.abs(answers - rounded).mean() < 0.01


@pytest.fixture(scope="module")
def lstm(keras, rows):
    return trained(keras, [keras.layers.LSTM(16, name="memory")], rows[0])


def test_an_inference_knows_nothing_of_the_one_before(lstm, rows):
    x = rows[1][0][:60]
    tflite = quantize(lstm, rows[0][0])
    (forth,), (back,) = predict(tflite, x), predict(tflite, x[::-1])
    assert np.array_equal(forth, back[::-1])


@pytest.mark.parametrize(
    "choices",
    [{"method": "percentile"}, {"method": "mse"}, {"scheme": "pow2"}, {"bias_correction": True}],
    ids=str,
)
def test_an_lstm_goes_with_the_other_choices(choices, lstm, rows):
    tflite = quantize(lstm, rows[0][0], **choices)
    assert operators(tflite)[LSTM] == 1
    assert accuracy_lost(lstm, tflite, rows[1]) <= 1


def test_16_bit_activations_and_unrolling_write_the_steps_out(lstm, rows, caplog):
    asked = quantize(lstm, rows[0][0], unroll=True)
    wide = quantize(lstm, rows[0][0], "int16x8")
    for tflite in (asked, wide):
        assert operators(tflite)[LSTM] == 0
        assert operators(tflite)["TANH"] == 16  # two for each of eight steps
        assert accuracy_lost(lstm, tflite, rows[1]) <= 1
    assert "memory is unrolled to 8 steps: asked for" in caplog.text


def test_equal_input_gives_equal_bytes(lstm, rows):
    assert quantize(lstm, rows[0][0]) == quantize(lstm, rows[0][0])


def test_the_layers_of_lstms_are_named(keras, rows):
    layers = keras.layers
    stack = [layers.LSTM(5, return_sequences=True, name="first"), layers.LSTM(5, name="second")]
    model = keras.Sequential([keras.Input((8, 8)), *stack])
    errors = layer_errors(model, quantize(model, rows[0][0]), rows[0][0])
    assert {error.layer for error in errors if error.op == LSTM} == {"first", "second"}
    assert all(error.snr_db > 25 for error in errors), errors


def test_a_cell_that_counts_is_not_clipped(keras):
    # All gates open: the cell state counts to 24, and back to where the sign of the sum shows.
    # The converter's kernel clips at 10, and would forget what went beyond.
    model = keras.Sequential([keras.Input((30, 1)), keras.layers.LSTM(1)])
    wide = 20.0
    model.layers[0].set_weights(
        [
            np.array([[1e-3, 1e-3, wide, 1e-3]]),
            np.full((1, 4), 1e-3),
            np.array([wide, wide, 0, wide]),
        ]
    )
    rng = np.random.default_rng(0)
    ups = rng.integers(8, 25, 80)
    x = np.array([[1.0] * up + [-1.0] * (30 - up) for up in ups], np.float32)[..., None]
    (rounded,) = predict(quantize(model, x), x)
    exact = model.predict(x, verbose=0)
    assert np.abs(exact.ravel() - rounded.ravel()).max() < 0.1  # the gates hold 8 of the 20


def test_what_the_operator_cannot_do_is_written_out_and_said(keras, rows, caplog):
    layers = keras.layers
    x = keras.Input((8, 8))
    sequence, *states = layers.LSTM(4, return_sequences=True, return_state=True, name="coder")(x)
    y = layers.LSTM(4, name="decoder")(sequence, initial_state=states)
    model = keras.Model(x, layers.LSTM(3, activation="relu", name="odd")(layers.Reshape((4, 1))(y)))
    tflite = quantize(model, rows[0][0])
    assert operators(tflite)[LSTM] == 0
    for reason in (
        "coder is unrolled to 8 steps: TFLM's LSTM does not give its state",
        "decoder is unrolled to 8 steps: its first state is not zero",
        "odd is unrolled to 4 steps: TFLM's LSTM has tanh and sigmoid, not relu and sigmoid",
    ):
        assert reason in caplog.text
    exact, (rounded,) = model.predict(rows[1][0], verbose=0), predict(tflite, rows[1][0])
    assert np.abs(exact - rounded).max() < 0.1 * np.abs(exact).max() + 0.01


def test_a_stateful_layer_is_refused_by_name(keras):
    inputs = keras.Input(batch_shape=(1, 8, 8))
    model = keras.Model(inputs, keras.layers.LSTM(4, stateful=True, name="endless")(inputs))
    with pytest.raises(ConversionError, match="'endless' is stateful"):
        quantize(model, np.zeros((3, 8, 8), np.float32))


def test_the_model_is_left_as_it_was(lstm, rows):
    before = dict(vars(lstm.get_layer("memory")))
    quantize(lstm, rows[0][0][:20])
    after = vars(lstm.get_layer("memory"))
    assert before.keys() == after.keys()
    assert (after["unroll"], lstm.get_layer("memory").cell.implementation) == (False, 2)


def test_a_mask_is_refused_by_name(keras):
    layers = [keras.layers.Masking(), keras.layers.LSTM(4, name="skipping")]
    model = keras.Sequential([keras.Input((8, 8)), *layers])
    with pytest.raises(ConversionError, match=r"^layer 'skipping' gets a mask"):
        quantize(model, np.ones((3, 8, 8), np.float32))


@pytest.mark.parametrize(
    ("layer", "steps"),
    [
        (lambda k: k.GRU(16), 12),
        (lambda k: k.GRU(16, reset_after=False, go_backwards=True), 12),
        (lambda k: k.SimpleRNN(16), 3),
    ],
    ids=["GRU", "GRU of Keras 1", "SimpleRNN"],
)
def test_other_recurrent_layers_are_few_operators_a_step(layer, steps, keras, rows):
    train, test = rows
    model = trained(keras, [layer(keras.layers)], train)
    tflite = quantize(model, train[0])
    assert operators(tflite).total() <= 8 * steps + 8
    assert accuracy_lost(model, tflite, test) <= 1
    tensors = {(t.shape, t.quantization) for t in read_model(tflite).main.tensors if t.data is None}
    assert len(tensors) < 2 * steps + 8, "what differs only in its step is described once"


def test_time_distributed_layers_take_all_frames_at_once(keras, rows):
    layers = keras.layers
    stack = [
        layers.Reshape((2, 4, 8, 1)),
        layers.TimeDistributed(layers.Conv2D(8, 3, activation="relu", padding="same")),
        layers.TimeDistributed(layers.MaxPooling2D()),
        layers.TimeDistributed(layers.Flatten()),
        layers.TimeDistributed(layers.Dense(16, activation="relu")),
        layers.LSTM(16),
    ]
    train, test = rows
    model = trained(keras, stack, train)
    tflite = quantize(model, train[0])
    assert operators(tflite)["CONV_2D"] == 1
    assert operators(tflite)["FULLY_CONNECTED"] == 2
    assert accuracy_lost(model, tflite, test) <= 1
