"""Models side by side on a data set's test samples: what they look at, and how sure they are."""

from collections.abc import Sequence
from typing import Any

from edgecompress.dataset.split import Dataset, Split, arrays_of
from edgecompress.errors import UsageError
from edgecompress.explain.document import explain_document
from edgecompress.explain.evidence import gather
from edgecompress.explain.occlusion import answering
from edgecompress.explain.probabilities import Probabilities, probabilities
from edgecompress.explain.samples import spread_over_classes
from edgecompress.tflite.interpreter import Runtime
from edgecompress.tflite.reader import read_model

SAMPLES = 16
_ANSWERS = 1000  # test samples that answers are compared on, at most
_CLASSES = ("classification", "binary")

Shape = tuple[int | None, ...]


def explain(
    models: Sequence[Any],
    data: Dataset,
    *,
    names: Sequence[str],
    samples: int = SAMPLES,
    seed: int = 0,
    runtime: Runtime = "tflm",
) -> dict[str, Any]:
    """Return the document of `explain_document` for models on the test samples.

    Args:
        models: each a keras.Model or the bytes of a .tflite; the first one is the original.
        data: in the form that the first model takes.
        names: of the models.
        samples: how many have occlusion maps, spread over the classes.
        seed: which samples.
        runtime: what runs a .tflite.

    Raises:
        UsageError: the models answer no classes, not the same ones, or take other inputs.
    """
    refuse_others_than_classes(data)
    test = data.test.open("explain")
    for model, name in zip(models[1:], names[1:], strict=True):
        _refuse_other_shapes(model, name, names[0], test)
    asked = test if test.size <= _ANSWERS else test.sample(_ANSWERS, seed)
    answers = [answering(model, runtime) for model in models]
    sure = [probabilities(answer(asked.x)) for answer in answers]
    _refuse_other_classes(sure, names)
    classes = sure[0].argmax(axis=1) if asked.y is None else asked.y
    chosen = spread_over_classes(classes, samples, seed)
    typical = data.train if data.train.size else asked
    evidence = gather(models[0], answers, asked, chosen, typical)
    return explain_document(names, evidence, sure, asked.y, data.labels)


def refuse_others_than_classes(data: Dataset) -> None:
    """Raise UsageError unless the models that `data` is for tell classes apart."""
    if data.task not in _CLASSES:
        raise UsageError(
            f"{data.source}: explain compares what models see in a sample of a class; these models "
            f"answer no class ({data.task}). `evaluate` measures them side by side"
        )


def _refuse_other_shapes(model: Any, name: str, first: str, test: Split) -> None:
    wanted = [tuple(values.shape[1:]) for values in arrays_of(test.x)]
    taken = _input_shapes(model)
    if len(taken) != len(wanted) or not all(map(_takes, taken, wanted)):
        raise UsageError(
            f"{name} takes {_listed(taken)}, {first} takes {_listed(wanted)}: explain shows the "
            "same samples to all models, so give models of one input shape"
        )


def _input_shapes(model: Any) -> list[Shape]:
    if isinstance(model, bytes):
        graph = read_model(model).main
        return [tuple(graph.tensors[index].shape[1:]) for index in graph.inputs]
    from edgecompress.keras_files.signature import input_shapes

    return list(input_shapes(model).values())


def _takes(taken: Shape, given: Shape) -> bool:
    """Say whether an input takes samples of a shape; None stands for any size."""
    return len(taken) == len(given) and all(
        size in (None, own) for size, own in zip(taken, given, strict=True)
    )


def _listed(shapes: Sequence[Shape]) -> str:
    return " and ".join(str(list(shape)).replace("None", "any") for shape in shapes)


def _refuse_other_classes(sure: Sequence[Probabilities], names: Sequence[str]) -> None:
    counts = [each.shape[1] for each in sure]
    for count, name in zip(counts, names, strict=True):
        if count != counts[0]:
            raise UsageError(
                f"{name} tells {count} classes apart, {names[0]} {counts[0]}: give models of the "
                "same classes"
            )
