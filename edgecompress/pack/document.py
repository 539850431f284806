"""What packing did, as JSON has it: sizes before, after each step, and what each step saved."""

from itertools import pairwise
from typing import Any

from edgecompress.pack.packed import Packed
from edgecompress.pack.variants import Sizes


def pack_document(packed: Packed) -> dict[str, Any]:
    """Return `before`, `after` and `steps`; arenas by core. What a step costs is negative."""
    sizes = [packed.before, *(step.sizes for step in packed.steps)]
    return {
        "before": _sizes(packed.before),
        "after": _sizes(packed.after),
        "steps": [
            {
                "name": step.name,
                "done": step.done,
                "what": step.what,
                **_sizes(after),
                "saved_model_bytes": before.model_bytes - after.model_bytes,
                "saved_arena_bytes": {
                    core: before.arena_bytes[core] - size
                    for core, size in after.arena_bytes.items()
                },
            }
            for step, (before, after) in zip(packed.steps, pairwise(sizes), strict=True)
        ],
    }


def saved_in_words(packed: Packed) -> str:
    """Say what each step saved, on the core where it saved most."""
    steps = [step for step in pack_document(packed)["steps"] if step["done"]]
    return "; ".join(
        f"{step['name']} {-max(step['saved_arena_bytes'].values()):+,} bytes of arena and "
        f"{-step['saved_model_bytes']:+,} of file ({step['what']})"
        for step in steps
    )


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        "model_bytes": sizes.model_bytes,
        "arena_bytes": dict(sizes.arena_bytes),
        "macs": sizes.macs,
    }
