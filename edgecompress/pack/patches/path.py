"""Which stretches to run in patches together: the ways through a model, estimated."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.pack.patches.costs import Costs
from edgecompress.pack.patches.offers import Offer


@dataclass(frozen=True)
class Path:
    """Stretches in patches, one after the other, and the arena and the work in all."""

    offers: tuple[Offer, ...]
    peak_bytes: int
    kept_bytes: int
    macs: int

    @property
    def arena_bytes(self) -> int:
        """What they change the arena to, but for what is kept of the model as it is."""
        return self.peak_bytes + self.kept_bytes


def paths(offers: Sequence[Offer], costs: Costs) -> list[Path]:
    """Return the best paths for each peak: those of the least work, and those that keep least.

    Those first that take the least work. None is worse than another in both arena and work.
    """
    peaks = sorted({*(offer.peak_bytes for offer in offers), *costs.live_bytes})
    found: set[Path] = set()
    for peak in peaks:
        for weight in (0, 1):
            path = _least(offers, costs, peak, weight)
            if path is not None and path.offers:
                found.add(path)
    ranked = sorted(found, key=lambda path: (path.macs, path.arena_bytes))
    kept: list[Path] = []
    for path in ranked:
        if not kept or path.arena_bytes < kept[-1].arena_bytes:
            kept.append(path)
    return kept


def _least(offers: Sequence[Offer], costs: Costs, peak: int, weight: int) -> Path | None:
    """Return the path of least work (weight 0) or least kept (1) that has a peak or less."""
    count = len(costs.live_bytes)
    starting: dict[int, list[Offer]] = {}
    for offer in offers:
        if offer.peak_bytes <= peak:
            starting.setdefault(offer.stretch.start, []).append(offer)
    best: dict[int, Path] = {0: Path((), 0, 0, 0)}
    for number in range(count):
        if number not in best:
            continue
        path = best[number]
        if costs.live_bytes[number] <= peak:
            whole = max(path.peak_bytes, costs.live_bytes[number])
            _keep(best, number + 1, Path(path.offers, whole, path.kept_bytes, path.macs), weight)
        for offer in starting.get(number, ()):
            _keep(best, offer.stretch.stop, _followed(path, offer), weight)
    return best.get(count)


def _followed(path: Path, offer: Offer) -> Path:
    return Path(
        (*path.offers, offer),
        max(path.peak_bytes, offer.peak_bytes),
        path.kept_bytes + offer.kept_bytes,
        path.macs + offer.macs,
    )


def _keep(best: dict[int, Path], place: int, path: Path, weight: int) -> None:
    known = best.get(place)
    if known is None or _rank(path, weight) < _rank(known, weight):
        best[place] = path


def _rank(path: Path, weight: int) -> tuple[int, int]:
    return (path.kept_bytes, path.macs) if weight else (path.macs, path.kept_bytes)
