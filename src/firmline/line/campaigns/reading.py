"""Campaigns in TOML files: a text in, a campaign out, and every mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from firmline.errors import Code
from firmline.formats.toml_keys import Section
from firmline.formats.toml_text import TomlText
from firmline.line.campaigns.campaign import (
    AbortRule,
    Campaign,
    Counting,
    Group,
    KindOf,
    UnitsFrom,
)
from firmline.line.campaigns.keys import (
    ABORT,
    CAMPAIGN,
    CAMPAIGN_FILE,
    GROUP,
    MOST_GROUPS,
    MOST_RULES,
    RECIPE,
    SCHEMA,
)
from firmline.line.recipe.slugs import checked_slug
from firmline.line.records.values import RecipeUsed

STATION_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""What a station may be called."""
_SHA256: Final = re.compile("[0-9a-fA-F]{64}")
_CODE: Final = re.compile(r"DFU-[A-Z]{2,5}-[0-9]{3}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


def read_campaign(text: str, *, where: str) -> Campaign:
    """The campaign that a file describes.

    Args:
        text: What the file holds.
        where: What a message calls the file.

    Raises:
        InputError: ``CAMPAIGN_MALFORMED``, naming the line.
    """
    file = TomlText(text, where=where, form=CAMPAIGN_FILE)
    _check_schema(file)
    whole = Section(file, (), file.content, CAMPAIGN)
    name = checked_slug(whole, "name")
    stations = _stations(whole)
    return Campaign(
        name=name,
        title=whole.get("title", name),
        product=whole.values["product"],
        recipe=_recipe(whole),
        priority=whole.get("priority", 0),
        stations=stations,
        counting=Counting(whole.get("counts", Counting.FIRST)),
        groups=_groups(whole, stations),
        aborts=_aborts(whole),
    )


def _check_schema(file: TomlText) -> None:
    """First of all: a newer campaign may have keys that would only be told as unknown."""
    schema = file.content.get("schema")
    if type(schema) is int and schema != SCHEMA:
        raise file.error(
            ("schema",),
            f"this is a campaign of schema {str(schema)[:20]}, and this firmline reads schema"
            f" {SCHEMA}.",
        )


def _recipe(whole: Section) -> RecipeUsed:
    section = whole.part("recipe", RECIPE)
    sha256: str = section.values["sha256"]
    if not _SHA256.fullmatch(sha256):
        raise section.wrong(
            "sha256",
            "64 hexadecimal digits",
            hint="firmline line check --json prints the SHA-256 of a recipe.",
        )
    return RecipeUsed(
        name=checked_slug(section, "name"),
        version=str(section.values["version"]),
        sha256=sha256.lower(),
    )


def _stations(section: Section) -> tuple[str, ...]:
    stations: list[str] = section.get("stations", [])
    for station in stations:
        if not STATION_NAME.fullmatch(station) or stations.count(station) > 1:
            raise section.error(
                "stations",
                f"{station!r} cannot be the name of a station, or stands there twice.",
                hint="Name each once, as its --station does.",
            )
    return tuple(stations)


def _groups(whole: Section, stations: tuple[str, ...]) -> tuple[Group, ...]:
    rows = whole.items("groups")
    if not 1 <= len(rows) <= MOST_GROUPS:
        raise whole.error(
            "groups",
            f"a campaign has 1 to {MOST_GROUPS} groups, not {len(rows)}; the first is the canary.",
        )
    groups: list[Group] = []
    for path, content in rows:
        section = whole.item(path, content, GROUP)
        group = _group(section)
        if any(each.name == group.name for each in groups):
            raise section.error("name", f"there are two groups with the name {group.name!r}.")
        if not (group.stations or stations or group.units.file):
            raise section.error(
                "",
                f"the group {group.name!r} has no station.",
                hint='Add stations = ["north"] to it, or to the whole campaign.',
            )
        groups.append(group)
    _check_once(whole, groups)
    return tuple(groups)


def _group(section: Section) -> Group:
    given = [name for name in ("units", "batch", "file") if section.get(name, None)]
    if len(given) != 1:
        raise section.error(
            given[1] if given else "",
            "a group has its units from one of units, batch and file,"
            f" and this one from {len(given)} of them.",
            hint='Write units = ["SN-0001", "SN-0002"], batch = "B7" or file = "units.csv".',
        )
    file: str = section.get("file", "")
    if file and ("\\" in file or {"", ".", ".."} & set(file.split("/"))):
        raise section.wrong("file", "a path from the campaign's folder, not out of it")
    return Group(
        name=checked_slug(section, "name"),
        units=UnitsFrom(
            serials=tuple(section.get("units", [])), batch=section.get("batch", ""), file=file
        ),
        stations=_stations(section),
        success_percent=section.values["success_percent"],
    )


def _check_once(whole: Section, groups: Iterable[Group]) -> None:
    seen: set[str] = set()
    for index, group in enumerate(groups):
        for serial in group.units.serials:
            if serial in seen:
                raise whole.error_at(
                    ("groups", index, "units"), f"the unit {serial!r} stands there twice."
                )
            seen.add(serial)


def _aborts(whole: Section) -> tuple[AbortRule, ...]:
    rows = whole.items("abort")
    if len(rows) > MOST_RULES:
        raise whole.error("abort", f"a campaign has at most {MOST_RULES} abort rules.")
    return tuple(_abort(whole.item(path, content, ABORT)) for path, content in rows)


def _abort(section: Section) -> AbortRule:
    text: str = section.values["kind"]
    of, colon, name = text.partition(":")
    pattern = _CODE if of == KindOf.CODE else _NAME
    is_any = text == KindOf.ANY
    is_named = of in set(KindOf) - {KindOf.ANY} and bool(colon and pattern.fullmatch(name))
    if not (is_any or is_named):
        raise section.wrong(
            "kind",
            "any, family:NAME, cause:NAME or code:CODE",
            hint="Families and causes are in the reference, Causes; codes in Errors.",
            code=Code.CAMPAIGN_MALFORMED,
        )
    return AbortRule(
        of=KindOf(of),
        name=name,
        least=section.values["least"],
        percent=section.values["percent"],
    )
