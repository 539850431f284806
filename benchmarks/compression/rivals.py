"""What an engineer does by hand: TFLite's converter, a narrower network from scratch, tfmot."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bench import Bench
from cases import Target

from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import prune_channels
from edgecompress.keras_files.model import import_keras, set_seed
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.metrics import fitness
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.widths import scaled
from edgecompress.train.fine_tune import finetune

_CALIBRATION_SAMPLES = 200
_WIDTH_STEPS = 64  # resolution of the uniform width
_SAME = 2e-3  # difference of two Keras versions on the validation split that is still rounding


def plain_int8(bench: Bench, model: Any) -> bytes:
    """Convert with TFLite's own converter: full int8, 200 samples, a batch of one.

    Frozen first, since `from_keras_model` makes larger files (ResNet-8: 98,936 for 96,944 bytes).
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    samples = bench.dataset.train.sample(_CALIBRATION_SAMPLES, bench.seed).x

    def representative() -> Iterator[list[Any]]:
        for sample in samples:
            yield [sample[None]]

    signature = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
    frozen = convert_variables_to_constants_v2(function)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converted: bytes = converter.convert()
    return converted


def scratch(bench: Bench, target: Target) -> tuple[bytes, int, dict[str, Any]]:
    """Train the network from random weights, all layers narrowed alike to reach the target.

    Of the learning rates of the case the better on the validation split is kept: all are tried
    for the smallest target at the first seed.
    """
    width, narrow = _uniform(bench, target)
    first = bench.known(f"scratch-{bench.case.targets[-1].name}", seed=0)
    rates = (first.notes["learning_rate"],) if first else bench.case.scratch_rates
    found: list[tuple[float, float, Any]] = []
    for rate in rates:
        set_seed(bench.seed)
        fresh = import_keras().models.clone_model(narrow)  # initialized anew
        settings = bench.training(bench.case.scratch_epochs, rate)
        data = bench.dataset
        model = finetune(fresh, data.train, data.validation, settings, task=data.task)
        found.append((_fitness(bench, model), rate, model))
    score, rate, model = max(found, key=lambda one: one[0])
    notes = {"width": width, "learning_rate": rate, "validation_fitness": score}
    return plain_int8(bench, model), bench.case.scratch_epochs, notes


def tfmot(bench: Bench, target: Target, python: Path) -> tuple[bytes, int, dict[str, Any]]:
    """Prune to the target's sparsity, then train for int8, with tfmot in its own environment."""
    data, case = bench.dataset, bench.case
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = {} if data.train.y is None else {"y": data.train.y}
        calibration = data.train.sample(_CALIBRATION_SAMPLES, bench.seed).x
        weights = {
            f"{layer.name}/{index}": values
            for layer in bench.original.layers
            for index, values in enumerate(layer.get_weights())
        }
        np.savez(folder / "train.npz", x=data.train.x, calibration=calibration, **labels)
        np.savez(folder / "validation.npz", x=data.validation.x)
        np.savez(folder / "weights.npz", **weights)
        job = {
            "network": case.network,
            "sparsity": target.sparsity,
            "aware": case.tfmot_qat,
            "epochs": case.tfmot_epochs,
            "batch_size": case.batch_size,
            "augmentation": case.augmentation,
            "loss": "mse" if data.task == "reconstruction" else "sparse_categorical_crossentropy",
            "seed": bench.seed,
        }
        (folder / "job.json").write_text(json.dumps(job))
        subprocess.run(
            [str(python), str(Path(__file__).with_name("tfmot_child.py")), str(folder)],
            env=os.environ | {"TF_USE_LEGACY_KERAS": "1"},
            check=True,
        )
        _check_same(bench, np.load(folder / "outputs.npy"))
        notes = json.loads((folder / "notes.json").read_text())
        return (folder / "model.tflite").read_bytes(), case.tfmot_epochs, notes


def _uniform(bench: Bench, target: Target) -> tuple[float, Any]:
    """Return the largest common width whose plain int8 meets the target, and the network at it."""
    low, high = 0, _WIDTH_STEPS
    best = _narrowed(bench.original, 0.0)
    while high - low > 1:
        middle = (low + high) // 2
        narrow = _narrowed(bench.original, middle / _WIDTH_STEPS)
        if bench.meets(target, plain_int8(bench, narrow)):
            low, best = middle, narrow
        else:
            high = middle
    return low / _WIDTH_STEPS, best


def _narrowed(model: Any, width: float) -> Any:
    """Return a model whose layers all have a share `width` of their channels."""
    groups = [group for group in find_groups(model) if group.frozen is None]
    counts = scaled({group.name: group.channels for group in groups}, width, multiple=1)
    alike = {group.name: np.zeros(group.channels) for group in groups}
    return prune_channels(model, choose_channels(alike, counts, groups))


def _fitness(bench: Bench, model: Any) -> float:
    data = bench.dataset
    return fitness(data.task, outputs_of(model, data.validation.x), data.validation)


def _check_same(bench: Bench, outputs: Any) -> None:
    """Stop unless tf_keras started from the same network: it must score the same."""
    data = bench.dataset
    theirs = fitness(data.task, outputs, data.validation)
    ours = _fitness(bench, bench.original)
    if abs(theirs - ours) > _SAME:
        raise SystemExit(f"the original scores {ours:.4f} in Keras 3 and {theirs:.4f} in tf_keras")
