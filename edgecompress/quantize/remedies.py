"""Remedies for what int8 rounding costs that need no training, tried in order of simplicity."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from edgecompress.dataset import Split
from edgecompress.dataset.split import Inputs, arrays_of
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
    calibration: Inputs,
    judge: Inputs,
    scheme: Scheme = "int8",
    *,
    samples: int = DEFAULT_SAMPLES,
    remedies: Sequence[Remedy] = REMEDIES,
    seed: int = 0,
    **options: Any,
) -> Remedied:
    """Quantize a model by the simplest remedy that is as good as the others.

    Args:
        model: a keras.Model; without equalization, if it is not functional.
        calibration: typical inputs [n, ...].
        judge: validation inputs [m, ...], none of them in `calibration`: on these the outputs of
            the float and of the integer model are compared.
        scheme: as of `quantize`.
        samples: how many of `calibration` are used.
        remedies: what to try, the simplest first. With int16x8 only calibration by minmax is tried.
        options: per_channel_dense, weight_bits and input_normalization, as of `quantize`.
        seed: of the choice of samples.

    Raises:
        UsageError: there is no remedy to try.
    """
    typical = Split(calibration).sample(samples, seed).x
    make = partial(
        quantize, calibration=calibration, scheme=scheme, samples=samples, seed=seed, **options
    )
    chosen: Remedied | None = None
    snr_db: dict[Remedy, float] = {}
    for remedy in remedies:
        exact = _prepared(model, remedy, scheme, typical)
        if exact is None:
            continue
        tflite = make(model=exact, method=remedy.method, bias_correction=remedy.bias_correction)
        snr_db[remedy] = output_snr_db(model, tflite, arrays_of(judge))
        _log.info("%s: outputs at %.2f dB", remedy, snr_db[remedy])
        if chosen is None or snr_db[remedy] > snr_db[chosen.remedy] + _WORTHWHILE_DB:
            chosen = Remedied(exact, tflite, remedy, snr_db)
    if chosen is None:
        raise UsageError("no remedy is named: give at least one")
    return chosen


def _prepared(model: Any, remedy: Remedy, scheme: str, typical: Inputs) -> Any:
    """Return the float model that a remedy quantizes, or None if it cannot be tried."""
    if scheme == "int16x8" and remedy.method != "minmax":
        return None
    try:
        return equalized(model, arrays_of(typical)) if remedy.equalize else model
    except ModelError as error:
        _log.info("no equalization: %s", error)
        return None
