"""Prove that a built site asks nobody for anything: every asset lies inside it.

Usage: ``python tools/offline_site.py FOLDER``. Links that a reader may follow are fine; whatever
a browser fetches by itself (scripts, styles, fonts, pictures, frames) must be local. What a script
might fetch later cannot be read here: a content security policy on every page forbids it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

#: What a browser fetches without being asked: tag -> attributes that hold an address.
FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
#: ``<link>`` relations that fetch nothing.
HARMLESS = {"alternate", "author", "canonical", "edit", "license", "next", "prev"}
OUTSIDE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
STYLE = re.compile(r"(?:url\(\s*|@import\s+)[\"']?([^\"')\s;]+)", re.IGNORECASE)
#: Opening of the policy in tools/docs-theme/main.html: nothing but the site itself.
POLICY = """http-equiv="Content-Security-Policy" content="default-src 'self' file: data: blob: """


class _Assets(HTMLParser):
    """Collects what a page makes a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        if tag == "link" and set(values.get("rel", "").lower().split()) & HARMLESS:
            return
        for name in FETCHED.get(tag, ()):
            self.found += values.get(name, "").split(",")  # srcset holds several
        self.found += STYLE.findall(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += STYLE.findall(data)


def assets(path: Path) -> list[str]:
    """The addresses that this page or style sheet makes a browser fetch."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        return STYLE.findall(text)
    parser = _Assets()
    parser.feed(text)
    return parser.found


def outside(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every asset of the site that lies elsewhere, with the file that asks for it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".css", ".svg"}:
            for address in assets(path):
                if OUTSIDE.match(address):
                    yield path.relative_to(folder), address


def unguarded(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every page without the policy that keeps scripts from fetching elsewhere."""
    for path in sorted(folder.rglob("*.html")):
        if POLICY not in path.read_text(encoding="utf-8"):
            yield path.relative_to(folder), "anything it likes: no content security policy"


def main(arguments: list[str]) -> int:
    """Check one folder; the exit status."""
    folder = Path(arguments[0])
    pages = len(list(folder.rglob("*.html")))
    found = [*outside(folder), *unguarded(folder)]
    for path, address in found:
        print(f"docs: {path} fetches {address}")
    if not pages or found:
        print(f"docs: {len(found)} findings in {pages} pages")
        return 1
    print(f"docs: {pages} pages in {folder}/, nothing fetched from outside")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
