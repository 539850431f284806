"""The lines at the foot of a terminal that change while work goes on."""

import os
import sys
import time
from contextlib import AbstractContextManager, ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from threading import RLock, Timer
from typing import TYPE_CHECKING, Any, TextIO, cast

from edgecompress.train.clock import clock

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE_SECONDS = 0.7  # a command that is done by then shows nothing
_TIMES_A_SECOND = 8


@dataclass
class _Shown:
    """A line: what is done, how far it has come, and since when it is."""

    words: str
    share: float | None = None
    began: float = field(default_factory=time.monotonic)


class Live:
    """What is being done, each in a line with the time it takes, and what is said meanwhile.

    It is drawn once `_PATIENCE_SECONDS` have passed, makes way for whatever is printed, and is gone
    without a trace after `stop`.
    """

    def __init__(self, stream: TextIO, command: str) -> None:
        self._stream = _own(stream)
        self._lock, self._is_over, self._is_late = RLock(), False, False
        self._progress: Progress | None = None
        self._shown = {0: _Shown(command)}
        self._tasks: dict[int, Any] = {}
        self._printing = ExitStack()
        for printed, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if printed.isatty():
                self._printing.enter_context(_redirected(redirect, _MakingWay(printed, self)))
        self._timer = Timer(_PATIENCE_SECONDS, self._begin_drawing)
        self._timer.daemon = True
        self._timer.start()

    def line(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            if self._progress is None:
                self._stream.write(f"{text}\n")
                self._stream.flush()
            else:
                self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, activity: int, what: str, depth: int) -> None:
        """Show an activity, below those that it is part of."""
        with self._lock:
            self._shown[activity] = _Shown(f"{'  ' * depth}{what}")
            if self._progress is not None:
                self._add(self._progress, activity)
            elif self._is_late:
                self._draw()

    def tell(self, text: str) -> None:
        """Show behind the innermost activity how far it has come."""
        with self._lock:
            activity, shown = next(reversed(self._shown.items()))
            if self._progress is not None:
                words = f"{shown.words}: {text}"
                self._progress.update(self._tasks[activity], description=words)

    def share(self, activity: int, share: float) -> None:
        """Show the share done, 0..1, from which the time left is estimated."""
        with self._lock:
            self._shown[activity].share = share
            if self._progress is not None:
                self._progress.update(self._tasks[activity], total=1.0, completed=share)

    def end(self, activity: int) -> None:
        """Take an activity away."""
        with self._lock:
            self._shown.pop(activity)
            if self._progress is not None:
                self._progress.remove_task(self._tasks.pop(activity))
                self._progress.update(self._tasks[0], visible=len(self._tasks) == 1)

    def make_way(self) -> None:
        """Take everything away until another activity begins: something is to be printed."""
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
            self._progress = None

    def stop(self) -> None:
        """Take everything away; what was written as lines stays."""
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            self.make_way()
            self._printing.close()

    def _begin_drawing(self) -> None:
        with self._lock:
            self._is_late = True
            if not self._is_over and self._progress is None:
                self._draw()

    def _draw(self) -> None:
        if self._is_over:
            return
        self._progress, self._tasks = _progress(self._stream), {}
        for activity in self._shown:
            self._add(self._progress, activity)
        self._progress.start()

    def _add(self, progress: "Progress", activity: int) -> None:
        shown = self._shown[activity]
        total = None if shown.share is None else 1.0
        task = progress.add_task(shown.words, total=total)
        if shown.share is not None:
            progress.update(task, completed=shown.share)
        self._tasks[activity] = task
        progress.tasks[-1].start_time = shown.began
        if activity:  # what is known of the command is shown where no more is
            progress.update(self._tasks[0], visible=False)


class _MakingWay:
    """A stream to the same terminal: what is written goes where the lines were."""

    def __init__(self, stream: TextIO, live: Live) -> None:
        self._stream, self._live = stream, live

    def write(self, text: str) -> int:
        self._live.make_way()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _redirected(redirect: Any, stream: _MakingWay) -> AbstractContextManager[Any]:
    return cast("AbstractContextManager[Any]", redirect(stream))


def _progress(stream: TextIO) -> "Progress":
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    words = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    return Progress(
        SpinnerColumn("line"),
        words,
        TimeElapsedColumn(),
        _left_column(),
        console=Console(file=stream, highlight=False),
        transient=True,
        refresh_per_second=_TIMES_A_SECOND,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _left_column() -> Any:
    """Return a column with the time left, empty where it cannot be told."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Left(ProgressColumn):
        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            done, took = task.completed, task.elapsed
            if task.total is None or not done or took is None:
                return Text("")
            return Text(f"estimated {clock(took * (1 - done) / done)} left")

    return Left()


def _own(stream: TextIO) -> TextIO:
    """Return a stream of its own to the same terminal: TensorFlow's start silences stderr."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", buffering=1, encoding="utf-8")
    except (OSError, ValueError):  # it has no file, as in tests
        return stream
