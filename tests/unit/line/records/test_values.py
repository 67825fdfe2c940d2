"""Values of records check themselves: what cannot be kept is refused where it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from firmline.errors import Code, StoreError
from firmline.line.outcomes import StepOutcome
from firmline.line.records.base import RunFilter
from firmline.line.records.checks import MAX_NAME, MAX_TEXT, keepable
from firmline.line.records.values import (
    Attachment,
    Cause,
    Limits,
    Lot,
    Measurement,
    RecipeUsed,
    RowKey,
    Run,
    RunBegan,
    Unit,
)
from unit.line.records_world import BEGIN, HASH, RECIPE, TAG_7, begun, diagnosis, phase

NAIVE = datetime(2026, 11, 23, 8)  # noqa: DTZ001 - that is what is refused
ELSEWHERE = datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=1)))


def a_run(**changes: object) -> Run:
    told: dict[str, object] = {
        "number": 1,
        "unit": TAG_7,
        "slot": 1,
        "began_at": BEGIN,
        "ended_at": BEGIN,
        "outcome": StepOutcome.PASS,
        "recipe": RECIPE,
        "firmline": "0.1.0",
    }
    return Run(**{**told, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "made",
    [
        lambda: Unit(product="tag", serial=""),
        lambda: Unit(product="tag", serial=" SN-7"),
        lambda: Unit(product="tag", serial="SN\x007"),
        lambda: Unit(product="tag", serial="SN\n7"),
        lambda: Unit(product="tag", serial="\ud800"),
        lambda: Unit(product="", serial="SN-7"),
        lambda: Unit(product="tag", serial="7" * (MAX_NAME + 1)),
        lambda: RowKey(station="", sequence=1),
        lambda: RowKey(station="north", sequence=0),
        lambda: RowKey(station="north", sequence=2**63),
        lambda: RowKey(station="north", sequence=True),
        lambda: RunBegan(unit=TAG_7, slot=0, at=BEGIN),
        lambda: begun(at=NAIVE),
        lambda: begun(at=ELSEWHERE),
        lambda: phase(1, at=NAIVE),
        lambda: diagnosis(1, at=NAIVE),
        lambda: a_run(ended_at=BEGIN - timedelta(microseconds=1)),
        lambda: a_run(message="NUL \0"),
        lambda: a_run(message="x" * (MAX_TEXT + 1)),
        lambda: a_run(lots=(Lot(part="b", lot="1"), Lot(part="a", lot="1"))),
        lambda: a_run(lots=(Lot(part="a", lot="1"), Lot(part="a", lot="2"))),
        lambda: RecipeUsed(name="tag", version="1", sha256="AB" * 32),
        lambda: Measurement(name="rate", number=float("nan"), outcome=StepOutcome.PASS),
        lambda: Limits(most=float("inf")),
        lambda: Attachment(name="trace", sha256="", size=1),
        lambda: Attachment(name="trace", sha256=HASH, size=-1),
        lambda: Cause(cause="weak-cell", family="supply", probability=1.01),
        lambda: RunFilter(since=NAIVE),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(made: Callable[[], object]) -> None:
    with pytest.raises(StoreError) as caught:
        made()
    assert caught.value.code is Code.RECORD_MALFORMED
    assert caught.value.message.endswith(".")
    assert len(caught.value.message) < 400


def test_any_text_can_be_made_one_that_is_kept() -> None:
    message = keepable("from a unit: \0 \ud800 " + "x" * 9000)
    assert a_run(message=message).message.startswith("from a unit: \ufffd \ufffd xx")
    assert len(message) == MAX_TEXT


def test_a_run_tells_how_long_it_took() -> None:
    assert a_run(ended_at=BEGIN + timedelta(seconds=31.5)).seconds == 31.5
    assert BEGIN.tzinfo is UTC
