import json
from pathlib import Path

import pytest
from firmware_tools import run_cli

from edgecompress.firmware.tflm import find_tflm
from edgecompress.tflite.operators import TFLM_COMMIT

HEADER = "tensorflow/lite/micro/micro_interpreter.h"


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
        "cortex_m_generic_cortex-m0plus_release_gcc",
        "linux_x86_64_release_gcc",
    ):
        touch(tree / "gen" / build / "lib/libtensorflow-microlite.a")
    return tree


@pytest.fixture
def described(tmp_path: Path) -> Path:
    touch(tmp_path / "vendor" / HEADER)
    touch(tmp_path / "m4.a")
    (tmp_path / "tflm.toml").write_text(
        f'commit = "{TFLM_COMMIT}"\ninclude_dirs = ["vendor"]\n'
        'defines = ["TF_LITE_STATIC_MEMORY"]\n'
        '[libraries]\ncortex-m4f = "m4.a"\n'
    )
    return tmp_path


def test_finds_the_libraries_of_an_upstream_build(upstream: Path) -> None:
    tflm = find_tflm(upstream)
    assert set(tflm.libraries) == {"cortex-m4f", "cortex-m0plus", "host"}
    assert "release_cmsis_nn" in str(tflm.libraries["cortex-m4f"])
    assert {"NDEBUG", "TF_LITE_STRIP_ERROR_STRINGS"} <= set(tflm.defines)
    assert tflm.problems == ()
    assert not tflm.is_known_commit


def test_reads_a_description(described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECOMPRESS_TFLM", str(described))
    tflm = find_tflm()
    assert tflm.is_known_commit
    assert tflm.library("cortex-m4f") == described / "m4.a"
    assert tflm.problems == ()


def test_check_prints_what_it_found(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("tflm", "check", described, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["commit"] == TFLM_COMMIT
    assert list(found["libraries"]) == ["cortex-m4f"]
    assert run_cli("tflm", "check", described) == 0
    assert "library for cortex-m4f" in capsys.readouterr().out


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
    ],
)
def test_a_description_that_breaks_the_rules_is_a_usage_error(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tflm.toml").write_text(text)
    assert run_cli("tflm", "check", tmp_path) == 2
    assert message in capsys.readouterr().err
