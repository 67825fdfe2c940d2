"""Packets that get lost: the object is sent again, and not for ever."""

from __future__ import annotations

import pytest

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.codes import ExtError, ObjectType, ResultCode
from firmline.protocol.object_sender import MAX_OBJECT_ATTEMPTS
from firmline.protocol.requests import CreateObject, ExecuteObject
from pair.joined import Bench, MemoryBootloader, Road, firmware_of

FIRMWARE = firmware_of(2 * 64 + 36)
INIT_PACKETS = 2
"""Packets of the init packet, at 20 bytes each; then 4 for each whole object and 2 for the last."""


def bench(road: Road = Road.BLE, prn: int = 0) -> Bench:
    return Bench(FIRMWARE, road, prn, MemoryBootloader(object_size=64, mtu=43))


@pytest.mark.parametrize("prn", [0, 1, 3])
@pytest.mark.parametrize("road", Road)
def test_any_one_lost_packet_costs_its_object_once_more(road: Road, prn: int) -> None:
    objects = [("command", 0)] * 2 + [("data", 0)] * 4 + [("data", 64)] * 4 + [("data", 128)] * 2
    for lost, (object_type, offset) in enumerate(objects):
        ready = bench(road, prn)
        ready.unit.lost = {lost}
        said = ready.connect()
        ready.assert_updated(said)
        again = said.events(events.ObjectRepeated)
        assert [(e.object_type, e.offset, e.attempt) for e in again] == [(object_type, offset, 2)]


def test_all_packets_of_an_object_may_be_lost_twice() -> None:
    ready = bench()
    ready.unit.lost = range(INIT_PACKETS, INIT_PACKETS + 8)
    said = ready.connect()
    ready.assert_updated(said)
    assert [e.attempt for e in said.events(events.ObjectRepeated)] == [2, 3]
    checks = [e.offset for e in said.events(events.CrcChecked) if e.object_type == "data"]
    assert checks == [0, 0, 0, 0, 64, 128, 164]  # by CRC_GET and by SELECT where all is lost


@pytest.mark.parametrize(
    ("first_lost", "object_type", "phase", "offset"),
    [
        (0, ObjectType.COMMAND, "the init packet", 0),
        (INIT_PACKETS, ObjectType.DATA, "the firmware", 0),
        (INIT_PACKETS + 4, ObjectType.DATA, "the firmware", 64),
    ],
)
@pytest.mark.parametrize("road", Road)
def test_packets_lost_for_ever_end_the_session_after_three_attempts(
    road: Road, first_lost: int, object_type: ObjectType, phase: str, offset: int
) -> None:
    ready = bench(road)
    ready.unit.lost = range(first_lost, 1000)
    said = ready.connect()
    assert isinstance(said.error, RemoteProtocolError)
    assert said.error.code is Code.OBJECT_DAMAGED
    assert f"The object at offset {offset} of {phase} arrived damaged 3" in said.error.message
    assert said.error.context == {"offset": offset}
    size = 36 if object_type is ObjectType.COMMAND else 64
    tries = ready.unit.requests.count(CreateObject(object_type=object_type, size=size))
    assert tries - (offset > 0) == MAX_OBJECT_ATTEMPTS
    assert ready.unit.requests.count(ExecuteObject()) == (offset > 0) + (first_lost > 0)
    assert ready.unit.accepted is None


def test_a_resumed_object_that_proves_damaged_is_created_again() -> None:
    ready = bench()
    assert ready.connect(cut_at=18).is_cut
    assert 0 < ready.unit.progress.offset < 64
    ready.unit.lost = {ready.unit.packets}
    said = ready.connect()
    ready.assert_updated(said)
    checks = [(e.offset, e.expected_offset) for e in said.events(events.CrcChecked)]
    assert checks[0][0] < checks[0][1] == 64
    assert [e.offset for e in said.events(events.ObjectCreated)] == [0, 64, 128]


def test_flash_that_lost_a_write_is_found_by_the_unit_alone() -> None:
    """The CRC is over received bytes, so only the last EXECUTE can tell (spec section 4)."""
    ready = bench()

    class WornFlash(bytearray):
        """Takes no byte at 100."""

        def __setitem__(self, place: object, value: object) -> None:
            super().__setitem__(place, value)  # type: ignore[call-overload]
            super().__setitem__(100, FIRMWARE[100] ^ 1)

    ready.unit.flash = WornFlash(ready.unit.flash)
    said = ready.connect()
    assert said.error is not None
    assert said.error.code is Code.REFUSED_VERIFICATION
    (refused,) = said.events(events.Refused)
    expected = (ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED)
    assert (refused.result, refused.ext_error) == expected
    assert not said.is_finished
