"""Checkpoints against a bootloader that forgets everything but what it has saved."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import pairwise

import pytest

from firmline import events
from firmline.protocol.checkpoints import EverySoManyBytes
from firmline.protocol.codes import ObjectType
from firmline.protocol.host import HostSession
from firmline.protocol.requests import CreateObject, ExecuteObject, SelectObject
from pair.joined import Bench, MemoryBootloader, Road, firmware_of, init_packet_of

FIRMWARE = firmware_of(5 * 64 + 36)
CHECKPOINT = [
    ExecuteObject(),
    SelectObject(object_type=ObjectType.COMMAND),
    ExecuteObject(),
    SelectObject(object_type=ObjectType.DATA),
    ExecuteObject(),
]


@dataclass(slots=True)
class SavingBench(Bench):
    """A bench whose host saves the unit's progress every so many bytes."""

    spacing: int = 64

    def host(self) -> HostSession:
        return HostSession(
            init_packet=init_packet_of(self.firmware),
            firmware=self.firmware,
            framing=self.road.framing(),
            prn=self.prn,
            checkpoints=EverySoManyBytes(self.spacing),
        )


def bench(spacing: int = 64, road: Road = Road.BLE, *, forgets: bool = False) -> SavingBench:
    unit = MemoryBootloader(object_size=64, mtu=43)
    return SavingBench(FIRMWARE, road, unit=unit, forgets=forgets, spacing=spacing)


@pytest.mark.parametrize("road", Road)
def test_progress_is_saved_between_objects_and_never_while_one_is_open(road: Road) -> None:
    ready = bench(128, road)
    said = ready.connect()
    ready.assert_updated(said)
    assert [event.offset for event in said.events(events.ProgressSaved)] == [128, 256]
    asked = [request for request in ready.unit.requests if not _is_crc(request)]
    places = [at for at in range(len(asked)) if asked[at : at + len(CHECKPOINT)] == CHECKPOINT]
    assert len(places) == 2
    for at in places:
        assert isinstance(asked[at - 1], CreateObject)
        assert asked[at + len(CHECKPOINT)] == CreateObject(object_type=ObjectType.DATA, size=64)


def _is_crc(request: object) -> bool:
    return type(request).__name__ == "GetCrc"


@pytest.mark.slow
@pytest.mark.parametrize("spacing", [64, 128])
@pytest.mark.parametrize("road", Road)
def test_after_a_power_cut_at_any_step_only_what_was_not_saved_is_sent_again(
    road: Road, spacing: int
) -> None:
    steps = bench(spacing, road).connect().steps
    found = []
    for cut_at in range(steps):
        cut = bench(spacing, road)
        assert cut.connect(cut_at=cut_at).is_cut
        if cut.unit.accepted is not None:
            assert cut_at >= steps - 1
            continue
        saved, before = cut.unit.saved.offset, cut.unit.data_received
        assert before - saved < spacing + 64
        assert zlib.crc32(cut.unit.flash[:saved]) == cut.unit.saved.crc
        cut.unit.reload()
        said = cut.connect()
        cut.assert_updated(said)
        assert cut.unit.data_received - before == len(FIRMWARE) - saved
        found.append(saved)
    assert set(found) == {0, *range(spacing, len(FIRMWARE), spacing)}
    assert all(earlier <= later for earlier, later in pairwise(found))


def test_a_unit_that_forgets_its_progress_with_the_link_goes_on_from_there_too() -> None:
    """SDK 16 and 17 read their settings page anew when the link is lost (spec section 4.1)."""
    ready = bench(forgets=True)
    for _ in range(20):
        said = ready.connect(cut_at=40)
        if said.is_finished:
            break
    ready.assert_updated(said)

    without = bench(0, forgets=True)
    for _ in range(20):
        assert without.connect(cut_at=40).is_cut


def test_another_image_is_never_taken_for_the_rest_of_one_that_was_saved() -> None:
    first = bench()
    assert first.connect(cut_at=60).is_cut
    assert first.unit.saved.offset > 0
    first.unit.reload()
    first.firmware = firmware_of(len(FIRMWARE), seed=1)
    before = first.unit.data_received
    first.assert_updated(first.connect())
    assert first.unit.data_received - before == len(FIRMWARE)


def test_what_a_new_init_packet_gave_up_does_not_come_back() -> None:
    """Its EXECUTE saves an offset of zero before the first page is erased."""
    first = bench()
    assert first.connect(cut_at=60).is_cut
    other = firmware_of(len(FIRMWARE), seed=1)
    steps = 0
    while True:
        again = bench()
        again.unit.progress = again.unit.saved = first.unit.saved
        again.unit.flash[:] = first.unit.flash
        again.firmware = other
        if not again.connect(cut_at=steps).is_cut:
            break
        saved = again.unit.saved
        assert zlib.crc32(again.unit.flash[: saved.offset]) == saved.crc
        again.unit.reload()
        if again.unit.accepted is None:
            again.assert_updated(again.connect())
        steps += 1
    assert steps > 40
