"""Cut connections and what earlier sessions left: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from firmline import events
from firmline.errors import Code, TargetRefusedError
from firmline.protocol.codes import ObjectType
from firmline.protocol.requests import CreateObject, ExecuteObject, SelectObject, SetPrn
from pair.joined import Bench, MemoryBootloader, Progress, Road, firmware_of, init_packet_of

FIRMWARE = firmware_of(2 * 64 + 36)
FOUND_PROGRESS = [
    SetPrn(count=0),
    SelectObject(object_type=ObjectType.COMMAND),
    SelectObject(object_type=ObjectType.DATA),
]
EXECUTED_INIT = [
    *FOUND_PROGRESS,
    SelectObject(object_type=ObjectType.COMMAND),
    ExecuteObject(),
    SelectObject(object_type=ObjectType.DATA),
]


def bench(
    road: Road = Road.BLE, prn: int = 0, *, forgets: bool = False, firmware: bytes = FIRMWARE
) -> Bench:
    """A bench with small objects and packets of 20 bytes."""
    return Bench(firmware, road, prn, MemoryBootloader(object_size=64, mtu=43), forgets)


def cut_everywhere(make: Callable[[], Bench]) -> Iterator[Bench]:
    """One bench for each step of a whole talk, its first connection cut after that step.

    Where the image was taken and only the word of it was lost, nothing is left to resume.
    """
    whole = make()
    steps = whole.connect().steps
    assert steps > 40
    for cut_at in range(steps):
        cut = make()
        assert cut.connect(cut_at=cut_at).is_cut
        if cut.unit.accepted is None:
            yield cut
        else:
            assert cut_at >= steps - 1


def progress(
    offset: int, *, executed: int, object_size: int = 64, held: bytes = FIRMWARE
) -> Progress:
    """What a unit says that got ``offset`` bytes of ``held`` after the init packet of FIRMWARE."""
    return Progress(
        command=init_packet_of(FIRMWARE),
        command_size=36,
        is_valid=True,
        image_size=len(FIRMWARE),
        offset=offset,
        crc=zlib.crc32(held[:offset]),
        executed_offset=executed,
        executed_crc=zlib.crc32(held[:executed]),
        object_size=object_size,
    )


def bench_at(now: Progress, held: bytes = FIRMWARE) -> Bench:
    """A bench whose unit is in the middle of something."""
    ready = bench()
    ready.unit.progress = ready.unit.saved = now
    ready.unit.flash[: now.offset] = held[: now.offset]
    return ready


@pytest.mark.parametrize("prn", [0, 3])
@pytest.mark.parametrize("road", Road)
def test_after_a_cut_at_any_step_only_what_is_missing_is_sent(road: Road, prn: int) -> None:
    for cut in cut_everywhere(lambda: bench(road, prn)):
        cut.assert_updated(cut.connect())
        assert cut.unit.data_received == len(FIRMWARE)


@pytest.mark.parametrize("road", Road)
def test_a_unit_that_forgets_its_progress_with_the_link_gets_all_of_it_again(road: Road) -> None:
    for cut in cut_everywhere(lambda: bench(road, forgets=True)):
        before = cut.unit.data_received
        cut.assert_updated(cut.connect())
        assert cut.unit.data_received == before + len(FIRMWARE)


def test_after_a_reset_at_any_step_the_image_is_right() -> None:
    for cut in cut_everywhere(bench):
        cut.unit.reload()
        cut.assert_updated(cut.connect())


def test_a_link_that_breaks_every_few_steps_comes_to_the_end_all_the_same() -> None:
    """Each connection lasts just long enough for a packet or two more."""
    often = bench()
    for _ in range(40):
        said = often.connect(cut_at=17)
        if said.is_finished:
            break
    often.assert_updated(said)
    assert often.unit.data_received == len(FIRMWARE)


def test_a_complete_init_packet_is_only_executed_again() -> None:
    ready = bench_at(progress(0, executed=0, object_size=0))
    said = ready.connect()
    ready.assert_updated(said)
    assert ready.unit.requests[:6] == EXECUTED_INIT
    assert [(e.object_type, e.offset) for e in said.events(events.Resumed)] == [("command", 36)]
    assert said.events(events.PacketsSent)[0].object_type == "data"


def test_a_half_or_foreign_init_packet_is_sent_again_whole() -> None:
    packet = init_packet_of(FIRMWARE)
    for command in (packet[:20], bytes(36), packet + bytes(4)):
        ready = bench()
        ready.unit.progress = Progress(command=command, command_size=len(command))
        said = ready.connect()
        ready.assert_updated(said)
        assert ready.unit.requests[2] == CreateObject(object_type=ObjectType.COMMAND, size=36)
        assert said.events(events.Resumed) == []


def test_an_open_object_is_completed_without_being_created() -> None:
    ready = bench_at(progress(84, executed=64))
    said = ready.connect()
    ready.assert_updated(said)
    assert [e.offset for e in said.events(events.Resumed)] == [36, 84]
    assert [e.offset for e in said.events(events.ObjectCreated)] == [128]
    assert [(e.count, e.offset) for e in said.events(events.PacketsSent)] == [(3, 128), (2, 164)]
    assert ready.unit.data_received == len(FIRMWARE) - 84


@pytest.mark.parametrize("executed", [0, 64])
def test_at_a_boundary_the_object_is_executed_in_case_it_was_not(executed: int) -> None:
    ready = bench_at(progress(64, executed=executed, object_size=64 - executed))
    said = ready.connect()
    ready.assert_updated(said)
    after = ready.unit.requests[3:5]
    assert after == [ExecuteObject(), CreateObject(object_type=ObjectType.DATA, size=64)]
    assert said.events(events.Refused) == []
    assert ready.unit.data_received == len(FIRMWARE) - 64


def test_an_empty_open_object_refuses_the_execute_and_is_created_again() -> None:
    ready = bench_at(progress(64, executed=64, object_size=64))
    said = ready.connect()
    ready.assert_updated(said)
    assert [(e.request, e.result) for e in said.events(events.Refused)] == [("object_execute", 8)]
    assert ready.unit.data_received == len(FIRMWARE) - 64


def test_an_open_object_of_another_size_is_created_again() -> None:
    """As after a host that cut the image into objects of its own."""
    ready = bench_at(replace(progress(84, executed=64), object_size=128))
    said = ready.connect()
    ready.assert_updated(said)
    assert [(e.request, e.result) for e in said.events(events.Refused)] == [("object_execute", 8)]
    assert [e.offset for e in said.events(events.ObjectCreated)] == [64, 128]


def test_a_whole_image_that_was_not_executed_is_only_executed() -> None:
    ready = bench_at(progress(164, executed=128, object_size=36))
    ready.assert_updated(ready.connect())
    assert ready.unit.requests == [*FOUND_PROGRESS, ExecuteObject()]
    assert ready.unit.data_received == 0


def test_a_whole_image_that_the_unit_will_not_execute_is_no_success() -> None:
    ready = bench_at(progress(164, executed=128, object_size=64))
    said = ready.connect()
    assert isinstance(said.error, TargetRefusedError)
    assert said.error.code is Code.REFUSED_NOT_PERMITTED
    assert "refused the firmware" in said.error.message
    assert not said.is_finished
    assert ready.unit.accepted is None


def test_an_open_object_with_an_offset_between_words_is_created_again() -> None:
    """Flash is written by words: packets of 2 bytes more have spoiled it under a right CRC."""
    ready = bench_at(progress(64 + 22, executed=64))
    ready.unit.flash[64:86] = bytes(22)
    said = ready.connect()
    ready.assert_updated(said)
    assert [e.offset for e in said.events(events.ObjectCreated)] == [64, 128]


@pytest.mark.parametrize("offset", [4, 64, 84, 164])
@pytest.mark.parametrize("road", Road)
def test_another_images_progress_is_given_up_for_a_new_init_packet(road: Road, offset: int) -> None:
    foreign = firmware_of(len(FIRMWARE), seed=1)
    last = (offset - 1) // 64 * 64
    ready = bench_at(progress(offset, executed=last, held=foreign), held=foreign)
    ready.road = road
    said = ready.connect()
    ready.assert_updated(said)
    afresh = said.events(events.StartedAfresh)
    assert [(e.offset, e.crc) for e in afresh] == [(offset, zlib.crc32(foreign[:offset]))]
    created = [e.offset for e in said.events(events.ObjectCreated) if e.object_type == "data"]
    assert created == [0, 64, 128]


def test_more_bytes_than_the_image_has_are_another_images() -> None:
    longer = FIRMWARE + bytes(64)
    ready = bench_at(progress(192, executed=128, held=longer), held=longer)
    said = ready.connect()
    ready.assert_updated(said)
    assert [e.offset for e in said.events(events.StartedAfresh)] == [192]


def test_the_crc_of_nothing_says_nothing() -> None:
    """A bootloader shows an address there (spec section 16, S9)."""
    ready = bench_at(replace(progress(0, executed=0, object_size=0), crc=0x8002_0000))
    ready.unit.progress = replace(ready.unit.progress, executed_crc=0)
    said = ready.connect()
    ready.assert_updated(said)
    assert said.events(events.StartedAfresh) == []


def test_a_unit_that_keeps_another_images_progress_for_ever_is_given_up() -> None:
    """CREATE(command) does not help: nothing is taken, and nothing is called a success."""

    class Stubborn(MemoryBootloader):
        def _create_command(self, size: int) -> None:
            now = self.progress
            super()._create_command(size)
            self.progress = replace(now, command=b"", command_size=size)

    foreign = firmware_of(len(FIRMWARE), seed=1)
    ready = bench()
    ready.unit = Stubborn(object_size=64, progress=progress(64, executed=64, held=foreign))
    said = ready.connect()
    assert said.error is not None
    assert said.error.code is Code.PACKETS_REPEATED
    assert "has 128, as where" in said.error.message
    assert ready.unit.accepted is None


def test_another_package_for_a_unit_in_the_middle_of_one_begins_from_nothing() -> None:
    first, second = bench(), bench(firmware=firmware_of(40, seed=2))
    first.unit = second.unit
    assert first.connect(cut_at=20).is_cut
    assert first.unit.data_received > 0
    said = second.connect()
    second.assert_updated(said)
    assert said.events(events.Resumed) == []
    assert said.events(events.StartedAfresh) == []


def test_an_init_packet_is_not_executed_again_in_the_middle_of_its_image() -> None:
    """That would save the progress of this moment (spec section 16.1 W7)."""
    broken = bench()
    assert broken.connect(cut_at=18).is_cut
    assert 0 < broken.unit.progress.offset < 64
    broken.unit.requests.clear()
    broken.assert_updated(broken.connect())
    assert broken.unit.requests[:3] == FOUND_PROGRESS
    assert SelectObject(object_type=ObjectType.COMMAND) not in broken.unit.requests[3:]


def test_a_saved_offset_over_erased_flash_is_found_by_the_unit_and_cured_by_a_second_try() -> None:
    """Another host's repeated init EXECUTE has saved an offset inside an object (W7).

    The object was then created again, which erased it, and the power went: the saved offset is
    back, with a CRC that is right, over flash that is empty.
    """
    unlucky = bench()
    assert unlucky.connect(cut_at=18).is_cut
    opened = unlucky.unit.progress
    assert 0 < opened.offset < 64
    unlucky.unit.flash[: opened.offset] = b"\xff" * opened.offset
    said = unlucky.connect()
    assert isinstance(said.error, TargetRefusedError)
    assert said.error.code is Code.REFUSED_VERIFICATION
    unlucky.assert_updated(unlucky.connect())
