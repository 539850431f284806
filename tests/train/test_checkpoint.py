"""A training that was stopped goes on to the weights of one that never was."""

from dataclasses import replace

import numpy as np
import pytest

from edgecompress.keras_files.model import import_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.metrics import fitness
from edgecompress.train.checkpoint import Keeping
from edgecompress.train.fine_tune import Training, finetune
from edgecompress.train.interruption import Interruption

SETTINGS = Training(
    epochs=4, batch_size=64, learning_rate=3e-3, augmentation="shift", deadline_seconds=600.0
)


class KilledError(Exception):
    """What a test stops a training with, where SIGKILL would."""


@pytest.fixture(scope="module")
def network():
    """An untrained network with all that a step changes: batch norm, dropout, two paths."""
    keras = import_keras()
    keras.utils.set_random_seed(3)
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(image)
    x = first = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.3)(layers.Conv2D(8, 3, padding="same", activation="relu")(x))
    x = layers.Flatten()(layers.MaxPooling2D()(layers.Add()([x, first])))
    return keras.Model(image, layers.Dense(10)(layers.Dropout(0.2)(x)), name="network")


class _AfterSteps(Interruption):
    """Asks to end after so many steps of training."""

    def __init__(self, steps):
        super().__init__()
        self._answers = iter([False] * steps)

    @property
    def asked(self):
        return next(self._answers, True)


def _killed_after(epoch):
    def on_epoch(done):
        if done.number == epoch:
            raise KilledError

    return on_epoch


def _numbers(*epochs):
    return [epoch.number for epoch in epochs]


def _weights(model):
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


@pytest.fixture(scope="module")
def undisturbed(network, digits_model, digits_splits):
    train, validation, _ = digits_splits
    trained = finetune(network, train, validation, SETTINGS, teacher=digits_model)
    assert fitness("classification", outputs_of(trained, validation.x), validation) > 0.3
    return trained


def test_it_goes_on_to_the_same_weights(
    network, digits_model, digits_splits, undisturbed, tmp_path
):
    train, validation, _ = digits_splits
    keeping = Keeping(tmp_path)

    def go_on(on_epoch):
        return finetune(
            network, train, validation, SETTINGS, teacher=digits_model, on_epoch=on_epoch,
            keeping=keeping,
        )  # fmt: skip

    for epoch in (2, 3):  # killed after judging the epoch, before it was kept: it is done again
        with pytest.raises(KilledError):
            go_on(_killed_after(epoch))
    epochs = []
    resumed = go_on(epochs.append)
    assert _numbers(*epochs) == [1, 2, 3, 4]  # those that were kept are told again
    assert [epoch.seconds for epoch in epochs] == sorted(epoch.seconds for epoch in epochs)
    assert np.array_equal(_weights(resumed), _weights(undisturbed))
    again = []
    assert np.array_equal(_weights(go_on(again.append)), _weights(undisturbed))
    assert again == epochs  # a finished training is told, to the same seconds, and not done again


def test_it_goes_on_within_an_epoch(
    network, digits_model, digits_splits, undisturbed, tmp_path, monkeypatch
):
    train, validation, _ = digits_splits
    monkeypatch.setattr("edgecompress.train.epochs._SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    keeping = Keeping(tmp_path, _AfterSteps(31))  # one look before, 19 in an epoch
    epochs = []
    cut = finetune(
        network, train, validation, SETTINGS, teacher=digits_model, on_epoch=epochs.append,
        keeping=keeping,
    )  # fmt: skip
    assert _numbers(*epochs) == [1, 2]
    assert not np.array_equal(_weights(cut), _weights(network))  # the best so far is usable
    resumed = finetune(
        network, train, validation, SETTINGS, teacher=digits_model, keeping=Keeping(tmp_path)
    )
    assert np.array_equal(_weights(resumed), _weights(undisturbed))


def test_a_training_that_is_asked_to_end_at_once_has_nothing_to_give(
    network, digits_splits, tmp_path
):
    train, validation, _ = digits_splits
    with pytest.raises(KeyboardInterrupt):
        finetune(
            network, train, validation, SETTINGS,
            keeping=Keeping(tmp_path, _AfterSteps(0)),
        )  # fmt: skip


@pytest.mark.parametrize("change", ["seed", "data", "model", "damaged"])
def test_what_belongs_to_another_training_is_left_alone(network, digits_splits, tmp_path, change):
    train, validation, _ = digits_splits
    settings = replace(SETTINGS, epochs=1, batch_size=256)
    finetune(network, train, validation, settings, keeping=Keeping(tmp_path))
    model = network
    if change == "seed":
        settings = replace(settings, seed=1)
    elif change == "data":
        train = train.take(np.arange(train.size - 1))
    elif change == "model":
        model = import_keras().models.clone_model(network)
    else:
        (file,) = tmp_path.iterdir()
        file.write_bytes(file.read_bytes()[:-100])
    epochs = []
    finetune(model, train, validation, settings, on_epoch=epochs.append, keeping=Keeping(tmp_path))
    assert _numbers(*epochs) == [1]


def test_a_faster_machine_does_not_change_the_weights(
    network, digits_model, digits_splits, undisturbed
):
    """The learning rate follows the clock only where time is short."""
    train, validation, _ = digits_splits
    settings = replace(SETTINGS, deadline_seconds=60.0)
    other = finetune(network, train, validation, settings, teacher=digits_model)
    assert np.array_equal(_weights(other), _weights(undisturbed))
