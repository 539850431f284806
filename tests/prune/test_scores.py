"""Scores tell which channels a model needs; widths follow from rates."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from support.surgery_checks import outputs_of

from edgecompress.dataset import Split
from edgecompress.errors import DataError, UsageError
from edgecompress.evaluate.score import evaluate
from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import mask_channels, prune_channels
from edgecompress.keras_files.model import import_keras
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.rates import widths_for_rate
from edgecompress.prune.scores import METHODS, score_channels

keras = import_keras()
layers = keras.layers


@pytest.fixture(scope="module")
def digits():
    """A network trained on scikit-learn's digits, with what it was trained and judged on."""
    x, y = load_digits(return_X_y=True)
    x, y = (x / 16).astype("float32").reshape(-1, 8, 8, 1), y.astype("int64")
    keras.utils.set_random_seed(0)
    start = keras.Input((8, 8, 1))
    t = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(start)))
    t = layers.MaxPooling2D()(t)
    r = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(t)))
    t = layers.Add()([t, r])
    t = layers.Dense(32, activation="relu")(layers.Flatten()(t))
    model = keras.Model(start, layers.Dense(10, activation="softmax")(t))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x[:1300], y[:1300], epochs=12, batch_size=64, verbose=0)
    return model, Split(x[:1300], y[:1300]), Split(x[1300:], y[1300:])


def accuracy_at(digits, method, rate, *, labels=True, seed=0):
    model, train, test = digits
    groups = find_groups(model)
    train = train if labels else Split(train.x)
    scores = score_channels(model, groups, method, train, seed)
    keep = choose_channels(scores, widths_for_rate(groups, rate, 1), groups)
    return evaluate(prune_channels(model, keep), test, "classification")["accuracy"]


def test_taylor_keeps_what_the_model_needs(digits):
    """Without any training after pruning: clearly above chance choice, on unseen samples."""
    random = np.mean([accuracy_at(digits, "random", 0.4, seed=seed) for seed in range(4)])
    taylor = accuracy_at(digits, "taylor", 0.4)
    unlabelled = accuracy_at(digits, "taylor", 0.4, labels=False)
    assert accuracy_at(digits, "taylor", 0.0) > 0.9
    assert taylor > random + 0.1
    assert unlabelled > random + 0.1


def test_taylor_is_the_first_order_effect_of_masking(digits):
    """Against the loss itself: weights that read a channel, scaled down by a thousandth."""
    model, train, _ = digits
    groups = [group for group in find_groups(model) if group.frozen is None]
    one = train.take(np.array([7]))
    scores = score_channels(model, groups, "taylor", one, samples=1)

    def loss(keep):
        original, masked = outputs_of(model, [one.x])[0], mask_channels(model, keep)
        weights = [
            w + 1e-3 * (m - w)
            for w, m in zip(model.get_weights(), masked.get_weights(), strict=True)
        ]
        masked.set_weights(weights)
        nearby = outputs_of(masked, [one.x])[0]
        label = one.y[0]
        return float(np.log(original[0, label]) - np.log(nearby[0, label])) / 1e-3

    name = groups[-1].name
    for channel in np.argsort(-scores[name])[:3].tolist():
        keep = {name: [i for i in range(groups[-1].channels) if i != channel]}
        assert abs(loss(keep)) == pytest.approx(scores[name][channel], rel=0.05)


def test_a_channel_that_does_nothing_scores_nothing(digits):
    model, train, _ = digits
    dead = prune_channels(model, {})
    kernel, bias = dead.layers[-2].get_weights()
    kernel[:, 5], bias[5] = 0, -1  # never passes its ReLU
    dead.layers[-2].set_weights([kernel, bias])
    groups = find_groups(dead)
    name = groups[-2].name
    for method in ("l1", "l2", "taylor", "activation"):
        scores = score_channels(dead, groups, method, train)[name]
        assert scores[5] == 0, method
        assert np.count_nonzero(scores) > 16, method  # training leaves some units dead itself


def test_norms_are_those_of_the_filters():
    start = keras.Input((6, 6, 2))
    conv = layers.Conv2D(3, 1, use_bias=False, name="conv")
    model = keras.Model(start, layers.Dense(1)(layers.GlobalMaxPooling2D()(conv(start))))
    conv.set_weights([np.array([[[[3.0, 0.0, 1.0], [4.0, 0.0, -1.0]]]])])
    groups = find_groups(model)
    l1 = score_channels(model, groups, "l1")["conv"]
    l2 = score_channels(model, groups, "l2")["conv"]
    np.testing.assert_allclose(l1, np.array([7, 0, 2]) / 3, rtol=1e-6)
    np.testing.assert_allclose(l2, np.array([5, 0, 2**0.5]) / ((5 + 2**0.5) / 3), rtol=1e-6)


def test_batch_norm_scales_are_scores(digits):
    model, _, _ = digits
    norm = next(x for x in model.layers if isinstance(x, layers.BatchNormalization))
    groups = find_groups(model)
    scores = score_channels(model, groups, "bn-gamma")
    assert set(scores) == {group.name for group in groups}
    norms = [x for x in model.layers if isinstance(x, layers.BatchNormalization)]
    gammas = np.mean([np.abs(x.gamma.numpy()) for x in norms], axis=0)  # joined by the addition
    assert norm.gamma.shape == (16,)
    np.testing.assert_array_equal(np.argsort(scores[groups[0].name]), np.argsort(gammas))


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_the_same_for_the_same_seed(digits, method):
    model, train, _ = digits
    groups = find_groups(model)
    first, again = (
        score_channels(model, groups, method, train, seed=3, samples=20) for _ in range(2)
    )
    for group in groups:
        assert first[group.name].shape == (group.channels,)
        np.testing.assert_array_equal(first[group.name], again[group.name])
        assert (first[group.name] >= 0).all()


def test_data_scores_need_data(digits):
    model, train, _ = digits
    groups = find_groups(model)
    with pytest.raises(UsageError, match="score taylor needs samples; give --data"):
        score_channels(model, groups, "taylor")
    with pytest.raises(UsageError, match="it is one of l1, l2"):
        score_channels(model, groups, "l3")
    for method in ("taylor", "activation"):
        with pytest.raises(DataError, match="no samples"):
            score_channels(model, groups, method, Split(train.x[:0], train.y[:0]))


def partly_tied_groups():
    start = keras.Input((4,))
    narrow = [layers.Dense(6, name=f"narrow_{i}")(start) for i in range(2)]
    added = layers.Add()([layers.Concatenate()(narrow), layers.Dense(12)(start)])
    return find_groups(keras.Model(start, layers.Dense(2)(added)))


def test_every_layer_keeps_a_channel():
    groups = partly_tied_groups()
    scores = {"narrow_0": np.arange(12.0)}  # all of narrow_1 before any of narrow_0
    assert choose_channels(scores, {"narrow_0": 4}, groups) == {"narrow_0": [5, 9, 10, 11]}
    assert choose_channels(scores, {"narrow_0": 1}, groups) == {"narrow_0": [5, 11]}


def test_widths_follow_the_rate_on_the_kernels_grid(shared_dir):
    from edgecompress.keras_files.model import load_keras

    model = load_keras(shared_dir / "models" / "mlperf_tiny" / "ic_resnet8.h5")
    groups = find_groups(model)
    widths = widths_for_rate(groups, 0.3, 4)
    assert widths == {
        "conv2d": 12, "conv2d_1": 12, "conv2d_3": 24, "conv2d_4": 24, "conv2d_6": 44, "conv2d_7": 44
    }  # fmt: skip
    assert all(width % 8 == 0 for width in widths_for_rate(groups, 0.3, 8).values())
    assert set(widths_for_rate(groups, 0.99, 4, minimum=4).values()) == {4}
    assert widths_for_rate(groups, 0.0, 4)["conv2d_7"] == 64


def test_a_global_rate_takes_the_least_of_all_groups():
    start = keras.Input((4,))
    x = layers.Dense(8, name="poor")(start)
    x = layers.Dense(8, name="rich")(x)
    groups = find_groups(keras.Model(start, layers.Dense(2)(x)))
    scores = {"poor": np.linspace(0, 1, 8), "rich": np.linspace(2, 3, 8)}
    assert widths_for_rate(groups, 0.25, 1, scores=scores) == {"poor": 4, "rich": 8}


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(UsageError, match="out of range"):
        widths_for_rate(partly_tied_groups(), rate)
