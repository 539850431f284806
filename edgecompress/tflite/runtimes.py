"""The interpreters that can run a .tflite on the host, each behind the same two functions.

Everything here runs in a child process (see interpreter.py). The TFLite runtimes use reference
kernels: LiteRT's default, XNNPACK, differs from TFLM in up to a third of the output bytes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Sequence[NDArray[Any]]
Invoke = Callable[[Arrays], list[NDArray[Any]]]  # one inference: inputs -> outputs

_INTERPRETERS: Mapping[str, str] = {
    "litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    "tf.lite": "tensorflow.lite.python.interpreter",
}

# A .tflite of one int8 RELU over [1, 4], scale 0.5: enough to see whether a runtime works.
_PROBE = base64.b85decode(
    "8~^|SR7OlQ00000000gE6aWwa3;+lK000C44gdfE5C8xG8~^|SJOKaz0{{R30RR912mk;81ONm81ONa40RR915C8xG3"
    ";+}W5C9AS2mk~C3;+NC5C8xGJOBUyKmY&$L;wH)0RR915C8xG000UA3;+NC2mk~C3IG5A2mk;83;+NC0RR910RR910"
    "RR91000000RR910RR910RR91000000ssI2WB>pF1ONa4vj6}85C8xGFaQ7m00009FaQ7mr2qf_2mk;86aWAK0RR910"
    "000000000000000RR910000#0RR91c>n+a0ssI20RR911ONa4000gE6aWwa4*&oF2mk~C4gdfE8~^|SH~;_u00009H"
    "~;_u3;+xO000002mk~C3;+NC2mk;85C8xG0RR9100000000000RR910000#0RR91cmMzZ0ssI20RR911ONa40RR915"
    "C8xG3;+-S4*&oF2mk~C3;+NC6951J0ssI20000J"
)


def infer(
    runtime: str, model: bytes, arena_bytes: int, stateful: bool, inputs: Arrays
) -> list[NDArray[Any]]:
    """Run `model` on each row of `inputs` ([n, ...] each), one inference a row.

    A stateful model starts each row from its first state.
    """
    invoke, reset = _opened(runtime, model, arena_bytes)
    rows = []
    for row in zip(*inputs, strict=True):
        if stateful:
            reset()
        rows.append(invoke(row))
    return [np.stack(values) for values in zip(*rows, strict=True)]


def probe(runtime: str) -> bool:
    """Build and invoke a tiny model; raises whatever the runtime raises.

    Importing says little: tflite-runtime imports with numpy 2 and fails when it is used.
    """
    (output,) = infer(runtime, _PROBE, 1 << 16, False, [np.array([[[-3, -1, 2, 5]]], np.int8)])
    return output.ravel().tolist() == [0, 0, 2, 5]


@lru_cache(maxsize=1)
def _opened(runtime: str, model: bytes, arena_bytes: int) -> tuple[Invoke, Callable[[], None]]:
    if runtime == "tflm":
        return _open_tflm(model, arena_bytes)
    return _open_tflite(import_module(_INTERPRETERS[runtime]), model)


def _open_tflm(model: bytes, arena_bytes: int) -> tuple[Invoke, Callable[[], None]]:
    from tflite_micro import runtime

    def build() -> Any:
        return runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)

    interpreter = build()
    outputs = runtime.convert_bytearray_to_object(model).subgraphs[0].outputs

    def invoke(inputs: Arrays) -> list[NDArray[Any]]:
        for index, values in enumerate(inputs):
            interpreter.set_input(values, index)
        interpreter.invoke()
        return [interpreter.get_output(index).copy() for index in range(len(outputs))]

    def reset() -> None:
        nonlocal interpreter
        if _starts_variables(model):
            interpreter = build()
        else:
            interpreter.reset()

    return invoke, reset


def _open_tflite(module: Any, model: bytes) -> tuple[Invoke, Callable[[], None]]:
    def build() -> Any:
        try:
            return _reference(module, model, module.OpResolverType.BUILTIN_REF)
        except ValueError:  # ELU and others have no reference kernel
            kernels = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            return _reference(module, model, kernels)

    interpreter = build()
    inputs = [detail["index"] for detail in interpreter.get_input_details()]
    outputs = [detail["index"] for detail in interpreter.get_output_details()]

    def invoke(values: Arrays) -> list[NDArray[Any]]:
        for index, value in zip(inputs, values, strict=True):
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    def reset() -> None:
        nonlocal interpreter
        if _starts_variables(model):
            interpreter = build()
        else:
            interpreter.reset_all_variables()

    return invoke, reset


@lru_cache(maxsize=1)
def _starts_variables(model: bytes) -> bool:
    """Say whether CALL_ONCE gives variables their first values, which no reset does again.

    TFLM's sets them to their zero point, TFLite's leaves them as they are.
    """
    from ai_edge_litert import schema_py_generated as schema

    codes = schema.ModelT.InitFromPackedBuf(model).operatorCodes
    return any(code.builtinCode == schema.BuiltinOperator.CALL_ONCE for code in codes)


def _reference(module: Any, model: bytes, kernels: Any) -> Any:
    interpreter = module.Interpreter(
        model_content=model, num_threads=1, experimental_op_resolver_type=kernels
    )
    interpreter.allocate_tensors()
    return interpreter
