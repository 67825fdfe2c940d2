"""Which unit is worked on where: the groups of a campaign, dealt to stations."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.line.campaigns.campaign import Campaign
from firmline.line.campaigns.reading import STATION_NAME
from firmline.line.records.checks import check_name

MOST_UNITS: Final = 100_000
"""Of one campaign; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A unit of a campaign.

    Attributes:
        serial: Its serial number.
        group: The place of its group, from 0.
        station: Where it is worked on; empty: any station of the group.
    """

    serial: str
    group: int
    station: str = ""


def read_units(text: str, *, where: str) -> tuple[tuple[str, str], ...]:
    """The units of a CSV file: serial numbers, and the station where it says one.

    Raises:
        InputError: ``CAMPAIGN_UNITS``, naming the line.
    """
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""))
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if "serial" not in names:
        raise _wrong(where, 1, "there is no column serial.")
    reader.fieldnames = names
    found: list[tuple[str, str]] = []
    try:
        for row in reader:
            serial, station = (row["serial"] or "").strip(), (row.get("station") or "").strip()
            if not serial or len(serial) > 64 or not serial.isprintable():
                raise _wrong(where, reader.line_num, f"{shortened(serial)!r} is no serial number.")
            if station and not STATION_NAME.fullmatch(station):
                raise _wrong(where, reader.line_num, f"{shortened(station)!r} is no station.")
            found.append((serial, station))
    except csv.Error as problem:
        raise _wrong(where, reader.line_num, f"this is no CSV: {problem}.") from None
    return tuple(found)


def plan(campaign: Campaign, given: Mapping[int, Sequence[tuple[str, str]]]) -> tuple[Planned, ...]:
    """The units of a campaign, each with its station.

    Args:
        campaign: What is planned.
        given: Of groups whose units are not in the campaign itself, by place: serial numbers and
            stations.

    Raises:
        InputError: ``CAMPAIGN_UNITS``: a group has none, a unit is twice, or has no station.
    """
    found: dict[str, Planned] = {}
    for place, group in enumerate(campaign.groups):
        units = given.get(place) or [(serial, "") for serial in group.units.serials]
        if not units:
            raise _no_plan(campaign, f"the group {group.name} has no units")
        stations = campaign.stations_of(group)
        for number, (serial, station) in enumerate(units):
            check_name("serial number", serial)
            if serial in found:
                raise _no_plan(campaign, f"the unit {shortened(serial)} is in it twice")
            if not (station or stations):
                raise _no_plan(campaign, f"the unit {shortened(serial)} has no station")
            where = station or stations[number % len(stations)]
            found[serial] = Planned(serial=serial, group=place, station=where)
    if len(found) > MOST_UNITS:
        raise _no_plan(campaign, f"it has {len(found)} units, and {MOST_UNITS} are the most")
    return tuple(found.values())


def _wrong(where: str, line: int, sentence: str) -> InputError:
    return InputError(
        Code.CAMPAIGN_UNITS,
        f"{where}, line {line}: {sentence}",
        hint="Write a first line serial,station and a unit on each line below.",
        line=line,
    )


def _no_plan(campaign: Campaign, why: str) -> InputError:
    return InputError(
        Code.CAMPAIGN_UNITS, f"The campaign {campaign.name} cannot be planned: {why}."
    )
