"""edgecompress: fit a trained Keras model onto a named microcontroller board."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgecompress.api.fit_callback import FitCallback
    from edgecompress.api.functions import compare, fit, generate
    from edgecompress.api.run import compress
    from edgecompress.board import Board, load_board
    from edgecompress.recipe import Recipe

__version__ = "0.1.0"

# Public names by module: imported on first use, because some need TensorFlow, which is slow.
_PUBLIC = {
    "compare": "edgecompress.api.functions",
    "compress": "edgecompress.api.run",
    "fit": "edgecompress.api.functions",
    "generate": "edgecompress.api.functions",
    "FitCallback": "edgecompress.api.fit_callback",
    "load_board": "edgecompress.board",
    "Board": "edgecompress.board",
    "Recipe": "edgecompress.recipe",
}

__all__ = [
    "Board",
    "FitCallback",
    "Recipe",
    "__version__",
    "compare",
    "compress",
    "fit",
    "generate",
    "load_board",
]


def __getattr__(name: str) -> Any:
    """Import the public name from its module (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'edgecompress' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
