"""What a change of the model costs on each board, item by item."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from edgecompress.memory.verdict.fit import Fit
from edgecompress.memory.verdict.judge import Verdict

IN_ALL = "in all"  # the name of a memory's sum


@dataclass(frozen=True)
class Change:
    """One item of a board's memory, in the model before and in that of now; 0 where it has none."""

    board: str  # with the runtime, unless it is TFLM
    memory: str  # "flash" or "ram"
    name: str
    before_bytes: int
    after_bytes: int

    @property
    def added_bytes(self) -> int:
        """How much more it takes; negative if less."""
        return self.after_bytes - self.before_bytes


def changes(before: Fit, after: Fit) -> tuple[Change, ...]:
    """Return what differs between two models, judged on the same boards, in the order of `after`.

    Boards that one of them cannot run on are left out.
    """
    earlier = {verdict.title: verdict for verdict in before.verdicts if verdict.runs}
    return tuple(
        change
        for verdict in after.verdicts
        if verdict.runs and verdict.title in earlier
        for change in _of_board(earlier[verdict.title], verdict)
        if change.added_bytes
    )


def _of_board(before: Verdict, after: Verdict) -> Iterator[Change]:
    old, new = _items(before), _items(after)
    for memory, name in dict.fromkeys((*new, *old)):
        key = memory, name
        yield Change(after.title, memory, name, old[key], new[key])


def _items(verdict: Verdict) -> Counter[tuple[str, str]]:
    """Return bytes by (memory, item); the totals are items of their own."""
    found: Counter[tuple[str, str]] = Counter()
    main = verdict.ram.main.items if verdict.ram.main else ()
    items = {"flash": verdict.flash.items, "ram": (*verdict.ram.arena.items, *main)}
    for memory, each in items.items():
        for item in each:
            found[memory, item.name] += item.bytes
            found[memory, IN_ALL] += item.bytes
    return found
