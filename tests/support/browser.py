"""Debian's Chromium, without a window: what it shows of a page, what it complains of and asks for.

Its driver's protocol is Selenium's; nothing is fetched for it.
"""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_PROGRAMS = ("chromium", "chromedriver")
_TALLEST = 30_000  # pixels of a screenshot
_PLOTS_READY = """
const done = arguments[0], began = Date.now();
(function look() {
  const plots = [...document.querySelectorAll(".plot")];
  if (plots.every(p => p.querySelector("svg")) || Date.now() - began > 20000) done(plots.length);
  else setTimeout(look, 50);
})();
"""


@dataclass(frozen=True)
class Page:
    """A page that is open, with its plots drawn."""

    driver: Any

    def run(self, script: str) -> Any:
        """Return what a JavaScript expression comes to in the page."""
        return self.driver.execute_script(f"return {script}")

    def wait_for(self, script: str) -> Any:
        """Return what a JavaScript expression comes to, once that is something."""
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, 10).until(lambda _: self.run(script))

    def hover(self, selector: str) -> None:
        """Move the mouse to the middle of the first element that a CSS selector finds."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{found}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.run(f"{found}.getBoundingClientRect()")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for step in (3, 0):  # a plot looks up what it is at when the mouse moves
            self._command("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y)

    def screenshot(self, path: Path) -> None:
        """Write all of the page, from top to bottom, as PNG."""
        size = self._command("Page.getLayoutMetrics")["cssContentSize"]
        height = min(size["height"], _TALLEST)
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1}
        shot = self._command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """Return the page as it is printed on A4."""
        options = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        return base64.b64decode(self._command("Page.printToPDF", **options)["data"])

    def complaints(self) -> list[str]:
        """Return the console's warnings and errors, uncaught ones too."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that the page asked for, but its own and what it holds itself."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        own = self.driver.current_url.partition("#")[0]
        return [url for url in asked if url.partition("#")[0] != own and url[:5] != "data:"]

    def _command(self, name: str, **options: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, options)


@contextmanager
def opened(path: Path, width: int, *, dark: bool = False, printed: bool = False) -> Iterator[Page]:
    """Open a file in Chromium at a width in pixels; skip the test where there is no Chromium."""
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; `make tools` installs it on Debian")
    driver = _driver()
    try:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = {"media": "print" if printed else "", "features": [scheme]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        driver.get(path.resolve().as_uri())
        driver.execute_async_script(_PLOTS_READY)
        yield Page(driver)
    finally:
        driver.quit()


def _driver() -> Any:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(30)
    return driver
