"""Weights encoded where flash binds: they take less of it, and RAM while they are in use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.memory.arena.plan import plan_for
from edgecompress.memory.arena.target import Target
from edgecompress.memory.flash import flash_items
from edgecompress.memory.verdict.judge import Verdict
from edgecompress.pack.decode import smallest_encoding, weights_of, with_decode
from edgecompress.pack.encodings.encoded import Encoded
from edgecompress.tflite.graph import Tensor
from edgecompress.tflite.operators import registrations
from edgecompress.tflite.reader import read_model

Targets = Mapping[str, Target]  # by core

# About what an operator, two tensors and two buffers take in a file besides their contents.
_DECODE_FILE_BYTES = 160


@dataclass(frozen=True)
class Limits:
    """What packing has to keep to. Without a flash budget weights stay as they are.

    Attributes:
        flash_bytes: for the model, TFLM and its kernels.
        arena_bytes: that encoded weights may raise the arena to; None for any.
    """

    flash_bytes: int | None = None
    arena_bytes: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Weights:
    """A model with some of its weights encoded, or as it was, and why."""

    model: bytes
    done: bool
    what: str


@dataclass(frozen=True)
class _Choice:
    """Weights, encoded, what that saves of the file, and how much it alone raises the arena."""

    tensor: Tensor
    encoded: Encoded
    growth_bytes: int
    saved_bytes: int


@dataclass(frozen=True)
class _Try:
    """A model with weights encoded, each in one of the encodings, and what it takes with TFLM."""

    model: bytes
    flash_bytes: int
    encodings: tuple[str, ...]


def limits_on(verdict: Verdict) -> Limits:
    """Return what a board has for model, TFLM and arena, when the rest of the firmware is there."""
    ours = sum(item.bytes for item in verdict.flash.items if item.kind in ("model", "runtime"))
    return Limits(
        flash_bytes=max(0, ours + verdict.flash.headroom_bytes),
        arena_bytes=max(0, verdict.arena.min_bytes + verdict.ram.arena.headroom_bytes),
    )


def pack_weights(model: bytes, targets: Targets, limits: Limits) -> Weights | None:
    """Return a model with as few of its weights encoded as its flash budget wants.

    Those come first that raise the arena least, and of these the largest savings. Counted in is
    the code of DECODE; the model stays as it is where all of them save less than that.

    Args:
        model: a .tflite that the targets can run.
        targets: by core, what flash and arena are counted for.
        limits: the flash budget, and what the arena may grow to.

    Returns:
        None if flash does not bind.
    """
    before = flash_bytes(model, targets)
    if limits.flash_bytes is None or before <= limits.flash_bytes:
        return None
    tries = list(_tries(model, targets, limits, limits.flash_bytes))
    if not tries:
        why = "no weights are smaller encoded, or the arena has no room for them"
        return Weights(model, done=False, what=why)
    best = min(tries, key=lambda each: each.flash_bytes)
    saved = len(model) - len(best.model)
    if best.flash_bytes >= before:
        code = best.flash_bytes - before + saved
        what = f"encoding saves {saved:,} bytes of the file, but the code of DECODE takes {code:,}"
        return Weights(model, done=False, what=what)
    return Weights(best.model, done=True, what=_what(best.encodings, before - best.flash_bytes))


def _tries(model: bytes, targets: Targets, limits: Limits, budget: int) -> Iterator[_Try]:
    """Yield the model with one more of its weights encoded each time, until it meets the budget."""
    taken: dict[int, Encoded] = {}
    for choice in _choices(model, targets):
        wider = {**taken, choice.tensor.index: choice.encoded}
        written = with_decode(model, wider)
        if limits.arena_bytes is not None and _arena(written, targets) > limits.arena_bytes:
            continue
        taken, now = wider, flash_bytes(written, targets)
        yield _Try(written, now, tuple(each.encoding for each in taken.values()))
        if now <= budget:
            return


def flash_bytes(model: bytes, targets: Targets) -> int:
    """Return the flash of a model with TFLM and its kernels, on the core where it is most."""
    graph = read_model(model)
    sizes = []
    for core, target in targets.items():
        names = [entry.name for entry in registrations(graph, target.kernels)]
        items = flash_items(len(model), names, core, target.kernels)
        sizes.append(sum(item.bytes for item in items))
    return max(sizes)


def _choices(model: bytes, targets: Targets) -> Sequence[_Choice]:
    """Return the weights to encode, those first that raise the arena least.

    Last come small ones of int4 that save nothing themselves: where none is left, int8 kernels do.
    """
    found = list(_encoded(model, targets))
    return sorted(found, key=lambda c: (c.saved_bytes <= 0, c.growth_bytes, -c.saved_bytes))


def _encoded(model: bytes, targets: Targets) -> Iterator[_Choice]:
    arena = _arena(model, targets)
    for tensor, values in weights_of(read_model(model)):
        if tensor.quantization is None:
            continue
        encoded = smallest_encoding(values, tensor.quantization)
        saved = tensor.size_bytes - encoded.size_bytes - _DECODE_FILE_BYTES
        if saved > 0 or tensor.type == "INT4":
            alone = with_decode(model, {tensor.index: encoded})
            yield _Choice(tensor, encoded, _arena(alone, targets) - arena, saved)


def _arena(model: bytes, targets: Targets) -> int:
    graph = read_model(model)
    return max(plan_for(graph, target).min_bytes for target in targets.values())


def _what(kinds: Sequence[str], saved: int) -> str:
    counts = ", ".join(f"{kinds.count(kind)} as {kind}" for kind in dict.fromkeys(kinds))
    return (
        f"{len(kinds)} weight tensors encoded ({counts}): {saved:,} bytes of flash, DECODE counted"
    )
