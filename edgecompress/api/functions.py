"""`fit`, `compare` and `generate`: boards by name, models by path, bytes or as they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgecompress import side_by_side
from edgecompress.board import Board, load_board
from edgecompress.dataset.split import Inputs
from edgecompress.firmware.sources import generate as sources
from edgecompress.firmware.sources.model import ModelSource, Runtime
from edgecompress.firmware.sources.optimize import Optimize
from edgecompress.memory.verdict.fit import Fit, Runtimes
from edgecompress.side_by_side import Comparison

# A board's id, the path of a profile, or what `load_board` returned.
BoardLike = str | Path | Board


def fit(
    model: Any,
    boards: BoardLike | Sequence[BoardLike],
    *,
    kernels: str | None = None,
    runtime: Runtimes = "tflm",
    optimize: Optimize = "speed",
    others: Sequence[BoardLike] | None = None,
) -> Fit:
    """Say whether a model fits boards: flash and RAM by region, and what takes the room.

    A Keras model is converted first, with noise for calibration; nothing else imports TensorFlow.

    Args:
        model: the path of a .tflite or of a Keras model, the bytes of a .tflite, or a keras.Model.
        boards: one board or several, each by its id, the path of its profile, or as it is.
        kernels: "cmsis-nn", "esp-nn" or "reference", instead of each board's own.
        runtime: "tflm", "c" for kernels in C, or "both" for a verdict on each.
        optimize: what the C runtime is compiled for, "speed" or "size".
        others: boards to suggest from where it does not fit; by default all that are known.

    Raises:
        BoardError: there is no such board; the message has the close ids.
        ModelError: the model cannot be read or converted, or TFLM cannot run it.
        UsageError: the kernel library does not run on a board's core.
    """
    known = None if others is None else [_board(each) for each in others]
    return side_by_side.fit(
        _model(model), _boards(boards), kernels=kernels, runtime=runtime, optimize=optimize,
        others=known,
    )  # fmt: skip


def compare(
    models: Sequence[Any],
    boards: BoardLike | Sequence[BoardLike] = (),
    *,
    data: str | Path | None = None,
    runtime: Runtimes = "tflm",
    pixels: str = "auto",
    seed: int = 0,
) -> Comparison:
    """Put models side by side: several on several boards, or a new one against an old one.

    Sizes of a Keras model are those of its int8 conversion; its metrics are its own, in float32.

    Args:
        models: each as `fit` takes it, the old one first.
        boards: one board or several, each by its id, the path of its profile, or as it is; without
            one the arena is that of a Cortex-M4F with CMSIS-NN.
        data: `.npz`, folder of images, `.csv` or `package.module:function`: adds the task's metrics
            on its test part.
        runtime: what runs them on the boards: "tflm", "c", or "both" for rows of each.
        pixels: the range that the models take pixels of images in; "auto": where the first does
            best on training images.
        seed: of the data's split, if it comes undivided.

    Raises:
        BoardError: there is no such board; the message has the close ids.
        ModelError: a model cannot be read or converted, or TFLM cannot run it.
        DataError: the data cannot be read, or does not fit the models.
    """
    from edgecompress.evaluate.data import compared_on_data

    several = [_model(each) for each in models]
    metrics = compared_on_data(several, str(data), pixels, seed) if data is not None else []
    named = [(_name(each, number), each) for number, each in enumerate(several, start=1)]
    return side_by_side.compare(named, _boards(boards), metrics, runtime=runtime)


def _name(model: Any, number: int) -> str:
    """Return a model's path, a keras.Model's own name, or its place among several."""
    return str(model) if isinstance(model, Path) else getattr(model, "name", f"model {number}")


def generate(
    models: str | Path | bytes | ModelSource | Sequence[str | Path | bytes | ModelSource],
    board: BoardLike,
    framework: str | None = None,
    name: str | None = None,
    *,
    vectors: int = sources.DEFAULT_VECTORS,
    samples: Inputs | None = None,
    labels: Sequence[str] = (),
    seed: int = 0,
    kernels: str | None = None,
    runtime: Runtime | None = None,
    optimize: str | None = None,
) -> dict[str, str | bytes]:
    """Return the files of a firmware project by path; the same for the same arguments.

    Args:
        models: .tflite files or their bytes, one or several, which then share one tensor arena.
        board: its id, the path of its profile, or as it is.
        framework: a build system, as `generate --help` lists them; by default the board's own.
        name: of the project; by default the first file's.
        vectors: number of golden test vectors for each model.
        samples: real inputs [n, ...] in the model's units for the vectors; noise otherwise.
        labels: names of the classes.
        seed: of the noise.
        kernels: "cmsis-nn" or "reference", instead of the board's own.
        runtime: "tflm", or "c" for kernels in C; by default TFLM where it can be had.
        optimize: "speed", the default, or "size": of the C runtime.

    Raises:
        BoardError: there is no such board, or the framework cannot build for it.
        UsageError: an unknown framework, no model, or fewer than one vector.
        ModelError: a model cannot be read, or the runtime cannot run it.
        DataError: samples that do not have the model's input shape.
    """
    several = models if _is_several(models) else [models]
    return sources.generate(
        [_model(each) for each in several],  # type: ignore[union-attr]
        _board(board), framework, name, vectors=vectors, samples=samples, labels=labels, seed=seed,
        kernels=kernels, runtime=runtime, optimize=optimize,
    )  # fmt: skip


def _boards(boards: BoardLike | Sequence[BoardLike]) -> list[Board]:
    several = [boards] if isinstance(boards, str | Path | Board) else boards
    return [_board(each) for each in several]


def _board(board: BoardLike) -> Board:
    return board if isinstance(board, Board) else load_board(str(board))


def _model(model: Any) -> Any:
    return Path(model) if isinstance(model, str) else model


def _is_several(models: Any) -> bool:
    return isinstance(models, Sequence) and not isinstance(models, str | bytes)
