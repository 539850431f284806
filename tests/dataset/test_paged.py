"""Samples that are too many for memory: in a file that is paged in where used, of equal values."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from edgecompress.dataset import load_dataset, paged
from edgecompress.evaluate.pixels import resolve_pixels

# An array of 256 MiB, which is paged here from 1 MiB on, as memory of the process's own.
_LOAD = """
import sys
from pathlib import Path
from edgecompress.dataset import load_dataset, paged

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

paged.PAGED_BYTES = 1 << 20
before = held()
data = load_dataset(sys.argv[1])
assert data.train.size + data.validation.size + data.test.size == 4096
print(held() - before)
"""


def in_parts(data):
    """Return the arrays of a data set's parts."""
    return [each for part in (data.train, data.validation, data.test.open("test"))
            for each in (part.x, part.y)]  # fmt: skip


def is_paged(array):
    """Say whether an array lies in a file."""
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


@pytest.fixture
def npz(tmp_path):
    """Return an archive of float64, of bytes, and of Fortran's order."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 5, 4))
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x_train=x, y_train=np.arange(90) % 3,
                        x_test=np.asfortranarray(x[:30]), y_test=np.arange(30) % 3)  # fmt: skip
    return path


@pytest.fixture
def images(tmp_path):
    """Return a folder of images of two classes."""
    rng = np.random.default_rng(1)
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(8):
            pixels = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize("form", ["npz", "images"])
def test_what_lies_in_a_file_has_the_same_values(form, request, monkeypatch):
    data = str(request.getfixturevalue(form))
    plain = load_dataset(data)
    monkeypatch.setattr(paged, "PAGED_BYTES", 1)
    monkeypatch.setattr(paged, "_BLOCK_BYTES", 100)
    large = load_dataset(data)
    assert all(is_paged(part.x) for part in (large.train, large.validation))
    assert not is_paged(plain.train.x)
    for one, other in zip(in_parts(plain), in_parts(large), strict=True):
        np.testing.assert_array_equal(one, other)
    if form == "images":
        one, other = (resolve_pixels(each, None, "-1..1") for each in (plain, large))
        np.testing.assert_array_equal(one.train.x, other.train.x)
        assert is_paged(other.train.x)


def test_a_broken_sample_is_found_by_its_number_among_many(tmp_path, monkeypatch):
    x = np.ones((500, 8), np.float32)
    x[[321, 400], 2] = np.nan
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(500) % 2)
    monkeypatch.setattr(paged, "_BLOCK_BYTES", 320)
    with pytest.raises(Exception, match=r"2 of 500 samples hold NaN.*number 321"):
        load_dataset(str(tmp_path / "data.npz"))


def test_without_room_on_disk_samples_are_held_in_memory(npz, monkeypatch):
    monkeypatch.setattr(paged, "PAGED_BYTES", 1)

    def no_room(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", no_room)
    data = load_dataset(str(npz))
    assert not is_paged(data.train.x)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what a process holds from /proc")
def test_little_of_a_large_array_is_held(tmp_path):
    x = np.ones((4096, 16384), np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(4096) % 2)
    del x
    command = [sys.executable, "-c", _LOAD, str(tmp_path / "data.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 128 * 1024  # KiB: half of the samples
