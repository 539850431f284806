"""Data from a Python function, `package.module:function`, called without arguments.

It may return (x, y); ((x, y), (x, y)) for train and test, as keras.datasets does, or three such
pairs for train, validation and test; a dictionary of arrays named as in a `.npz` file; or tf.data
data sets (of x, or of x and y, batched or not): one, two or three, or a dictionary of them by part.
For several inputs or outputs, x and y are dictionaries of arrays by the names of the layers.
"""

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.arrays import source_of
from edgecompress.dataset.source import Source, arrays_sha256
from edgecompress.errors import DataError

_PARTS = {2: ("train", "test"), 3: ("train", "val", "test")}
_WANTED = (
    "(x, y), ((x, y), (x, y)) for train and test, a dictionary of arrays, or tf.data data sets"
)

Arrays = dict[str, NDArray[Any]]


def read_function(name: str, input_shape: tuple[int | None, ...] | None) -> Source:
    """Call the function `package.module:function` and read what it returns.

    Raises:
        DataError: there is no such function, it fails, or it returns something else.
    """
    arrays = function_arrays(name, None if input_shape is None else len(input_shape))
    return source_of(arrays, name, arrays_sha256(arrays))


def function_arrays(name: str, rank: int | None) -> Arrays:
    """Return what the function returns as arrays by name; `rank` is that of one sample, if known.

    Raises:
        DataError: there is no such function, it fails, or it returns something else.
    """
    function = _find(name)
    try:
        returned = function()
    except Exception as error:
        raise DataError(
            f"{name}: the function raised {type(error).__name__}: {error}; "
            "it is called without arguments"
        ) from error
    try:
        return _named(returned, rank)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: cannot use what the function returns: {error}") from error


def _find(name: str) -> Callable[[], Any]:
    module_name, _, function_name = name.partition(":")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a console script does not look here
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except Exception as error:
        raise DataError(
            f"{name}: cannot import it ({type(error).__name__}: {error}); modules are looked for "
            "in the current folder and among the installed packages"
        ) from error
    if not callable(function):
        raise DataError(f"{name}: is a {type(function).__name__}, not a function")
    found: Callable[[], Any] = function
    return found


def _named(returned: Any, rank: int | None) -> Arrays:
    """Return arrays by the names of a `.npz` file; `rank` is that of one sample, if known."""
    if _is_tf_data(returned):
        return _pair(_collect(returned, rank), "")
    if isinstance(returned, Mapping):
        return _named_mapping(returned, rank)
    if isinstance(returned, Sequence) and len(returned) in _PARTS:
        if all(_is_tf_data(part) or isinstance(part, Sequence) for part in returned):
            return _named_parts(dict(zip(_PARTS[len(returned)], returned, strict=True)), rank)
        if len(returned) == 2:  # noqa: PLR2004 - x and y
            return _pair((returned[0], returned[1]), "")
    if isinstance(returned, np.ndarray):
        return {"x": returned}
    raise TypeError(f"a {type(returned).__name__}; return {_WANTED}")


def _named_mapping(returned: Mapping[str, Any], rank: int | None) -> Arrays:
    if any(_is_tf_data(part) or isinstance(part, tuple) for part in returned.values()):
        aliases = {"validation": "val", "valid": "val"}
        return _named_parts({aliases.get(key, key): part for key, part in returned.items()}, rank)
    return {key: np.asarray(array) for key, array in returned.items()}


def _named_parts(parts: Mapping[str, Any], rank: int | None) -> Arrays:
    arrays: Arrays = {}
    for part, pair in parts.items():
        arrays |= _pair(_collect(pair, rank) if _is_tf_data(pair) else tuple(pair), f"_{part}")
    return arrays


def _pair(pair: Sequence[Any], suffix: str) -> Arrays:
    if len(pair) not in (1, 2):
        raise ValueError(f"a part of {len(pair)} items where (x, y) is wanted; return {_WANTED}")
    named: Arrays = {}
    for name, value in zip("xy", pair, strict=False):
        by_name = value if isinstance(value, Mapping) else {name: value}
        named |= {f"{key}{suffix}": np.asarray(array) for key, array in by_name.items()}
    return named


def _is_tf_data(value: Any) -> bool:
    """Say whether this is a tf.data.Dataset, without importing TensorFlow to ask."""
    return hasattr(value, "element_spec") and hasattr(value, "as_numpy_iterator")


def _collect(data: Any, rank: int | None) -> tuple[Any, ...]:
    """Return the samples of a tf.data.Dataset, and their labels if it has any, as arrays.

    Where its elements are dictionaries, so are these.
    """
    if int(data.cardinality()) == -1:  # tf.data.INFINITE_CARDINALITY
        raise ValueError("a tf.data data set that never ends; leave out repeat()")
    items = [item if isinstance(item, tuple) else (item,) for item in data.as_numpy_iterator()]
    if not items:
        raise ValueError("an empty tf.data data set")
    spec = data.element_spec
    first = spec[0] if isinstance(spec, tuple) else spec
    first = next(iter(first.values())) if isinstance(first, Mapping) else first
    batched = first.shape.rank == rank + 1 if rank is not None else first.shape[0] is None
    join = np.concatenate if batched else np.stack
    return tuple(_column(column, join) for column in zip(*items, strict=True))


def _column(values: Sequence[Any], join: Callable[..., NDArray[Any]]) -> Any:
    if isinstance(values[0], Mapping):
        return {key: join([value[key] for value in values]) for key in values[0]}
    return join(values)
