"""edgecompress: fit a trained Keras model onto a named microcontroller board."""

from typing import Any

__version__ = "0.1.0"

# Public functions by module: imported on first use, because some need TensorFlow, which is slow.
_PUBLIC = {
    "compress": "edgecompress.pipeline",
    "fit": "edgecompress.compare",
    "generate": "edgecompress.firmware.sources.generate",
    "load_board": "edgecompress.board",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 - the names are the keys above


def __getattr__(name: str) -> Any:
    """Import the public function `name` from its module (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'edgecompress' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PUBLIC[name]), name)
