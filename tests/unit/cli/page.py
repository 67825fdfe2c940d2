"""A page as a browser sees it."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser

VOID = ("meta", "img", "br")


class Page(HTMLParser):
    """What a browser sees of a page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def assert_harmless(self) -> None:
        """It runs nothing, and asks nobody."""
        tags = {tag for tag, _ in self.elements}
        assert not tags & {"script", "iframe", "object", "embed", "form", "link", "base"}
        for tag, attributes in self.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("src", "href", "data", "action", "srcset", "poster"):
                value = attributes.get(name)
                assert value is None or value.startswith("data:"), (tag, value)
        assert "\x1b" not in self.text
        assert "\u202e" not in self.text
