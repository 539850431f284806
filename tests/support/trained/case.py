"""One kind of model: its data, how it is built and trained, and what int8 makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgecompress.dataset import Split, infer_task
from edgecompress.errors import ModelError
from edgecompress.evaluate.score import evaluate
from edgecompress.keras_files.model import import_keras, set_seed
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.metrics import fitness_of, primary_metric
from edgecompress.quantize.post_training import quantize
from edgecompress.tflite.reader import read_model

Data = tuple[Split, Split]  # to train on, to test on
MOST_POINTS, MOST_ERROR = 1.0, 5.0  # points of accuracy, per cent of a squared error


@dataclass(frozen=True)
class Case:
    """A kind of model; `loss` is what Keras trains it with."""

    name: str
    kind: str
    data: Callable[[], Data]
    build: Callable[[Any], Any]  # keras -> keras.Model
    epochs: int = 8
    loss: str = "sparse_categorical_crossentropy"
    rate: float = 3e-3


@dataclass(frozen=True)
class Result:
    """What became of a case; `refused` says why it does not run, else it is ""."""

    case: Case
    metric: str
    exact: float
    int8: float
    lost: float  # points of accuracy, or per cent of an error
    model: bytes = field(repr=False)  # the .tflite
    bytes: int
    arena_bytes: int
    operators: Mapping[str, int]
    refused: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether int8 loses no more than a user accepts."""
        return self.lost <= (MOST_POINTS if self.metric == "accuracy" else MOST_ERROR)


def trained(case: Case) -> Any:
    """Return the case's model after training; the same each time."""
    keras = import_keras()
    set_seed(0)
    train, _ = case.data()
    model = case.build(keras)
    model.compile(keras.optimizers.Adam(case.rate), case.loss)
    targets = train.x if train.y is None else train.y
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.adapt(train.x)
    model.fit(train.x, targets, batch_size=64, epochs=case.epochs, verbose=0)
    return model


def measured(case: Case) -> Result:
    """Train a case, quantize it, and measure both forms on its test samples."""
    train, test = case.data()
    model = trained(case)
    task = infer_task(model.output_shape[1:], model.input_shape[1:], test.y)
    metric, _ = primary_metric(task)
    before = evaluate(model, test, task)
    try:
        tflite = quantize(model, train.x)
    except ModelError as error:
        return Result(case, metric, before[metric], 0.0, 0.0, b"", 0, 0, {}, str(error))
    after = evaluate(tflite, test, task)
    graph = read_model(tflite)
    names = [operator.op for operator in graph.main.operators]
    return Result(
        case,
        metric,
        exact=before[metric],
        int8=after[metric],
        lost=_lost(metric, before, after),
        model=tflite,
        bytes=len(tflite),
        arena_bytes=plan_arena(graph, "cortex-m4f", "cmsis-nn").min_bytes,
        operators={name: names.count(name) for name in dict.fromkeys(names)},
    )


def _lost(metric: str, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    if metric == "accuracy":
        return 100 * (before[metric] - after[metric])
    left, now = 1 - fitness_of(before), 1 - fitness_of(after)
    return 100 * (now / left - 1)
