"""What a Keras model takes and gives, by the names of its layers."""

from typing import Any

Shapes = dict[str, tuple[int | None, ...]]


def input_shapes(model: Any) -> Shapes:
    """Return the shape of each input of a keras.Model, without batch, in the model's order."""
    return {tensor.name.partition(":")[0]: tuple(tensor.shape[1:]) for tensor in model.inputs}


def output_shapes(model: Any) -> Shapes:
    """Return the shape of each output of a keras.Model, without batch, in the model's order."""
    names = getattr(model, "output_names", None) or [tensor.name for tensor in model.outputs]
    shapes = (tuple(tensor.shape[1:]) for tensor in model.outputs)
    return dict(zip(names, shapes, strict=True))
