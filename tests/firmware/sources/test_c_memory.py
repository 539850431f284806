"""The C runtime stays within its arrays: each model alone, its arena watched from end to end.

Kernels under UndefinedBehaviorSanitizer are in test_c_kernels.py; there all models share an arena
as large as the largest needs, whose end the others do not reach.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.firmware_tools import need, output_of, write
from support.random_operators import random_models
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.errors import UnsupportedModelError
from edgecompress.files import TEMPLATES_DIR
from edgecompress.firmware.sources.generate import generate

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
COMPILERS = 2  # at once
DIV_SHIFTS_TOO_FAR = {"div"}  # TFLM shifts by more bits than there are, and this answers otherwise


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All kernels, watched, in one library."""
    need("gcc")
    folder = tmp_path_factory.mktemp("kernels")

    def compile_kernel(source: Path) -> Path:
        output_of(["gcc", "-std=c99", *SANITIZERS, "-c", source, "-o", folder / f"{source.stem}.o"])
        return folder / f"{source.stem}.o"

    with ThreadPoolExecutor(COMPILERS) as pool:
        compiled = list(pool.map(compile_kernel, (TEMPLATES_DIR / "c" / "kernels").glob("*.c")))
    output_of(["ar", "rcs", folder / "kernels.a", *compiled])
    return folder / "kernels.a"


def run_each(models: Mapping[str, bytes], kernels: Path, folder: Path) -> Mapping[str, str]:
    """Return by name what a program said that runs a model on its golden vectors."""

    def run(name: str) -> str:
        board = load_board("mps2_an386")
        try:
            files = generate([models[name]], board, "host", "m", vectors=3, runtime="c")
        except UnsupportedModelError:
            return ""
        src = write(folder / name, files) / "src"
        program = folder / f"{name}.elf"
        compiler = ["gcc", "-std=c99", *SANITIZERS, "-I", src]
        output_of([*compiler, *sorted(src.glob("*.c")), kernels, "-o", program])
        return output_of([program])

    with ThreadPoolExecutor(COMPILERS) as pool:
        return {n: o for n, o in zip(models, pool.map(run, models), strict=True) if o}


@pytest.mark.slow
def test_the_zoo(kernels: Path, tmp_path: Path) -> None:
    models = {name: make() for name, make in ZOO.items() if name not in DIV_SHIFTS_TOO_FAR}
    said = run_each(models, kernels, tmp_path)
    assert len(said) > 120
    assert [name for name, output in said.items() if "result=PASS" not in output] == []


@pytest.mark.slow
def test_random_operators(kernels: Path, tmp_path: Path) -> None:
    models = dict(random_models(100, seed=11))
    said = run_each(models, kernels, tmp_path)
    assert len(said) > 50
    assert [name for name, output in said.items() if "result=PASS" not in output] == []
