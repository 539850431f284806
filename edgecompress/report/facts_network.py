"""What the result is made of, as plain values: layer by layer, and its arena over time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from edgecompress.graph.groups import find_groups
from edgecompress.graph.separate import POINTWISE
from edgecompress.memory.instructions import Instructions, estimate_instructions
from edgecompress.pack.picture import Picture, picture, pictures
from edgecompress.pack.rewrite import without_plan
from edgecompress.program.lower import lower
from edgecompress.quantize.layer_errors import LayerError, layer_errors
from edgecompress.search.attempt import Attempt, Job
from edgecompress.tflite.decode_form import DECODE
from edgecompress.tflite.reader import read_model
from edgecompress.tflite.summary import OperatorSummary, summarize

_DECODE = f"CUSTOM:{DECODE}"


def compared(job: Job, first: Attempt, best: Attempt) -> Sequence[LayerError]:
    """Compare the layers of a model with float; those of the first if its weights are encoded.

    TFLite's interpreter has no DECODE; a model is encoded only as it was first, and answers alike.
    """
    x, seed = job.validation.x, job.recipe.seed
    operators = read_model(best.tflite).main.operators
    if all(operator.op != _DECODE for operator in operators):
        return layer_errors(best.model, best.tflite, x, seed=seed)
    others = [operator for operator in operators if operator.op != _DECODE]
    alike = [o.op for o in others] == [o.op for o in read_model(first.tflite).main.operators]
    errors = layer_errors(first.model, first.tflite, x, seed=seed)
    places = [operator.index for operator in others] if alike else [-1] * len(operators)
    return [replace(error, operator=places[error.operator]) for error in errors]


def network(
    job: Job, best: Attempt, errors: Sequence[LayerError], estimated: Instructions | None
) -> list[dict[str, Any]]:
    """List the operators of the result in the order they run.

    `cycles` and `instructions` are estimated, None where there is no evidence for the board, its
    core or the runtime. `channels_before` is None where no group of the original passes through
    the layer.
    """
    layers = {error.operator: error.layer for error in errors}
    latency = best.verdict.latency
    cycles = {each.index: each.cycles for each in latency.operators} if latency else {}
    counts = estimated.by_operator if estimated else {}
    before = _channels_of_layers(job.original)
    operators = summarize(read_model(best.tflite)).operators
    return [
        {
            "layer": layers.get(operator.index, ""),
            **_sizes(operator),
            "cycles": cycles.get(operator.index),
            "instructions": counts.get(operator.index),
            "channels_before": before.get(_layer(layers.get(operator.index, ""))),
        }
        for operator in operators
        if operator.subgraph == 0
    ]


def instructions(job: Job, estimated: Instructions | None) -> dict[str, Any] | None:
    """Return what is known of the estimate of instructions, None where there is none."""
    if estimated is None:
        return None
    return {
        "core": job.board.core,
        "total": sum(estimated.by_operator.values()),
        "error": estimated.error,
        "missing": list(estimated.missing),
    }


def estimated_instructions(job: Job, best: Attempt) -> Instructions | None:
    """Return the estimate for the C runtime compiled for speed, None for all else."""
    if job.runtime != "c" or job.optimize == "size" or not best.verdict.runs:
        return None
    graph = read_model(best.tflite)
    return estimate_instructions(graph, lower(graph), job.board.core)


def _sizes(operator: OperatorSummary) -> dict[str, Any]:
    output = operator.outputs[0] if operator.outputs else None
    return {
        "operator": operator.index,
        "op": operator.op,
        "output": list(output.shape) if output else [],
        "output_bytes": sum(tensor.bytes for tensor in operator.outputs),
        "weights_bytes": sum(tensor.bytes for tensor in operator.inputs if tensor.constant),
        "parameters": operator.parameters,
        "macs": operator.macs,
    }


def _layer(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(POINTWISE)


def _channels_of_layers(original: Any) -> Mapping[str, int]:
    return {
        axis.layer.rpartition("/")[2]: group.channels
        for group in find_groups(original)
        for axis in (*group.producers, *group.carriers)
    }


def channels(job: Job, best: Attempt) -> list[dict[str, Any]]:
    """List the groups that were narrowed."""
    groups = find_groups(best.model)
    after = {group.name.removesuffix(POINTWISE): group.channels for group in groups}
    return [
        {
            "name": group.name,
            "layers": [axis.layer for axis in group.producers],
            "before": group.channels,
            "after": after[group.name],
        }
        for group in find_groups(job.original)
        if after.get(group.name, group.channels) < group.channels
    ]


def arenas(job: Job, first: Attempt, best: Attempt) -> list[dict[str, Any]]:
    """Return the arena over time: of the original in int8, then of the result.

    The result is drawn twice if it has a plan of its own, first as TFLM would place it; and packed,
    if that takes less.
    """
    where = (job.board.core, best.verdict.kernels, job.runtime)
    drawn = [picture("the original in int8", first.tflite, *where)]
    unplanned = without_plan(best.tflite)
    planned = job.runtime == "tflm" and unplanned != best.tflite
    if planned:
        drawn.append(picture("the result, placed by TFLM", unplanned, *where))
    if best is not first:
        name = "the result, by its own plan" if planned else "the result"
        drawn.append(picture(name, best.tflite, *where))
    return [asdict(each) for each in (*drawn, *_packed(best.tflite, *where, drawn[-1]))]


def _packed(model: bytes, core: str, kernels: str, runtime: str, plain: Picture) -> list[Picture]:
    """Return the plan that packing makes of a model, if that takes less."""
    others = pictures(model, core, kernels, runtime)[1:]
    return [each for each in others if each.arena_bytes < plain.arena_bytes]
