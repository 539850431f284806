import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from support import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def wheel_names(wheel: zipfile.ZipFile) -> set[str]:
    return set(wheel.namelist())


def _tracked(folder: str) -> set[str]:
    root = REPOSITORY / folder
    return {path.relative_to(REPOSITORY).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("folder", ["boards", "templates"])
def test_the_wheel_carries_the_data_folders(wheel_names: set[str], folder: str) -> None:
    wanted = {f"edgecompress/_data/{name}" for name in _tracked(folder)}
    assert wanted
    assert wanted <= wheel_names


def test_the_wheel_holds_the_package_and_nothing_else(wheel_names: set[str]) -> None:
    package = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "edgecompress").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    rest = {
        name
        for name in wheel_names - package
        if not name.startswith(("edgecompress/_data/", "edgecompress-"))
    }
    assert package <= wheel_names
    assert rest == set()


def test_boards_load_from_an_unpacked_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Resources are found in the wheel's own folders, away from any checkout."""
    wheel.extractall(tmp_path)  # noqa: S202 - it is our own
    result = subprocess.run(
        [sys.executable, "-m", "edgecompress", "boards", "show", "rpi_pico"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "Raspberry Pi Pico" in result.stdout


# What an sdist holds beside the folders: hatchling adds the last two by itself.
LOOSE = {
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md",
    "mkdocs.yml", "pyproject.toml", "PKG-INFO", ".gitignore",
}  # fmt: skip
FOLDERS = {".ci", "boards", "docs", "edgecompress", "examples", "templates", "tests"}


def test_the_sdist_holds_what_is_needed_to_build_and_test(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name for name in names if "/" not in name} == LOOSE
    assert {name.partition("/")[0] for name in names if "/" in name} == FOLDERS
    for folder in FOLDERS:
        wanted = {name for name in _tracked(folder) if "__pycache__" not in name}
        assert {name for name in names if name.startswith(f"{folder}/")} == wanted


def test_a_release_built_twice_is_the_same_bytes(tmp_path: Path) -> None:
    """From two copies of the sources, of other times and other permissions, at other hours."""
    built = [_built(tmp_path / name, mode) for name, mode in (("one", 0o644), ("two", 0o664))]
    assert sorted(built[0]) == sorted(built[1])
    assert {Path(name).suffix for name in built[0]} == {".gz", ".whl"}
    assert [name for name in built[0] if built[0][name] != built[1][name]] == []


def _built(folder: Path, mode: int) -> dict[str, bytes]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)
            os.utime(folder / name, (mode, mode))
            (folder / name).chmod(mode)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build"],
        cwd=folder, check=True, capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )  # fmt: skip
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}
