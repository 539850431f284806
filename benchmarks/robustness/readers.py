"""Sound files of each kind that edgecompress reads, and what reads it."""

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.zoo import ZOO

from edgecompress.api.functions import fit
from edgecompress.board import load_board
from edgecompress.dataset import load_dataset
from edgecompress.files import BOARDS_DIR
from edgecompress.firmware.sources.targets import Memory
from edgecompress.firmware.toolchain.archive import contents
from edgecompress.firmware.toolchain.link_map import contributors, region_bytes
from edgecompress.pack.pack import pack
from edgecompress.recipe import Recipe, load_recipe

Reader = Callable[[bytes, Path], object]
_MEMORIES = (Memory("FLASH", 0, 1 << 20), Memory("RAM", 0x2000_0000, 1 << 18))
_MUTANTS = Path(__file__).parents[2] / "tests" / "data" / "mutants"
_PROGRAM = b"int table[64] = {1}; int main(void) { return table[3]; }"


def seeds_of(kind: str) -> dict[str, bytes]:
    """Return what a kind is fuzzed from, by name: sound files, and models that failed once.

    What a linker leaves is not there without a C compiler.
    """
    if kind == "model":
        failed_once = {path.name: path.read_bytes() for path in sorted(_MUTANTS.iterdir())}
        return {name: make() for name, make in ZOO.items()} | failed_once
    with tempfile.TemporaryDirectory() as folder:
        return {n: content for n, content in sound_files(Path(folder)).items() if n == kind}


def sound_files(folder: Path) -> dict[str, bytes]:
    """Return a sound file of each kind but models; of a linker's, if there is a C compiler."""
    recipe = {name: value for name, value in asdict(_recipe()).items() if value is not None}
    table = "\n".join(f"{i},{i / 3:.3f},{'ab'[i % 2]}" for i in range(24))
    arrays = io.BytesIO()
    np.savez(arrays, x=np.ones((12, 4), np.float32), y=np.arange(12) % 2, x_test=np.eye(4))
    return {
        "board": (BOARDS_DIR / "nucleo_f401re.toml").read_bytes(),
        "recipe": "\n".join(f"{k} = {json.dumps(v)}" for k, v in recipe.items()).encode(),
        "table": f"one,two,label\n{table}\n".encode(),
        "arrays": arrays.getvalue(),
        "picture": _picture(),
        **_linked(folder),
    }


def _recipe() -> Recipe:
    return Recipe(model="m.keras", board="rpi_pico", data="d.npz", max_model_bytes=9000)


def _picture() -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(made, "PNG")
    return made.getvalue()


def _linked(folder: Path) -> Mapping[str, bytes]:
    compiler, archiver = shutil.which("cc"), shutil.which("ar")
    if compiler is None or archiver is None:
        return {}
    source = folder / "program.c"
    source.write_bytes(_PROGRAM)
    image, listing, library = (folder / name for name in ("p.elf", "p.map", "p.a"))
    subprocess.run([compiler, source, "-o", image, f"-Wl,-Map={listing}"], check=True)
    subprocess.run([compiler, "-c", source, "-o", folder / "p.o"], check=True)
    subprocess.run([archiver, "rc", library, folder / "p.o"], check=True)
    return {
        "image": image.read_bytes(),
        "map": listing.read_bytes(),
        "library": library.read_bytes(),
    }


def _from_file(name: str, read: Callable[[Path], object], content: bytes, folder: Path) -> object:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return read(path)


def _images(path: Path) -> object:
    (path.parents[1] / "b").mkdir(exist_ok=True)
    (path.parents[1] / "b" / "sound.png").write_bytes(_picture())
    return load_dataset(str(path.parents[1]))


def _model(content: bytes, _: Path) -> object:
    """Read a model, judge it for a board with both runtimes, and pack it."""
    board = load_board("nucleo_f401re")
    return fit(content, board, runtime="both", others=[board]), pack(content)


READERS: Mapping[str, Reader] = {
    "model": _model,
    "board": partial(_from_file, "board.toml", lambda path: load_board(str(path))),
    "recipe": partial(_from_file, "recipe.toml", lambda path: load_recipe(path, {})),
    "table": partial(_from_file, "table.csv", lambda path: load_dataset(str(path))),
    "arrays": partial(_from_file, "arrays.npz", lambda path: load_dataset(str(path))),
    "picture": partial(_from_file, "images/a/picture.png", _images),
    "image": partial(_from_file, "image.elf", lambda path: region_bytes(path, _MEMORIES)),
    "map": partial(_from_file, "image.map", contributors),
    "library": partial(_from_file, "library.a", contents),
}
