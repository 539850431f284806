"""What each kernel of TFLM asks of the arena, by kernel library."""

from collections.abc import Mapping

from edgecompress.memory.arena.kernels import (
    convolution,
    dense,
    esp_nn,
    estimates,
    recurrent,
    shapes,
    simple,
)
from edgecompress.memory.arena.requests import Kernel
from edgecompress.memory.arena.target import Target

_REFERENCE: Mapping[str, Kernel] = {
    **simple.SIMPLE,
    **shapes.REFERENCE,
    **dense.REFERENCE,
    **convolution.REFERENCE,
    **recurrent.REFERENCE,
    **estimates.SIGNAL,
}
# Kernels that a library replaces; for all others it uses the reference kernels.
_LIBRARIES: Mapping[str, Mapping[str, Kernel]] = {
    "reference": _REFERENCE,
    "cmsis-nn": {
        **_REFERENCE, **dense.CMSIS_NN, **convolution.CMSIS_NN, **recurrent.CMSIS_NN,
    },
    "esp-nn": {**_REFERENCE, **esp_nn.ESP_NN},
}  # fmt: skip


def kernels_of(target: Target) -> Mapping[str, Kernel]:
    """Return the kernels that run on the target, by operator."""
    return _LIBRARIES[target.kernels]
