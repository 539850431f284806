"""The package from Python: boards and models as people have them, results for notebooks."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.zoo import ZOO

import edgecompress as ec
from edgecompress.errors import BoardError, OutputExistsError, RecipeError


@pytest.fixture
def model(digits_int8, tmp_path):
    (tmp_path / "m.tflite").write_bytes(digits_int8)
    return tmp_path / "m.tflite"


def test_boards_go_by_name_by_path_and_as_they_are(model) -> None:
    from edgecompress.files import BOARDS_DIR

    board = ec.load_board("rpi_pico")
    forms = ("rpi_pico", board, BOARDS_DIR / "rpi_pico.toml", ["rpi_pico"], [board])
    verdicts = [ec.fit(model, form).verdicts for form in forms]
    assert all(each == verdicts[0] for each in verdicts)
    assert verdicts[0][0].fits
    both = ec.fit(model, ["rpi_pico", "bluepill_f103c8"], runtime="both")
    assert [v.board.id for v in both.verdicts] == ["rpi_pico"] * 2 + ["bluepill_f103c8"] * 2


def test_models_go_by_path_bytes_and_as_they_are(model, digits_int8, digits_model) -> None:
    sizes = {
        ec.fit(form, "rpi_pico").verdicts[0].arena.min_bytes
        for form in (model, str(model), digits_int8, digits_model)
    }
    assert len(sizes) == 1


def test_a_mistyped_board_gets_the_close_ones(model) -> None:
    with pytest.raises(BoardError, match="did you mean rpi_pico"):
        ec.fit(model, "rpi_pic")
    with pytest.raises(BoardError, match="did you mean rpi_pico"):
        ec.generate(model, "rpi_pic")
    with pytest.raises(BoardError, match="did you mean rpi_pico"):
        ec.compare([model], "rpi_pic")


def test_firmware_of_one_or_several(model, digits_int8) -> None:
    one = ec.generate(str(model), "mps2_an386", "cmake", runtime="c")
    assert one == ec.generate([model], ec.load_board("mps2_an386"), "cmake", runtime="c")
    assert "src/m_model_runner.h" in one
    named = ec.generate(digits_int8, "mps2_an386", name="digits", runtime="c")
    assert "src/digits_model_runner.h" in named


def test_results_show_as_tables_in_notebooks(model) -> None:
    html = ec.fit(model, ["rpi_pico", "bbc_microbit"])._repr_html_()
    assert html.count("<tr>") == 3
    assert "<td>yes</td>" in html


@pytest.fixture
def half(digits_splits, tmp_path):
    """A `.tflite` of fewer channels than the digits model."""
    from edgecompress.keras_files.model import import_keras
    from edgecompress.quantize.post_training import quantize

    keras = import_keras()
    image = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu")(image)
    x = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(x))
    path = tmp_path / "half.tflite"
    path.write_bytes(quantize(keras.Model(image, x), digits_splits[0].x[:50]))
    return path


def test_a_new_model_against_an_old_one_on_several_boards(model, half) -> None:
    boards = ["rpi_pico", "nucleo_f401re"]
    comparison = ec.compare([model, str(half)], boards)
    assert list(comparison.rows) == boards
    for column, path in enumerate((model, half)):
        for verdict in ec.fit(path, boards).verdicts:
            row = comparison.rows[verdict.board.id][column]
            assert (row.model, row.arena_min_bytes) == (str(path), verdict.arena.min_bytes)
            assert (row.flash_used_bytes, row.fits) == (verdict.flash.used_bytes, verdict.fits)
    html = comparison._repr_html_()
    assert html.count("<table>") == 3
    assert "half.tflite" in html


def test_each_item_that_changes_is_there(model, half) -> None:
    old, new = (ec.fit(each, "rpi_pico").verdicts[0] for each in (model, half))
    totals = {
        each.memory: each.added_bytes
        for each in ec.compare([model, half], "rpi_pico").changes
        if each.name == "in all"
    }
    assert totals == {
        "flash": new.flash.used_bytes - old.flash.used_bytes,
        "ram": new.ram.arena.used_bytes - old.ram.arena.used_bytes,
    }
    assert ec.compare([model, model], "rpi_pico").changes == ()


def test_how_well_models_do_stands_beside_their_sizes(
    digits_model, digits_int8, digits_files, cli
) -> None:
    data = digits_files / "digits.npz"
    (rows,) = ec.compare([digits_model, digits_int8], data=data).rows.values()
    assert [row.model for row in rows] == ["digits", "model 2"]
    _, said, _ = cli("evaluate", digits_files / "digits.keras", "--data", data, "--json")
    assert rows[0].metrics["accuracy"] == json.loads(said)["models"][0]["accuracy"]
    assert rows[1].metrics["accuracy"] > 0.9
    assert rows[0].note
    assert rows[1].note is None


def test_a_runtime_that_lacks_an_operator_is_said(digits_int8) -> None:
    both = ec.compare([digits_int8, ZOO["condition"]()], "rpi_pico", runtime="both")
    assert list(both.rows) == ["rpi_pico", "rpi_pico, C runtime"]
    row = both.rows["rpi_pico, C runtime"][1]
    assert (row.fits, row.arena_min_bytes) == (False, None)
    ((name, board, why),) = both.refused
    assert (name, board) == ("model 2", "rpi_pico, C runtime")
    assert "IF" in why
    assert "<li>model 2, rpi_pico, C runtime: " in both._repr_html_()


def test_what_a_name_holds_is_escaped(digits_int8, tmp_path) -> None:
    path = tmp_path / "<b>&.tflite"
    path.write_bytes(digits_int8)
    assert "&lt;b&gt;&amp;.tflite" in ec.fit(path, "rpi_pico")._repr_html_()


def test_compress_takes_a_model_a_recipe_or_its_file(digits_files, tmp_path) -> None:
    arrays = dict(np.load(digits_files / "digits.npz"))
    np.savez(tmp_path / "few.npz", **{name: values[:200] for name, values in arrays.items()})
    outcome = ec.compress(
        digits_files / "digits.keras", tmp_path / "out", board="nucleo_f401re",
        data=tmp_path / "few.npz", time_budget="2m",
    )  # fmt: skip
    assert outcome.facts["fits"]
    html = outcome._repr_html_()
    assert f"<caption>{outcome.facts['summary']}" in html
    model_bytes = (tmp_path / "out" / "model.tflite").stat().st_size
    assert f"<td>{model_bytes:,}</td></tr>" in html
    with pytest.raises(RecipeError, match="board not given"):
        ec.compress(digits_files / "digits.keras", tmp_path / "x", data=tmp_path / "few.npz")
    with pytest.raises(OutputExistsError, match="holds model"):
        ec.compress(tmp_path / "out" / "edgecompress.toml", str(tmp_path / "out"))
    with pytest.raises(RecipeError, match="did you mean time_budget"):
        ec.compress("m.keras", board="rpi_pico", data="d.npz", time_budjet="1m")


def test_names_are_lazy_and_listed() -> None:
    code = (
        "import sys, edgecompress as ec; "
        "ec.fit, ec.compare, ec.generate, ec.load_board, ec.Recipe; "
        "sys.exit('tensorflow' in sys.modules or 'optuna' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(ec._PUBLIC) | {"__version__"} == set(ec.__all__) <= set(dir(ec))


def test_type_checkers_know_every_public_name() -> None:
    tree = ast.parse(Path(ec.__file__).read_text(encoding="utf-8"))
    known = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name: known.get(name) for name in ec._PUBLIC} == ec._PUBLIC
