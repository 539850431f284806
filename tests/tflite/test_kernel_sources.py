"""The operator table against the sources of TFLM's kernels, operator by operator."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edgecompress.tflite.operator_table import INDEX_TYPES, OPERATORS, OUTPUT_TYPES, types_of

_KERNELS = ("tensorflow/lite/micro/kernels", "signal/micro/kernels")
_TYPE = re.compile(r"kTfLite(Float32|Bool|U?Int(?:4|8|16|32|64))\b")

# Types that a kernel's source names and the operator does not compute on: those of weights, biases,
# states and conditions, and of operators that share the file.
NAMED_FOR_SOMETHING_ELSE: Mapping[str, str] = {
    "ABS": "BOOL",  # of LOGICAL_NOT
    "CONV_2D": "INT4 INT32 INT64",  # weights, bias
    "COS": "BOOL INT8 INT16",  # of LOGICAL_NOT, ABS and RSQRT
    "CUSTOM:SignalFilterBank": "INT16",  # weights
    "CUSTOM:SignalFilterBankSquareRoot": "INT32",  # scale bits
    "CUSTOM:SignalFftAutoScale": "INT32",  # scale bits
    "CUSTOM:SignalFramer": "BOOL",  # whether the output is valid
    "CUSTOM:SignalPCAN": "INT16",  # gain
    "CUSTOM:SignalStacker": "BOOL",  # whether the output is valid
    "DEPTHWISE_CONV_2D": "INT4",  # weights
    "DYNAMIC_UPDATE_SLICE": "INT64",  # where it begins
    "EQUAL": "INT16",  # of GREATER
    "FILL": "INT16 INT64",  # the shape
    "FULLY_CONNECTED": "INT4 INT32",  # weights, bias
    "GREATER": "BOOL",  # of EQUAL
    "GREATER_EQUAL": "BOOL INT16",
    "LESS": "BOOL INT16",
    "LESS_EQUAL": "BOOL INT16",
    "LOG": "BOOL INT8 INT16",
    "LOGICAL_NOT": "FLOAT32 INT8 INT16",
    "MEAN": "BOOL INT32",  # of REDUCE_ALL, the axis
    "MIRROR_PAD": "INT32 INT64",  # paddings
    "NEG": "INT8",  # in a note on what is to come
    "NOT_EQUAL": "INT16",
    "REDUCE_ALL": "FLOAT32 INT8 INT16 INT32",
    "REDUCE_MAX": "BOOL INT16 INT32",
    "REDUCE_MIN": "BOOL INT16 INT32",
    "RESIZE_BILINEAR": "INT32",  # the size
    "RESIZE_NEAREST_NEIGHBOR": "INT32",
    "RSQRT": "BOOL INT16",
    "SELECT_V2": "BOOL",  # the condition
    "SIN": "BOOL INT8 INT16",
    "SQRT": "BOOL INT8 INT16",
    "SQUARE": "BOOL INT8 INT16",
    "SUM": "BOOL INT32",
    "SVDF": "INT16 INT32",  # state, bias
}
# Types that the kernel takes without naming them.
NOT_NAMED: Mapping[str, str] = {"LOGICAL_AND": "BOOL", "LOGICAL_OR": "BOOL"}


def _tree() -> Path:
    root = os.environ.get("EDGECOMPRESS_TFLM", "")
    if not root or not Path(root, _KERNELS[0], "cast.cc").is_file():
        pytest.skip("needs a source tree of TFLM: set EDGECOMPRESS_TFLM to it")
    return Path(root)


def _sources(root: Path) -> Mapping[str, str]:
    """The reference kernels' texts by file name, tests left out."""
    paths = [path for folder in _KERNELS for path in (root / folder).glob("*.cc")]
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in paths
        if not path.name.endswith("_test.cc")
    }


def _registers(root: Path) -> Mapping[str, str]:
    """The registration function of each resolver method: AddCast -> Register_CAST."""
    header = root / "tensorflow/lite/micro/micro_mutable_op_resolver.h"
    text = header.read_text(encoding="utf-8")
    methods = re.split(r"TfLiteStatus (?=Add\w+\()", text)[1:]
    found = {method.split("(")[0]: re.search(r"\bRegister_\w+", method) for method in methods}
    return {method: match.group(0) for method, match in found.items() if match}


def _kernel(sources: Mapping[str, str], register: str) -> Iterator[str]:
    """The texts of the file that defines a registration function, and of its `_common`."""
    stems = {
        name.removesuffix(".cc").removesuffix("_common").removesuffix("_kernel")
        for name, text in sources.items()
        if re.search(rf"TFLMRegistration\*? {register}\(\)", text)
    }
    for stem in stems:
        for ending in (".cc", "_common.cc", "_kernel.cc"):
            if stem + ending in sources:
                yield sources[stem + ending]


def _types(sources: Mapping[str, str], register: str) -> set[str]:
    return {name.upper() for text in _kernel(sources, register) for name in _TYPE.findall(text)}


@pytest.mark.parametrize("op", [op for op, s in OPERATORS.items() if s.types != "any"])
def test_the_types_are_those_of_the_kernel(op: str) -> None:
    root = _tree()
    support = OPERATORS[op]
    named = _types(_sources(root), _registers(root)[support.method])
    mine = types_of(support.types)
    others = types_of(OUTPUT_TYPES.get(op, "")) | types_of(INDEX_TYPES.get(op, (0, ""))[1])
    tolerated = set(NAMED_FOR_SOMETHING_ELSE.get(op, "").split())
    assert named - mine - others == tolerated, "the kernel has more types than the table"
    assert (mine | others) - named == set(NOT_NAMED.get(op, "").split())


@pytest.mark.parametrize("op", [op for op, s in OPERATORS.items() if s.types == "any"])
def test_what_takes_any_type_names_none_for_its_values(op: str) -> None:
    # These move values by their bytes: were a kernel to choose by type, it would name several.
    root = _tree()
    if op == "CUSTOM:ethos-u":
        pytest.skip("edgecompress refuses it")
    sources, registers = _sources(root), _registers(root)
    texts = list(_kernel(sources, registers[OPERATORS[op].method]))
    assert texts
    assert not any(re.search(r"switch \((input|output)\w*->type\)", text) for text in texts)
