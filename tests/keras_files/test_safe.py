"""Keras files of strangers: what leads out of them, unpacks to too much, or holds code."""

import io
import os
import zipfile

import numpy as np
import pytest

from edgecompress.errors import ModelError
from edgecompress.keras_files.model import import_keras, load_keras


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A tiny model as .keras and as .h5."""
    keras = import_keras()
    folder = tmp_path_factory.mktemp("saved")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])
    for name in ("model.keras", "model.h5"):
        model.save(folder / name)
    return folder


def with_entries(source, target, changes):
    """Copy an archive with some of its entries changed, added, or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            if entry.filename not in changes:
                new.writestr(entry.filename, old.read(entry))
        for name, content in changes.items():
            if content is not None:
                new.writestr(name, content)
    return target


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "assets/../../out.txt", "..\\out"])
def test_an_entry_that_leads_out_of_the_archive_is_refused(saved, tmp_path, name):
    path = with_entries(saved / "model.keras", tmp_path / "model.keras", {name: b"text"})
    with pytest.raises(ModelError, match="leads out of the archive"):
        load_keras(path)
    assert not (tmp_path.parent / "out.txt").exists()


def test_a_link_in_the_archive_is_refused(saved, tmp_path):
    path = with_entries(saved / "model.keras", tmp_path / "model.keras", {})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link("assets/passwd"), "/etc/passwd")
    with pytest.raises(ModelError, match=r"'assets/passwd' leads out"):
        load_keras(path)


def test_an_archive_that_unpacks_to_gigabytes_is_refused(saved, tmp_path):
    path = with_entries(saved / "model.keras", tmp_path / "model.keras", {})
    packed = zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed as archive, archive.open("assets/bomb", "w", force_zip64=True) as entry:
        for _ in range(1100):
            entry.write(bytes(1 << 20))
    with pytest.raises(ModelError, match="to 1,153,433,600 bytes, which no weights do"):
        load_keras(path)


def _external(h5py, file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/hostname", "x")


def _elsewhere(h5py, file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset("0", (4, 2), "f4", external=[("/etc/hostname", 0, 32)])


def _vast(h5py, file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset("0", (1 << 20, 1 << 12), "f4", chunks=(64, 64))


@pytest.mark.parametrize(
    ("change", "said"),
    [(_external, "another file"), (_elsewhere, "another file"), (_vast, "17,179,869,184 bytes")],
)
def test_weights_are_in_the_archive_and_nowhere_else(saved, tmp_path, change, said):
    import h5py

    with zipfile.ZipFile(saved / "model.keras") as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "r+") as file:
        change(h5py, file)
    path = tmp_path / "model.keras"
    with_entries(saved / "model.keras", path, {"model.weights.h5": weights.getvalue()})
    with pytest.raises(ModelError, match=said):
        load_keras(path)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_code_in_a_lambda_is_not_run(tmp_path, suffix, cli):
    keras = import_keras()
    ran = tmp_path / "ran"
    name = str(ran)  # which Keras can write down, unlike a Path
    x = keras.Input((4,))
    y = keras.layers.Lambda(lambda values: (__import__("os").mknod(name), values)[1])(x)
    path = tmp_path / f"model.{suffix}"
    ran.unlink()
    keras.Model(x, y).save(path)
    ran.unlink(missing_ok=True)
    np.savez(tmp_path / "data.npz", x=np.ones((9, 4), np.float32), y=np.arange(9) % 4)
    code, _, err = cli("evaluate", path, "--data", tmp_path / "data.npz")
    assert code == 3
    assert "Lambda" in err
    assert not ran.exists()


def test_damaged_files_end_with_3(saved, tmp_path, cli):
    np.savez(tmp_path / "data.npz", x=np.ones((9, 4), np.float32), y=np.arange(9) % 2)
    random = np.random.default_rng(0)
    for name in ("model.keras", "model.h5"):
        content = (saved / name).read_bytes()
        for number in range(12):
            damaged = bytearray(content)
            for place in random.integers(8, len(content), 30):
                damaged[place] ^= 1 << int(random.integers(8))
            (tmp_path / name).write_bytes(
                damaged if number % 3 else content[: 1 + len(content) // 2]
            )
            code, _, err = cli("evaluate", tmp_path / name, "--data", tmp_path / "data.npz")
            assert code in (0, 2, 3, 4), (name, number, err)


def test_a_pipe_is_never_opened(tmp_path, cli):
    for name in ("model.keras", "model.tflite"):
        os.mkfifo(tmp_path / name)
        code, _, err = cli("fit", tmp_path / name, "--board", "rpi_pico")
        assert code == 3
        assert name in err
