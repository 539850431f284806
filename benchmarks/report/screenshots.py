"""Draw the pages of docs/images: the report of a run, wide, on a phone, dark and printed.

    python benchmarks/report/screenshots.py NAME FOLDER [--halves]

FOLDER is what `compress` or `demo` wrote; the pictures are docs/images/report-NAME-VIEW.png. With
--halves a long page is cut at the chapter of its answers, and its second half is a picture of its
own. A page that complains on the console, asks for an address or is wider than the screen is an
error. Needs Debian's chromium and chromium-driver.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from support.browser import opened  # noqa: E402 - found by the line above

VIEWS = {
    "1280": {"width": 1280},
    "390": {"width": 390},
    "dark": {"width": 1280, "dark": True},
    "print": {"width": 794, "printed": True},
}
COLOURS = (256, 128, 96, 64)  # as many as leave a picture this small
MOST_BYTES = 300_000
MOST_DRAWN = 10_000  # colours of a page without photographs
TOP = "Math.round(document.querySelector('#answers').getBoundingClientRect().top + scrollY)"


def drawn(page: Path, view: dict[str, int | bool]) -> tuple[Image.Image, int]:
    """Return a page as it is seen, and where its chapter of answers begins, in pixels."""
    with opened(page, **view) as shown, tempfile.TemporaryDirectory() as folder:
        wrong = [*shown.complaints(), *shown.requests()]
        if shown.run("document.documentElement.scrollWidth") > view["width"]:
            wrong.append("wider than the screen")
        if wrong:
            sys.exit(f"{page}: {'; '.join(wrong)}")
        shown.screenshot(Path(folder) / "page.png")
        return Image.open(Path(folder) / "page.png").convert("RGB"), shown.run(TOP)


def parts(picture: Image.Image, cut: int, *, halves: bool) -> Iterator[tuple[str, Image.Image]]:
    """Yield the pictures to write, by what their names end in."""
    if not halves:
        yield "", picture
        return
    yield "", picture.crop((0, 0, picture.width, cut))
    yield "-2", picture.crop((0, cut, picture.width, picture.height))


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture with few colours: rare ones are kept, but where there are photographs."""
    is_drawn = picture.getcolors(MOST_DRAWN) is not None
    method = Image.Quantize.MAXCOVERAGE if is_drawn else Image.Quantize.MEDIANCUT
    for colours in COLOURS:
        few = picture.quantize(colours, method, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            break
    print(f"{path.name}: {picture.width} x {picture.height}, {path.stat().st_size:,} bytes")


def main() -> None:
    """Draw every view."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--halves", action="store_true")
    given = parser.parse_args()
    images = REPOSITORY / "docs" / "images"
    for name, view in VIEWS.items():
        picture, cut = drawn(given.folder / "report.html", view)
        for ending, part in parts(picture, cut, halves=given.halves):
            save(part, images / f"report-{given.name}-{name}{ending}.png")


if __name__ == "__main__":
    main()
