"""A SavedModel that `model.export()` of Keras 3 wrote: a graph to run, without its layers."""

from pathlib import Path
from typing import Any

from edgecompress.errors import ModelError

_ENDPOINTS = ("serve", "serving_default")


def load_exported(keras: Any, path: Path) -> Any:
    """Return the graph of a SavedModel as a functional keras.Model of one layer.

    It can be run, calibrated and converted; it has no layers to prune or to train.

    Raises:
        ModelError: the folder is damaged, or has no endpoint of one known kind.
    """
    import tensorflow as tf

    try:
        signatures = tf.saved_model.load(str(path))
        endpoint = next(name for name in _ENDPOINTS if _has(signatures, name))
        layer = keras.layers.TFSMLayer(str(path), call_endpoint=endpoint)
        inputs = [
            keras.Input(spec.shape[1:], dtype=spec.dtype.name, name=spec.name.split(":")[0])
            for spec in _specs(tf, signatures, endpoint)
        ]
        outputs = layer(inputs[0] if len(inputs) == 1 else inputs)
        return keras.Model(inputs, tf.nest.flatten(outputs), name=path.stem)
    except StopIteration as error:
        raise ModelError(
            f"{path}: a SavedModel without the endpoint {' or '.join(_ENDPOINTS)}; write it with "
            'model.export(), or save the model itself with model.save("model.keras")'
        ) from error
    except Exception as error:
        raise ModelError(
            f"{path}: TensorFlow cannot load this SavedModel: {str(error).strip().splitlines()[0]}"
            '; save the model itself with model.save("model.keras")'
        ) from error


def _has(loaded: Any, endpoint: str) -> bool:
    return hasattr(loaded, endpoint) or endpoint in getattr(loaded, "signatures", {})


def _specs(tf: Any, loaded: Any, endpoint: str) -> list[Any]:
    """Return a TensorSpec for each input of an endpoint, in order."""
    function = getattr(loaded, endpoint, None) or loaded.signatures[endpoint]
    concrete = getattr(function, "concrete_functions", [function])[0]
    positional, named = concrete.structured_input_signature
    return [
        spec for spec in tf.nest.flatten((positional, named)) if isinstance(spec, tf.TensorSpec)
    ]
