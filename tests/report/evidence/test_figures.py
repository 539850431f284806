"""Maps and channels as figures, and the chapter that shows them."""

import copy
import re

import numpy as np
import pytest

from edgecompress.dataset.load import load_dataset
from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import prune_channels
from edgecompress.keras_files.model import load_keras
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.scores import score_channels
from edgecompress.report.evidence.channels import channel_bars
from edgecompress.report.evidence.maps import evidence_maps
from edgecompress.report.html import report_html


def _explained(shapes, grids, *maps):
    models = [
        {
            "similarity": {
                "samples": [{"sample": 3, "class": "a", "map": values, "rank_correlation": 0.5}]
            }
        }
        for values in maps
    ]
    return {"models": models, "shapes": shapes, "grids": grids, "inputs": [[]]}


def test_places_of_a_picture_lie_as_its_pixels_do() -> None:
    values = [0.0, 0.5, -0.25, 0, 0, 0]
    (pair,) = evidence_maps(_explained([[4, 6, 1]], [[2, 3]], values, [1.0, *values[1:]]))
    (drawn,) = pair.original
    assert (drawn.width, drawn.height) == (96, 64)
    assert [(cell.x, cell.y, cell.strength) for cell in drawn.cells[:4]] == [
        (0, 0, 0), (32, 0, 0.5), (64, 0, -0.25), (0, 32, 0),
    ]  # fmt: skip
    assert pair.result[0].cells[0].strength == 1


def test_time_and_features_go_to_the_right() -> None:
    (pair,) = evidence_maps(_explained([[60, 2]], [[3, 2]], [1, 2, 3, 4, 5, 6], [0] * 6))
    (drawn,) = pair.original
    assert (drawn.width, drawn.height) == (96, 64)
    assert [(cell.x, cell.y) for cell in drawn.cells[:3]] == [(0, 0), (0, 32), (32, 0)]
    (pair,) = evidence_maps(_explained([[2], [4]], [[2], [4]], [1, 0, 0, 0, 0, 1], [0] * 6))
    assert [len(each.cells) for each in pair.original] == [2, 4]
    assert all(each.width == 96 and each.height >= 14 for each in pair.original)
    assert pair.original[1].cells[3].strength == 1


def test_channels_are_bars_by_their_worth() -> None:
    row = {"name": "g", "score": "l1", "kept": [4.0, 2.0], "gone": [1.0, 0.0], "effect": 0.1}
    facts = {"channels": [{"name": "g", "layers": ["g", "h"]}], "removed": [row]}
    (figure,) = channel_bars(facts)
    assert figure.layers == ("g", "h")
    assert [bar[3] for bar in (*figure.kept, *figure.gone)] == [60, 30, 15, 0]
    assert all(bar[1] + bar[3] == 60 for bar in figure.kept)


def test_the_chapter_shows_each_pair_of_maps_and_each_group(small_run) -> None:
    facts = small_run[1]
    page = report_html(facts)
    chapter = page[page.index('id="evidence"') : page.index('id="ranges"')]
    assert chapter.count("Occlusion map of the float original") == 8
    assert chapter.count("Occlusion map of the int8 result") == 8
    assert "evidence" in facts["explain"]["verdict"][0]
    assert facts["explain"]["verdict"][0][1:] in chapter
    assert len(re.findall(r'<rect class="gone"', chapter)) == sum(
        len(group["gone"]) for group in facts["removed"]
    )
    none = copy.deepcopy(facts) | {"explain": None, "removed": []}
    assert "no evidence for one to compare" in report_html(none)


def test_features_of_tables_and_series_are_told_the_most_telling_first(small_run) -> None:
    facts = copy.deepcopy(small_run[1])
    assert "Which features matter" not in report_html(facts)  # of a picture there are none
    document = facts["explain"]
    original, result = document["models"]
    document["shapes"], document["grids"] = [[60, 3]], [[2, 3]]
    original["importance"], result["importance"] = [[0.1, 0, 0.4] * 2], [[0.3, 0, 0.25] * 2]
    for model in document["models"]:
        for sample in model["similarity"]["samples"]:
            sample["map"] = [0.0] * 6
    page = report_html(facts)
    table = page[page.index("Which features matter") :].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(\d)</th>(.*)</tr>', table.replace("</tr>", "</tr>\n"))
    cells = {name: re.findall(r">(\d\.\d{3})<", row) for name, row in rows}
    assert list(cells.items()) == [
        ("2", ["0.400", "0.250"]), ("0", ["0.100", "0.300"]), ("1", ["0.000", "0.000"]),
    ]  # fmt: skip
    assert re.findall(r"width: (\S+)%", table)[:2] == ["100.0", "62.5"]
    assert "and windows of time" in page


def test_the_effect_is_that_of_surgery_on_the_original(small_run, digits_files) -> None:
    original = load_keras(digits_files / "digits.keras")
    data = load_dataset(str(digits_files / "digits.npz"), input_shape=(8, 8, 1), output_shape=(10,))
    groups = find_groups(original)
    scores = score_channels(original, groups, "taylor", data.train, 0)
    x = data.validation.sample(200, 0).x
    whole = original.predict(x, verbose=0)
    assert small_run[1]["removed"]
    for row in small_run[1]["removed"]:
        ranked = np.sort(scores[row["name"]])[::-1]
        assert [*row["kept"], *row["gone"]] == pytest.approx(ranked, rel=1e-3)
        keep = choose_channels(scores, {row["name"]: len(row["kept"])}, groups)
        change = prune_channels(original, keep).predict(x, verbose=0) - whole
        effect = np.linalg.norm(change) / np.linalg.norm(whole)
        assert row["effect"] == pytest.approx(effect, rel=1e-3)
