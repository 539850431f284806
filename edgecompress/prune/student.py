"""A student for distillation, cut from its teacher: fewer channels, fewer repeated layers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import UsageError
from edgecompress.graph.depth import shallower
from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import prune_channels
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.scores import score_channels
from edgecompress.prune.widths import scaled

_MULTIPLE = 4  # channels: what CMSIS-NN's and ESP-NN's inner loops take at once


def derive_student(
    teacher: Any,
    width: float,
    depth: float = 1.0,
    x: NDArray[np.float32] | None = None,
) -> Any:
    """Return a narrower and shallower copy of `teacher`, with the weights of what it keeps.

    Args:
        teacher: a functional or Sequential keras.Model.
        width: share of the channels that each layer keeps, above 0 to 1, in multiples of 4. Kept
            are those whose kernels have the largest L1 norm (Li et al., "Pruning Filters for
            Efficient ConvNets", 2017).
        depth: share of the repeated layers and residual blocks that stays, 0 to 1.
        x: samples [n, ...] by which it is found which of these matter least; see `shallower`.

    Raises:
        UsageError: `width` or `depth` is out of range, or there are no blocks to leave out.
        ModelError: the teacher is not functional.
    """
    if not 0 < width <= 1:
        raise UsageError(f"width {width:g} is out of range: above 0, at most 1")
    if depth != 1:
        teacher = shallower(teacher, depth, x)
    groups = [group for group in find_groups(teacher) if group.frozen is None]
    counts = scaled({group.name: group.channels for group in groups}, width, _MULTIPLE)
    scores = score_channels(teacher, groups, "l1")
    return prune_channels(teacher, choose_channels(scores, counts, groups))
