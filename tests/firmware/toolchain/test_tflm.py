import json
import platform
import re
import subprocess
from pathlib import Path

import pytest
from support import REPOSITORY
from support.firmware_tools import run_cli

from edgecompress.errors import ToolError
from edgecompress.firmware.sources.targets import TFLM_CORES
from edgecompress.firmware.toolchain.tflm import find_tflm
from edgecompress.tflite.operators import TFLM_COMMIT

HEADER = "tensorflow/lite/micro/micro_interpreter.h"


ARM, X86_64 = 40, 62  # e_machine of ELF


def library_bytes(machine: int, *names: str) -> bytes:
    """As much of a static library of TFLM as says what it holds."""
    header = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")
    return b"!<arch>\n" + header + b"\0".join(map(str.encode, ("Register_CONV_2Dv", *names)))


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A tree as TFLM's own build leaves it."""
    tree = tmp_path / "tflite-micro"
    touch(tree / HEADER)
    downloads = tree / "tensorflow/lite/micro/tools/make/downloads"
    for folder in ("flatbuffers/include", "gemmlowp", "ruy"):
        (downloads / folder).mkdir(parents=True)
    for build in (
        "cortex_m_generic_cortex-m4+fp_release_cmsis_nn_gcc",
        "cortex_m_generic_cortex-m4+fp_default_gcc",
        "cortex_m_generic_cortex-m0_release_gcc",
        "cortex_m_generic_cortex-m0plus_release_gcc",
        f"linux_{platform.machine()}_release_gcc",
    ):
        touch(tree / "gen" / build / "lib/libtensorflow-microlite.a")
    return tree


@pytest.fixture
def described(tmp_path: Path) -> Path:
    touch(tmp_path / "vendor" / HEADER)
    (tmp_path / "m4.a").write_bytes(library_bytes(ARM, "arm_convolve_s8"))
    (tmp_path / "tflm.toml").write_text(
        f'commit = "{TFLM_COMMIT}"\ninclude_dirs = ["vendor"]\n'
        'defines = ["TF_LITE_STATIC_MEMORY"]\n'
        '[libraries]\ncortex-m4f = "m4.a"\n'
    )
    return tmp_path


def test_finds_the_libraries_of_an_upstream_build(upstream: Path) -> None:
    tflm = find_tflm(upstream)
    assert set(tflm.libraries) == {
        "cortex-m0", "cortex-m0plus", "cortex-m4f", "cortex-m4f/reference", "host",
    }  # fmt: skip
    assert "release_cmsis_nn" in str(tflm.library("cortex-m4f", "cmsis-nn"))
    assert "fp_default_gcc" in str(tflm.library("cortex-m4f", "reference"))
    assert "NDEBUG" not in tflm.defines  # one of them is no release build
    assert tflm.problems == ()
    assert not tflm.is_known_commit


def test_reads_a_description(described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECOMPRESS_TFLM", str(described))
    tflm = find_tflm()
    assert tflm.is_known_commit
    assert tflm.library("cortex-m4f", "cmsis-nn") == described / "m4.a"
    assert tflm.problems == ()


def test_check_prints_what_it_found(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("tflm", "check", described, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["commit"] == TFLM_COMMIT
    assert list(found["libraries"]) == ["cortex-m4f"]
    assert run_cli("tflm", "check", described) == 0
    said = capsys.readouterr().out
    assert f"library for cortex-m4f: {described / 'm4.a'} (cmsis-nn kernels)\n" in said
    (described / "m4.a").write_bytes(library_bytes(ARM, "__assert_func"))
    assert run_cli("tflm", "check", described) == 0
    assert "(reference kernels; with assertions and messages, so larger" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gone", "message"),
    [(f"vendor/{HEADER}", "micro_interpreter.h"), ("m4.a", "m4.a does not exist")],
)
def test_what_is_missing_ends_in_exit_6(
    described: Path, gone: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (described / gone).unlink()
    assert run_cli("tflm", "check", described) == 6
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("commit = 3", "commit must be a text"),
        ("includes = []", "unknown key includes"),
        ("commit = ", "not a TOML file"),
        ("libraries = 1", "unknown key libraries"),
        ('[libraries]\ncortex-m4fp = "m4.a"', "has 'cortex-m4fp'; known are cortex-m0, "),
        ('[libraries]\n"cortex-m4f/esp-nn" = "m4.a"', "/cmsis-nn or /reference"),
    ],
)
def test_a_description_that_breaks_the_rules_is_a_usage_error(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tflm.toml").write_text(text)
    assert run_cli("tflm", "check", tmp_path) == 2
    assert message in capsys.readouterr().err


def test_a_library_of_other_kernels_or_another_processor_is_refused(described: Path) -> None:
    with pytest.raises(ToolError, match=r"has cmsis-nn kernels.*--kernels cmsis-nn.*without OPTIM"):
        find_tflm(described).library("cortex-m4f", "reference")
    (described / "m4.a").write_bytes(library_bytes(ARM))
    with pytest.raises(ToolError, match=r"has reference.*OPTIMIZED_KERNEL_DIR=cmsis_nn"):
        find_tflm(described).library("cortex-m4f", "cmsis-nn")
    (described / "m4.a").write_bytes(library_bytes(X86_64))
    assert "another processor" in " ".join(find_tflm(described).problems)
    with pytest.raises(ToolError, match=r"no library for cortex-m4f: .*another processor"):
        find_tflm(described).library("cortex-m4f", "cmsis-nn")
    (described / "m4.a").write_bytes(b"")  # an empty one may be anything
    assert find_tflm(described).problems == ()


def test_a_copy_in_the_checkout_of_something_else_has_no_commit(upstream: Path) -> None:
    def git(folder: Path, *words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(folder), *who, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(folder: Path) -> str:
        git(folder, "init", "--quiet")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", "one")
        return git(folder, "rev-parse", "HEAD")

    commit(upstream.parent)
    assert find_tflm(upstream).commit == ""
    own = commit(upstream)
    assert find_tflm(upstream).commit == own


def test_the_documented_description_is_read(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs/tflm.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "tflm.toml").write_text(example)
    tflm = find_tflm(tmp_path)
    assert tflm.is_known_commit
    assert set(tflm.libraries) == {"cortex-m0plus", "cortex-m4f", "cortex-m4f/reference", "host"}
    for core in TFLM_CORES:
        assert f"`{core}`" in text
