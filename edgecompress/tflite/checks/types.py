"""Which types an operator's parameters and biases have, and options that must be there.

What reads such tensors takes their bytes as of these types. Rules as in `relations`.
Source: the Prepare functions of tensorflow/lite/kernels.
"""

from collections.abc import Iterator, Mapping, Sequence

from edgecompress.tflite.checks.case import Case, Rule

_WHOLE = ("INT32", "INT64")
_INDICES = ("INT16", *_WHOLE)
_BIASES: Mapping[str, Sequence[str]] = {"INT8": ("INT32",), "INT16": _WHOLE}


def _parameters(*places: int, types: Sequence[str] = _WHOLE) -> Rule:
    def rule(case: Case) -> Iterator[str]:
        for place in places:
            tensor = case.tensor(place)
            if tensor is not None and tensor.type not in types:
                yield f"has {tensor.type} as input {place}, where only {' or '.join(types)} is read"

    return rule


def _has_axis(case: Case) -> Iterator[str]:
    if "axis" not in case.operator.options:
        yield "has no options that name an axis"


def _biases(*places: int, of: int = 0) -> Rule:
    def rule(case: Case) -> Iterator[str]:
        value = case.tensor(of)
        types = _BIASES.get(value.type) if value else None
        if types is not None:
            yield from _parameters(*places, types=types)(case)

    return rule


RULES: Mapping[str, Sequence[Rule]] = {
    **dict.fromkeys(
        (
            "ARG_MAX", "ARG_MIN", "BROADCAST_TO", "CUMSUM", "EXPAND_DIMS", "MEAN", "MIRROR_PAD",
            "PAD", "PADV2", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN", "RESHAPE",
            "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SUM", "TRANSPOSE",
        ),
        (_parameters(1),),
    ),
    **dict.fromkeys(("BATCH_TO_SPACE_ND", "SLICE", "SPACE_TO_BATCH_ND", "SPLIT_V"),
                    (_parameters(1, 2),)),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), (_biases(2),)),
    **dict.fromkeys(("EMBEDDING_LOOKUP", "FILL", "SPLIT"), (_parameters(0),)),
    **dict.fromkeys(("GATHER", "GATHER_ND"), (_parameters(1, types=_INDICES),)),
    **dict.fromkeys(("CONCATENATION", "PACK", "UNPACK"), (_has_axis,)),
    "DYNAMIC_UPDATE_SLICE": (_parameters(2),),
    "STRIDED_SLICE": (_parameters(1, 2, 3),),
    "SVDF": (_biases(3),),
    "TRANSPOSE_CONV": (_parameters(0), _biases(3, of=2)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (_biases(12, 13, 14, 15),),
}  # fmt: skip
