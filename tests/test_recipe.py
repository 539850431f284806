import json
from pathlib import Path

import pytest

from edgecompress.errors import RecipeError
from edgecompress.recipe import Recipe, load_recipe, recipe_toml, seconds

GIVEN = {"model": "m.keras", "board": "rpi_pico", "data": "d.npz"}


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("25m", 1500), ("1.5h", 5400), ("1h30m", 5400)]
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "25", "m", "25 m", "-5m", "0s", "5m x"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="write it as"):
        seconds(text)


def test_a_written_recipe_reads_back_from_another_folder(tmp_path: Path) -> None:
    model = tmp_path / "models" / "m.keras"
    model.parent.mkdir()
    model.touch()
    recipe = load_recipe(None, GIVEN | {"model": str(model), "data": "pkg.mod:load", "seed": 3})
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "edgecompress.toml"
    path.write_text(recipe_toml(recipe, folder))
    assert str(tmp_path) not in path.read_text()
    again = load_recipe(path, {})
    assert Path(again.model).resolve() == model.resolve()
    assert (again.data, again.board, again.seed) == ("pkg.mod:load", "rpi_pico", 3)


def test_options_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "edgecompress.toml"
    path.write_text('model = "a"\nboard = "b"\ndata = "c"\nseed = 1\n')
    assert load_recipe(path, {"seed": 2, "alpha": None}).seed == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max_acuracy_drop = 1", "did you mean max_accuracy_drop"),
        ('max_accuracy_drop = "1"', "expected a number"),
        ("max_accuracy_drop = -1", "allowed is 0.0 to 100.0"),
        ("seed = 1.5", "expected a whole number"),
        ("seed = true", "expected a whole number"),
        ("custom_objects = 1", "expected a text"),
        ("weight_bits = 5", "it is one of 4, 8"),
        ('optimize = "fast"', "it is one of speed, size"),
        ('time_budget = "soon"', "write it as"),
        ("seed = ", "cannot read the recipe"),
    ],
)
def test_a_bad_recipe_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "edgecompress.toml"
    path.write_text(f'model = "a"\nboard = "b"\ndata = "c"\n{line}\n')
    with pytest.raises(RecipeError, match=message):
        load_recipe(path, {})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(RecipeError, match="board, data not given"):
        load_recipe(None, {"model": "m"})


def test_numbers_may_be_whole() -> None:
    assert load_recipe(None, GIVEN | {"max_accuracy_drop": 2}) == Recipe(
        **GIVEN, max_accuracy_drop=2
    )


@pytest.mark.parametrize("value", ["5", "1.5", "2020-01-01", "true", '["a"]', "{}"])
@pytest.mark.parametrize("key", ["model", "board", "data"])
def test_what_must_be_given_is_a_text(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "edgecompress.toml"
    path.write_text("".join(f"{k} = {value if k == key else json.dumps(k)}\n" for k in GIVEN))
    with pytest.raises(RecipeError, match=f"{key} = .* expected a text"):
        load_recipe(path, {})
