"""Pruning and quantization-aware training with tfmot, run in an environment of its own.

    TF_USE_LEGACY_KERAS=1 python tfmot_child.py FOLDER

FOLDER holds job.json, the arrays and the original's weights, as rivals.tfmot writes them. The way
is the one of tfmot's guide "Pruning preserving quantization aware training (PQAT)": half of the
epochs prune on a polynomial schedule, the other half train for int8 with the zeros kept. Where it
cannot train a network for int8, all epochs prune, and the converter quantizes.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import networks
import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras

_PRUNING_RATE, _QAT_RATE = 1e-3, 3e-4  # Adam, cosine to zero
_BATCH = 256


class Batches(tf_keras.utils.Sequence):
    """Training samples in random order, augmented as everywhere in the benchmark."""

    def __init__(self, x: Any, y: Any, job: dict[str, Any]) -> None:
        super().__init__()
        self.x, self.y, self.job = x, y, job
        self.epoch = 0
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self.epoch += 1
        self.rng = np.random.default_rng([self.job["seed"], self.epoch])
        size = len(self.x)
        starts = range(self.job["batch_size"], size, self.job["batch_size"])
        self.order = np.split(self.rng.permutation(size), starts)

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        chosen = self.order[index]
        x = _augmented(self.x[chosen], self.job["augmentation"], self.rng)
        return x, x if self.y is None else self.y[chosen]


def _augmented(x: Any, augmentation: str, rng: np.random.Generator) -> Any:
    """Return images [n, height, width, channels] shifted, and mirrored, as edgecompress does."""
    if augmentation == "none":
        return x
    n, height, width, _ = x.shape
    down, right = height // 8, width // 8
    padded = np.pad(x, ((0, 0), (down, down), (right, right), (0, 0)), mode="edge")
    tops, lefts = rng.integers(0, 2 * down + 1, n), rng.integers(0, 2 * right + 1, n)
    corners = zip(padded, tops, lefts, strict=True)
    changed = np.stack([p[top : top + height, left : left + width] for p, top, left in corners])
    if augmentation == "shift+flip":
        mirrored = rng.random(n) < 0.5  # noqa: PLR2004
        changed[mirrored] = changed[mirrored, :, ::-1]
    return changed


def main(folder: Path) -> None:
    """Train, and write model.tflite, notes.json and what the original answers."""
    job = json.loads((folder / "job.json").read_text())
    tf_keras.utils.set_random_seed(job["seed"])
    train = np.load(folder / "train.npz")
    batches = Batches(train["x"], train.get("y"), job)
    model = _original(job, np.load(folder / "weights.npz"))
    answers = model.predict(np.load(folder / "validation.npz")["x"], _BATCH, verbose=0)
    np.save(folder / "outputs.npy", answers)
    aware = job["aware"]
    pruned = _pruned(model, batches, job, job["epochs"] // 2 if aware else job["epochs"])
    if aware:
        pruned = _aware(pruned, batches, job, job["epochs"] - job["epochs"] // 2)
    (folder / "model.tflite").write_bytes(_converted(pruned, train["calibration"], aware))
    notes = {"tfmot": version("tensorflow-model-optimization"), "aware": aware}
    (folder / "notes.json").write_text(json.dumps(notes))


def _original(job: dict[str, Any], weights: Any) -> Any:
    model = getattr(networks, job["network"])(tf_keras)
    for layer in model.layers:
        count = len(layer.get_weights())
        layer.set_weights([weights[f"{layer.name}/{index}"] for index in range(count)])
    return model


def _pruned(model: Any, batches: Batches, job: dict[str, Any], epochs: int) -> Any:
    """Prune from no zeros to the job's sparsity over half of the steps, and train on."""
    sparsity = tfmot.sparsity.keras
    steps = epochs * len(batches)
    schedule = sparsity.PolynomialDecay(0.0, job["sparsity"], 0, steps // 2, frequency=10)
    wrapped = sparsity.prune_low_magnitude(model, pruning_schedule=schedule)
    _compile(wrapped, job, _PRUNING_RATE, steps)
    callbacks = [sparsity.UpdatePruningStep()]
    wrapped.fit(batches, epochs=epochs, callbacks=callbacks, verbose=2, shuffle=False)
    return sparsity.strip_pruning(wrapped)


def _aware(model: Any, batches: Batches, job: dict[str, Any], epochs: int) -> Any:
    """Train with int8 kernels and activations, zeros kept."""
    quantization = tfmot.quantization.keras
    annotated = quantization.quantize_annotate_model(model)
    scheme = tfmot.experimental.combine.Default8BitPrunePreserveQuantizeScheme()
    aware = quantization.quantize_apply(annotated, scheme)
    _compile(aware, job, _QAT_RATE, epochs * len(batches))
    aware.fit(batches, epochs=epochs, verbose=2, shuffle=False)
    return aware


def _compile(model: Any, job: dict[str, Any], rate: float, steps: int) -> None:
    schedule = tf_keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(tf_keras.optimizers.Adam(schedule), job["loss"])


def _converted(model: Any, calibration: Any, aware: bool) -> bytes:
    signature = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if not aware:
        converter.representative_dataset = lambda: ([sample[None]] for sample in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
