"""Which rows (or columns) of an image a layer must see, so that some of its output come out right.

A patch runs through a chain of layers as an image of its own. Windows that reach over its edge see
padding where the whole image has neighbours: such rows are wrong, and nothing right is made of
them. A row is right if its window holds the same elements, and the same padding, as in the whole.
Source of the padding's rule: ComputePaddingWithOffset in tensorflow/lite/kernels/padding.h.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product


@dataclass(frozen=True)
class Span:
    """Rows or columns of an image from `first` to before `end`."""

    first: int
    end: int

    @property
    def size(self) -> int:
        """How many there are."""
        return self.end - self.first

    def holds(self, other: "Span") -> bool:
        """Say whether all of another lie in it."""
        return self.first <= other.first and other.end <= self.end

    def hull(self, other: "Span") -> "Span":
        """Return the least span that holds both."""
        return Span(min(self.first, other.first), max(self.end, other.end))


@dataclass(frozen=True)
class Wanted:
    """What of an image is looked at: `there` must exist, and `right` in it be right."""

    there: Span
    right: Span

    def hull(self, other: "Wanted") -> "Wanted":
        """Return what serves both."""
        return Wanted(self.there.hull(other.there), self.right.hull(other.right))


@dataclass(frozen=True)
class Pointwise:
    """A layer that makes each row of the same rows of all its inputs."""

    def reads(self, wanted: Wanted) -> Wanted:
        """Return what must be read."""
        return wanted

    def makes(self, given: Span) -> Span | None:
        """Return what is made of a part of the input."""
        return given


@dataclass(frozen=True)
class Window:
    """A layer that makes each row of `kernel` rows (holes of dilation included), every `stride`."""

    kernel: int
    stride: int
    same: bool
    size_in: int
    size_out: int

    def reads(self, wanted: Wanted) -> Wanted:
        """Return the least part of the input of which all that is wanted is made."""
        right = self._seen(wanted.right)
        for part in _wider(right, self.size_in, self.kernel + 2 * self.stride):
            made = self.makes(part)
            if made is not None and made.holds(wanted.there):
                return Wanted(part, right)
        return Wanted(Span(0, self.size_in), right)

    def makes(self, given: Span) -> Span | None:
        """Return what is made of a part; None if its windows do not lie where the whole's do."""
        count = -(-given.size // self.stride)
        if not self.same:
            count = (given.size - self.kernel) // self.stride + 1
        shift = given.first + self._before(self.size_in, self.size_out)
        first, off = divmod(shift - self._before(given.size, count), self.stride)
        if count <= 0 or off or first < 0 or first + count > self.size_out:
            return None
        return Span(first, first + count)

    def _before(self, size_in: int, size_out: int) -> int:
        """Return the padding before an image."""
        if not self.same:
            return 0
        return max((size_out - 1) * self.stride + self.kernel - size_in, 0) // 2

    def _seen(self, made: Span) -> Span:
        """Return the receptive field: what of the input lies in the windows of a part."""
        before = self._before(self.size_in, self.size_out)
        first = max(0, made.first * self.stride - before)
        end = min(self.size_in, (made.end - 1) * self.stride - before + self.kernel)
        # A window may lie in padding altogether: then any row will do.
        first = min(first, self.size_in - 1)
        return Span(first, max(end, first + 1))


@dataclass(frozen=True)
class Border:
    """PAD: zero points before and after an image."""

    before: int
    after: int
    size_in: int

    def reads(self, wanted: Wanted) -> Wanted:
        """Return what lies behind a part of the output; at least one row."""
        return Wanted(self._behind(wanted.there), self._behind(wanted.right))

    def makes(self, given: Span) -> Span | None:
        """Return what is made of a part with the border that it keeps."""
        before, after = self.kept(given)
        shift = self.before
        return Span(given.first + shift - before, given.end + shift + after)

    def kept(self, given: Span) -> tuple[int, int]:
        """Return the border that a part gets: only where it is at the image's own."""
        return (
            self.before if given.first == 0 else 0,
            self.after if given.end == self.size_in else 0,
        )

    def _behind(self, made: Span) -> Span:
        first = min(max(0, made.first - self.before), self.size_in - 1)
        return Span(first, max(first + 1, min(self.size_in, made.end - self.before)))


Rule = Pointwise | Window | Border


def _wider(span: Span, size: int, most: int) -> Iterator[Span]:
    """Yield a span and wider ones within an image, the narrowest first."""
    for before, after in _steps(most):
        if before <= span.first and span.end + after <= size:
            yield Span(span.first - before, span.end + after)


@cache
def _steps(most: int) -> list[tuple[int, int]]:
    return sorted(product(range(most + 1), range(most + 1)), key=sum)
