"""Rows on their way: what comes out is what went in, and anything else is refused as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, StoreError
from firmline.line.outcomes import StepOutcome
from firmline.line.records.values import Measurement, Reworked
from firmline.line.sync.wire import decode_rows, encode_rows
from unit.line.records_world import BEGIN, TAG_7, phase, row, whole_run

ROWS = [
    *whole_run(),
    row("north", 5, Reworked(unit=TAG_7, at=BEGIN, operator="Ann", note="new cell")),
]


def sent(rows: list[Any]) -> Any:
    return json.loads(json.dumps(encode_rows(rows)))


def test_every_kind_of_row_comes_back_as_it_was() -> None:
    assert list(decode_rows("north", sent(ROWS))) == ROWS


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["C"]), max_size=40),
    st.integers(0, 10**15),
)
def test_numbers_texts_and_times_come_back_to_the_last_digit(
    number: float, text: str, microseconds: int
) -> None:
    at = BEGIN + timedelta(microseconds=microseconds)
    measured = Measurement(name="rate", number=number, text=text, outcome=StepOutcome.PASS)
    told = row("north", 2, replace(phase(1, at=at), measurements=(measured,)))
    assert decode_rows("north", sent([told])) == (told,)


def changed(**fields: object) -> list[dict[str, Any]]:
    line = sent(ROWS[:1])[0]
    line["told"] |= fields
    return [line]


@pytest.mark.parametrize(
    "listed",
    [
        None,
        "rows",
        [7],
        [{"sequence": 1}],
        [{"sequence": 1, "kind": "Weather", "told": {}}],
        [{"sequence": 1, "kind": ["Run"], "told": {}}],
        [{"sequence": True, "kind": "RunBegan", "told": {}}],
        [{"sequence": 1, "kind": "RunBegan", "told": []}],
        changed(weather="fine"),
        changed(at="yesterday"),
        changed(slot="1"),
        changed(slot=1.5),
        changed(unit=None),
        changed(unit={"product": "tag"}),
    ],
)
def test_what_is_not_understood_is_refused_as_the_other_version(listed: object) -> None:
    with pytest.raises(StoreError) as caught:
        decode_rows("north", listed)
    assert caught.value.code is Code.SYNC_VERSION


@pytest.mark.parametrize(
    "listed",
    [changed(slot=0), changed(at="2026-11-23T08:00:00"), [{**sent(ROWS)[0], "sequence": 0}]],
)
def test_what_cannot_be_is_refused_as_a_record(listed: object) -> None:
    with pytest.raises(StoreError) as caught:
        decode_rows("north", listed)
    assert caught.value.code is Code.RECORD_MALFORMED


def test_an_outcome_that_nobody_knows_is_refused() -> None:
    line = sent(ROWS)[1]
    line["told"]["outcome"] = "maybe"
    with pytest.raises(StoreError, match="maybe"):
        decode_rows("north", [line])
