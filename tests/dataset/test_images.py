"""Images as cameras and strangers make them: what becomes of their pixels, and what is refused."""

import os
import socket
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecompress.dataset import load_dataset
from edgecompress.errors import DataError

RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def folder_with(tmp_path, image, suffix="png", **settings):
    """Return a folder of two classes of `image`, written with `settings`."""
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(4):
            image.save(tmp_path / label / f"{number}.{suffix}", **settings)
    return tmp_path


def pixels(folder, shape=None):
    """Return the images of class a, [n, height, width, channels]."""
    data = load_dataset(str(folder), input_shape=shape)
    parts = (data.train, data.validation, data.test.open("check"))
    return np.concatenate([part.x[part.y == 0] for part in parts])


@pytest.mark.parametrize("kind", ["png", "tif", "pgm"])
def test_16_bits_are_scaled_to_8(tmp_path, kind, caplog):
    deep = np.array([[0, 128, 129, 257], [32768, 65534, 65535, 2570]], np.uint16)
    found = pixels(folder_with(tmp_path, Image.fromarray(deep), kind))
    assert found.shape == (4, 2, 4, 1)
    assert (found[0, ..., 0] == np.round(deep / 257.0)).all()
    assert "16 bits a pixel" in caplog.text


def test_12_bits_of_a_tiff_are_scaled_by_what_they_hold(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(3):
            (tmp_path / label / f"{number}.tif").write_bytes(_tiff_of_12_bits([0, 2048, 4095, 16]))
    assert pixels(tmp_path)[0].ravel().tolist() == [0, 128, 255, 1]


def _tiff_of_12_bits(levels):
    packed = sum(level << 12 * place for place, level in enumerate(reversed(levels)))
    strip = packed.to_bytes(6, "big")
    entries = [
        (256, 3, 1, 4), (257, 3, 1, 1), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, len(strip)),
    ]  # fmt: skip
    table = b"".join(
        struct.pack("<HHI", tag, kind, count) + struct.pack("<I", value)
        for tag, kind, count, value in entries
    )
    header = b"II*\0" + struct.pack("<I", 16) + strip.ljust(8, b"\0")
    return header + struct.pack("<H", len(entries)) + table + bytes(4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright(tmp_path, orientation, caplog):
    # How the sensor's picture of RAMP lies in the file: EXIF 2.3, section 4.6.4 A.
    stored = {
        1: RAMP, 2: RAMP[:, ::-1], 3: RAMP[::-1, ::-1], 4: RAMP[::-1],
        5: RAMP.T, 6: np.rot90(RAMP), 7: RAMP[::-1, ::-1].T, 8: np.rot90(RAMP, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    found = pixels(folder_with(tmp_path, image, exif=exif))
    assert (found[..., 0] == RAMP).all()
    assert ("EXIF orientation" in caplog.text) == (orientation != 1)


def test_damaged_exif_of_a_sound_picture_is_left_alone(tmp_path):
    folder = folder_with(tmp_path, Image.fromarray(RAMP), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert (pixels(folder)[..., 0] == RAMP).all()


def test_what_a_conversion_loses_is_said(tmp_path, caplog):
    colours = np.stack([RAMP, RAMP[::-1], RAMP], axis=-1)
    alpha = np.dstack([colours, RAMP])
    images = {
        "0.png": Image.fromarray(alpha),
        "1.png": Image.fromarray(colours).quantize(12),
        "2.tif": Image.fromarray(colours).convert("CMYK"),
        "3.gif": Image.fromarray(colours),
        "4.png": Image.fromarray(colours),
    }
    for label in "ab":
        (tmp_path / label).mkdir()
        for name, image in images.items():
            more = {"save_all": True, "append_images": [image.rotate(180)]} if "gif" in name else {}
            image.save(tmp_path / label / name, **more)
    found = pixels(tmp_path, (3, 4, 3))
    assert np.abs(found - colours).max() <= 1
    for what in ("transparent pixels", "several pictures", "colours for print"):
        assert f"2 of 10 images have {what}" in caplog.text
    assert "16 bits" not in caplog.text


def test_pixels_of_32_bits_are_refused(tmp_path):
    image = Image.fromarray(RAMP.astype(np.float32))
    with pytest.raises(DataError, match=r"0\.tif: its pixels are numbers of 32 bits"):
        pixels(folder_with(tmp_path, image, "tif"))


@pytest.mark.parametrize(("width", "height"), [(12_000, 10_000), (1_000_000, 1_000_000)])
def test_a_bomb_is_refused_unread(tmp_path, width, height):
    folder = folder_with(tmp_path, Image.fromarray(RAMP))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk
    data = zlib.compress(bytes(100))
    body = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT"))
    bomb = folder / "a" / "9.png"
    bomb.write_bytes(start + struct.pack(">I", zlib.crc32(chunk)) + body)
    with pytest.raises(DataError, match=r"9\.png: .*pixels.*resize it"):
        pixels(folder, (3, 4, 1))


def _pipe(path):
    os.mkfifo(path)


def _loop(path):
    path.symlink_to(path.name)


def _dangling(path):
    path.symlink_to("absent")


def _device(path):
    path.symlink_to("/dev/zero")


def _socket(path):
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"{short}/s")  # whose name may have 107 bytes
        Path(short, "s").rename(path)


@pytest.mark.parametrize("make", [_pipe, _socket, _device, _loop, _dangling, os.mkdir])
@pytest.mark.parametrize("name", ["0.png", "first.png"])
def test_what_is_no_file_is_never_opened(tmp_path, make, name, cli, digits_files):
    folder = folder_with(tmp_path, Image.fromarray(RAMP))
    (folder / "a" / name).unlink(missing_ok=True)
    make(folder / "a" / name)
    code, _, err = cli("evaluate", digits_files / "digits.keras", "--data", folder)
    assert code == 2
    assert name in err
    assert "remove or rename" in err
