"""Arrays of strangers: judged by their headers before a value is read; labels and tables, too."""

import io
import resource
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from edgecompress.dataset import load_dataset
from edgecompress.errors import DataError


def header(shape, descr="<f4"):
    buffer = io.BytesIO()
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, facts)
    return buffer.getvalue()


def archive(path, entries, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


def _changed_entry(path, place, value):
    """Change two bytes in each header of a zip's entries; `place` counts in the local one."""
    content = bytearray(path.read_bytes())
    for signature, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        struct.pack_into("<H", content, content.index(signature) + place + shift, value)
    path.write_bytes(content)


CLAIMS = [
    (header((1 << 44,)), r"x\.npy asks for 70,368,744,177,664 bytes of memory"),
    (header((10_000_000_000,)), "asks for 40,000,000,000 bytes of memory"),
    (header((-5, 4)) + bytes(80), r"the shape \(-5, 4\)"),
    (header((5, 4)) + bytes(79), "says 80 bytes, but 79 follow"),
    (header((1 << 62, 1 << 62)), "asks for"),
    (header((3,), "|O") + b"\x80\x04]\x94.", "they could run code"),
    (b"\x93NUMPY\x09\x00" + bytes(100), "format"),
    (b"\x93NUMPY\x01\x00\xff\xff" + bytes(100), "not a readable"),
    (b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': __import" + bytes(8), "not a readable"),
    (b"", "not a readable"),
]


@pytest.mark.parametrize(("content", "said"), CLAIMS)
def test_what_a_header_claims_is_judged_first(tmp_path, content, said):
    path = archive(tmp_path / "data.npz", {"x.npy": content})
    with pytest.raises(DataError, match=said):
        load_dataset(str(path))


def test_an_array_larger_than_the_free_memory_is_refused_with_what_it_needs(tmp_path, monkeypatch):
    np.savez(tmp_path / "data.npz", x=np.ones((1000, 8), np.uint8), y=np.arange(1000) % 2)
    monkeypatch.setattr("edgecompress.dataset.npz._available_bytes", lambda: 50_000)
    # Each byte becomes a float32 beside it, each label of eight bytes one, too.
    with pytest.raises(DataError, match="need 52,000 bytes of memory, and 50,000 are free"):
        load_dataset(str(tmp_path / "data.npz"))


_BOMB = """
import sys, zipfile
import numpy as np
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
    with made.open("x.npy", "w", force_zip64=True) as entry:
        np.lib.format.write_array_header_1_0(
            entry, {"descr": "|u1", "fortran_order": False, "shape": (1400, 1 << 20)})
        for _ in range(1400):
            entry.write(bytes(1 << 20))
"""
_LOAD = """
import sys
from edgecompress.dataset import load_dataset
from edgecompress.errors import DataError
try:
    load_dataset(sys.argv[1])
except DataError as error:
    print(error)
"""


def test_a_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "data.npz"
    subprocess.run([sys.executable, "-c", _BOMB, path], check=True)
    assert path.stat().st_size < 10_000_000
    loaded = subprocess.run(
        [sys.executable, "-c", _LOAD, path], capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30)),
    )  # fmt: skip
    assert "asks for 7,340,032,000 bytes of memory" in loaded.stdout


def test_damaged_encrypted_and_unknown_archives_are_bad_data(tmp_path, cli, digits_files):
    good = archive(tmp_path / "good.npz", {"x.npy": header((2, 64)) + bytes(512)})
    for name, change in {
        "encrypted": lambda path: _changed_entry(path, 6, 1),
        "unknown": lambda path: _changed_entry(path, 8, 99),
        "checksum": lambda path: _changed_entry(path, 14, 0x1234),
        "empty": lambda path: path.write_bytes(b""),
        "noise": lambda path: path.write_bytes(np.random.default_rng(0).bytes(1000)),
        "cut": lambda path: path.write_bytes(path.read_bytes()[:-30]),
        "text": lambda path: archive(path, {"../../readme.txt": b"text"}),
    }.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(good.read_bytes())
        change(path)
        code, _, err = cli("evaluate", digits_files / "digits.keras", "--data", path)
        assert code == 2, (name, err)
        assert f"{name}.npz: not a readable .npz file" in err


def test_packed_arrays_are_read(tmp_path):
    x, y = np.arange(80, dtype=np.float64).reshape(20, 4), np.arange(20) % 2
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "data.npz", x=np.asfortranarray(x), y=y)
        loaded = load_dataset(str(tmp_path / "data.npz"), output_shape=(2,))
        assert set(loaded.train.x[:, 0]) < set(x[:, 0])


def test_labels_of_bytes_are_text_in_utf8(tmp_path):
    names = np.array(["Ärger", "Öl"] * 8)
    x = np.arange(32, dtype=np.float32).reshape(16, 2)
    np.savez(tmp_path / "data.npz", x=x, y=np.char.encode(names, "utf-8"))
    assert load_dataset(str(tmp_path / "data.npz"), output_shape=(2,)).labels == ("Ärger", "Öl")
    np.savez(tmp_path / "data.npz", x=x, y=np.char.encode(names, "latin-1"))
    with pytest.raises(DataError, match="no text in UTF-8; save names as text"):
        load_dataset(str(tmp_path / "data.npz"), output_shape=(2,))


TABLES = [
    (b"a,b,label\n1,2,0\n\n1,x,1\n", "line 4: row 2, column 'b' holds 'x'"),
    (b'a,b,label\n1,"2\n",0\n1,2\n', "line 4: row 2 has 2 cells"),
    (b"a,b,label\n1,2,0\n1,\xff,1\n", "line 3: not text in UTF-8"),
    (b"a,b,label\n1,2,0\n1," + b"9" * 200_000 + b",1\n", "line 3: field larger"),
]


@pytest.mark.parametrize(("content", "said"), TABLES)
def test_errors_of_tables_name_the_line(tmp_path, content, said):
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"data\.csv.*({said})"):
        load_dataset(str(tmp_path / "data.csv"))
