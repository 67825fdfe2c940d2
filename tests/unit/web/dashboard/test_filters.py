"""Which runs a page is about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.line.records.base import EVERY_RUN, Place, RunFilter
from firmline.line.records.values import RowKey
from firmline.line.statistics.grouping import By
from firmline.web.dashboard.filters import asked_for, format_place, parse_place

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)


def test_who_asks_for_nothing_gets_everything() -> None:
    asked = asked_for({})
    assert (asked.runs, asked.by, asked.after) == (EVERY_RUN, None, None)


def test_every_field_is_understood() -> None:
    asked = asked_for(
        {
            "product": " tag ",
            "batch": "b1",
            "station": "north",
            "slot": "3",
            "since": "2026-11-23T08:00",
            "until": "2026-11-23T12:00+02:00",
            "by": "station",
        }
    )
    assert asked.runs == RunFilter(
        product="tag",
        batch="b1",
        station="north",
        slot=3,
        since=datetime(2026, 11, 23, 8, tzinfo=UTC),
        until=datetime(2026, 11, 23, 10, tzinfo=UTC),
    )
    assert asked.by is By.STATION


@pytest.mark.parametrize(
    "query",
    [
        {"slot": "x"},
        {"slot": "-1"},
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00+14:00"},
        {"since": "2026-11-23T08:00", "until": "2026-11-23T08:00"},
        {"by": "colour"},
        {"batch": "b" * 201},
        {"serial": "SN-0001\0"},
        {"after": "nowhere"},
        {"after": "2026-11-23~0~north"},
        {"after": "~1~north"},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_one_sentence(query: dict[str, str]) -> None:
    with pytest.raises(InputError) as refused:
        asked_for(query)
    assert refused.value.code is Code.REQUEST_MALFORMED


@given(TIMES, NAMES, st.integers(1, 10**17))
def test_the_place_of_a_run_survives_an_address(
    began_at: datetime, station: str, sequence: int
) -> None:
    place = Place(began_at, RowKey(station=station, sequence=sequence))
    assert parse_place(format_place(place)) == place


@given(
    st.dictionaries(
        st.sampled_from(["product", "batch", "since", "slot", "by", "after"]), st.text()
    )
)
def test_no_address_is_a_defect(query: dict[str, str]) -> None:
    try:
        asked_for(query)
    except InputError as error:
        assert error.code is Code.REQUEST_MALFORMED  # noqa: PT017


def test_an_address_leads_to_the_same_runs() -> None:
    asked = asked_for({"batch": "b&1", "slot": "2"})
    assert asked.address("/runs", after="x") == "/runs?batch=b%261&slot=2&after=x"
    assert asked_for({}).address("/line") == "/line"
