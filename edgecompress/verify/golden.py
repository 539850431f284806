"""Golden vectors of generated firmware, read back and given to TFLM's interpreter again."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import EdgecompressError
from edgecompress.firmware.sources.vectors import starts_anew
from edgecompress.tflite.interpreter import run, run_sequence
from edgecompress.tflite.reader import read_model
from edgecompress.verify.check import Check, unchecked

# As templates/*/golden_vectors.c declares them.
_ARRAY = re.compile(r"static const (\w+) k(Input|Output)(\d+)\[(\d+) \* (\d+)\] = \{([^}]*)\}")
_MODEL = re.compile(r"const uint8_t g_\w+_model_data\[\d+\] = \{([^}]*)\}")
_TYPES = {"float": np.float32, "bool": np.bool_}


def check_vectors(sources: str, model: bytes) -> Check:
    """Run the inputs that a `*_golden_vectors.c` holds, and compare with the outputs it holds."""
    graph = read_model(model)
    inputs, outputs = (_arrays(sources, kind) for kind in ("Input", "Output"))
    shapes = [graph.main.tensors[index].shape for index in graph.main.inputs]
    if len(inputs) != len(shapes) or not outputs:
        return unchecked("golden vectors", "they cannot be read back")
    try:
        shaped = tuple(
            values.reshape(-1, *shape) for values, shape in zip(inputs, shapes, strict=True)
        )
        answers = (
            run(model, shaped, workers=1) if starts_anew(graph) else run_sequence(model, shaped)
        )
    except (ValueError, EdgecompressError) as error:
        return Check("golden vectors", holds=False, detail=f"TFLM's interpreter: {error}")
    return _compared(outputs, answers)


def embedded_model(folder: Path) -> bytes | None:
    """Return the .tflite that firmware for TFLM holds as an array; None if there is none."""
    for path in sorted(folder.rglob("*_model_data.c*")):
        found = _MODEL.search(path.read_text(encoding="utf-8"))
        if found:
            return bytes(int(byte, 16) for byte in found[1].split(",") if byte.strip())
    return None


def _arrays(sources: str, kind: str) -> list[NDArray[Any]]:
    found = {}
    for ctype, what, number, count, _, body in _ARRAY.findall(sources):
        if what == kind:
            dtype = _TYPES.get(
                ctype, np.dtype(ctype.removesuffix("_t")) if ctype.endswith("_t") else None
            )
            values = [float(word.rstrip("fuUlL")) if "." in word else int(word.rstrip("uUlL"))
                      for word in body.replace("\n", " ").split(",") if word.strip()]  # fmt: skip
            found[int(number)] = np.array(values, dtype).reshape(int(count), -1)
    return [found[number] for number in sorted(found)]


def _compared(expected: list[NDArray[Any]], answers: tuple[NDArray[Any], ...]) -> Check:
    count = len(expected[0])
    flat = [np.asarray(each).reshape(count, -1) for each in answers]
    equal = [
        all(np.array_equal(one[row], other[row]) for one, other in zip(expected, flat, strict=True))
        for row in range(count)
    ]
    detail = f"{sum(equal)} of {count} give the same outputs in TFLM's interpreter"
    return Check("golden vectors", all(equal), detail)
