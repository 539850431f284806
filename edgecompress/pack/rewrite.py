"""What packing writes into a .tflite: the order of its operators, and a memory plan.

Source of the plan's form: tensorflow/lite/micro/docs/memory_management.md of TFLM 90b983c2b,
"Offline planned tensor allocations".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecompress.memory.arena.head import OFFLINE_PLAN
from edgecompress.tflite.pack import content_of, packed, serialized

_VERSION = 1  # TFLM does not read it


def smaller(model: bytes) -> bytes:
    """Return the model in the fewest bytes: without what no interpreter reads, or as it is."""
    return min(model, packed(model), key=len)


def with_order(model: bytes, order: Sequence[int]) -> bytes:
    """Return the model with the operators of its main subgraph in another order.

    A plan is left out: it was made for the old order.
    """
    content = content_of(without_plan(model))
    main = content.subgraphs[0]
    main.operators = [main.operators[number] for number in order]
    return serialized(content)


def with_plan(model: bytes, offsets: Sequence[int]) -> bytes:
    """Return the model with a memory plan, instead of the one it may have.

    Args:
        model: a .tflite.
        offsets: for each tensor of each subgraph, in their order: bytes from the start of the
            arena's head, or -1 where TFLM shall choose.
    """
    content = content_of(without_plan(model))
    words = np.array([_VERSION, len(content.subgraphs), len(offsets), *offsets], "<i4")
    plan = schema.MetadataT(name=OFFLINE_PLAN, buffer=len(content.buffers))
    content.metadata = [*(content.metadata or ()), plan]
    content.buffers.append(schema.BufferT(data=words.view(np.uint8)))
    return serialized(content)


def without_plan(model: bytes) -> bytes:
    """Return the model without a memory plan; unchanged if it has none."""
    content = content_of(model)
    kept = [entry for entry in content.metadata or () if not _is_plan(entry)]
    if len(kept) == len(content.metadata or ()):
        return model
    content.metadata = kept or None
    return packed(serialized(content), names=True)


def _is_plan(entry: Any) -> bool:
    return entry.name in {OFFLINE_PLAN, OFFLINE_PLAN.encode()}
