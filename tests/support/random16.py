"""Random models with states and with int16 activations: seeded, edge scales, saturating values."""

from collections.abc import Callable, Mapping

import numpy as np

from support.flatbuffer_models import Graph, Op, T, build, one, options

_TANH = 4  # ActivationFunctionType


def values(
    random: np.random.Generator, shape: tuple[int, ...], type_: str = "INT8", limit: int = 0
) -> np.ndarray:
    """Return values of the whole range of a type, or of -limit to limit."""
    limits = np.iinfo(type_.lower())
    low, high = (-limit, limit) if limit else (max(limits.min + 1, -limits.max), limits.max)
    return random.integers(low, high, shape, type_.lower(), endpoint=True)


def _zero(random: np.random.Generator) -> int:
    return int(random.integers(-128, 127))


def svdf(seed: int) -> bytes:
    """SVDF of any sizes; its state is int16."""
    random = np.random.default_rng(seed)
    units, rank, features, memory = (int(n) for n in random.integers(1, 9, 4))
    filters, batch = units * rank, 1
    inner, state = random.uniform(1, 8, 2) / 512
    time = 2.0**-12 * random.uniform(0.5, 1.5)
    tensors = [
        T((batch, features), scale=random.uniform(0.01, 0.1), zero_point=_zero(random)),
        T((filters, features), "INT8", values(random, (filters, features)), scale=float(inner)),
        T((filters, memory), "INT16", values(random, (filters, memory), "INT16", 4000), scale=time),
        T((units,), "INT32", values(random, (units,), "INT32", 1 << 16), scale=float(state * time)),
        T((batch, memory * filters), "INT16", variable=True, scale=float(state)),
    ]  # fmt: skip
    output = T(
        (batch, units), scale=random.uniform(0.01, 0.1), zero_point=int(random.integers(-128, 127))
    )
    settings = options("SVDFOptions", rank=rank, fusedActivationFunction=1)
    return one("SVDF", tensors, [output], settings)


def lstm(seed: int, activations: str) -> bytes:
    """An LSTM of any sizes, major by batch or by time, with a clipped cell or not."""
    random = np.random.default_rng(seed)
    steps, features, units, batch = (int(n) for n in random.integers(1, 8, 4))
    is_major = bool(random.integers(2))
    is_wide = activations == "INT16"
    bias, limit = ("INT64", 1 << 24) if is_wide else ("INT32", 1 << 14)
    shape = (steps, batch, features) if is_major else (batch, steps, features)
    zero = 0 if is_wide else int(random.integers(-128, 127))
    tensors = {"x": T(shape, activations, scale=random.uniform(0.5, 2) / (32768 if is_wide else 64),
                      zero_point=zero)}  # fmt: skip
    for i in range(1, 9):
        columns = features if i < 5 else units
        scale = float(random.uniform(0.002, 0.05))
        tensors[f"w{i}"] = T(
            (units, columns), "INT8", values(random, (units, columns)), scale=scale
        )
    for i in range(12, 16):
        tensors[f"b{i}"] = T((units,), bias, values(random, (units,), bias, limit), scale=1e-4)
    hidden = {"scale": 1 / (32768 if is_wide else 128), "zero_point": 0 if is_wide else zero // 8}
    tensors["state"] = T((batch, units), activations, variable=True, **hidden)
    cell = 2.0 ** -int(random.integers(8, 14))
    tensors["cell"] = T((batch, units), "INT16", variable=True, scale=cell)
    tensors["y"] = T((*shape[:2], units), activations, **hidden)
    inputs = ["x", *(f"w{i}" for i in range(1, 9)), "", "", "", *(f"b{i}" for i in range(12, 16)),
              "", "", "state", "cell", "", "", "", ""]  # fmt: skip
    settings = options(
        "UnidirectionalSequenceLSTMOptions", fusedActivationFunction=_TANH, timeMajor=is_major,
        cellClip=float(random.choice([0.0, 0.5])),
    )  # fmt: skip
    ops = [Op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, ["y"], settings)]
    return build(Graph(tensors, ops, ["x"], ["y"]))


def streaming() -> bytes:
    """A window over the latest values, which later operators read: also from a variable."""
    window, value = T((1, 5, 2, 4), zero_point=3, variable=True), T((1, 1, 2, 4), zero_point=3)
    handle = options("VarHandleOptions", container="", sharedName="kept")
    tensors = {
        "x": value, "w": window, "h": T((1,), "RESOURCE", scale=None), "m": value,
        "all": T((1, 6, 2, 4), zero_point=3), "y": T((1, 6, 2, 4)), "n": value,
    }  # fmt: skip
    ops = [
        Op("VAR_HANDLE", [], ["h"], handle),
        Op("READ_VARIABLE", ["h"], ["m"], options("ReadVariableOptions")),
        Op("CUSTOM:CIRCULAR_BUFFER", ["x"], ["w"]),
        Op("ADD", ["m", "x"], ["n"], options("AddOptions")),
        Op("ASSIGN_VARIABLE", ["h", "n"], [], options("AssignVariableOptions")),
        Op("CONCATENATION", ["w", "m"], ["all"], options("ConcatenationOptions", axis=1)),
        Op("ADD", ["all", "all"], ["y"], options("AddOptions")),
    ]
    return build(Graph(tensors, ops, ["x"], ["y"]))


STATEFUL: Mapping[str, Callable[[], bytes]] = {
    **{f"svdf_{seed}": lambda seed=seed: svdf(seed) for seed in range(12)},
    **{f"lstm_{seed}": lambda seed=seed: lstm(seed, "INT8") for seed in range(12)},
    **{f"lstm16_{seed}": lambda seed=seed: lstm(seed, "INT16") for seed in range(12)},
    "streaming": streaming,
    "window": lambda: one(
        "CUSTOM:CIRCULAR_BUFFER",
        [T((1, 1, 2, 4), zero_point=3)], [T((1, 5, 2, 4), zero_point=3, variable=True)],
    ),
}  # fmt: skip
