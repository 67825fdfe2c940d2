"""The host's questions to a bootloader: what is known of a unit without sending it an image.

Written as the conversations they are: generators that yield requests and receive the answers
(``None`` to a write, which has none), and yield events to report. Whoever drives them writes,
waits, and checks that an answer is one to its request.

Rules of this module:

* Nothing is sent that a bootloader could accept and store: requests for information, SELECT, and
  probes, which no bootloader accepts (:mod:`firmline.formats.probes`).
* Probes re-create the unit's command object. Whether that may be is the caller's to decide, by
  :func:`read_progress`, before :func:`run_probes`.
* A command object is written only after its CREATE was answered with success, and executed only
  after its CRC was right: a probe that arrived damaged would be refused for its signature, and the
  key called wrong.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, TypeVar

from firmline import events
from firmline.errors import Code, LocalProtocolError, RemoteProtocolError
from firmline.formats.init_command import FwType
from firmline.formats.probes import Probe, ProbeSource
from firmline.protocol.answers import (
    Answer,
    Crc,
    FirmwareVersion,
    HardwareVersion,
    Selected,
)
from firmline.protocol.asking import body_of
from firmline.protocol.codes import ImageType, ObjectType
from firmline.protocol.leftovers import MOST_COPIES
from firmline.protocol.probing import Findings, ProbeSearch
from firmline.protocol.refusals import RECEIPT_PHASE, refusal
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetFirmwareVersion,
    GetHardwareVersion,
    Ping,
    Request,
    SelectObject,
    SetPrn,
    WriteObject,
)

MAX_ATTEMPTS: Final = 3
"""How often a probe is sent before the search is given up; ours."""
MAX_IMAGES: Final = 8
"""Images that are asked for; a unit has a bootloader, a SoftDevice and an application."""

_T = TypeVar("_T")
Questions = Generator[Request | events.Event, Answer | None, _T]
"""A yielded request is answered by the unit's answer, an event and a write by ``None``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldObjects:
    """What a bootloader holds of an update that was begun; bytes.

    Attributes:
        init_packet: Of the init packet.
        image: Of the image.
        image_crc: What it shows as the CRC of these; of none, where it has the last image.
    """

    init_packet: int
    image: int
    image_crc: int = 0

    @property
    def is_fresh(self) -> bool:
        """Whether it can have no image to put in place.

        Behind one that it has judged it shows the address of that as the CRC of nothing (bootloader
        spec, sections 7 and 16.2 S9).
        """
        return not self and self.image_crc == 0

    def __bool__(self) -> bool:
        return bool(self.init_packet or self.image)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldVersions:
    """What a bootloader says of itself and its chip, where it is built to do so.

    Attributes:
        hardware: The chip; ``None``: it does not say (reduced protocol).
        images: What is installed, in its order; none where it does not say.
    """

    hardware: HardwareVersion | None
    images: tuple[FirmwareVersion, ...]


def read_progress() -> Questions[HeldObjects]:
    """Ask how far an update has come; the command object is the current one afterwards."""
    image = yield from _select(ObjectType.DATA)
    init_packet = yield from _select(ObjectType.COMMAND)
    for _ in range(MOST_COPIES):
        if init_packet != image:  # the objects of the two differ in their size
            break
        # A copy of the answer before it (:mod:`firmline.protocol.leftovers`).
        init_packet = yield from _select(ObjectType.COMMAND)
    return HeldObjects(init_packet=init_packet.offset, image=image.offset, image_crc=image.crc)


def read_versions() -> Questions[ToldVersions]:
    """Ask for chip and firmware; a bootloader with the reduced protocol says neither."""
    answer = yield from _hear(GetHardwareVersion())
    hardware = body_of(answer, HardwareVersion) if answer.ok else None
    images = yield from read_images()
    return ToldVersions(hardware=hardware, images=images)


def read_images() -> Questions[tuple[FirmwareVersion, ...]]:
    """Ask for what is installed; a bootloader with the reduced protocol does not say."""
    images: list[FirmwareVersion] = []
    before: Answer | None = None
    for index in range(MAX_IMAGES):
        answer = yield from _hear(GetFirmwareVersion(index=index))
        if answer == before:
            # No two images are the same: a copy, and behind the answer to another question there is
            # none left (:mod:`firmline.protocol.leftovers`).
            yield from _hear(Ping(number=index))
            answer = yield from _hear(GetFirmwareVersion(index=index))
        before = answer
        if not answer.ok:
            break
        image = body_of(answer, FirmwareVersion)
        if image.image_type is ImageType.UNKNOWN:
            break
        images.append(image)
    return tuple(images)


def run_probes(
    source: ProbeSource, *, packet_size: int, found: Callable[[Findings], None]
) -> Questions[Findings]:
    """Ask with probes until all is known that they can tell.

    Args:
        source: Where the probes come from.
        packet_size: Most bytes of a write.
        found: Told what is known after every answer, so that a link that breaks loses nothing.

    Raises:
        TargetRefusedError: The unit takes no command object.
        RemoteProtocolError: One never arrived intact.
    """
    yield from _ask(SetPrn(count=0), phase=RECEIPT_PHASE)
    search = ProbeSearch(source.catalogue)
    while (probe := search.next_probe) is not None:
        yield from _send(source.packet(probe), packet_size)
        answer = yield from _hear(ExecuteObject())
        yield _refused(probe, answer)
        search.answered(answer)
        found(search.findings)
    return search.findings


def _send(packet: bytes, packet_size: int) -> Questions[None]:
    """Create and write a command object, again where it arrives damaged."""
    for _ in range(MAX_ATTEMPTS):
        create = CreateObject(object_type=ObjectType.COMMAND, size=len(packet))
        yield from _ask(create, phase="a probe")
        for start in range(0, len(packet), packet_size):
            yield WriteObject(data=packet[start : start + packet_size])
        answer = yield from _ask(GetCrc(), phase="a probe")
        crc = body_of(answer, Crc)
        if crc.offset == len(packet) and crc.crc == zlib.crc32(packet):
            return
    hint = ""
    if crc.offset == 0:
        hint = (
            "It takes requests and throws away what is written to it, as a bootloader of SDK 15.3"
            " to 17.1 does that has lost its receive buffers to refused writes: only a reset cures"
            " that."
        )
    raise RemoteProtocolError(
        Code.OBJECT_DAMAGED,
        f"A probe of {len(packet)} bytes never arrived intact in {MAX_ATTEMPTS} attempts: the unit"
        f" had {crc.offset} bytes of it.",
        hint=hint,
    )


def _refused(probe: Probe, answer: Answer) -> events.Event:
    return events.ProbeRefused(
        image_type="bootloader" if probe.kind is FwType.BOOTLOADER else "application",
        hw_version=probe.hw_version,
        sd_req=tuple(int(fwid) for fwid in probe.sd_req),
        fw_version=int(probe.fw_version),
        result=answer.result,
        ext_error=answer.ext_error,
    )


def _select(object_type: ObjectType) -> Questions[Selected]:
    answer = yield from _ask(SelectObject(object_type=object_type), phase="the question for it")
    return body_of(answer, Selected)


def _ask(request: Request, *, phase: str) -> Questions[Answer]:
    answer = yield from _hear(request)
    if not answer.ok:
        raise refusal(request, answer, phase=phase)
    return answer


def _hear(request: Request) -> Questions[Answer]:
    answer = yield request
    if answer is None:
        raise LocalProtocolError("A question to a bootloader was left without its answer.")
    return answer
