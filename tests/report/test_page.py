"""The page that people look at, as text: from the facts alone, and of hostile names unharmed."""

import base64
import copy
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from random import Random

import pytest
from support.changed_facts import changed

from edgecompress.errors import UsageError
from edgecompress.report.arena_map import arena_maps
from edgecompress.report.html import rebuild_report, report_html
from edgecompress.report.plot_library import plot_library
from edgecompress.report.plot_steps import waterfalls
from edgecompress.report.regions import regions

HOSTILE = "</script><img src=x onerror=alert(1)>'\"&"
# What reports of earlier releases lack.
NEWER = (
    "verdict_before", "trainings", "distributions", "network", "arenas", "confusion",
    "disagreements", "explain", "removed",
)  # fmt: skip


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append((tag, dict(attributes)))

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def test_the_same_facts_give_the_same_page_in_another_process(small_run) -> None:
    out, facts = small_run
    page = report_html(facts)
    again = subprocess.run(
        [sys.executable, "-m", "edgecompress", "report", str(out)], check=True, capture_output=True
    )
    assert again.returncode == 0
    assert (out / "report.html").read_text() == page


def test_the_page_asks_nothing_of_a_network(small_run) -> None:
    tags = _Tags(report_html(small_run[1]))
    for name in ("script", "img", "link", "iframe", "source"):
        for attributes in tags.all(name):
            address = attributes.get("src") or attributes.get("href") or "data:"
            assert address.startswith("data:")
    policy = next(each["content"] for each in tags.all("meta") if each.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_policy_knows_the_scripts_by_their_hashes(small_run) -> None:
    page = report_html(small_run[1])
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = hashlib.sha256(script.encode()).digest()
        encoded = base64.b64encode(digest).decode()
        assert f"'sha256-{encoded}'" in page


def test_names_are_shown_and_never_run(small_run) -> None:
    facts = json.loads(json.dumps(small_run[1]).replace('"1-', '"1-HOSTILE'))
    facts = json.loads(json.dumps(facts).replace("HOSTILE", HOSTILE.replace('"', r"\"")))
    facts["model"]["name"] = facts["data"]["name"] = HOSTILE
    facts["confusion"]["labels"][0] = facts["classes"][0]["name"] = HOSTILE
    facts["network"][0]["layer"] = facts["arenas"][0]["buffers"][0]["name"] = HOSTILE
    facts["distributions"][0]["layer"] = facts["layers"][0]["layer"] = HOSTILE
    facts["steps"][0]["why"] = facts["board"]["name"] = HOSTILE
    page = report_html(facts)
    plain, attacked = _Tags(report_html(small_run[1])), _Tags(page)
    assert len(attacked.all("img")) == len(plain.all("img"))
    assert len(attacked.all("script")) == len(plain.all("script"))
    assert not any("onerror" in attributes for _, attributes in attacked.tags)
    assert "&lt;/script&gt;&lt;img src=x" in page


def test_a_report_of_an_earlier_release_is_still_drawn(small_run) -> None:
    whole = copy.deepcopy(small_run[1])
    facts = {name: value for name, value in whole.items() if name not in NEWER}
    for row in (*facts["classes"], *facts["candidates"]):
        for name in ("before_interval", "after_interval", "ram_bytes"):
            row.pop(name, None)
    page = report_html(facts)
    assert page.count("it was written by an earlier release") == 6
    assert '<svg class="map"' not in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trainings": []}, "Nothing was trained"),
        ({"classes": [], "confusion": None}, "The answers of this model are no classes"),
        ({"disagreements": None}, "none are said to disagree"),
        ({"layers": []}, "No layer could be compared"),
        ({"confusion": None}, "too many classes"),
    ],
)
def test_a_chapter_without_facts_says_so(small_run, change, words) -> None:
    assert words in report_html({**small_run[1], **change})


def test_a_waterfall_goes_from_the_first_bytes_to_the_last(small_run) -> None:
    facts = small_run[1]
    plots = {plot.id: plot.spec["data"]["values"] for plot in waterfalls(facts)}
    rows = plots["waterfall-model_bytes"]
    assert rows[0]["to"] == facts["before"]["float_bytes"]
    assert rows[-1]["to"] == facts["after"]["model_bytes"]
    for one, other in pairwise(rows[:-1]):
        assert other["from"] == one["to"]
    lost = plots["waterfall-lost"][-1]["to"]
    before, after = facts["before"]["float_validation"], facts["after"]["int8_validation"]
    assert lost == pytest.approx(100 * (before - after))


def test_bars_hold_every_byte_of_a_region(small_run) -> None:
    facts = small_run[1]
    flash, ram = regions(facts)[:2]
    assert sum(part.size_bytes for part in flash.bars[0].parts) == facts["before"]["flash_bytes"]
    assert sum(part.size_bytes for part in ram.bars[1].parts) == facts["after"]["ram_bytes"]
    for region in (flash, ram):
        for bar in region.bars:
            width = sum(part.percent for part in bar.parts)
            assert width == pytest.approx(
                bar.used_bytes / region.limit_bytes * region.limit_percent, abs=0.1
            )


def test_buffers_that_live_at_once_do_not_overlap_on_the_map(small_run) -> None:
    for arena in arena_maps(small_run[1]["arenas"]):
        assert arena.boxes
        for box in arena.boxes:
            assert arena.left <= box.x
            assert box.x + box.width <= arena.right + 0.2
            assert arena.head_y - 0.2 <= box.y
            assert box.y + box.height <= arena.bottom + 0.2
        for number, one in enumerate(arena.boxes):
            for other in arena.boxes[number + 1 :]:
                across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
                up = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
                assert across < 0.3 or up < 0.3


def test_facts_are_left_as_they_are(small_run) -> None:
    facts = copy.deepcopy(small_run[1])
    report_html(facts)
    assert facts == small_run[1]


def test_the_plots_library_is_put_together_elsewhere(monkeypatch) -> None:
    """vl-convert lets no other thread run, such as the one that shows progress."""
    monkeypatch.delitem(sys.modules, "vl_convert", raising=False)
    plot_library.cache_clear()
    script = plot_library()
    assert "vl_convert" not in sys.modules
    assert "vegaEmbed" in script
    assert "</script" not in script


def test_a_changed_report_is_drawn_or_refused(small_run, tmp_path) -> None:
    _, facts = small_run
    random, refused = Random(0), 0  # noqa: S311
    for _ in range(60):
        _, other = changed(facts, random)
        (tmp_path / "report.json").write_text(json.dumps(other))
        try:
            rebuild_report(tmp_path)
        except UsageError:
            refused += 1
    assert refused > 10
