"""A model of TFLM's signal operators, of the kinds that its own audio preprocessor is made of."""

import numpy as np
from flatbuffers import flexbuffers

from support.flatbuffer_models import Graph, Op, T, build, integers, options

_SAMPLES, _BINS = 64, 33
_INT16 = 7  # schema.TensorType


def _plain(shape: tuple[int, ...], type_: str) -> T:
    return T(shape, type_, scale=None)


def _flex(**values: int) -> bytes:
    return bytes(flexbuffers.Dumps(values))


def audio_front_end() -> bytes:
    """Energies of 64 int16 samples in 16 bands, as int8; unsigned values pass through CAST."""
    tensors = {
        "audio": _plain((1, _SAMPLES), "INT16"),
        "hann": T((_SAMPLES,), "INT16", (np.hanning(_SAMPLES) * 4095).astype(np.int16), scale=None),
        "windowed": _plain((1, _SAMPLES), "INT16"),
        "flat_shape": integers(_SAMPLES),
        "flat": _plain((_SAMPLES,), "INT16"),
        "scaled": _plain((_SAMPLES,), "INT16"),
        "scale_bits": _plain((), "INT32"),
        "spectrum": _plain((2 * _BINS,), "INT16"),
        "energy": _plain((_BINS,), "UINT32"),
        "signed": _plain((_BINS,), "INT32"),
        "begin": integers(1),
        "end": integers(17),
        "stride": integers(1),
        "bands": _plain((16,), "INT32"),
        "unsigned": _plain((16,), "UINT32"),
        "log": _plain((16,), "INT16"),
        "wide": _plain((16,), "INT32"),
        "most": T((), "INT32", np.array(127, np.int32), scale=None),
        "clipped": _plain((16,), "INT32"),
        "features": T((16,), "INT8", scale=1 / 16),
    }
    ops = [
        Op("CUSTOM:SignalWindow", ["audio", "hann"], ["windowed"], None, _flex(shift=12)),
        Op("RESHAPE", ["windowed", "flat_shape"], ["flat"]),
        Op("CUSTOM:SignalFftAutoScale", ["flat"], ["scaled", "scale_bits"], None, _flex()),
        Op("CUSTOM:SignalRfft", ["scaled"], ["spectrum"], None, _flex(T=_INT16, fft_length=64)),
        Op("CUSTOM:SignalEnergy", ["spectrum"], ["energy"], None,
           _flex(end_index=_BINS, start_index=0)),
        Op("CAST", ["energy"], ["signed"]),
        Op("STRIDED_SLICE", ["signed", "begin", "end", "stride"], ["bands"],
           options("StridedSliceOptions")),
        Op("CAST", ["bands"], ["unsigned"]),
        Op("CUSTOM:SignalFilterBankLog", ["unsigned"], ["log"], None,
           _flex(input_correction_bits=3, output_scale=6)),
        Op("CAST", ["log"], ["wide"]),
        Op("MINIMUM", ["wide", "most"], ["clipped"]),
        Op("CAST", ["clipped"], ["features"]),
    ]  # fmt: skip
    return build(Graph(tensors, ops, ["audio"], ["features"]))
