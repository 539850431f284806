"""Remedies for what int8 rounding costs that need no training, tried in order of simplicity."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split
from edgecompress.errors import ModelError, UsageError
from edgecompress.quantize.equalize import equalized
from edgecompress.quantize.output_error import output_snr_db
from edgecompress.quantize.post_training import DEFAULT_SAMPLES, Scheme, quantize
from edgecompress.quantize.scales import Method

_log = logging.getLogger(__name__)

# A remedy must beat every simpler one by this much: 11 % less error.
_WORTHWHILE_DB = 0.5
JUDGED_SAMPLES = 200  # enough to tell half a decibel apart


@dataclass(frozen=True)
class Remedy:
    """A way to quantize, in the words of `quantize`'s arguments."""

    method: Method = "minmax"
    bias_correction: bool = False
    equalize: bool = False

    def __str__(self) -> str:
        words = {"equalization": self.equalize, "bias correction": self.bias_correction}
        return ", ".join([f"{self.method} calibration", *(word for word in words if words[word])])


# The simplest first. docs/quantization.md says what each gains, and what is left out, and why.
REMEDIES = (
    Remedy(),
    Remedy("mse"),
    Remedy(bias_correction=True),
    Remedy("mse", bias_correction=True),
    Remedy(bias_correction=True, equalize=True),
)


@dataclass(frozen=True)
class Remedied:
    """A quantized model, the remedy it was made with, and how near each one tried came."""

    model: Any  # the float keras.Model that the .tflite was made of: equalized, or as it was
    tflite: bytes
    remedy: Remedy
    snr_db: Mapping[Remedy, float]  # of the outputs, against those of the float model

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What each remedy tried came to."""
        return [
            {**asdict(remedy), "output_snr_db": snr, "chosen": remedy == self.remedy}
            for remedy, snr in self.snr_db.items()
        ]

    def __str__(self) -> str:
        """Say what was chosen, and by what."""
        tried = ", ".join(f"{snr:.1f} dB by {remedy}" for remedy, snr in self.snr_db.items())
        return f"{self.remedy} chosen by the error of the outputs: {tried}"


def requantize(
    model: Any,
    calibration: NDArray[np.float32],
    judge: NDArray[np.float32],
    scheme: Scheme = "int8",
    *,
    samples: int = DEFAULT_SAMPLES,
    per_channel_dense: bool | Literal["auto"] = False,
    weight_bits: int = 8,
    input_normalization: bool = True,
    unroll: bool = False,
    remedies: Sequence[Remedy] = REMEDIES,
    seed: int = 0,
) -> Remedied:
    """Quantize a model by the simplest remedy that is as good as the others.

    Args:
        model: a keras.Model of one input; without equalization, if it is not functional.
        calibration: typical inputs [n, ...].
        judge: validation inputs [m, ...], none of them in `calibration`: on these the outputs of
            the float and of the integer model are compared.
        scheme: as of `quantize`; so are `samples`, `per_channel_dense`, `weight_bits`,
            `input_normalization`, `unroll` and `seed`.
        samples: how many of `calibration` are used.
        per_channel_dense: whether dense layers have a scale for each unit.
        weight_bits: 4 stores large kernels in 4 bits.
        input_normalization: whether the normalization of inputs may leave the graph.
        unroll: write out the steps of LSTMs.
        remedies: what to try, the simplest first. With int16x8 only calibration by minmax is tried.
        seed: of the choice of samples.

    Raises:
        UsageError: there is no remedy to try.
    """
    typical = Split(calibration).sample(samples, seed).x
    make = partial(
        quantize, calibration=calibration, scheme=scheme, samples=samples,
        per_channel_dense=per_channel_dense, weight_bits=weight_bits,
        input_normalization=input_normalization, unroll=unroll, seed=seed,
    )  # fmt: skip
    chosen: Remedied | None = None
    snr_db: dict[Remedy, float] = {}
    for remedy in remedies:
        exact = _prepared(model, remedy, scheme, typical)
        if exact is None:
            continue
        tflite = make(exact, method=remedy.method, bias_correction=remedy.bias_correction)
        snr_db[remedy] = output_snr_db(model, tflite, [judge])
        _log.info("%s: outputs at %.2f dB", remedy, snr_db[remedy])
        if chosen is None or snr_db[remedy] > snr_db[chosen.remedy] + _WORTHWHILE_DB:
            chosen = Remedied(exact, tflite, remedy, snr_db)
    if chosen is None:
        raise UsageError("no remedy is named: give at least one")
    return chosen


def _prepared(model: Any, remedy: Remedy, scheme: str, typical: NDArray[np.float32]) -> Any:
    """Return the float model that a remedy quantizes, or None if it cannot be tried."""
    if scheme == "int16x8" and remedy.method != "minmax":
        return None
    try:
        return equalized(model, [typical]) if remedy.equalize else model
    except ModelError as error:
        _log.info("no equalization: %s", error)
        return None
