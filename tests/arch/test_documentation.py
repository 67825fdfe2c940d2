"""The documentation: every page is reachable, and the built site asks nobody for anything."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import offline_site
from house_tree import ROOT

DOCS = ROOT / "docs"
ANCHORED = re.compile(r"\]\((?!\w+://)([^)#\s]*)#([^)\s]+)\)")
LINK = re.compile(r"\]\((?!\w+://)([^)#\s]+)(?:#[^)]*)?\)")


def in_navigation(node: object) -> set[str]:
    """Every page that this part of the navigation names."""
    match node:
        case str():
            return {node}
        case dict():
            return set().union(*map(in_navigation, node.values()))
        case list():
            return set().union(*map(in_navigation, node))
        case _:
            raise AssertionError(node)


def pages() -> list[Path]:
    return sorted(DOCS.rglob("*.md"))


def test_every_page_is_in_the_navigation() -> None:
    project = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert in_navigation(project["nav"]) == {p.relative_to(DOCS).as_posix() for p in pages()}


def links_of(page: Path) -> set[str]:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    found = ((page.parent / target).resolve() for target in targets)
    return {path.relative_to(DOCS).as_posix() for path in found if path.is_relative_to(DOCS)}


def test_the_first_page_leads_to_every_other_page() -> None:
    """Directly; to a decision over the page that lists them."""
    direct = links_of(DOCS / "index.md")
    decisions = links_of(DOCS / "explanation" / "architecture.md")
    every = {page.relative_to(DOCS).as_posix() for page in pages()} - {"index.md"}
    assert {name for name in every if not name.startswith("adr/")} <= direct
    assert {name for name in every if name.startswith("adr/")} <= decisions


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(DOCS)}: {target}"
        for page in pages()
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).is_file()
    ]
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The names that headings of a page are reached under."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_every_link_to_a_heading_leads_to_one() -> None:
    broken = [
        f"{page.relative_to(DOCS)}: {target}#{anchor}"
        for page in pages()
        for target, anchor in ANCHORED.findall(page.read_text(encoding="utf-8"))
        if anchor not in anchors(page.parent / target if target else page)
    ]
    assert broken == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_decisions_have_the_same_parts() -> None:
    parts = ["Context", "Decision", "Alternatives", "Consequences"]
    odd = [
        path.name
        for path in sorted((DOCS / "adr").glob("*.md"))
        if re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) != parts
        or "**Status:**" not in path.read_text(encoding="utf-8")
    ]
    assert odd == []


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://example.com/x.js"></script>',
        '<link rel="stylesheet" href="//example.com/x.css">',
        '<link rel="preconnect" href="https://example.com">',
        '<img srcset="a.png 1x, https://example.com/b.png 2x">',
        '<p style="background: url(https://example.com/b.png)">',
        "<style>@import 'https://example.com/x.css';</style>",
        '<iframe src="HTTP://example.com"></iframe>',
    ],
)
def test_an_asset_from_outside_is_found(tmp_path: Path, page: str) -> None:
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    assert len(list(offline_site.outside(tmp_path))) == 1


@pytest.mark.parametrize(
    "page",
    [
        '<a href="https://example.com">a link that a reader may follow</a>',
        '<script src="assets/x.js"></script><link rel="stylesheet" href="../x.css">',
        '<link rel="canonical" href="https://example.com/page">',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    ],
)
def test_what_is_not_fetched_from_outside_passes(tmp_path: Path, page: str) -> None:
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    assert list(offline_site.outside(tmp_path)) == []


def test_a_style_sheet_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text("a { src: url('https://example.com/f.woff') }", "utf-8")
    assert len(list(offline_site.outside(tmp_path))) == 1


def test_a_page_without_the_policy_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>bare</p>", encoding="utf-8")
    assert offline_site.main([str(tmp_path)]) == 1


def test_a_site_without_pages_is_no_site(tmp_path: Path) -> None:
    assert offline_site.main([str(tmp_path)]) == 1


def test_the_theme_sets_the_policy_that_is_looked_for(tmp_path: Path) -> None:
    theme = (ROOT / "tools" / "docs-theme" / "main.html").read_text(encoding="utf-8")
    (tmp_path / "index.html").write_text(theme, encoding="utf-8")
    assert offline_site.main([str(tmp_path)]) == 0
