"""What may stand in a recipe: every key but those of one kind of step alone (``kinds``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from firmline.errors import Code
from firmline.formats.toml_keys import Key, Kind
from firmline.formats.toml_text import TomlForm
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.kinds import KINDS, Row
from firmline.line.recipe.limits import LimitKind

SCHEMA: Final = 1
"""The form of the file; raised when a reader of the old one would misread it."""
RECIPE_FILE: Final = TomlForm(
    code=Code.RECIPE_MALFORMED,
    noun="a recipe",
    start="firmline line init writes a recipe to start from",
)
WRONG: Final = (StepOutcome.FAIL, StepOutcome.ERROR, StepOutcome.TIMEOUT)
"""Outcomes after which something may be tried again, or that may count against a unit."""
STOP, GO_ON = "stop", "go-on"
DEFAULT_STRIKES: Final = 3
"""Factory practice: three strikes, then rework."""

_SLUG: Final = Key(kind=Kind.TEXT, least=1, most=40, required=True)
_TITLE: Final = Key(kind=Kind.LINE, least=1, most=60)
_NUMBER: Final = Key(kind=Kind.NUMBER, least=-1e9, most=1e9)
_VERSIONS: Final = 16
"""Most hardware versions or SoftDevices; an init packet names at most 16 (spec section 5)."""


def _required(key: Key) -> Key:
    return Key(kind=key.kind, least=key.least, most=key.most, required=True)


RECIPE: Final[Mapping[str, Row]] = {
    "schema": Row(
        key=Key(kind=Kind.WHOLE, least=1, required=True),
        meaning=f"the form of the file: {SCHEMA}",
    ),
    "name": Row(key=_SLUG, meaning="what records call it: lower-case letters, digits, hyphens"),
    "version": Row(
        key=Key(kind=Kind.WHOLE, least=1, most=1_000_000, required=True),
        meaning="the recipe's own version; raise it with every change",
    ),
    "title": Row(key=_TITLE, meaning="for people", default="its name"),
    "product": Row(key=Key(kind=Kind.TABLE, required=True), meaning="what the units are"),
    "packages": Row(
        key=Key(kind=Kind.TABLES), meaning="what is sent, one table each", default="none"
    ),
    "retest": Row(key=Key(kind=Kind.TABLE), meaning="how often a unit may try", default="as below"),
    "steps": Row(
        key=Key(kind=Kind.TABLES, required=True), meaning="what is done, one table each, in order"
    ),
}
PRODUCT: Final[Mapping[str, Row]] = {
    "name": Row(key=_required(_TITLE), meaning="for people"),
    "revision": Row(
        key=Key(kind=Kind.LINE, least=1, most=20), meaning="of its hardware", default="none"
    ),
    "serial_number": Row(
        key=Key(kind=Kind.TEXT, least=1, most=120, required=True),
        meaning="what its serial numbers look like, as a [pattern](#serial-numbers)",
    ),
    "hw_versions": Row(
        key=Key(kind=Kind.WHOLES, items=_VERSIONS),
        meaning="hardware versions that a package may name",
        default="not compared",
    ),
    "softdevices": Row(
        key=Key(kind=Kind.WHOLES, most=0xFFFF, items=_VERSIONS),
        meaning="FWIDs of the [SoftDevices](softdevices.md) that a unit may arrive with, `[]` for"
        " units without one",
        default="not compared",
    ),
}
PACKAGE: Final[Mapping[str, Row]] = {
    "name": Row(key=_SLUG, meaning="what steps call it: lower-case letters, digits, hyphens"),
    "file": Row(
        key=Key(kind=Kind.LINE, least=1, most=200, required=True),
        meaning="where it lies, from the recipe's folder; not outside of it",
    ),
    "sha256": Row(
        key=Key(kind=Kind.TEXT, least=64, most=64),
        meaning="SHA-256 of the file, as `firmline pkg display` prints it",
        default="not pinned: any package of that name, which `line check` remarks",
    ),
}
RETEST: Final[Mapping[str, Row]] = {
    "strikes": Row(
        key=Key(kind=Kind.WHOLE, least=1, most=100),
        meaning="failed runs after which a unit goes to rework",
        default=str(DEFAULT_STRIKES),
    ),
    "counted": Row(
        key=Key(kind=Kind.TEXTS, choices=WRONG),
        meaning="outcomes of runs that are strikes; the first attempt is kept apart in any case",
        default='`["fail"]`',
    ),
    "repeat_passed": Row(
        key=Key(kind=Kind.FLAG),
        meaning="whether a unit that has passed may run again",
        default="false",
    ),
}
STEP: Final[Mapping[str, Row]] = {
    "kind": Row(
        key=Key(kind=Kind.TEXT, choices=tuple(KINDS), required=True), meaning="what is done"
    ),
    "name": Row(
        key=Key(kind=Kind.TEXT, least=1, most=40),
        meaning="what records call it: lower-case letters, digits, hyphens; no two are alike",
        default="its kind",
    ),
    "title": Row(key=_TITLE, meaning="what the operator reads", default="that of its kind"),
    "timeout_s": Row(
        key=Key(kind=Kind.NUMBER, least=0.1, most=86_400),
        meaning="after which each attempt of it is a TIMEOUT",
        default="that of its kind",
    ),
    "on_fail": Row(
        key=Key(kind=Kind.TEXT, choices=(STOP, GO_ON)),
        meaning="whether the run stops where it does not pass",
        default=STOP,
    ),
    "retries": Row(
        key=Key(kind=Kind.WHOLE, most=9),
        meaning="further attempts within the run; each is recorded",
        default="0",
    ),
    "retry_on": Row(
        key=Key(kind=Kind.TEXTS, choices=WRONG),
        meaning="outcomes after which it is tried again",
        default='`["error", "timeout"]`',
    ),
    "limits": Row(
        key=Key(kind=Kind.TABLES), meaning="of what it measures, one table each", default="none"
    ),
}
LIMIT: Final[Mapping[str, Row]] = {
    "measurement": Row(key=_SLUG, meaning="which of the step's measurements"),
    "unit": Row(
        key=Key(kind=Kind.LINE, least=1, most=20),
        meaning="what it is measured in; has to be said where there is one",
        default="none",
    ),
    LimitKind.AT_LEAST: Row(key=_NUMBER, meaning="the smallest value that passes"),
    LimitKind.AT_MOST: Row(key=_NUMBER, meaning="the largest value that passes"),
    LimitKind.IN_RANGE: Row(
        key=Key(kind=Kind.NUMBERS, least=-1e9, most=1e9, items=2),
        meaning="`[smallest, largest]` that pass",
    ),
    LimitKind.EQUALS: Row(
        key=Key(kind=Kind.SCALAR, least=-1e9, most=1e9), meaning="the one value that passes"
    ),
    "marginal": Row(
        key=_NUMBER,
        meaning="with `at_least` and `at_most`: values between it and the limit pass as marginal",
        default="no band",
    ),
    "marginal_range": Row(
        key=Key(kind=Kind.NUMBERS, least=-1e9, most=1e9, items=2),
        meaning="with `in_range`: `[smallest, largest]` that are not marginal",
        default="no band",
    ),
}


def keys_of(rows: Mapping[str, Row]) -> dict[str, Key]:
    """The keys alone, as the reader needs them."""
    return {str(name): row.key for name, row in rows.items()}
