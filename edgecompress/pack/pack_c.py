"""Less memory for a model that the C runtime runs, which plans its arena itself."""

from edgecompress.pack.packed import Packed, Step
from edgecompress.pack.patches.costs import costs_over_inputs
from edgecompress.pack.patching import patch_to_fit, patches_step
from edgecompress.pack.rewrite import smaller
from edgecompress.pack.variants import Sizes
from edgecompress.program.lower import lower
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.reader import read_model

RUNTIME = "C runtime"  # in place of a core: the arena is the same on all


def pack_for_c(model: bytes, ram_budget_bytes: int | None = None) -> Packed:
    """Return a model whose outputs are equal, in fewer bytes, and in patches where RAM binds.

    Args:
        model: a .tflite.
        ram_budget_bytes: an arena that is small enough. Without it nothing runs in patches.

    Raises:
        ModelError: the model cannot be read.
        UnsupportedModelError: the C runtime has no kernel for an operator.
    """
    before, file = _sizes(model), smaller(model)
    steps = [
        Step("file", len(file) < len(model), "without what no interpreter reads", _sizes(file))
    ]
    if ram_budget_bytes is None or steps[0].sizes.arena_bytes[RUNTIME] <= ram_budget_bytes:
        return Packed(file, before, tuple(steps))
    costs = costs_over_inputs(read_model(file))
    patched = patch_to_fit(file, costs, _arena_bytes, ram_budget_bytes)
    written = smaller(patched.model) if patched else file
    steps.append(patches_step(patched, _sizes(written), before))
    return Packed(written, before, tuple(steps))


def _sizes(model: bytes) -> Sizes:
    graph = read_model(model)
    return Sizes(len(model), {RUNTIME: lower(graph).arena_bytes}, graph_macs(graph))


def _arena_bytes(model: bytes) -> int:
    return lower(read_model(model)).arena_bytes
