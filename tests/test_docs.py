"""The documentation as a site: it builds, its commands run, its references are complete."""

import html
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import REPOSITORY
from support.arduino import build_sketch, run_sketch
from support.firmware_tools import need

import edgecompress

DOCS = REPOSITORY / "docs"
FENCE = re.compile(r"((?:<!-- not run: [^>]+ -->\n)?)```(\w+)\n(.*?)```", re.DOTALL)
EMULATED = ("build ", "emulate ")


def _commands(text: str) -> list[str]:
    joined = text.replace("\\\n", " ")
    lines = (line.partition(" #")[0].strip() for line in joined.splitlines())
    return [line for line in lines if line.startswith("edgecompress ")]


def _blocks() -> list[tuple[str, list[str]]]:
    """A page's commands that are run, in order, page by page."""
    pages = []
    for path in sorted(DOCS.rglob("*.md")):
        blocks = FENCE.findall(path.read_text(encoding="utf-8"))
        lines = [
            c for mark, kind, text in blocks if kind == "sh" and not mark for c in _commands(text)
        ]
        if lines:
            pages.append((path.relative_to(DOCS).as_posix(), lines))
    return pages


def test_only_commands_of_edgecompress_are_run_and_all_others_say_why_not() -> None:
    for path in DOCS.rglob("*.md"):
        for mark, kind, text in FENCE.findall(path.read_text(encoding="utf-8")):
            if kind == "sh" and not mark:
                lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
                strange = [line for line in lines if not re.match(r"edgecompress |\s*#", line)]
                assert strange in ([], ["make test"], ["make demo"]), path


@pytest.fixture
def workplace(tmp_path, digits_files, digits_int8, digits_model, image_folder, monkeypatch):
    """A folder with the files that the pages name."""
    arrays = dict(np.load(digits_files / "digits.npz"))
    small = {name: values[:400] for name, values in arrays.items()}
    np.savez(tmp_path / "data.npz", **small)
    (tmp_path / "images").symlink_to(image_folder)
    (tmp_path / "model.keras").write_bytes((digits_files / "digits.keras").read_bytes())
    digits_model.save(tmp_path / "model.h5")
    for name in ("model.tflite", "model_before.tflite"):
        (tmp_path / name).write_bytes(digits_int8)
    own_data = (DOCS / "tutorials" / "own-data.md").read_text(encoding="utf-8")
    (loader,) = re.findall(r"```python\n(.*?)```", own_data, re.DOTALL)
    (tmp_path / "loader.py").write_text(loader)
    own_board = (DOCS / "tutorials" / "own-board.md").read_text(encoding="utf-8")
    profile, *_ = re.findall(r"```toml\n(.*?)```", own_board, re.DOTALL)
    (tmp_path / "my_board.toml").write_text(profile)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("EDGECOMPRESS_TFLM", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def image_folder(tmp_path_factory, digits_splits) -> Path:
    """The digits as `train/<class>/*.png` and `test/<class>/*.png`."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("images")
    train, _, test = digits_splits
    for part, split in (("train", train.take(np.arange(300))), ("test", test.take(np.arange(150)))):
        for number, (pixels, label) in enumerate(zip(split.x[..., 0], split.y, strict=True)):
            path = folder / part / str(label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((pixels * 255).astype(np.uint8)).save(path)
    return folder


@pytest.mark.parametrize(("page", "commands"), _blocks(), ids=lambda value: str(value)[:40])
def test_the_commands_of_each_page_run_in_order(workplace, cli, page, commands) -> None:
    if any(line.split(" ", 1)[1].startswith(EMULATED) for line in commands):
        need("arm-none-eabi-gcc", "cmake", "qemu-system-arm")
    for line in commands:
        code, _, stderr = cli(*shlex.split(line)[1:])
        assert code == 0, f"{page}: {line}\n{stderr}"
    if page == "tutorials/images.md":
        _compile_library(workplace / "out" / "firmware")
        _build_as_the_page_says(DOCS / page, workplace)


def _compile_library(folder: Path) -> None:
    """Compile an Arduino library's C for the UNO R4's core, without linking."""
    need("arm-none-eabi-gcc")
    sources = sorted((folder / "src").rglob("*.c"))
    assert sources
    flags = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    flags += ["-Os", "-Wall", "-Werror"]
    subprocess.run(
        ["arm-none-eabi-gcc", *flags, f"-I{folder / 'src'}", "-c", *map(str, sources)],
        check=True, cwd=folder.parent,
    )  # fmt: skip


def _build_as_the_page_says(page: Path, workplace: Path) -> None:
    """Give the words of `arduino-cli compile` to Arduino's builder; run what it links."""
    need("arduino-builder", "arm-none-eabi-g++", "qemu-system-arm")
    line = r"^arduino-cli compile --fqbn (\S+) --library (\S+) (\S+)$"
    ((fqbn, library, sketch),) = re.findall(line, page.read_text("utf-8"), re.MULTILINE)
    for number, name in enumerate((sketch, f"{library}/examples/Classify")):
        place = workplace / f"arduino-{number}"
        elf = build_sketch(place, fqbn, workplace / library, workplace / name)
        said = run_sketch(elf)
        if name == sketch:
            assert said.endswith("edgecompress: result=PASS\n")
        else:
            assert said.strip() in {str(digit) for digit in range(10)}


def test_the_newcomers_path_is_five_commands() -> None:
    page = (DOCS / "tutorials" / "images.md").read_text(encoding="utf-8")
    blocks = [text for _, kind, text in FENCE.findall(page) if kind == "sh"]
    words = [line.split()[0] for text in blocks for line in text.splitlines()]
    assert words == ["edgecompress"] * 4 + ["arduino-cli"]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site; --strict makes a broken link or reference an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(folder),
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _text(path: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))


def test_the_reference_of_commands_is_what_help_prints(site, cli) -> None:
    from edgecompress.cli import COMMANDS

    page = _text(site / "reference" / "cli.html")
    for name in COMMANDS:
        options = re.findall(r"^  (--[\w-]+)", cli(name, "--help")[1], re.MULTILINE)
        section = page.partition(f"Usage: edgecompress {name} ")[2].partition("Usage: ")[0]
        assert section, name
        assert [option for option in options if option not in section] == []


def test_each_help_text_is_whole_in_the_reference() -> None:
    from edgecompress.cli import app

    reference = _hooks().commands_page()
    runner = importlib.import_module("click.testing").CliRunner()
    for words in ((), ("compress",), ("boards", "validate")):
        printed = runner.invoke(
            app, [*words, "--help"], prog_name="edgecompress", terminal_width=88
        )
        assert printed.output.strip() in reference


def _hooks():
    spec = importlib.util.spec_from_file_location("reference", DOCS / "site" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_public_function_and_board_is_in_the_reference(site) -> None:
    from edgecompress.board import all_boards

    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    for name, module in edgecompress._PUBLIC.items():
        assert f'id="{module}.{name}"' in page
    boards = _text(site / "reference" / "boards.html")
    assert [board.id for board in all_boards() if board.id not in boards] == []


def test_the_site_asks_nothing_of_other_hosts(site) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]+rel="(?:stylesheet|preload)"[^>]+href="([^"]+)"', text)
        assert [url for url in loaded if "://" in url] == []
