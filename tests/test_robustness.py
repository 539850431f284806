"""Damaged models through all commands that read models: none crashes, hangs or swells.

Also kills and full disks, a few of each. The long runs are those of benchmarks/robustness/; the
files of tests/data/mutants failed once.
"""

import os
import re
import subprocess
import sys

import pytest
from support import REPOSITORY, firmware_tools
from support.firmware_tools import need, script
from support.zoo import ZOO

CORPUS = sorted((REPOSITORY / "tests" / "data" / "mutants").glob("*.tflite"))
FRESH = 60


@pytest.fixture(scope="module")
def harness():
    """The modules of the benchmark, found by this process and by its children."""
    place = str(REPOSITORY / "benchmarks" / "robustness")
    sys.path.append(place)
    import mutants
    import mutate

    yield mutants, mutate
    sys.path.remove(place)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_no_damaged_model_crashes_a_command(harness, tmp_path):
    mutants, mutate = harness
    kept = [(path.name, path.read_bytes()) for path in CORPUS]
    fresh = [mutants.mutant(mutants.seeds(None, ZOO), number) for number in range(FRESH)]
    ended = list(mutate.run_all([*kept, *fresh]))
    failed = {f"{command} {name}": mutate.failure(end) for name, _, command, end in ended}
    assert {name: why for name, why in failed.items() if why} == {}
    assert {end.code for *_, end in ended} >= {0, 3}


def test_mutants_are_the_same_everywhere(harness):
    mutants, _ = harness
    models = mutants.seeds(None, ZOO)
    made = [mutants.mutant(models, number) for number in range(40)]
    assert made == [mutants.mutant(models, number) for number in range(40)]
    changed = [content != models[name[7:].rpartition("_")[0]] for name, content in made
               if not name.endswith("early_words")]  # fmt: skip
    assert sum(changed) > len(changed) / 2


def test_a_failure_is_counted_and_kept(harness, tmp_path):
    _, mutate = harness
    good = mutate.Ended(0, 1.0, 1 << 20, "")
    assert mutate.failure(good) == ""
    assert mutate.failure(mutate.Ended(3, 1.0, 1 << 20, "damaged")) == ""
    assert "defect" in mutate.failure(mutate.Ended(1, 1.0, 1 << 20, "trace\na defect"))
    assert mutate.failure(mutate.Ended(0, 11.0, 1 << 20, "")) == "11.0 s"
    assert "bytes" in mutate.failure(mutate.Ended(0, 1.0, 2_000_000_000, ""))
    assert "SIGSEGV" in mutate.failure(mutate.Ended(-1, 0.0, 0, "was ended by SIGSEGV"))


def _benchmark(name, *words):
    """Run a benchmark in a process of its own: it forks before TensorFlow has threads."""
    return subprocess.run(
        [sys.executable, REPOSITORY / "benchmarks" / "robustness" / name, *words],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks, and watches processes as Linux can")
def test_killed_runs_come_to_the_bytes_of_an_undisturbed_one(tmp_path):
    words = ("--kills", "6", "--quick", "--seed", "1", "--keep", tmp_path / "failed")
    ended = _benchmark("kills.py", *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(re.findall(r"'kills of quantize': (\d+)", ended.stdout)[-1]) >= 6
    assert not (tmp_path / "failed").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_full_disks_leave_nothing_half_written():
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a disk: sudo make test")
    firmware_tools.need("cmake", "arm-none-eabi-gcc")
    words = ("--only", "quantize", "--only", "generate", "--only", "generate, again")
    ended = _benchmark("full_disk.py", "--runs", "6", *words, "--only", "build")
    if "mount:" in ended.stderr and "permi" in ended.stderr:
        pytest.skip("needs the right to mount a disk, which containers may lack")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r": 6': \d+", ended.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="watches processes as Linux can")
def test_signals_leave_nothing_half_written_and_nothing_running():
    firmware_tools.need("cmake", "arm-none-eabi-gcc")
    words = ("--only", "generate", "--only", "generate, again", "--only", "build")
    ended = _benchmark("interrupt.py", "--runs", "10", *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"SIG(INT|TERM): 130': \d", ended.stdout)
    assert re.search(r"SIGKILL: -9': \d", ended.stdout)


def test_no_damaged_file_of_another_kind_ends_in_an_internal_failure(harness, tmp_path):
    import files

    sound = files.sound_files(tmp_path)
    assert {"board", "recipe", "table", "arrays", "picture"} <= set(sound)
    ended = {kind: files.outcome(kind, content, tmp_path) for kind, content in sound.items()}
    assert {kind: found for kind, found in ended.items() if found[0] != "read"} == {}
    found = [files.outcome(*files.mutant(sound, number), tmp_path) for number in range(400)]
    assert [said for how, said in found if how == "failed"] == []
    assert {how for how, _ in found} == {"read", "refused"}


@pytest.mark.parametrize("name", ["div", "gather", "lstm"])
def test_firmware_is_clean_under_sanitizers(harness, name):
    need("gcc")
    sanitizers = script("benchmarks/robustness/sanitizers.py")
    compared = 0 if name in sanitizers.NOT_COMPARED else sanitizers.COMPARED
    assert sanitizers.check(ZOO[name](), "c", None, 40, compared) == ""


def test_sanitizers_say_what_is_wrong(harness, monkeypatch):
    need("gcc")
    sanitizers = script("benchmarks/robustness/sanitizers.py")
    sound = sanitizers._program
    damage = "return 0;", "volatile char few[2]; few[1 + !!net_input(0)] = 1; return 0;"
    monkeypatch.setattr(sanitizers, "_program", lambda *given: sound(*given).replace(*damage))
    assert "out of bounds" in sanitizers.check(ZOO["dense"](), "c", None, 2)


def test_growth_is_the_slope(harness):
    load = script("benchmarks/robustness/load.py")
    sizes = [10, 20, 40, 80]
    assert load.growth(sizes, [size**2 for size in sizes], 1) == "2.00"
    assert load.growth(sizes, [3.0 * size for size in sizes], 1) == "1.00"
    assert load.growth(sizes, [0.0] * 4, 1) == "-"
