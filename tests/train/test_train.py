"""Fine-tuning: what comes back is never worse, and is what the settings say."""

import time
from dataclasses import replace

import numpy as np
import pytest

from edgecompress.dataset import Split
from edgecompress.errors import DataError, UsageError
from edgecompress.keras_files.model import import_keras
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.metrics import fitness
from edgecompress.train.fine_tune import Training, finetune

SHORT = Training(epochs=3, batch_size=64, learning_rate=3e-3)


@pytest.fixture(scope="module")
def keras():
    return import_keras()


@pytest.fixture
def untrained(keras, digits_model):
    """The digits network with new weights, always the same."""
    keras.utils.set_random_seed(5)
    return keras.models.clone_model(digits_model)


def _weights(model):
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def _dense(keras, units, outputs, activation=None, inputs=4):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(units, activation="relu"), keras.layers.Dense(outputs, activation)]
    return keras.Sequential([keras.Input((inputs,)), *layers])


def test_it_learns_and_leaves_the_original_alone(untrained, digits_splits):
    train, validation, _ = digits_splits
    before = _weights(untrained)
    epochs = []
    trained = finetune(untrained, train, validation, SHORT, on_epoch=epochs.append)
    assert fitness("classification", outputs_of(trained, validation.x), validation) > 0.8
    assert np.array_equal(_weights(untrained), before)
    assert [epoch.number for epoch in epochs] == [1, 2, 3]
    assert epochs[-1].best == max(epoch.score for epoch in epochs)
    assert epochs[-1].loss < epochs[0].loss


def test_equal_arguments_give_equal_weights(untrained, digits_splits):
    train, validation, _ = digits_splits
    settings = replace(SHORT, epochs=1, augmentation="shift+flip")
    once, again = (finetune(untrained, train, validation, settings) for _ in range(2))
    other = finetune(untrained, train, validation, replace(settings, seed=1))
    assert np.array_equal(_weights(once), _weights(again))
    assert not np.array_equal(_weights(once), _weights(other))


def test_a_model_that_only_gets_worse_comes_back_as_it_was(digits_model, digits_splits):
    train, validation, _ = digits_splits
    ruinous = Training(epochs=2, learning_rate=10.0, schedule="constant", optimizer="sgd")
    trained = finetune(digits_model, train, validation, ruinous)
    assert np.array_equal(_weights(trained), _weights(digits_model))


def test_patience_ends_the_training(digits_model, digits_splits):
    train, validation, _ = digits_splits
    epochs = []
    ruinous = Training(epochs=9, learning_rate=10.0, schedule="constant", patience=2)
    finetune(digits_model, train, validation, ruinous, on_epoch=epochs.append)
    assert len(epochs) == 2


def test_patience_does_not_wait_for_what_is_only_as_good(digits_model, digits_splits):
    train, validation, _ = digits_splits
    epochs = []
    settings = Training(epochs=9, learning_rate=1e-9, patience=3)  # changes no answer
    few = Split(validation.x[:40], validation.y[:40])
    finetune(digits_model, train, few, settings, on_epoch=epochs.append)
    assert len(epochs) == 3
    assert all(epoch.score == epochs[0].best for epoch in epochs)


def test_patience_waits_for_what_is_enough(digits_model, digits_splits):
    train, validation, _ = digits_splits
    epochs = []
    ruinous = Training(epochs=4, learning_rate=10.0, schedule="constant", patience=2, enough=1.1)
    finetune(digits_model, train, validation, ruinous, on_epoch=epochs.append)
    assert len(epochs) == 4


def test_a_deadline_is_kept_within_an_epoch(untrained, digits_splits):
    train, validation, _ = digits_splits
    finetune(untrained, train, validation, replace(SHORT, epochs=1))  # imports, first traces
    began = time.monotonic()
    endless = replace(SHORT, epochs=100_000, deadline_seconds=4.0)
    trained = finetune(untrained, train, validation, endless)
    assert time.monotonic() - began < 60  # not hours
    after = fitness("classification", outputs_of(trained, validation.x), validation)
    assert after >= fitness("classification", outputs_of(untrained, validation.x), validation)


def test_masked_weights_stay_zero(untrained, digits_splits):
    train, validation, _ = digits_splits
    kernel = untrained.get_layer("down").kernel
    mask = np.random.default_rng(0).random(kernel.shape) < 0.5
    trained = finetune(untrained, train, validation, SHORT, masks={kernel.path: mask})
    values = trained.get_layer("down").kernel.numpy()
    assert not values[~mask].any()
    assert values[mask].all()
    with pytest.raises(UsageError, match="nowhere"):
        finetune(untrained, train, validation, SHORT, masks={"nowhere/kernel": mask})


@pytest.mark.parametrize("penalty", [{"l1": 1e-3}, {"l2": 1e-2}, {"group_lasso": 1e-3}], ids=str)
def test_penalties_make_weights_small(penalty, keras, digits_splits):
    flat = [Split(split.x.reshape(split.size, -1), split.y) for split in digits_splits[:2]]
    model = _dense(keras, 32, 10, "softmax", 64)
    free, held = (
        finetune(model, *flat, settings, score=lambda *_: 0.0)
        for settings in (replace(SHORT, epochs=8), replace(SHORT, epochs=8, **penalty))
    )
    size = [np.abs(trained.layers[0].kernel.numpy()).sum() for trained in (free, held)]
    assert size[1] < 0.8 * size[0]


def test_logits_and_probabilities_train_alike(keras, digits_splits):
    train, validation, _ = digits_splits
    flat = [Split(split.x.reshape(split.size, -1), split.y) for split in (train, validation)]
    models = [_dense(keras, 16, 10, activation, 64) for activation in (None, "softmax")]
    trained = [finetune(model, *flat, SHORT, task="classification") for model in models]
    assert np.allclose(_weights(trained[0]), _weights(trained[1]), atol=1e-4)


def test_binary_regression_and_reconstruction(keras):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 4), dtype=np.float32)
    settings = Training(epochs=25, learning_rate=1e-2)
    cases = {
        "binary": ((x[:, 0] > x[:, 1]).astype(np.int64), _dense(keras, 8, 1, "sigmoid")),
        "regression": (x[:, :1] * 3 + x[:, 1:2], _dense(keras, 16, 1)),
        "reconstruction": (None, _dense(keras, 16, 4)),
    }
    for task, (y, model) in cases.items():
        train = Split(x[:400], None if y is None else y[:400])
        validation = Split(x[400:], None if y is None else y[400:])
        trained = finetune(model, train, validation, settings)
        assert fitness(task, outputs_of(trained, validation.x), validation) > 0.9, task


def test_class_weights_favour_the_rare_class(keras):
    rng = np.random.default_rng(0)
    y = (rng.random(1000) < 0.05).astype(np.int64)
    x = (rng.standard_normal((1000, 4)) + y[:, None]).astype(np.float32)
    recalls = []
    for weights in (None, "balanced"):
        settings = Training(epochs=10, learning_rate=1e-2, class_weights=weights)
        model = _dense(keras, 8, 2)
        trained = finetune(model, Split(x, y), Split(x, y), settings, score=lambda *_: 0.0)
        recalls.append((outputs_of(trained, x)[y == 1].argmax(axis=1) == 1).mean())
    assert recalls[1] > recalls[0] + 0.2


def test_a_loss_and_a_metric_of_the_users(keras):
    x = np.random.default_rng(0).standard_normal((300, 4), dtype=np.float32)
    data = Split(x, x[:, :1])

    def to_seven(y, outputs):
        del y
        return (outputs[:, 0] - 7.0) ** 2

    trained = finetune(
        _dense(keras, 8, 1),
        data,
        data,
        Training(epochs=40, learning_rate=3e-2),
        loss=to_seven,
        score=lambda outputs, _: -abs(float(outputs.mean()) - 7),
    )
    assert abs(outputs_of(trained, x).mean() - 7) < 0.5


def test_without_samples_or_labels_there_is_nothing_to_learn(untrained):
    with pytest.raises(DataError, match="no training samples"):
        finetune(untrained, Split(np.zeros((0, 8, 8, 1), np.float32)), Split(np.zeros(0)), SHORT)
    images = Split(np.zeros((4, 8, 8, 1), np.float32))
    with pytest.raises(DataError, match="no labels"):
        finetune(untrained, images, images, SHORT)
