"""What the runtime's code costs a board, and which operators a model could do without."""

from collections.abc import Mapping

from edgecompress.memory.verdict.judge import Verdict

_NAMED = 3  # of the costliest kernels
# What spares a kernel, where the model allows it.
_SPARED: Mapping[str, str] = {
    "ADD": "fold constants that are added into the layer before or behind",
    "BATCH_MATMUL": "attention costs it; convolutions do without",
    "LEAKY_RELU": "use ReLU, which is fused into the layer before",
    "LOGISTIC": "end with logits, or use ReLU inside",
    "MEAN": "use AveragePooling2D over the whole map, if the model has that operator anyway",
    "MUL": "fold normalization and scaling into the next convolution or dense layer",
    "PRELU": "use ReLU, which is fused into the layer before",
    "SOFTMAX": "end with logits: the greatest is the same",
    "SUB": "fold normalization into the next convolution or dense layer",
    "TANH": "use ReLU",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "convolutions over time do without",
}


def runtime_advice(verdict: Verdict) -> str:
    """Say that the runtime is what does not fit, what of it costs most, and what would spare it."""
    fixed = sum(item.bytes for item in verdict.flash.items if item.kind != "model")
    available = verdict.flash.region.available_bytes
    return (
        f"TFLM's code and the application take {fixed:,} of {available:,} bytes, so that pruning "
        f"cannot help{_costliest(verdict)}"
    )


def _costliest(verdict: Verdict) -> str:
    kernels = {
        item.name.split()[0]: item.bytes
        for item in verdict.flash.items
        if item.kind == "runtime" and " kernel" in item.name
    }
    largest = sorted(kernels, key=lambda name: -kernels[name])[:_NAMED]
    if not largest:
        return ""
    named = ", ".join(_in_words(name, kernels[name]) for name in largest)
    return f". Of its own code most is that of {named}"


def _in_words(registration: str, size_bytes: int) -> str:
    op = registration.partition("@")[0]
    spared = f" ({_SPARED[op]})" if op in _SPARED else ""
    return f"{op}, {size_bytes:,} bytes{spared}"
