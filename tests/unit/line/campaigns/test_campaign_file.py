"""A campaign's file: what it says, and how every mistake in it is told."""

from __future__ import annotations

import re

import pytest

from firmline.errors import Code, InputError
from firmline.line.campaigns.campaign import AbortRule, Counting, KindOf
from firmline.line.campaigns.plan import Planned, plan, read_units
from firmline.line.campaigns.reading import read_campaign
from unit.line.campaigns_world import ABORT, CANARY, HEAD, RECIPE, REST, WHOLE


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read_campaign(text, where="c.toml")
    assert caught.value.code is Code.CAMPAIGN_MALFORMED
    assert re.match(r"c\.toml, line \d+: ", caught.value.message), caught.value.message
    return caught.value.message


def test_a_whole_campaign_is_read() -> None:
    found = read_campaign(WHOLE, where="c.toml")
    assert (found.name, found.title, found.product, found.priority) == (
        *("spring", "Spring update", "Tag"),
        5,
    )
    assert found.recipe == RECIPE
    assert [each.name for each in found.groups] == ["canary", "rest"]
    assert found.groups[0].units.serials == ("SN-0001", "SN-0002")
    assert found.stations_of(found.groups[0]) == ("north",)
    assert found.stations_of(found.groups[1]) == ("north", "south")
    assert found.aborts == (AbortRule(of=KindOf.FAMILY, name="supply", least=2, percent=10),)
    assert found.aborts[0].kind == "family:supply"
    assert found.counting is Counting.FIRST


def test_by_which_attempt_success_is_counted_may_be_said() -> None:
    text = WHOLE.replace("priority = 5", 'counts = "last-attempts"')
    assert read_campaign(text, where="c.toml").counting is Counting.LAST


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema = 1", "schema = 2", "of schema 2"),
        ("schema = 1", "", "schema is missing"),
        ("success_percent = 60", "", "success_percent is missing"),
        ("success_percent = 60", "success_percent = 0", "from 1 to 100"),
        ('name = "rest"', 'name = "canary"', "two groups"),
        ('"SN-0003", ', '"SN-0001", ', "stands there twice"),
        ('units = ["SN-0001", "SN-0002"]', "", "from 0 of them"),
        ('units = ["SN-0001", "SN-0002"]', 'units = ["A"]\nbatch = "B7"', "from 2 of them"),
        ('units = ["SN-0001", "SN-0002"]', 'file = "../u.csv"', "not out of it"),
        ('units = ["SN-0001", "SN-0002"]', 'file = "/u.csv"', "not out of it"),
        ('stations = ["north", "south"]', "", "has no station"),
        ('stations = ["north", "south"]', 'stations = ["nor th"]', "name of a station"),
        ('stations = ["north", "south"]', 'stations = ["n", "n"]', "twice"),
        ("A" * 64, "Z" * 64, "64 hexadecimal digits"),
        ("family:supply", "family:", "family:NAME"),
        ("family:supply", "any:supply", "family:NAME"),
        ("family:supply", "code:supply", "family:NAME"),
        ("family:supply", "weather", "family:NAME"),
        ("least = 2", "least = 0", "from 1"),
        ("\npercent = 10", "\npercent = 101", "from 0 to 100"),
        ('name = "spring"', 'name = "Spring"', "lower-case"),
        ("priority = 5", "priorty = 5", "did you mean 'priority'"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert old in WHOLE
    assert told in refused(WHOLE.replace(old, new, 1))


def test_a_campaign_has_a_canary() -> None:
    assert "canary" in refused(f"groups = []\n{HEAD}")


@pytest.mark.parametrize("kind", ["any", "family:supply", "cause:weak-cell", "code:DFU-LINK-004"])
def test_every_kind_of_rule_is_read_as_it_is_written(kind: str) -> None:
    (rule,) = read_campaign(WHOLE.replace("family:supply", kind), where="c.toml").aborts
    assert rule.kind == kind


def test_units_are_dealt_to_stations_in_turn() -> None:
    found = plan(read_campaign(WHOLE, where="c.toml"), {})
    assert found == (
        Planned(serial="SN-0001", group=0, station="north"),
        Planned(serial="SN-0002", group=0, station="north"),
        Planned(serial="SN-0003", group=1, station="north"),
        Planned(serial="SN-0004", group=1, station="south"),
        Planned(serial="SN-0005", group=1, station="north"),
    )


def test_units_of_a_csv_file_may_say_where() -> None:
    units = read_units("\ufeffSerial, station \r\nSN-1,east\r\nSN-2,\r\n", where="u.csv")
    assert units == (("SN-1", "east"), ("SN-2", ""))
    text = HEAD + CANARY + '[[groups]]\nname = "rest"\nfile = "u.csv"\nsuccess_percent = 90\n'
    found = plan(read_campaign(text, where="c.toml"), {1: units})
    assert [(each.serial, each.station) for each in found[2:]] == [
        ("SN-1", "east"),
        ("SN-2", "south"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("number\n1\n", 1), ("", 1), ("serial\n\n \n", 3), ("serial,station\nA,b c\n", 2)],
)
def test_a_csv_file_that_is_none_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        read_units(text, where="u.csv")
    assert caught.value.code is Code.CAMPAIGN_UNITS
    assert caught.value.context == {"line": line}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "has no units"),
        ((("SN-0001", ""),), "in it twice"),
        ((("SN-9", ""), ("SN-9", "")), "in it twice"),
    ],
)
def test_units_that_cannot_be_planned_are_told(
    given: tuple[tuple[str, str], ...], told: str
) -> None:
    batch = '[[groups]]\nname = "rest"\nbatch = "B7"\nsuccess_percent = 90\n'
    campaign = read_campaign(HEAD + CANARY + batch + ABORT, where="c.toml")
    with pytest.raises(InputError) as caught:
        plan(campaign, {1: given})
    assert caught.value.code is Code.CAMPAIGN_UNITS
    assert told in caught.value.message


def test_a_unit_without_a_station_is_told() -> None:
    text = (HEAD + CANARY + REST).replace('stations = ["north", "south"]\n', "")
    text = text.replace('units = ["SN-0003", "SN-0004", "SN-0005"]', 'file = "u.csv"')
    with pytest.raises(InputError, match="no station"):
        plan(read_campaign(text, where="c.toml"), {1: (("SN-1", ""),)})
