"""A host as they are customary, for comparison alone: it knows nothing of the unit's flash.

CREATE, a fixed wait while the page is erased, all packets of the object as fast as the radio takes
them, the CRC, EXECUTE; an object that arrived damaged is sent again, and a CREATE that is refused
because the unit's queue is full is repeated after the same wait, three attempts in all. That is
the method of the mobile libraries with their wait after CREATE (400 ms unless it is configured; 100
ms is what impatient users set; physics spec, section 7). No product of ours sends like this.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.events import Event
from firmline.formats.package import Package, PackageImage
from firmline.links.base import Link
from firmline.protocol.answers import Answer, AnswerBody, Crc
from firmline.protocol.codes import ObjectType
from firmline.protocol.reading import Questions
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    Request,
    SelectObject,
    SetPrn,
    WriteObject,
    opcode_of,
)
from firmline.updater.dialogue import Dialogue
from firmline.updater.ladder import Ladder
from firmline.updater.radio.homecoming import Homecoming
from firmline.updater.radio.road import RadioRoad
from firmline.updater.timeouts import Timeouts
from firmline.values import UnitPin

ATTEMPTS: Final = 3
"""How often an object is sent; as many as the mobile libraries allow themselves."""
OBJECT_SIZE: Final = 4096
"""Bytes of a whole data object (bootloader spec, section 4)."""
ANSWER_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How it went.

    Attributes:
        seconds: From the first CREATE of data to the answer to the last EXECUTE; ``None``: the host
            has given up.
        why: It has given up, in the words of the table; empty: it has not.
    """

    seconds: float | None = None
    why: str = ""


class GivenUpError(Exception):
    """The host goes no further."""


class CustomaryHost:
    """Sends one package of one image.

    Args:
        link: The radio.
        pin: The unit.
        wait_s: After each CREATE of data.
        report: Takes every event.
    """

    _dialogue: Dialogue

    def __init__(
        self, link: Link, pin: UnitPin, *, wait_s: float, report: Callable[[Event], None]
    ) -> None:
        self._link = link
        self._wait_s = wait_s
        self._report = report
        self._road = RadioRoad(
            link=link,
            pin=pin,
            timeouts=Timeouts(),
            report=report,
            ladder=Ladder(may_save=False),
            homecoming=Homecoming(),
        )

    async def send(self, package: Package) -> Sent:
        """Send it; the end of the update is not looked at."""
        (image,) = package.images
        await self._road.enter_bootloader()
        try:
            async with self._road.bootloader(0) as opened:
                self._dialogue = Dialogue(
                    opened.exchange,
                    opened.framing(),
                    report=self._report,
                    answer_timeout_s=ANSWER_S,
                )
                return await self._send(image)
        except GivenUpError as error:
            return Sent(why=str(error))

    async def _send(self, image: PackageImage) -> Sent:
        init_packet, firmware = image.init_packet.encoded, image.firmware
        await self._ask(SetPrn(count=0))
        await self._ask(SelectObject(object_type=ObjectType.COMMAND))
        await self._object(ObjectType.COMMAND, init_packet, 0, len(init_packet))
        await self._ask(SelectObject(object_type=ObjectType.DATA))
        begin_s = self._link.now_s()
        for start in range(0, len(firmware), OBJECT_SIZE):
            end = min(start + OBJECT_SIZE, len(firmware))
            await self._object(ObjectType.DATA, firmware, start, end)
        return Sent(seconds=self._link.now_s() - begin_s)

    async def _object(self, kind: ObjectType, source: bytes, start: int, end: int) -> None:
        """Send and execute an object.

        Raises:
            GivenUpError: It never arrived intact, or the unit refused something.
        """
        size = self._dialogue.packet_size
        create = CreateObject(object_type=kind, size=end - start)
        for _ in range(ATTEMPTS):
            is_created = (await self._hear(create)).ok
            if kind is ObjectType.DATA:
                await asyncio.sleep(self._wait_s)
            if not is_created:
                continue
            for at in range(start, end, size):
                await self._dialogue.say(WriteObject(data=source[at : min(at + size, end)]))
            crc = await self._ask(GetCrc())
            if crc == Crc(offset=end, crc=zlib.crc32(source[:end])):
                await self._ask(ExecuteObject())
                return
        raise GivenUpError(f"gives up at byte {start:,}")

    async def _ask(self, request: Request) -> AnswerBody | None:
        """Ask; what a success carries.

        Raises:
            GivenUpError: The unit refused it.
        """
        answer = await self._hear(request)
        if not answer.ok:
            name = opcode_of(request).name
            raise GivenUpError(f"gives up: {name} was refused with {answer.result:02X}")
        return answer.body

    async def _hear(self, request: Request) -> Answer:

        def talk() -> Questions[Answer]:
            answer = yield request
            assert answer is not None
            return answer

        return await self._dialogue.run(talk())
