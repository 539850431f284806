"""Coverage-guided fuzzing of all readers, briefly; the long runs are benchmarks/robustness/fuzz.py.

tests/data/fuzz/ holds what the long runs went on from.
"""

import importlib.util
import re

import pytest
from support import REPOSITORY
from support.firmware_tools import script

FOLDER = REPOSITORY / "benchmarks" / "robustness"
RUNS = {"model": 1500}  # further ones than those of the seeds
OTHER_RUNS = 500
EDGES = {"model": 2000, "table": 150, "arrays": 150}


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return script("benchmarks/robustness/fuzz.py")


@pytest.fixture
def needs_atheris():
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("needs atheris (Linux, Python 3.11 to 3.13): pip install 'edgecompress[test]'")


def test_kept_inputs_are_read_or_refused(fuzz, tmp_path):
    files = script("benchmarks/robustness/files.py")
    kept = {f"{kind} {name}": files.outcome(kind, content, tmp_path)
            for kind in fuzz.READERS for name, content in fuzz.kept_of(kind).items()}  # fmt: skip
    assert {name: said for name, (how, said) in kept.items() if how == "failed"} == {}
    assert {how for how, _ in kept.values()} == {"read", "refused"}


@pytest.mark.slow
@pytest.mark.usefixtures("needs_atheris")
@pytest.mark.parametrize("kind", ["model", "board", "table", "arrays", "picture"])
def test_nothing_that_is_found_in_a_short_run_fails(fuzz, kind, tmp_path):
    held = bytearray(b"x") * 1_200_000_000  # as after other tests: it is not counted
    seeds = len(fuzz.seeds_of(kind)) + len(fuzz.kept_of(kind))
    runs = seeds + RUNS.get(kind, OTHER_RUNS)
    ended = fuzz.fuzz(kind, tmp_path, tmp_path / "failed", ("-seed=1", f"-runs={runs}"))
    del held
    assert ended.code == 0, ended.said[-4000:]
    assert not (tmp_path / "failed").exists()
    assert int(re.findall(r"peak_rss_mb: *(\d+)", ended.said)[-1]) < 1000
    assert ended.counts[0] >= runs
    assert ended.counts[1] > EDGES.get(kind, 10)


@pytest.mark.slow
@pytest.mark.usefixtures("needs_atheris")
def test_what_fails_is_found_and_kept(fuzz, monkeypatch, tmp_path):
    """A reader that takes a word of a recipe badly, put in place of the real one."""
    (tmp_path / "sitecustomize.py").write_text(
        "import edgecompress.recipe as recipe\n"
        "def fragile(path, given):\n"
        "    return 1 // (b'\\xff' not in path.read_bytes())\n"
        "recipe.load_recipe = fragile\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = fuzz.fuzz("recipe", tmp_path, tmp_path / "failed", ("-seed=1", "-runs=100000"))
    assert ended.code != 0
    assert "ZeroDivisionError" in ended.said
    [kept] = (tmp_path / "failed").iterdir()
    assert b"\xff" in kept.read_bytes()


def test_inputs_are_kept_in_the_same_bytes(fuzz, monkeypatch, tmp_path):
    monkeypatch.setattr(fuzz, "CORPUS", tmp_path)
    assert fuzz.kept_of("model") == {}
    fuzz.keep("model", {"b": b"two", "a": b"one"})
    first = (tmp_path / "model.zip").read_bytes()
    assert fuzz.kept_of("model") == {"a": b"one", "b": b"two"}
    fuzz.keep("model", {"a": b"one", "b": b"two"})
    assert (tmp_path / "model.zip").read_bytes() == first
