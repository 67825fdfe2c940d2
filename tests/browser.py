"""A real browser of the tests: Debian's Chromium, led by Playwright, which downloads nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from needs import missing

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
DESK: Final = {"width": 1280, "height": 800}
"""The smallest screen that an operator's page is made for."""
PHONE: Final = {"width": 390, "height": 844}


def program() -> str:
    """Chromium; without it the test is skipped."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("Chromium is not installed: apt-get install chromium")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; root may only run it without its sandbox."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program(),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        try:
            yield browser
        finally:
            browser.close()


class Witness:
    """Hears what a page asks for, and what goes wrong in it.

    Attributes:
        strangers: Addresses elsewhere that were asked for.
        errors: Errors of scripts, and what the page's policy has refused.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.strangers: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self._asked(request.url, url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._said(message.type, message.text))

    def _asked(self, address: str, ours: str) -> None:
        if not address.startswith((f"{ours}/", "data:")):
            self.strangers.append(address)

    def _said(self, kind: str, text: str) -> None:
        # A stream that is cut is no error of ours; htmx logs it as an event without a text.
        if kind == "error" and text != "[object Event]" and "Failed to load resource" not in text:
            self.errors.append(text)
