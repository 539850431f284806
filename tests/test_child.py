import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgecompress.child import Child, ChildError
from edgecompress.errors import ModelError


def test_a_child_answers_and_may_print():
    child = Child("builtins:sum")
    assert child.call([1, 2, 3]) == 6
    assert child.call([4]) == 4
    assert Child("builtins:print").call("noise") is None
    child.close()


def test_the_crash_of_a_child_is_an_error_with_its_cause_and_the_next_call_works():
    child = Child("builtins:exec")
    with pytest.raises(ChildError, match="SIGSEGV"):
        child.call("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(ChildError, match="exit code 7"):
        child.call("import sys; sys.exit(7)")
    assert child.call("pass") is None


def test_what_a_child_raises_and_prints_comes_back():
    child = Child("builtins:exec")
    with pytest.raises(ChildError, match="ZeroDivisionError") as caught:
        child.call("print('on the way'); 1 / 0")
    assert "on the way" not in str(caught.value)
    with pytest.raises(ModelError, match="damaged"):
        child.call("from edgecompress.errors import ModelError; raise ModelError('damaged')")


def test_a_child_that_takes_too_long_is_ended():
    began = time.monotonic()
    with pytest.raises(ChildError, match="too long"):
        Child("time:sleep").call(600, timeout_seconds=0.5)
    assert time.monotonic() - began < 60


def test_a_child_that_computes_for_too_long_is_ended_and_waiting_is_no_computing():
    child = Child("builtins:exec")
    for _ in range(3):
        child.call("import time; time.sleep(1.1)", cpu_seconds=1)
    with pytest.raises(ChildError, match="too long"):
        child.call("while True: pass", cpu_seconds=1)
    assert child.call("pass") is None
    child.close()


def test_a_child_does_not_hear_the_terminals_ctrl_c():
    assert Child("os:getpgrp").call() != os.getpgrp()


_BUSY = """
import os, sys
from edgecompress.child import Child
child = Child("builtins:exec")
child.call("pass")
print(child.call.__self__._process.pid, flush=True)
child.call("while True: pass")
"""


def test_a_busy_child_ends_with_its_parent_however_that_ends():
    parent = subprocess.Popen([sys.executable, "-c", _BUSY], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    time.sleep(0.3)  # it is within the endless loop by then
    os.kill(child, 0)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 60
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, but nobody has asked how


def test_a_child_gets_no_more_memory_than_it_may_take():
    child = Child("builtins:bytearray", memory_bytes=1 << 30)
    assert len(child.call(1 << 20)) == 1 << 20
    with pytest.raises(ChildError, match="MemoryError"):
        child.call(1 << 30)
    assert len(child.call(1)) == 1
    child.close()
