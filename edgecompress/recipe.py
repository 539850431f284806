"""edgecompress.toml <-> Recipe: everything that decides what a compress run does."""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from edgecompress.errors import RecipeError, did_you_mean
from edgecompress.files import read_toml

_log = logging.getLogger(__name__)

RECIPE_NAME = "edgecompress.toml"
WEIGHT_BITS = (4, 8)
RUNTIMES = ("tflm", "c")
OPTIMIZED_FOR = ("speed", "size")
PICKS = ("accuracy", "size", "arena", "macs")

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
_CALLABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


# What a run cannot do without.
NEEDED = ("model", "board", "data")


def _key(
    default: Any,
    meaning: str,
    *,
    within: tuple[float, float] | None = None,
    of: tuple[Any, ...] | None = None,
    example: Any = None,
) -> Any:
    """Return a field with what the file says of it: its meaning, and which values it may have.

    `example` is of a key that has no value unless it is given.
    """
    facts = {"meaning": meaning, "within": within, "of": of, "example": example}
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class Recipe:
    """The choices of one run; the names are the keys of the file and of the command's options."""

    model: str = _key(MISSING, "Keras model: .keras, .h5 or a SavedModel folder of Keras 2.")
    board: str = _key(
        MISSING, "Board id (`edgecompress boards` lists them), or the path of a profile."
    )
    data: str = _key(
        MISSING,
        ".npz, folder of images, .csv (FILE#COLUMN names the label) or package.module:function.",
    )
    max_accuracy_drop: float = _key(
        1.0,
        "Points that accuracy may fall on the test split, against the float original.",
        within=(0.0, 100.0),
    )
    time_budget: str = _key("25m", "As 90s, 25m or 1h30m; a guide.")
    max_model_bytes: int | None = _key(
        None, "Tighter limit on the .tflite, in bytes.", within=(1, 2**32), example=100_000
    )
    max_arena_bytes: int | None = _key(
        None, "Tighter limit on the tensor arena, in bytes.", within=(1, 2**32), example=20_000
    )
    reserve_ram_bytes: int | None = _key(
        None, "RAM to keep for the rest of your application; without it the board profile's.",
        within=(0, 2**32), example=8_192,
    )  # fmt: skip
    reserve_flash_bytes: int | None = _key(
        None, "Flash to keep for it, likewise.", within=(0, 2**32), example=32_768
    )
    pick: str = _key(
        "accuracy", "Which of the models that fit: the best, or the least of what is named.",
        of=PICKS,
    )  # fmt: skip
    weight_bits: int = _key(
        4, "The fewest bits of a weight, if 8 lose too much accuracy.", of=WEIGHT_BITS
    )
    trials: int | None = _key(
        None, "Trials of the search; without it as many as the time allows, if need be.",
        within=(0, 1_000_000), example=20,
    )  # fmt: skip
    custom_objects: str | None = _key(
        None, "Module that defines the model's own layers.", example="package.module"
    )
    framework: str | None = _key(
        None, "Build system of the firmware; without it the board's own.", example="cmake"
    )
    runtime: str | None = _key(
        None, "What runs the model; without it TFLM, where the framework has it for the board.",
        of=RUNTIMES, example="c",
    )  # fmt: skip
    optimize: str | None = _key(
        None, "What firmware of the C runtime is compiled for.", of=OPTIMIZED_FOR, example="size"
    )
    pixels: str = _key("auto", "Range the model takes pixels of images in; auto: what scores best.")
    score: str = _key("taylor", "What makes a channel worth keeping.")
    alpha: float = _key(
        0.3, "The teacher's share in the loss, unless 0.9 is found to be better.", within=(0.0, 1.0)
    )
    temperature: float = _key(4.0, "Of the teacher's answers.", within=(0.1, 100.0))
    learning_rate: float = _key(3e-3, "Of training, at its start.", within=(1e-7, 1.0))
    batch_size: int = _key(64, "Samples a training step.", within=(1, 65536))
    max_epochs: int = _key(60, "Epochs of one training, at most.", within=(0, 10000))
    calibration_samples: int = _key(
        200, "Samples that scales are measured with.", within=(1, 1_000_000)
    )
    input_normalization: bool = _key(
        True, "Normalization by feature leaves the integer graph; see `quantize --help`."
    )
    seed: int = _key(0, "Of every random choice.", within=(0, 2**31 - 1))

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
    _refuse_unknown(options)
    values |= {name: value for name, value in options.items() if value is not None}
    missing = [name for name in NEEDED if name not in values]
    if missing:
        raise RecipeError(
            f"{', '.join(missing)} not given: name it on the command line or in "
            f"{path or 'a recipe file, which `edgecompress init` writes'}"
        )
    recipe = Recipe(**values)
    _check(recipe, path)
    return recipe


def recipe_here(options: Mapping[str, Any]) -> Path | None:
    """Return the recipe of the current folder if `options` (None: not given) call for one."""
    here = Path(RECIPE_NAME)
    if all(options.get(name) is not None for name in NEEDED) or not here.is_file():
        return None
    _log.info("recipe: %s", here)
    return here


def recipe_toml(recipe: Recipe, folder: Path) -> str:
    """Return the text of the file that reproduces a run, to be written to `folder`."""
    import tomli_w

    values = {name: value for name, value in asdict(recipe).items() if value is not None}
    values |= {name: relative(values[name], folder) for name in NEEDED}
    return "# Run it again: edgecompress compress --recipe edgecompress.toml -o FOLDER\n" + (
        tomli_w.dumps(values)
    )


def model_name(path: Path) -> str:
    """Return what a model's file is called; what a run of `compress` wrote, as its original."""
    recipe = path.with_name(RECIPE_NAME)
    if path.stem != "model" or not recipe.is_file():
        return path.stem
    try:
        return Path(str(read_toml(recipe)["model"])).stem
    except (OSError, ValueError, KeyError):  # it is not of a run, or was changed
        return path.stem


def relative(value: str, folder: Path) -> str:
    """Return a value as a recipe in `folder` has it: what is a path, relative to it."""
    file = Path(value.partition("#")[0])
    if not Path(value).exists() and not file.is_file():
        return value
    return Path(os.path.relpath(value, folder)).as_posix()


def _read(path: Path) -> dict[str, Any]:
    try:
        values = read_toml(path)
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path}: cannot read the recipe: {error}") from error
    _refuse_unknown(values, f"{path}: ")
    for name in NEEDED:
        value = values.get(name)
        if isinstance(value, str) and _is_path(path.parent, name, value):
            values[name] = str(path.parent / value)
    return values


def _refuse_unknown(values: Mapping[str, Any], where: str = "") -> None:
    known = [key.name for key in fields(Recipe)]
    for key in values:
        if key not in known:
            raise RecipeError(f"{where}unknown key '{key}'{_meant(key, known)}")


def _meant(key: str, known: Sequence[str]) -> str:
    return did_you_mean(key, known) or f"; known keys: {', '.join(sorted(known))}"


def _is_path(folder: Path, name: str, value: str) -> bool:
    """Whether a value names a file: a board may be an id, data a Python callable."""
    if name == "board":
        return (folder / value).exists()
    return not names_function(value)


def names_function(value: str) -> bool:
    """Say whether data is given as package.module:function."""
    return _CALLABLE.fullmatch(value) is not None


def _check(recipe: Recipe, path: Path | None) -> None:
    where = f"{path}: " if path else ""
    for key in fields(Recipe):
        value, wanted = getattr(recipe, key.name), key.type
        number_for_number = wanted is float and isinstance(value, int)
        fits = number_for_number or isinstance(value, wanted)  # type: ignore[arg-type]
        if isinstance(value, bool) is not (wanted is bool) or not fits:
            raise RecipeError(f"{where}{key.name} = {value!r}: expected {_KINDS[wanted]}")
        if value is not None:
            _check_value(where, key, value)
    seconds(recipe.time_budget)


def _check_value(where: str, key: "Field[Any]", value: Any) -> None:
    within, of = key.metadata["within"], key.metadata["of"]
    if within is not None and not within[0] <= value <= within[1]:
        raise RecipeError(f"{where}{key.name} = {value}: allowed is {within[0]} to {within[1]}")
    if of is not None and value not in of:
        allowed = [str(each) for each in of]
        raise RecipeError(
            f"{where}{key.name} = {value!r}: it is one of {', '.join(allowed)}"
            f"{did_you_mean(str(value), allowed)}"
        )


_KINDS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    str | None: "a text",
    int | None: "a whole number",
    float: "a number",
    bool: "true or false",
}
