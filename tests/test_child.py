import os
import time

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
        Child("time:sleep").call(60, timeout_seconds=0.5)
    assert time.monotonic() - began < 10


def test_a_child_does_not_hear_the_terminals_ctrl_c():
    assert Child("os:getpgrp").call() != os.getpgrp()
