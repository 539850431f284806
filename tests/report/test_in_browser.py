"""The page in Chromium: drawn at every width and colour scheme, silent, and without a network."""

import pytest
from support.browser import opened

VIEWS = {
    "1280": {"width": 1280},
    "390": {"width": 390},
    "dark": {"width": 1280, "dark": True},
    "print": {"width": 794, "printed": True},
}
# The shares of boxes that are wide and high: a plot that was not drawn has none.
DRAWN = """[...document.querySelectorAll(".plot svg")].map(
    svg => [svg.getBoundingClientRect().width, svg.querySelectorAll("path, text").length])"""
WIDER = """[...document.querySelectorAll("main *, header *")].filter(
    each => !each.closest(".scroll, svg, pre, .sample, .range")
        && each.getBoundingClientRect().right > innerWidth + 1
    ).map(each => each.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_the_page_is_whole_and_asks_for_nothing(small_run, view) -> None:
    with opened(small_run[0] / "report.html", **view) as page:
        assert page.complaints() == []
        assert page.requests() == []
        plots = page.run(DRAWN)
        assert len(plots) == page.run("document.querySelectorAll('.plot').length") >= 8
        assert all(width > 200 and marks > 8 for width, marks in plots)
        assert page.run("document.documentElement.scrollWidth") <= view["width"]
        assert page.run(WIDER) == []
        text = page.run("document.body.innerText")
        for words in ("Memory on the board", "95 % interval", "Wilson", "How to reproduce it"):
            assert words in text


def test_what_came_out_is_in_sight_on_a_phone(small_run) -> None:
    with opened(small_run[0] / "report.html", 390) as page:
        right = page.run(
            "Math.max(...[...document.querySelectorAll('header td:last-child')]"
            ".map(cell => cell.getBoundingClientRect().right))"
        )
        assert right <= 390


def test_dark_is_dark_and_light_is_light(small_run) -> None:
    def lightness(**view):
        with opened(small_run[0] / "report.html", 1280, **view) as page:
            script = "getComputedStyle({}).{}.match(/\\d+/g).map(Number)"
            paper = page.run(script.format("document.body", "backgroundColor"))
            ink = page.run(script.format("document.querySelector('.plot text')", "fill"))
        return sum(paper[:3]), sum(ink[:3])

    paper, ink = lightness()
    assert paper - ink > 200
    paper, ink = lightness(dark=True)
    assert ink - paper > 200


def test_it_prints_with_what_is_folded(small_run) -> None:
    with opened(small_run[0] / "report.html", 794) as page:
        content = page.pdf()
        assert content.startswith(b"%PDF")
        assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") > 3


def test_all_that_scrolls_is_reached_by_keyboard(small_run) -> None:
    with opened(small_run[0] / "report.html", 390) as page:
        assert page.run("document.querySelectorAll('.scroll').length") > 5
        out_of_reach = (
            "[...document.querySelectorAll('.scroll, pre')].filter(each => each.scrollWidth >"
            " each.clientWidth + 1 && each.tabIndex < 0).length"
        )
        assert page.run(out_of_reach) == 0
        assert page.run("[...document.querySelectorAll('th')].every(cell => cell.scope"
                        " || !cell.textContent.trim())")  # fmt: skip


def test_hovering_says_which_candidate_it_is(small_run) -> None:
    with opened(small_run[0] / "report.html", 1280) as page:
        page.hover("#front-flash_bytes .mark-symbol.role-mark path:last-child")
        said = page.wait_for("document.querySelector('#vg-tooltip-element.visible')?.innerText")
        for candidate in small_run[1]["candidates"]:
            if candidate["name"] in said:
                assert f"{candidate['flash_bytes']:,}" in said
                return
        raise AssertionError(said)
