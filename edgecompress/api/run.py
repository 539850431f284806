"""`edgecompress.compress`: the main job, from Python."""

from pathlib import Path
from typing import Any

from edgecompress import pipeline
from edgecompress.board import Board
from edgecompress.recipe import RECIPE_NAME, Recipe, load_recipe


def compress(
    model: str | Path | Recipe,
    out: str | Path = "out",
    *,
    board: str | Path | Board | None = None,
    data: str | Path | None = None,
    force: bool = False,
    resume: bool = False,
    **choices: Any,
) -> pipeline.Outcome:
    """Prune, distil and quantize a model until it fits a board, and write all of it to a folder.

    Args:
        model: the path of a Keras model or of an edgecompress.toml, or a `Recipe`.
        out: folder to write model, firmware, report and recipe to.
        board: its id, the path of its profile, or as it is, if it is one of those that are known.
        data: `.npz`, folder of images, `.csv` or `package.module:function`.
        force: overwrite an earlier run's results.
        resume: go on from what an interrupted run left in `out`, if anything.
        choices: what else a `Recipe` has, such as max_accuracy_drop, time_budget or seed.

    Returns what came of it, which may be that nothing fits: see `Outcome.facts["fits"]`.

    Raises:
        RecipeError: a choice is unknown, of the wrong kind, or missing.
        EdgecompressError: the board, the model or the data cannot be used.
    """
    given = {
        "board": board.id if isinstance(board, Board) else _text(board),
        "data": _text(data),
        **choices,
    }
    return pipeline.compress(_recipe(model, given), Path(out), force=force, resume=resume)


def _recipe(model: str | Path | Recipe, given: dict[str, Any]) -> Recipe:
    if isinstance(model, Recipe):
        return load_recipe(None, vars(model) | {k: v for k, v in given.items() if v is not None})
    path = Path(model)
    if path.suffix == Path(RECIPE_NAME).suffix:
        return load_recipe(path, given)
    return load_recipe(None, {**given, "model": str(path)})


def _text(value: str | Path | None) -> str | None:
    return None if value is None else str(value)
