"""What may stand in a campaign's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from firmline.errors import Code
from firmline.formats.toml_keys import Key, Kind
from firmline.formats.toml_text import TomlForm
from firmline.line.campaigns.campaign import Counting

SCHEMA: Final = 1
"""The form of the file; raised when a reader of the old one would misread it."""
CAMPAIGN_FILE: Final = TomlForm(
    code=Code.CAMPAIGN_MALFORMED,
    noun="a campaign",
    start="the how-to page Plan a campaign has one to start from",
)
MOST_GROUPS: Final = 50
"""Ours; a rollout has about five."""
MOST_RULES: Final = 50
MOST_SERIALS: Final = 2_000
"""In the file itself; more come from a CSV file or a batch."""
MOST_PRIORITY: Final = 100
"""Either way; ours."""

_SLUG: Final = Key(kind=Kind.TEXT, least=1, most=40, required=True)
_LINE: Final = Key(kind=Kind.LINE, least=1, most=60)
_NEEDED_LINE: Final = Key(kind=Kind.LINE, least=1, most=60, required=True)
_STATIONS: Final = Key(kind=Kind.TEXTS, least=1, most=40, items=200)
_PERCENT: Final = Key(kind=Kind.NUMBER, least=0, most=100, required=True)

CAMPAIGN: Final[Mapping[str, Key]] = {
    "schema": Key(kind=Kind.WHOLE, least=1, required=True),
    "name": _SLUG,
    "title": _LINE,
    "product": _NEEDED_LINE,
    "recipe": Key(kind=Kind.TABLE, required=True),
    "priority": Key(kind=Kind.WHOLE, least=-MOST_PRIORITY, most=MOST_PRIORITY),
    "stations": _STATIONS,
    "counts": Key(kind=Kind.TEXT, choices=tuple(Counting)),
    "groups": Key(kind=Kind.TABLES, required=True),
    "abort": Key(kind=Kind.TABLES),
}
RECIPE: Final[Mapping[str, Key]] = {
    "name": _SLUG,
    "version": Key(kind=Kind.WHOLE, least=1, most=1_000_000, required=True),
    "sha256": Key(kind=Kind.TEXT, least=64, most=64, required=True),
}
GROUP: Final[Mapping[str, Key]] = {
    "name": _SLUG,
    "units": Key(kind=Kind.TEXTS, least=1, most=64, items=MOST_SERIALS),
    "batch": _LINE,
    "file": Key(kind=Kind.LINE, least=1, most=200),
    "stations": _STATIONS,
    "success_percent": Key(kind=Kind.NUMBER, least=1, most=100, required=True),
}
ABORT: Final[Mapping[str, Key]] = {
    "kind": _NEEDED_LINE,
    "least": Key(kind=Kind.WHOLE, least=1, most=1_000_000, required=True),
    "percent": _PERCENT,
}
