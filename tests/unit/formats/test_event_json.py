"""Events out of JSON: taken as they are, or refused with the field's name."""

from __future__ import annotations

import typing

import pytest

from firmline import events
from firmline.formats.event_json import (
    NotAnEventError,
    event_from_json,
    event_to_json,
    event_type,
    event_types,
    type_in_words,
)
from firmline.values import BleAddress, PeripheralId
from unit.cli.event_samples import FINISHED, HOME, SAMPLES, SENT


@pytest.mark.parametrize("event", SAMPLES, ids=event_type)
def test_an_event_comes_back(event: events.Event) -> None:
    assert event_from_json(event_to_json(event)) == event


def test_every_event_has_its_type() -> None:
    assert event_types()["packets_sent"] is events.PacketsSent
    assert "event" not in event_types()
    assert {type(event) for event in SAMPLES} == set(event_types().values())


def test_a_peripheral_identifier_comes_back() -> None:
    name = PeripheralId.parse("12345678-1234-1234-1234-123456789ABC")
    seen = events.UnitSeen(address=name, name="", rssi_dbm=None)
    assert event_from_json(event_to_json(seen)) == seen


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    assert event_from_json({**event_to_json(SENT), "new": [1, {}]}) == SENT


def test_an_event_that_is_not_known_is_none() -> None:
    assert event_from_json({"type": "of_tomorrow", "at_s": 1.0}) is None


def test_a_whole_number_is_a_number_of_seconds() -> None:
    fields = {**event_to_json(FINISHED), "duration_s": 3}
    found = event_from_json(fields)
    assert isinstance(found, events.UpdateFinished)
    assert isinstance(found.duration_s, float)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", True, "count of packets_sent is no whole number"),
        ("count", "7", "count of packets_sent is no whole number"),
        ("count", 7.0, "count of packets_sent is no whole number"),
        ("object_type", None, "object_type of packets_sent is no text"),
        ("at_s", "now", "at_s of packets_sent is no number"),
        ("at_s", True, "at_s of packets_sent is no number"),
        ("at_s", float("inf"), "at_s of packets_sent is no number"),
        ("at_s", 10**400, "at_s of packets_sent is no number"),
    ],
)
def test_a_field_that_does_not_fit_is_named(field: str, value: object, said: str) -> None:
    with pytest.raises(NotAnEventError, match=said):
        event_from_json({**event_to_json(SENT), field: value})


@pytest.mark.parametrize("field", ["at_s", "count"])
def test_a_field_that_is_missing_is_named(field: str) -> None:
    fields = event_to_json(SENT)
    del fields[field]
    with pytest.raises(NotAnEventError, match=f"packets_sent has no {field}"):
        event_from_json(fields)


@pytest.mark.parametrize("fields", [{}, {"type": 7}, {"type": None}, {"type": ["packets_sent"]}])
def test_what_has_no_type_is_no_event(fields: dict[str, object]) -> None:
    with pytest.raises(NotAnEventError, match="it has no type"):
        event_from_json(fields)


BAD: list[tuple[events.Event, str, object]] = [
    (events.AnswerReceived(data=b""), "data", "60 01"),
    (events.AnswerReceived(data=b""), "data", "6"),
    (events.AnswerReceived(data=b""), "data", "gg"),
    (events.AnswerReceived(data=b""), "data", 60),
    (events.EnteringBootloader(address=HOME), "address", "C6:05"),
    (events.EnteringBootloader(address=HOME), "address", 7),
    (FINISHED, "outcome", "bricked"),
    (FINISHED, "outcome", ["updated"]),
    (events.ApplicationSeen(address=HOME, information={}), "information", []),
    (events.ApplicationSeen(address=HOME, information={}), "information", {"model": 7}),
    (events.LinkLost(hci_reason=8, expected=True), "hci_reason", "8"),
    (events.LinkLost(hci_reason=8, expected=True), "expected", 1),
    (events.LinkDeclared(link="port", capabilities={}), "capabilities", {"baud": [1]}),
]


@pytest.mark.parametrize(("event", "field", "value"), BAD)
def test_no_value_is_bent(event: events.Event, field: str, value: object) -> None:
    with pytest.raises(NotAnEventError, match=field):
        event_from_json({**event_to_json(event), field: value})


def test_a_list_of_images_has_to_be_one() -> None:
    started = next(event for event in SAMPLES if isinstance(event, events.UpdateStarted))
    for images in ("application", ["gap"], {"application": 1}):
        with pytest.raises(NotAnEventError, match="images"):
            event_from_json({**event_to_json(started), "images": images})


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int | None, "whole number or null"),
        (tuple[int, ...], "list of whole number"),
        (events.UnitMode, "`application` or `bootloader`"),
        (BleAddress | PeripheralId, "Bluetooth address or peripheral identifier"),
        (typing.get_type_hints(events.ApplicationSeen)["information"], "object of text"),
    ],
)
def test_types_have_words(hint: object, words: str) -> None:
    assert type_in_words(hint) == words
