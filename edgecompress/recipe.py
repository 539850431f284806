"""edgecompress.toml <-> Recipe: everything that decides what a compress run does."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from edgecompress.errors import RecipeError
from edgecompress.files import read_toml

WEIGHT_BITS = (4, 8)
RUNTIMES = ("tflm", "c")
OPTIMIZED_FOR = ("speed", "size")
PICKS = ("accuracy", "size", "arena", "macs")

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
_CALLABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Recipe:
    """The choices of one run; the names are the keys of the file and of the command's options."""

    model: str
    board: str
    data: str
    max_accuracy_drop: float = 1.0  # points on the test split, against the float original
    time_budget: str = "25m"
    max_model_bytes: int | None = None
    max_arena_bytes: int | None = None
    pick: str = "accuracy"  # which of the measured models that fit; see `front.pick`
    weight_bits: int = 4  # the fewest that a weight may have, if 8 lose too much accuracy
    trials: int | None = None  # of the search; None: as many as the time allows, if need be
    custom_objects: str | None = None  # module that defines the model's own layers
    framework: str | None = None  # of the firmware; None: the board's own
    runtime: str | None = None  # what memory is judged with; None: what the framework has
    optimize: str | None = None  # the C runtime's firmware: "speed" or "size"
    pixels: str = "auto"
    score: str = "taylor"  # what makes a channel worth keeping
    alpha: float = 0.3  # the teacher's share in the loss, unless the race of forms finds 0.9 better
    temperature: float = 4.0
    learning_rate: float = 3e-3
    batch_size: int = 64
    max_epochs: int = 60
    calibration_samples: int = 200
    input_normalization: bool = True  # see quantize.input_normalization
    seed: int = 0

    @property
    def time_budget_s(self) -> float:
        """The time budget in seconds."""
        return seconds(self.time_budget)


def seconds(duration: str) -> float:
    """Turn "90s", "25m", "1.5h" or "1h30m" into seconds.

    Raises:
        RecipeError: `duration` is not such a text, or is zero.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", duration)
    total = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != duration or total <= 0:
        raise RecipeError(f"'{duration}' is not a time: write it as 90s, 25m or 1h30m")
    return total


def load_recipe(path: Path | None, options: Mapping[str, Any]) -> Recipe:
    """Read a recipe file, if any, and lay the command's `options` (None: not given) over it.

    Paths in the file are relative to the file.

    Raises:
        RecipeError: the file cannot be read, a key or value breaks the rules, or one is missing.
    """
    values = {} if path is None else _read(path)
    values |= {name: value for name, value in options.items() if value is not None}
    missing = [name for name in ("model", "board", "data") if name not in values]
    if missing:
        raise RecipeError(
            f"{', '.join(missing)} not given: name it on the command line or in a recipe file"
        )
    recipe = Recipe(**values)
    _check(recipe, path)
    return recipe


def recipe_toml(recipe: Recipe, folder: Path) -> str:
    """Return the text of the file that reproduces a run, to be written to `folder`."""
    import tomli_w

    values = {name: value for name, value in asdict(recipe).items() if value is not None}
    for name in ("model", "board", "data"):
        if Path(values[name]).exists():
            values[name] = Path(os.path.relpath(values[name], folder)).as_posix()
    return "# Run it again: edgecompress compress --recipe edgecompress.toml -o FOLDER\n" + (
        tomli_w.dumps(values)
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        values = read_toml(path)
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path}: cannot read the recipe: {error}") from error
    known = {field.name for field in fields(Recipe)}
    for key in values:
        if key not in known:
            raise RecipeError(f"{path}: unknown key '{key}'{_close(key, known)}")
    for name in ("model", "board", "data"):
        if name in values and _is_path(path.parent, name, str(values[name])):
            values[name] = str(path.parent / values[name])
    return values


def _close(key: str, known: set[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known keys: {', '.join(sorted(known))}"


def _is_path(folder: Path, name: str, value: str) -> bool:
    """Whether a value names a file: a board may be an id, data a Python callable."""
    if name == "board":
        return (folder / value).exists()
    return _CALLABLE.fullmatch(value) is None


# Key -> the range its number must lie in.
_RANGES = {
    "max_accuracy_drop": (0.0, 100.0),
    "max_model_bytes": (1, 2**32),
    "max_arena_bytes": (1, 2**32),
    "trials": (0, 1_000_000),
    "alpha": (0.0, 1.0),
    "temperature": (0.1, 100.0),
    "learning_rate": (1e-7, 1.0),
    "batch_size": (1, 65536),
    "max_epochs": (0, 10000),
    "calibration_samples": (1, 1_000_000),
    "seed": (0, 2**31 - 1),
}


def _check(recipe: Recipe, path: Path | None) -> None:
    where = f"{path}: " if path else ""
    for field in fields(Recipe):
        value, wanted = getattr(recipe, field.name), field.type
        number_for_number = wanted is float and isinstance(value, int)
        fits = number_for_number or isinstance(value, wanted)  # type: ignore[arg-type]
        if isinstance(value, bool) is not (wanted is bool) or not fits:
            raise RecipeError(f"{where}{field.name} = {value!r}: expected {_KINDS[wanted]}")
        if value is not None and field.name in _RANGES:
            low, high = _RANGES[field.name]
            if not low <= value <= high:
                raise RecipeError(f"{where}{field.name} = {value}: allowed is {low} to {high}")
    if recipe.weight_bits not in WEIGHT_BITS:
        raise RecipeError(f"{where}weight_bits = {recipe.weight_bits}: it is 8 or 4")
    for name, choices in (("pick", PICKS), ("runtime", RUNTIMES), ("optimize", OPTIMIZED_FOR)):
        value = getattr(recipe, name)
        if value is not None and value not in choices:
            raise RecipeError(f"{where}{name} = {value!r}: it is one of {', '.join(choices)}")
    seconds(recipe.time_budget)


_KINDS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    str | None: "a text",
    int | None: "a whole number",
    float: "a number",
    bool: "true or false",
}
