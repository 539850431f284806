"""How well models do their task: Keras models in float32, .tflite models as the device would."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.dataset import Split, Task
from edgecompress.dataset.split import Inputs
from edgecompress.errors import ModelError
from edgecompress.metrics import measure
from edgecompress.progress import doing
from edgecompress.tflite.folded import folded
from edgecompress.tflite.interpreter import Runtime, predict
from edgecompress.tflite.reader import read_model

_TFLITE_IDENTIFIER = b"TFL3"  # bytes 4 to 8: tensorflow/lite/schema/schema.fbs


def evaluate(
    model: Any, split: Split, task: Task, *, runtime: Runtime = "tflm"
) -> Mapping[str, float]:
    """Return the task's metrics of `model` on `split`, by name; see `metrics.measure`.

    Args:
        model: a keras.Model, the bytes of a .tflite, or the path of either.
        split: samples with what is known of them.
        task: what the model is for.
        runtime: what runs a .tflite: TFLM's own interpreter, whose outputs are the device's, or
            one of TFLite's on its reference kernels. Never XNNPACK, whose int8 outputs differ.

    Raises:
        ModelError: the model cannot be read; UnsupportedModelError: the runtime cannot run it.
        DataError: the samples do not fit the model, or have no labels.
    """
    return measure(task, outputs_for(model, split.x, runtime=runtime), split)


@doing("running the model on samples")
def outputs_for(model: Any, x: Inputs, *, runtime: Runtime = "tflm") -> Any:
    """Return the real-valued outputs [n, ...] of a model for inputs `x`; arguments as `evaluate`.

    Several outputs come as a tuple, in the model's order. A float .tflite is not for the device as
    it is: it runs on TFLite, where TFLM is asked for.
    """
    if isinstance(model, Path):
        model = load_model(model)
    if isinstance(model, bytes):
        if runtime == "tflm" and _is_float(model):
            outputs = predict(folded(model), x, "auto")
        else:
            outputs = predict(model, x, runtime)
        return outputs[0] if len(outputs) == 1 else outputs
    from edgecompress.keras_files.outputs import outputs_of

    return outputs_of(model, x)


def _is_float(model: bytes) -> bool:
    graph = read_model(model).main
    return any(graph.tensors[index].type == "FLOAT32" for index in graph.inputs)


def load_model(path: Path) -> Any:
    """Return the bytes of a .tflite, or the keras.Model that another path holds.

    Raises:
        ModelError: there is no model, or it cannot be read.
    """
    if is_tflite(path):
        model = path.read_bytes()
        read_model(path)  # names the file where it is damaged
        return model
    from edgecompress.keras_files.model import load_keras

    return load_keras(path, as_graph=True)


def is_tflite(path: Path) -> bool:
    """Say whether a file is a .tflite, by its content.

    Raises:
        ModelError: there is no such file, or it cannot be read.
    """
    if path.is_dir():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return head[4:8] == _TFLITE_IDENTIFIER or path.suffix == ".tflite"
