"""What every tensor of a .tflite holds when it runs. Needs TensorFlow, which may crash: see child.

TFLite's own kernels are used: XNNPACK, the default delegate, computes other integers.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = tuple[NDArray[Any], ...]  # one array [n, ...] for each input


def tensor_values(
    model: bytes, samples: Samples, names: AbstractSet[str] | None = None
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the values of a model's tensors, all or those of `names`, sample by sample."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=(
            tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    interpreter.allocate_tensors()
    inputs = [detail["index"] for detail in interpreter.get_input_details()]
    tensors = {
        detail["name"]: detail["index"]
        for detail in interpreter.get_tensor_details()
        if detail["name"] and (names is None or detail["name"] in names)
    }
    for batch in batches_of_one(samples):
        for index, values in zip(inputs, batch, strict=True):
            interpreter.set_tensor(index, values)
        interpreter.reset_all_variables()  # each sample from the first state of an LSTM
        interpreter.invoke()
        yield {name: interpreter.get_tensor(index) for name, index in tensors.items()}


def batches_of_one(samples: Samples) -> Iterator[list[NDArray[Any]]]:
    """Yield the inputs of one inference after another."""
    for index in range(len(samples[0])):
        yield [np.ascontiguousarray(values[index : index + 1]) for values in samples]
