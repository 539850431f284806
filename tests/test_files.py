import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.full_disk import room_for

from edgecompress.errors import DiskFullError, OutputExistsError, UsageError
from edgecompress.files import remove_unfinished, write_file, write_tree
from edgecompress.lock import alone_in, passing_folder


def test_a_changed_file_of_the_user_stops_the_whole_tree(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"b\.txt.*--force"):
        write_tree(tmp_path, {"a.txt": "new", "b.txt": "new"}, force=False)
    assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "b.txt").read_text() == "mine"


def test_writing_the_same_again_is_no_overwrite(tmp_path: Path) -> None:
    for _ in range(2):
        write_tree(tmp_path, {"x/a.txt": "text", "b.bin": b"\x00"}, force=False)
    assert (tmp_path / "x" / "a.txt").read_text() == "text"


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    write_tree(tmp_path, {"a.txt": "new"}, force=True)
    assert (tmp_path / "a.txt").read_text() == "new"


def test_no_temporary_file_is_left_and_others_may_read(tmp_path: Path) -> None:
    write_file(tmp_path / "a.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) & stat.S_IRUSR


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_that_has_no_room_is_not_there_and_the_one_before_is_kept(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"mine")
    with room_for(1000), pytest.raises(DiskFullError, match=r"a\.bin: .* 5,000 bytes") as caught:
        write_file(tmp_path / "a.bin", bytes(5000))
    assert caught.value.exit_code == 6
    assert "free on its disk" in str(caught.value)
    assert names(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"mine"


@pytest.mark.parametrize("room", [0, 10, 999, 4999])
def test_a_folder_that_has_no_room_is_not_there_at_all(tmp_path, room):
    files = {"a.txt": "a" * 10, "x/b.txt": "b" * 1000, "c.bin": bytes(5000)}
    with room_for(room), pytest.raises(DiskFullError, match=r"out: .* 6,010 bytes"):
        write_tree(tmp_path / "out", files, force=False)
    assert names(tmp_path) == []


def test_a_folder_that_is_there_stays_as_it_was_where_there_is_no_room(tmp_path):
    write_tree(tmp_path / "out", {"a.txt": "old", "x/b.txt": "old"}, force=False)
    with room_for(100), pytest.raises(DiskFullError):
        write_tree(tmp_path / "out", {"a.txt": "new", "x/b.txt": "b" * 1000}, force=True)
    assert names(tmp_path) == ["out", "out/a.txt", "out/x", "out/x/b.txt"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_what_a_killed_run_left_is_gone_after_the_next(tmp_path):
    (tmp_path / ".out.abc.edgecompress-part" / "x").mkdir(parents=True)
    (tmp_path / ".out.abc.edgecompress-part" / "x" / "half.txt").write_text("half")
    write_tree(tmp_path / "out", {"a.txt": "text"}, force=False)
    assert names(tmp_path) == ["out", "out/a.txt"]
    (tmp_path / "out" / ".model.xyz.edgecompress-part").write_text("half")
    (tmp_path / "out" / ".firmware.xyz.edgecompress-part").mkdir()
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["out", "out/a.txt"]
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) & stat.S_IXUSR


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match=r"file/a\.txt: cannot be written: (Not a|File exists)"):
        write_file(tmp_path / "file" / "a.txt", "text")
    with pytest.raises(UsageError, match="file/out: cannot be written"):
        write_tree(tmp_path / "file" / "out", {"a.txt": "text"}, force=True)
    assert (tmp_path / "file").read_text() == "mine"


_HOLD = """
import sys, time
from pathlib import Path
from edgecompress.lock import alone_in
with alone_in(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_two_runs_in_one_folder_are_refused_and_a_kill_leaves_no_lock_behind(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-c", _HOLD, str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        said = "out: another run writes to this folder"
        with pytest.raises(UsageError, match=said), alone_in(out):
            pytest.fail("two are in the folder")
        os.kill(other.pid, signal.SIGKILL)
    with alone_in(out):
        (out / "result").write_text("done")
    assert names(tmp_path) == ["out", "out/result"]


_HOLD_TEMPORARY = """
import sys
import tempfile
from edgecompress.lock import passing_folder
with passing_folder() as folder:
    (folder / "model.keras").write_text("half")
    print("in", flush=True)
    sys.stdin.read()
"""


def test_temporary_files_go_with_the_next_run_once_their_process_was_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    command = [sys.executable, "-c", _HOLD_TEMPORARY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "in\n"
        with passing_folder() as own:
            assert own.parent == tmp_path
            assert len(list(tmp_path.rglob("model.keras"))) == 1  # it is in use
        os.kill(other.pid, signal.SIGKILL)
    assert len(list(tmp_path.rglob("model.keras"))) == 1
    with passing_folder() as own:
        assert names(tmp_path) == [own.name]
    assert names(tmp_path) == []


def test_a_folder_that_nothing_was_written_to_is_gone(tmp_path):
    with alone_in(tmp_path / "new"):
        pass
    with pytest.raises(ValueError, match="stop"), alone_in(tmp_path / "new" / "deep"):
        raise ValueError("stop")
    assert not (tmp_path / "new" / "deep").exists()


_WRITE = """
import sys
import tempfile
from pathlib import Path
from edgecompress.files import write_file, write_tree
out, word = Path(sys.argv[1]), sys.argv[2]
for _ in range(40):
    write_tree(out, {f"{n}.txt": word * 1000 for n in range(8)}, force=True)
    write_file(out.with_name("one.txt"), word * 1000)
"""


def test_two_that_write_the_same_at_once_mix_nothing(tmp_path):
    out = tmp_path / "out"
    both = [subprocess.Popen([sys.executable, "-c", _WRITE, str(out), word]) for word in "ab"]
    assert [process.wait() for process in both] == [0, 0]
    assert len({path.read_text() for path in out.iterdir()}) == 1
    assert names(tmp_path) == sorted(["one.txt", "out", *(f"out/{n}.txt" for n in range(8))])


def test_what_a_killed_run_left_of_a_file_is_gone_after_the_next(tmp_path):
    for left in (".a[1].txt.xyz.edgecompress-part", ".a[1].txt.edgecompress-lock"):
        (tmp_path / left).write_text("half")
    write_file(tmp_path / "a[1].txt", "text")
    assert names(tmp_path) == ["a[1].txt"]
