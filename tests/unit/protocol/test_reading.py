"""Questions to a bootloader, joined to answers by hand: what is sent, and what is made of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TypeVar

import pytest

from firmline import events
from firmline.errors import Code, LocalProtocolError, RemoteProtocolError, TargetRefusedError
from firmline.formats.probes import ProbeCatalogue, SignedOnDemand
from firmline.formats.probes_versions import VersionLimits
from firmline.protocol.answers import (
    Answer,
    AnswerBody,
    Crc,
    Done,
    FirmwareVersion,
    HardwareVersion,
    Mtu,
    Selected,
)
from firmline.protocol.codes import ImageType, ObjectType, ResultCode
from firmline.protocol.probing import Findings
from firmline.protocol.reading import (
    MAX_ATTEMPTS,
    MAX_IMAGES,
    HeldObjects,
    Questions,
    ToldVersions,
    read_progress,
    read_versions,
    run_probes,
)
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetFirmwareVersion,
    GetHardwareVersion,
    Request,
    SelectObject,
    WriteObject,
    opcode_of,
)
from firmline.values import Fwid
from unit.device.makers import KEY

_T = TypeVar("_T")
Unit = Callable[[Request], Answer]
CHIP = HardwareVersion(
    part=0x52832, variant=0x41414530, flash_size=0x80000, ram_size=0x10000, page_size=4096
)
SOURCE = SignedOnDemand(
    catalogue=ProbeCatalogue(
        hw_versions=(52,),
        softdevices=(Fwid(0xB7),),
        app_limits=VersionLimits(runs=((0, 3),)),
        bootloader_limits=VersionLimits(runs=((0, 3),)),
    ),
    signer=KEY,
)


def yes(request: Request, body: AnswerBody | None = None) -> Answer:
    return Answer(opcode=opcode_of(request), result=ResultCode.SUCCESS, body=body or Done())


def no(request: Request, result: ResultCode = ResultCode.OPCODE_NOT_SUPPORTED) -> Answer:
    return Answer(opcode=opcode_of(request), result=result)


def hold(talk: Questions[_T], unit: Unit, sent: list[Request] | None = None) -> _T:
    """A whole conversation; what it comes to."""
    answer: Answer | None = None
    while True:
        try:
            step = talk.send(answer)
        except StopIteration as end:
            result: _T = end.value
            return result
        answer = None
        if not isinstance(step, events.Event):
            if sent is not None:
                sent.append(step)
            given = unit(step)
            answer = None if isinstance(step, WriteObject) else given


def test_the_progress_of_both_objects_is_asked_for_and_the_command_is_current_afterwards() -> None:
    def unit(request: Request) -> Answer:
        assert isinstance(request, SelectObject)
        offset = 141 if request.object_type == ObjectType.COMMAND else 8192
        return yes(request, Selected(max_size=512, offset=offset, crc=7))

    sent: list[Request] = []
    progress = hold(read_progress(), unit, sent)
    assert progress == HeldObjects(init_packet=141, image=8192, image_crc=7)
    assert sent[-1] == SelectObject(object_type=ObjectType.COMMAND)


@pytest.mark.parametrize(
    ("init_packet", "image", "begun"), [(0, 0, False), (1, 0, True), (0, 1, True)]
)
def test_any_progress_is_an_update_that_was_begun(
    init_packet: int, image: int, begun: bool
) -> None:
    assert bool(HeldObjects(init_packet=init_packet, image=image)) is begun


def test_a_unit_that_refuses_select_ends_the_question() -> None:
    with pytest.raises(TargetRefusedError):
        hold(read_progress(), no)


def test_an_answer_of_another_kind_is_no_answer() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        hold(read_progress(), lambda request: yes(request, Mtu(size=131)))
    assert caught.value.code is Code.ANSWER_UNEXPECTED


def test_a_question_needs_its_answer() -> None:
    talk = read_progress()
    next(talk)
    with pytest.raises(LocalProtocolError):
        talk.send(None)


def image(kind: ImageType, version: int) -> FirmwareVersion:
    return FirmwareVersion(image_type=kind, version=version, address=0x78000, size=0x6000)


def test_a_bootloader_with_the_reduced_protocol_says_nothing() -> None:
    sent: list[Request] = []
    assert hold(read_versions(), no, sent) == ToldVersions(hardware=None, images=())
    assert sent == [GetHardwareVersion(), GetFirmwareVersion(index=0)]


def test_images_are_asked_for_until_there_is_no_more() -> None:
    images = [image(ImageType.BOOTLOADER, 1), image(ImageType.SOFTDEVICE, 7_002_000)]

    def unit(request: Request) -> Answer:
        if not isinstance(request, GetFirmwareVersion):
            return yes(request, CHIP)
        last = image(ImageType.UNKNOWN, 0)
        return yes(request, [*images, last][request.index])

    assert hold(read_versions(), unit) == ToldVersions(hardware=CHIP, images=tuple(images))


def test_images_without_an_end_are_given_up() -> None:
    def unit(request: Request) -> Answer:
        if isinstance(request, GetFirmwareVersion):
            return yes(request, image(ImageType.APPLICATION, request.index))
        return no(request)

    assert len(hold(read_versions(), unit).images) == MAX_IMAGES


class Bootloader:
    """Takes command objects as a bootloader does, and refuses what they hold for its version.

    Args:
        spoiled: How many objects arrive damaged first.
        deaf: Whether everything written is thrown away.
    """

    def __init__(self, *, spoiled: int = 0, deaf: bool = False) -> None:
        self.spoiled = spoiled
        self.deaf = deaf
        self.size = 0
        self.held = b""
        self.executed: list[bytes] = []

    def __call__(self, request: Request) -> Answer:
        match request:
            case CreateObject(object_type=ObjectType.COMMAND, size=size):
                self.size, self.held = size, b""
            case WriteObject(data=data):
                assert len(data) <= 64
                self.held += b"" if self.deaf else data
            case GetCrc():
                return self._crc(request)
            case ExecuteObject():
                assert len(self.held) == self.size
                self.executed.append(self.held)
                return Answer(opcode=opcode_of(request), result=ResultCode.INVALID_OBJECT)
            case CreateObject():
                pytest.fail("a data object was created")
            case _:
                pass
        return yes(request)

    def _crc(self, request: Request) -> Answer:
        crc = zlib.crc32(self.held)
        if self.spoiled:
            self.spoiled -= 1
            crc ^= 1
        return yes(request, Crc(offset=len(self.held), crc=crc))


def probe(unit: Unit) -> Findings:
    return hold(run_probes(SOURCE, packet_size=64, found=lambda _findings: None), unit)


def test_a_probe_is_executed_whole() -> None:
    unit = Bootloader()
    findings = probe(unit)
    assert findings.key_ok is False
    (executed,) = unit.executed
    assert executed in {SOURCE.packet(each) for each in SOURCE.catalogue.probes()}


def test_what_is_found_is_told_after_every_answer() -> None:
    told: list[Findings] = []
    findings = hold(run_probes(SOURCE, packet_size=64, found=told.append), Bootloader())
    assert told == [findings]


@pytest.mark.parametrize("spoiled", range(1, MAX_ATTEMPTS))
def test_a_probe_that_arrives_damaged_is_sent_again_and_not_judged(spoiled: int) -> None:
    unit = Bootloader(spoiled=spoiled)
    assert probe(unit).probes_sent == 1
    assert len(unit.executed) == 1


def test_a_probe_that_never_arrives_intact_is_given_up() -> None:
    unit = Bootloader(spoiled=MAX_ATTEMPTS)
    with pytest.raises(RemoteProtocolError) as caught:
        probe(unit)
    assert caught.value.code is Code.OBJECT_DAMAGED
    assert caught.value.hint == ""
    assert unit.executed == []


def test_a_unit_that_throws_everything_away_has_lost_its_buffers() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        probe(Bootloader(deaf=True))
    assert "lost its receive buffers" in caught.value.hint


def test_a_unit_that_takes_no_command_object_refuses_the_probe() -> None:
    def unit(request: Request) -> Answer:
        if isinstance(request, CreateObject):
            return no(request, ResultCode.INSUFFICIENT_RESOURCES)
        return yes(request)

    with pytest.raises(TargetRefusedError) as caught:
        probe(unit)
    assert caught.value.code is Code.REFUSED_RESOURCES


def test_every_probe_that_is_refused_is_an_event() -> None:
    talk = run_probes(SOURCE, packet_size=512, found=lambda _findings: None)
    unit, answer = Bootloader(), None
    refused = []
    while True:
        try:
            step = talk.send(answer)
        except StopIteration:
            break
        answer = None
        if isinstance(step, events.ProbeRefused):
            refused.append(step)
        elif not isinstance(step, events.Event | WriteObject):
            answer = unit(step)
        elif isinstance(step, WriteObject):
            unit.held += step.data
    (only,) = refused
    assert (only.image_type, only.hw_version, only.sd_req) == ("application", 52, (0,))
    assert (only.result, only.ext_error) == (ResultCode.INVALID_OBJECT, None)
