"""The chain of the audit trail: what it covers, and what shows in it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from firmline.errors import Code, StoreError
from firmline.line.audit.chain import (
    NOTHING,
    Actor,
    AuditEntry,
    Fault,
    Head,
    deed,
    linked,
    verify,
)
from unit.line.audit_world import ANNA, BEGIN, chain, done

WHOLE = chain(*(done(f"unit-{number}", after_s=number) for number in range(5)))


def test_the_digest_is_the_one_that_is_documented() -> None:
    entry = linked(done("J\u00e4rvi", role="operator"), Head())
    text = (
        '["firmline-audit-1",1,"2026-11-23T08:00:00.123456Z","anna","release manager",'
        '"account.add","J\\u00e4rvi","{\\"role\\":\\"operator\\"}","' + "0" * 64 + '"]'
    )
    assert entry.digest == hashlib.sha256(text.encode("ascii")).hexdigest()
    assert entry.digest == "ad6ce93fa9a5be1f55a68e2d85c7bdc74fea169b54b33ee651bca1ca2df84c35"


def test_a_whole_chain_holds() -> None:
    found = verify(WHOLE)
    assert found.holds
    assert (found.head, found.broken_at, found.earlier) == (Head(5, WHOLE[-1].digest), 0, 0)


def test_an_empty_chain_holds_and_its_head_is_nothing() -> None:
    assert verify([]).head == Head(0, NOTHING)
    assert verify([]).holds
    assert verify([], anchors=[NOTHING]).holds


CHANGES = {
    "at": {"at": "2026-11-23T08:00:01.000000Z"},
    "actor": {"actor": Actor(name="bert", role="release manager")},
    "role": {"actor": Actor(name="anna", role="operator")},
    "action": {"action": "account.disable"},
    "subject": {"subject": "cara"},
    "details": {"details": '{"role":"engineer"}'},
    "nonsense": {"at": "yesterday", "details": "\ud800\0"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_whatever_is_changed_shows(change: dict[str, object], place: int) -> None:
    forged = replace(WHOLE[place], deed=replace(WHOLE[place].deed, **change))  # type: ignore[arg-type]
    found = verify([*WHOLE[:place], forged, *WHOLE[place + 1 :]])
    assert not found.holds
    assert (found.broken_at, found.fault) == (place + 1, Fault.CHANGED)
    assert found.head.sequence == place, "what stands before it is still proven"


def test_an_entry_with_a_digest_to_match_is_cut_from_those_behind_it() -> None:
    forged = linked(done("cara"), WHOLE[1].head)
    found = verify([*WHOLE[:2], forged, *WHOLE[3:]])
    assert (found.broken_at, found.fault) == (4, Fault.CUT_FROM_THE_ONE_BEFORE)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_an_entry_that_was_taken_out_is_missing(place: int) -> None:
    found = verify(WHOLE[:place] + WHOLE[place + 1 :])
    assert (found.broken_at, found.fault) == (place + 1, Fault.MISSING)


def test_entries_that_were_taken_off_the_end_show_against_a_note_only() -> None:
    noted = WHOLE[4].digest
    assert verify(WHOLE[:4]).holds
    found = verify(WHOLE[:4], anchors=[WHOLE[1].digest, noted, noted])
    assert not found.holds
    assert found.missing == (noted,)
    assert (found.fault, found.broken_at) == (None, 0)


def test_a_chain_that_was_written_anew_shows_against_a_note_only() -> None:
    anew = chain(*(replace(entry.deed, subject="somebody else") for entry in WHOLE))
    assert verify(anew).holds
    assert verify(anew, anchors=[WHOLE[2].digest]).missing == (WHOLE[2].digest,)


def test_two_entries_that_changed_places_show() -> None:
    swapped = [WHOLE[0], WHOLE[2], WHOLE[1], *WHOLE[3:]]
    assert verify(swapped).fault is Fault.MISSING


def test_a_clock_that_was_set_back_is_told_and_breaks_nothing() -> None:
    found = verify(chain(done(after_s=9), done(after_s=1), done(after_s=10), done(after_s=2)))
    assert (found.holds, found.earlier) == (True, 2)


def test_what_stands_behind_a_break_proves_nothing() -> None:
    forged = replace(WHOLE[1], digest="f" * 64)
    found = verify([WHOLE[0], forged, *WHOLE[2:]], anchors=[WHOLE[4].digest])
    assert found.missing == (WHOLE[4].digest,)
    assert found.head == WHOLE[0].head


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"action": ""}, "action"),
        ({"subject": "a\nb"}, "control characters"),
        ({"by": Actor(name=" anna", role="operator")}, "actor"),
        ({"by": Actor(name="anna", role="")}, "role"),
        ({"at": datetime(2026, 11, 23)}, "not given in UTC"),  # noqa: DTZ001 - that is the point
        ({"details": {"why": "x" * 4000}}, "longer than 4000"),
    ],
)
def test_what_cannot_be_kept_is_refused(changed: dict[str, object], said: str) -> None:
    given = {"action": "account.add", "subject": "bert", "at": BEGIN, "by": ANNA, **changed}
    with pytest.raises(StoreError, match=said) as caught:
        deed(**given)  # type: ignore[arg-type]
    assert caught.value.code is Code.RECORD_MALFORMED


def test_details_are_written_in_one_way() -> None:
    one = deed("a", "b", at=BEGIN, by=ANNA, details={"z": 1, "a": None, "m": True})
    two = deed("a", "b", at=BEGIN, by=ANNA, details={"m": True, "a": None, "z": 1})
    assert one == two
    assert one.details == '{"a":null,"m":true,"z":1}'


def test_the_same_deed_elsewhere_in_the_chain_has_another_digest() -> None:
    made = chain(*[done()] * 50)
    assert len({entry.digest for entry in made}) == 50


def test_an_entry_knows_its_place() -> None:
    assert WHOLE[3].head == Head(4, WHOLE[3].digest)
    assert isinstance(WHOLE[3], AuditEntry)
    assert BEGIN + timedelta(seconds=3) == datetime.fromisoformat(WHOLE[3].deed.at)
