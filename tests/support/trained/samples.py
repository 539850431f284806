"""Samples that come with scikit-learn, and made signals: small, and the same each time."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from edgecompress.dataset import Split

TEST_SHARE = 1 / 3


def divided(x: NDArray, y: NDArray | None, seed: int = 0) -> tuple[Split, Split]:
    """Shuffle, and return (train, test)."""
    order = np.random.default_rng(seed).permutation(len(x))
    count = round(len(x) * TEST_SHARE)
    everything = Split(x.astype(np.float32), y)
    return everything.take(order[count:]), everything.take(order[:count])


@cache
def digits(side: int = 8) -> tuple[Split, Split]:
    """The 1,797 digits [n, side, side, 1] in 0..1; a side of 16 doubles each pixel."""
    x, y = datasets.load_digits(return_X_y=True)
    images = (x / 16).reshape(-1, 8, 8, 1).repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    return divided(images, y)


@cache
def rows_of_digits() -> tuple[Split, Split]:
    """The digits as 8 steps of 8 values."""
    return tuple(Split(split.x[..., 0], split.y) for split in digits())


@cache
def images_to_rebuild() -> tuple[Split, Split]:
    """The digits without labels: what an autoencoder learns."""
    return tuple(Split(split.x, None) for split in digits())


@cache
def strokes() -> tuple[Split, Split]:
    """Noisy digits [n, 8, 8, 1], and where the strokes are: a mask of the same shape."""
    x, _ = datasets.load_digits(return_X_y=True)
    images = (x / 16).reshape(-1, 8, 8, 1)
    mask = (images > 0.4).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 0.15, images.shape)
    return divided(images + noise, mask)


@cache
def motions(count: int = 1500, steps: int = 32) -> tuple[Split, Split]:
    """Accelerometer (g, about 0.2) and gyroscope (degrees a second, about 150) of four motions."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, count)
    time = np.arange(steps) / steps
    x = np.empty((count, steps, 6), np.float32)
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    speed = 1.5 + y[:, None] % 2 * 2 + rng.normal(0, 0.15, (count, 1))
    wave = np.sin(2 * np.pi * speed * time + phase)
    for axis in range(3):
        amount = np.where((y // 2 + axis) % 2, 1.0, 0.3)[:, None]
        x[..., axis] = 0.1 + 0.15 * amount * wave + rng.normal(0, 0.05, wave.shape)
        turned = np.roll(wave, axis + 1, axis=1)
        x[..., 3 + axis] = 20 + 130 * amount[::-1] * turned + rng.normal(0, 40, wave.shape)
    return divided(x, y)


@cache
def steady(count: int = 1500) -> tuple[Split, Split]:
    """The motions with each feature brought to about -1..1, as a user may do beforehand."""
    scale = np.array([0.2] * 3 + [150.0] * 3, np.float32)
    return tuple(Split(split.x / scale, split.y) for split in motions(count))


@cache
def normal_motions() -> tuple[Split, Split]:
    """The scaled motions without labels."""
    return tuple(Split(split.x, None) for split in steady())


@cache
def waves(count: int = 1200, steps: int = 24) -> tuple[Split, Split]:
    """Two sines and noise, and the value that comes next."""
    rng = np.random.default_rng(3)
    time = np.arange(steps + 1)
    periods, phases = rng.uniform(6, 20, (2, count, 1)), rng.uniform(0, 6.3, (2, count, 1))
    signal = np.sin(2 * np.pi * time / periods + phases).sum(0) / 2
    noisy = signal + rng.normal(0, 0.05, signal.shape)
    return divided(noisy[:, :-1, None], signal[:, -1:].astype(np.float32))


@cache
def sentences(count: int = 2000, length: int = 16, words: int = 60) -> tuple[Split, Split]:
    """Token ids [n, length], 0 for padding: which of three topics most words are of."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, count)
    topical = 1 + y[:, None] * 8 + rng.integers(0, 8, (count, length))
    common = rng.integers(25, words, (count, length))
    x = np.where(rng.random((count, length)) < 0.25, topical, common)
    x[np.arange(length) >= rng.integers(10, length + 1, (count, 1))] = 0
    return divided(x, y)


@cache
def tones(count: int = 1200, samples: int = 512) -> tuple[Split, Split]:
    """Sound [n, samples, 1]: rising, falling, steady or two tones, in noise."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 4, count)
    time = np.arange(samples) / samples
    start = rng.uniform(20, 60, (count, 1))
    bend = np.choose(y, [40, -15, 0, 0])[:, None]
    sound = np.sin(2 * np.pi * (start + bend * time) * time + rng.uniform(0, 6, (count, 1)))
    second = np.sin(2 * np.pi * 2.7 * start * time)
    sound = np.where((y == 3)[:, None], (sound + second) / 2, sound)
    return divided((0.6 * sound + rng.normal(0, 0.1, sound.shape))[..., None], y)


@cache
def spectrograms() -> tuple[Split, Split]:
    """The tones as log power [n, 31, 16, 1]: frames of 32 samples, half of them shared."""
    return tuple(Split(_log_power(split.x[..., 0]), split.y) for split in tones())


def _log_power(sound: NDArray) -> NDArray:
    frames = np.lib.stride_tricks.sliding_window_view(sound, 32, axis=1)[:, ::16]
    power = np.abs(np.fft.rfft(frames * np.hanning(32), axis=2))[..., 1:] ** 2
    return np.log(power + 1e-3)[..., None].astype(np.float32)


def table(name: str) -> tuple[Split, Split]:
    """Rows of one of scikit-learn's tables: iris, wine, breast_cancer, diabetes."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = np.concatenate([x] * 3)  # with a little noise: more than a few dozen rows to test on
    x = x + np.random.default_rng(6).normal(0, 0.02, x.shape) * x.std(0)
    y = np.concatenate([y] * 3)
    target = ((y - y.mean()) / y.std()).astype(np.float32)[:, None] if name == "diabetes" else y
    return divided(x, target)
