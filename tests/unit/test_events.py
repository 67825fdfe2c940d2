"""Events are plain facts, and the same facts in JSON."""

from __future__ import annotations

import dataclasses
import json
import types
import typing

import pytest

from firmline import events
from firmline.events import Event, How, Outcome, Proof, UnitMode, stamp
from firmline.formats.event_json import event_to_json, event_type
from firmline.values import BleAddress, Crc32, Fwid, ImageKind

ADDRESS = BleAddress.parse("C6:05:04:03:02:01")
ALL = sorted(
    (kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)),
    key=lambda kind: kind.__name__,
)
SAMPLES: dict[object, object] = {
    str: "text",
    int: 7,
    float: 1.5,
    bool: True,
    bytes: b"\x60\x01\x01",
    BleAddress: ADDRESS,
    UnitMode: UnitMode.BOOTLOADER,
    ImageKind: ImageKind.SOFTDEVICE,
    Outcome: Outcome.UPDATED,
    Proof: Proof.APPLICATION,
    How: How.PROBE,
}


def sample(annotation: object) -> typing.Any:
    """A value for a field; the first member of a union."""
    if isinstance(annotation, types.UnionType):
        return sample(typing.get_args(annotation)[0])
    match typing.get_origin(annotation):
        case None:
            return SAMPLES[annotation]
        case origin if origin is tuple:
            return (sample(typing.get_args(annotation)[0]),)
        case _:
            return {"firmware_revision": sample(typing.get_args(annotation)[1])}


def example(kind: type[Event]) -> Event:
    """An event of this kind with every field filled."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: sample(hint) for name, hint in hints.items()})


@pytest.mark.parametrize("kind", ALL)
def test_every_event_becomes_json_and_keeps_its_fields(kind: type[Event]) -> None:
    facts = json.loads(json.dumps(event_to_json(example(kind))))
    assert list(facts) == ["type", *(field.name for field in dataclasses.fields(kind))]
    assert facts["at_s"] == 1.5


@pytest.mark.parametrize("kind", ALL)
def test_events_are_frozen_and_equal_by_their_facts(kind: type[Event]) -> None:
    event = example(kind)
    assert event == example(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.at_s = 2.0  # type: ignore[misc]


def test_the_type_of_an_event_is_its_class_in_snake_case() -> None:
    assert event_type(events.CrcChecked(**_crc())) == "crc_checked"
    assert event_type(Event()) == "event"
    assert len({event_type(example(kind)) for kind in ALL}) == len(ALL)


def _crc() -> dict[str, typing.Any]:
    numbers = {"offset": 4096, "crc": 1, "expected_offset": 4096, "expected_crc": 1}
    return {"object_type": "data", **numbers}


def test_an_event_in_json_is_exactly_this() -> None:
    connected = events.Connected(at_s=0.1234567, address=ADDRESS, mode=UnitMode.BOOTLOADER, mtu=247)
    assert event_to_json(connected) == {
        "type": "connected",
        "at_s": 0.123457,
        "address": "C6:05:04:03:02:01",
        "mode": "bootloader",
        "mtu": 247,
    }
    sent = events.RequestSent(request="prn_set", data=b"\x02\x0c\x00")
    assert event_to_json(sent) == {
        "type": "request_sent",
        "at_s": 0.0,
        "request": "prn_set",
        "data": "020c00",
    }


def test_nested_values_are_made_plain_too() -> None:
    started = events.UpdateStarted(
        unit="sim:one",
        package="a.zip",
        package_sha256="00",
        images=(ImageKind.SOFTDEVICE, ImageKind.APPLICATION),
        total_size=8,
    )
    assert event_to_json(started)["images"] == ["softdevice", "application"]
    seen = events.ApplicationSeen(
        address=ADDRESS, information=types.MappingProxyType({"firmware_revision": "5"})
    )
    assert event_to_json(seen)["information"] == {"firmware_revision": "5"}


def test_what_is_not_known_is_null() -> None:
    assert event_to_json(events.LinkLost(hci_reason=None, expected=True))["hci_reason"] is None
    assert event_to_json(events.Searching(address=ADDRESS, expected_mode=None)) == {
        "type": "searching",
        "at_s": 0.0,
        "address": "C6:05:04:03:02:01",
        "expected_mode": None,
        "name": "",
    }


def test_numbers_with_a_type_of_their_own_are_numbers_in_json() -> None:
    afresh = events.StartedAfresh(offset=Fwid(0x0103), crc=Crc32(0xFFFF_FFFF))
    text = json.dumps(event_to_json(afresh))
    assert json.loads(text)["crc"] == 0xFFFF_FFFF
    assert json.loads(text)["offset"] == 0x0103


def test_a_stamp_sets_the_time_and_leaves_the_event_alone() -> None:
    event = events.ObjectExecuted(object_type="data", offset=4096)
    stamped = stamp(event, 12.5)
    assert (stamped.at_s, event.at_s) == (12.5, 0.0)
    assert stamped.offset == 4096
    assert stamped != event
    assert stamp(stamped, 0.0) == event


def test_the_words_of_modes_and_outcomes_are_those_of_the_command_line() -> None:
    assert [mode.value for mode in UnitMode] == ["application", "bootloader"]
    outcomes = ["updated", "refused", "failed", "unverified"]
    assert [outcome.value for outcome in Outcome] == outcomes


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("sim:x?key=pkcs11:token=a;object=b?pin-value=1234", "pin-value=..."),
        ("hci:ws://user:s3cret@host:80/x", "hci:ws://user:...@host:80/x"),
        ("ble:C6:05:04:03:02:01?passkey=123456&mtu=23", "?passkey=...&mtu=23"),
        ("serial:COM3?baud=115200", "serial:COM3?baud=115200"),
    ],
)
def test_no_text_of_an_event_holds_a_secret(text: str, kept: str) -> None:
    plain = event_to_json(events.TextHeard(text=text))["text"]
    assert isinstance(plain, str)
    assert plain.endswith(kept)
    for secret in ("1234", "s3cret", "123456"):
        assert secret not in plain.replace("115200", "")
