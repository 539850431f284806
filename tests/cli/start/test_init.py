"""`init`: what it finds, what it leaves to be filled in, and `compress` with what it wrote."""

import json

import numpy as np
import pytest

from edgecompress.cli.start import found
from edgecompress.cli.start.connected import connected_boards
from edgecompress.cli.start.schema import SCHEMA_FILE, recipe_schema
from edgecompress.errors import RecipeError
from edgecompress.files import read_toml
from edgecompress.recipe import Recipe, load_recipe


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder, with no board connected."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGECOMPRESS_BOARDS", raising=False)
    monkeypatch.setattr(found, "connected_boards", list)
    return tmp_path


@pytest.fixture
def with_digits(folder, digits_files):
    for name in ("digits.keras", "digits.npz"):
        (folder / name).symlink_to(digits_files / name)
    return folder


def test_an_empty_folder_leaves_three_lines_to_fill_in(folder, cli) -> None:
    code, stdout, _ = cli("init")
    assert code == 0
    assert stdout.count("to be filled in") == 3
    text = (folder / "edgecompress.toml").read_text()
    assert read_toml(folder / "edgecompress.toml") == {}
    assert text.startswith("#:schema ./edgecompress.schema.json\n")
    with pytest.raises(RecipeError, match="model, board, data not given"):
        load_recipe(folder / "edgecompress.toml", {})


def test_with_every_line_in_use_the_recipe_is_the_default(folder, cli) -> None:
    """Each commented line is TOML, and names a key, its default or an example."""
    cli("init")
    lines = (folder / "edgecompress.toml").read_text().splitlines()
    keys = [line[2:] for line in lines if line.startswith("# ") and " = " in line]
    values = {}
    for line in keys:
        (folder / "line.toml").write_text(line)
        values |= read_toml(folder / "line.toml")
    given = {"model": "m.keras", "board": "rpi_pico", "data": "d.npz"}
    default = Recipe(**given)
    assert list(values) == list(vars(default))
    for name, value in vars(default).items():
        assert name in given or value is None or values[name] == value
    load_recipe(None, {**values, **given})


def test_model_data_and_profile_in_the_folder_are_found(with_digits, cli) -> None:
    from edgecompress.files import BOARDS_DIR

    profile = (BOARDS_DIR / "rpi_pico.toml").read_text()
    (with_digits / "my_board.toml").write_text(profile)
    (with_digits / "notes.keras").write_text("not a model")
    cli("init")
    assert read_toml(with_digits / "edgecompress.toml") == {
        "model": "digits.keras", "board": "my_board.toml", "data": "digits.npz",
    }  # fmt: skip
    assert load_recipe(with_digits / "edgecompress.toml", {}).board.endswith("my_board.toml")


def test_several_are_left_to_choose_from(with_digits, cli) -> None:
    (with_digits / "rows.csv").write_text("a,label\n1,2\n")
    (with_digits / "photos" / "cat").mkdir(parents=True)
    (with_digits / "photos" / "cat" / "1.png").touch()
    (with_digits / "code" / "src").mkdir(parents=True)
    (with_digits / "code" / "src" / "main.c").touch()
    stdout = cli("init")[1]
    assert "data: to be filled in; there are digits.npz, photos, rows.csv" in stdout
    text = (with_digits / "edgecompress.toml").read_text()
    assert '# data = "digits.npz"\n# data = "photos"\n# data = "rows.csv"\n' in text
    assert "data" not in read_toml(with_digits / "edgecompress.toml")


def test_what_is_given_is_written_relative_to_the_file(with_digits, cli) -> None:
    words = ("--model", "digits.keras", "--data", "package.module:load", "--board", "rpi_pico")
    assert cli("init", "-o", "sub/my.toml", *words)[0] == 0
    assert read_toml(with_digits / "sub" / "my.toml") == {
        "model": "../digits.keras", "board": "rpi_pico", "data": "package.module:load",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--board", "esp32s3"), 2, "esp32_s3_devkitc_1_n8, esp32_s3_devkitc_1_n8r8 or seeed_xiao"),
        (("--model", "absent.keras"), 3, "absent.keras: no such file"),
        (("--data", "absent.npz"), 2, "absent.npz: no such file"),
    ],
)
def test_what_is_given_wrong_is_refused(folder, cli, words, code, message) -> None:
    ended, _, stderr = cli("init", *words)
    assert ended == code
    assert message in stderr
    assert list(folder.iterdir()) == []


def test_nothing_is_overwritten(folder, cli) -> None:
    (folder / "edgecompress.toml").write_text("mine")
    (folder / "edgecompress.schema.json").write_text("mine too")
    code, _, stderr = cli("init")
    assert code == 2
    assert "edgecompress.toml" in stderr
    cli("init", "-o", "other.toml")
    assert (folder / "edgecompress.toml").read_text() == "mine"
    assert (folder / "edgecompress.schema.json").read_text() == "mine too"


def test_a_connected_board_is_recognised(tmp_path) -> None:
    for name, vendor, product in (("1-1", "2341", "0069"), ("1-2", "dead", "beef")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "idVendor").write_text(f"{vendor}\n")
        (tmp_path / name / "idProduct").write_text(f"{product}\n")
    (found_board,) = connected_boards(tmp_path)
    assert (found_board.board, found_board.usb_id) == ("arduino_uno_r4_minima", "2341:0069")


def test_boards_on_usb_are_boards() -> None:
    from edgecompress.board import all_boards
    from edgecompress.cli.start.connected import _BOARDS

    assert set(_BOARDS) <= {board.id for board in all_boards()}
    numbers = [number for each in _BOARDS.values() for number in each]
    assert len(numbers) == len(set(numbers))


def test_the_schema_is_that_of_the_recipe(folder, cli) -> None:
    shipped = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    made = json.dumps(recipe_schema(), indent=2)
    assert shipped == json.loads(made), f"{SCHEMA_FILE.name} must be:\n{made}"
    assert set(shipped["properties"]) == set(Recipe.__dataclass_fields__)
    assert shipped["additionalProperties"] is False
    cli("init")
    assert json.loads((folder / "edgecompress.schema.json").read_text()) == shipped


def test_compress_alone_takes_the_recipe_of_the_folder(with_digits, cli) -> None:
    arrays = dict(np.load(with_digits / "digits.npz"))
    np.savez(with_digits / "few.npz", **{name: values[:200] for name, values in arrays.items()})
    cli("init", "--board", "nucleo_f401re", "--data", "few.npz")
    code, _, stderr = cli("compress", "--seed", "3", "--framework", "cmake")
    assert code == 0, stderr
    assert "recipe: edgecompress.toml" in stderr
    written = read_toml(with_digits / "out" / "edgecompress.toml")
    assert written["board"] == "nucleo_f401re"
    assert written["data"] == "../few.npz"
    assert written["seed"] == 3


def test_a_recipe_in_the_folder_is_not_for_a_command_that_says_everything(with_digits, cli) -> None:
    (with_digits / "edgecompress.toml").write_text("unknown = 1\n")
    everything = ("digits.keras", "--data", "digits.npz", "--board", "absent_board")
    assert "unknown board" in cli("compress", *everything)[2]
    assert "unknown key 'unknown'" in cli("compress", *everything[:3])[2]
