"""The data set that models take: in the shapes of their inputs, pixels in the range they want."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgecompress.dataset import Dataset
from edgecompress.dataset.named import load_for
from edgecompress.errors import UsageError
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.evaluate.score import evaluate, load_model
from edgecompress.tflite.affine import real_range
from edgecompress.tflite.graph import Tensor
from edgecompress.tflite.interpreter import Runtime
from edgecompress.tflite.reader import read_model


def data_for(model: Any, data: str, pixels: str, seed: int, path: Path | None = None) -> Dataset:
    """Load the data set for `model` (a keras.Model), its pixels in the model's range.

    `path` is the model's file, which says how much each of several outputs counts.
    """
    from edgecompress.keras_files.compiled import loss_weights
    from edgecompress.keras_files.signature import input_shapes, output_shapes

    outputs = output_shapes(model)
    weights = loss_weights(path, tuple(outputs)) if path is not None else ()
    dataset = load_for(data, input_shapes(model), outputs, seed=seed, weights=weights)
    return resolve_pixels(dataset, model, pixels)


def data_for_tflite(model: bytes, data: str, pixels: str, seed: int) -> Dataset:
    """Load the data set for a .tflite, its pixels in the range its input scale was made for.

    A float one has no scale: its pixels are in the range where it does best, as a Keras model's.
    """
    graph = read_model(model).main
    inputs, outputs = (
        _shapes([graph.tensors[index] for index in ends]) for ends in (graph.inputs, graph.outputs)
    )
    dataset = load_for(data, inputs, outputs, seed=seed)
    source = graph.tensors[graph.inputs[dataset.pixel_inputs[0]]]
    if source.type == "FLOAT32":
        return resolve_pixels(dataset, model, pixels)
    if pixels == "auto" and dataset.pixel_range == "0..255":
        if source.quantization is None:
            raise UsageError("the model's input has no scale to tell its pixels by; use --pixels")
        low, high = real_range(source)
        pixels = "0..255" if high > 2 else "-1..1" if low < -0.5 else "0..1"  # noqa: PLR2004
    return resolve_pixels(dataset, None, pixels)


def _shapes(tensors: Sequence[Tensor]) -> dict[str, tuple[int, ...]]:
    """Return shapes without batch by the names of layers; of tensors, where layers have several."""
    names = [_layer_name(tensor) for tensor in tensors]
    if len(set(names)) < len(names):
        names = [tensor.name for tensor in tensors]
    return {name: tensor.shape[1:] for name, tensor in zip(names, tensors, strict=True)}


def _layer_name(tensor: Tensor) -> str:
    """Return the Keras layer that a .tflite's input or output is of, or the tensor's own name."""
    name = tensor.name.removeprefix("serving_default_").partition(":")[0]
    return name.partition("/")[0]


def load_with_data(
    models: Sequence[Any], data: str, pixels: str, seed: int
) -> tuple[list[Any], Dataset]:
    """Load models and the data set in the form that the first one takes.

    Args:
        models: paths of Keras models or .tflite files, the bytes of a .tflite, or keras.Models.
        data: `.npz`, folder of images, `.csv` or `package.module:function`.
        pixels: the range that the models take pixels of images in, or "auto".
        seed: of the data's split.

    Raises:
        EdgecompressError: a model or the data cannot be used.
    """
    loaded = [load_model(each) if isinstance(each, Path) else each for each in models]
    first = models[0] if isinstance(models[0], Path) else None
    if isinstance(loaded[0], bytes):
        return loaded, data_for_tflite(loaded[0], data, pixels, seed)
    return loaded, data_for(loaded[0], data, pixels, seed, first)


def compared_on_data(
    models: Sequence[Any], data: str, pixels: str, seed: int, runtime: Runtime = "tflm"
) -> list[dict[str, float]]:
    """Return the metrics of each model on the test part of the data.

    Args:
        models: as of `load_with_data`.
        data: the same.
        pixels: the same.
        seed: the same.
        runtime: what runs a .tflite.
    """
    loaded, dataset = load_with_data(models, data, pixels, seed)
    test = dataset.test.open("compare")
    return [dict(evaluate(model, test, dataset.task, runtime=runtime)) for model in loaded]
