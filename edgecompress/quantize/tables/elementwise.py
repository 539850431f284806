"""What TFLite's operators compute that look at one element at a time.

Source: the operator definitions in tensorflow/compiler/mlir/lite/ir/tfl_ops.td.
"""

from collections.abc import Callable, Mapping, Sequence
from math import erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Options = Mapping[str, Any]

_SQRT_HALF = np.sqrt(0.5)
_SQRT_2_OVER_PI = np.sqrt(2 / np.pi)

# Operators that keep each element as it is, in another shape.
RESHAPING = frozenset({"RESHAPE", "EXPAND_DIMS", "SQUEEZE"})


def compute(op: str, inputs: Sequence[Values], options: Options) -> Any:
    """Return what an operator of `ELEMENTWISE` makes of its inputs, which broadcast."""
    if op == "GELU":
        return _gelu(inputs[0], approximate=bool(options.get("approximate")))
    if op == "LEAKY_RELU":
        return np.where(inputs[0] < 0, inputs[0] * options["alpha"], inputs[0])
    values = _FUNCTIONS[op](*inputs)
    return _ACTIVATIONS[options.get("fused_activation_function", "NONE")](values)


def _gelu(x: Values, *, approximate: bool) -> Any:
    """Return x P(X < x); approximate: Hendrycks and Gimpel, "GELUs", 2016, section 2."""
    if approximate:
        return x * (1 + np.tanh(_SQRT_2_OVER_PI * (x + 0.044715 * x**3))) / 2
    return x * (1 + np.vectorize(erf)(x * _SQRT_HALF)) / 2


def _logistic(x: Values) -> Any:
    return 1 / (1 + np.exp(-x))


def _hard_swish(x: Values) -> Any:
    return x * np.clip(x + 3, 0, 6) / 6


def _elu(x: Values) -> Any:
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


_ACTIVATIONS: Mapping[str, Callable[[Values], Values]] = {
    "NONE": lambda x: x,
    "RELU": lambda x: np.maximum(x, 0),
    "RELU6": lambda x: np.clip(x, 0, 6),
    "RELU_N1_TO_1": lambda x: np.clip(x, -1, 1),
    "TANH": np.tanh,
}
_FUNCTIONS: Mapping[str, Callable[..., Values]] = {
    "ABS": np.abs,
    "ADD": np.add,
    "CEIL": np.ceil,
    "COS": np.cos,
    "DIV": np.divide,
    "ELU": _elu,
    "EQUAL": np.equal,
    "EXP": np.exp,
    "FLOOR": np.floor,
    "FLOOR_DIV": np.floor_divide,
    "FLOOR_MOD": np.mod,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "HARD_SWISH": _hard_swish,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "LOG": np.log,
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_NOT": np.logical_not,
    "LOGICAL_OR": np.logical_or,
    "LOGISTIC": _logistic,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "MUL": np.multiply,
    "NEG": np.negative,
    "NOT_EQUAL": np.not_equal,
    "POW": np.power,
    "RELU": _ACTIVATIONS["RELU"],
    "RELU6": _ACTIVATIONS["RELU6"],
    "RELU_N1_TO_1": _ACTIVATIONS["RELU_N1_TO_1"],
    "ROUND": np.rint,
    "RSQRT": lambda x: 1 / np.sqrt(x),
    "SELECT": np.where,
    "SELECT_V2": np.where,
    "SIGN": np.sign,
    "SIN": np.sin,
    "SQRT": np.sqrt,
    "SQUARE": np.square,
    "SQUARED_DIFFERENCE": lambda x, y: np.square(x - y),
    "SUB": np.subtract,
    "TANH": np.tanh,
}
ELEMENTWISE = frozenset({*_FUNCTIONS, "GELU", "LEAKY_RELU"})
