"""What static analyzers say of the C runtime: of all its kernels, and of a generated project."""

from pathlib import Path

import pytest
from support.firmware_tools import need, output_of, write
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.files import TEMPLATES_DIR
from edgecompress.firmware.sources.generate import generate

KERNELS = TEMPLATES_DIR / "c" / "kernels"
# Of cppcheck: compilers that there are for these cores shift signed values arithmetically; and
# variables that live in a register of their own are none to it.
SUPPRESSED = ("shiftTooManyBitsSigned", "constStatement:*_mve.h")
# Of clang-tidy, without what int8 arithmetic does all the time: two sizes side by side, int32
# products as offsets (the arena is smaller), and sign extension.
CHECKS = (
    "-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,"
    "-bugprone-implicit-widening-of-multiplication-result,-bugprone-signed-char-misuse"
)
ARM = ("--target=arm-none-eabi", "-mfloat-abi=hard", "-isystem", "/usr/lib/arm-none-eabi/include")
CORES = {
    "plain": (),
    "dsp": ("-mcpu=cortex-m4", *ARM),
    "mve": ("-mcpu=cortex-m55", *ARM),
}
MODELS = ("residual", "depthwise_3x3", "dense", "softmax_int16", "mean", "lstm", "svdf", "prelu")


def cppcheck(files: list[Path], *includes: object) -> str:
    checks = "--enable=warning,style,performance,portability"
    suppressed = [f"--suppress={name}" for name in SUPPRESSED]
    command = ["cppcheck", checks, "--quiet", "--error-exitcode=1", "--language=c", *suppressed]
    return output_of([*command, *includes, *files])


def clang_tidy(files: list[Path], *flags: object) -> None:
    options = (f"-checks={CHECKS}", "--quiet", "--warnings-as-errors=*", "--header-filter=.*")
    output_of(["clang-tidy", *options, *files, "--", "-std=c99", *flags])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = [ZOO[name]() for name in MODELS]
    files = generate(models, load_board("mps2_an386"), name="net", vectors=1, runtime="c")
    return write(tmp_path_factory.mktemp("project"), files)


def test_cppcheck_has_nothing_to_say_of_the_kernels() -> None:
    need("cppcheck")
    kernels = sorted(KERNELS.glob("*.c"))
    assert len(kernels) > 40
    assert cppcheck(kernels) == ""


def test_cppcheck_has_nothing_to_say_of_a_project(project: Path) -> None:
    need("cppcheck")
    sources = sorted((project / "src").glob("*.c"))
    assert cppcheck(sources, "-I", project / "src") == ""


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_clang_tidy_has_nothing_to_say_of_the_kernels(core: str) -> None:
    need("clang-tidy", *(["arm-none-eabi-gcc"] if CORES[core] else []))
    clang_tidy(sorted(KERNELS.glob("*.c")), *CORES[core])


def test_clang_tidy_has_nothing_to_say_of_a_project(project: Path) -> None:
    need("clang-tidy")
    sources = sorted(p for p in (project / "src").glob("*.c") if "golden" not in p.name)
    clang_tidy(sources, "-I", project / "src")
