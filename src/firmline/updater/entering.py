"""One unit on a radio: found, entered, and recognised after its jump into the bootloader.

Rules of this module:

* The unit is pinned by the address of its application before it jumps. It is looked for under
  that address, and under the next one (without carry) in its bootloader, and nowhere else: never
  another unit (spec section 11).
* Nothing here sends an image: what follows an open bootloader is the caller's business (an update,
  an inspection).
* Every connection is closed however its use ends, and its loss on the way is reported.

Use::

    unit = PinnedUnit(link=link, address=address, timeouts=Timeouts(), report=stamped)
    before = await unit.enter_bootloader()
    async with unit.bootloader(timeout_s=timeouts.search_s) as connection:
        ...  # Channel.CONTROL is there
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from firmline import events
from firmline.errors import (
    Code,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
)
from firmline.events import UnitMode
from firmline.links.base import Connection, Link, RemoteVersion
from firmline.protocol.buttonless import decode_buttonless_answer, encode_enter_bootloader
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ButtonlessResult
from firmline.updater.ending import Information
from firmline.updater.road import Report
from firmline.updater.timeouts import Timeouts
from firmline.values import BleAddress


class PinnedUnit:
    """One unit, pinned by the address of its application.

    Args:
        link: The radio.
        address: Of the unit's application.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.

    Attributes:
        address: Of its application.
        bootloader_address: Of its bootloader: the next one, without carry.
    """

    def __init__(
        self, *, link: Link, address: BleAddress, timeouts: Timeouts, report: Report
    ) -> None:
        self.address = address
        self.bootloader_address = address.plus_one()
        self._link = link
        self._timeouts = timeouts
        self._report = report

    # Into the bootloader.

    async def enter_bootloader(self) -> Information | None:
        """Get the unit into its bootloader.

        A unit that is not in its application is looked for in its bootloader, where it may be
        already. That it arrived there after a jump is seen by :meth:`bootloader` alone.

        Returns:
            What its application said of itself before the jump; ``None``: it was not running.

        Raises:
            TransportError: NOT_FOUND: it is neither here nor there. REFUSED: it has no buttonless
                DFU service. LOST or TIMEOUT.
            RemoteProtocolError: Its application's answer made no sense.
            TargetRefusedError: Its application said no.
        """
        if not await self.is_seen(UnitMode.APPLICATION, timeout_s=self._timeouts.search_s):
            await self.find_already_there()
            return None
        async with self.connected(self.address) as connection:
            if Channel.BUTTONLESS not in connection.channels:
                raise TransportError(
                    Code.WRONG_UNIT,
                    f"The unit at {self.address} has no buttonless DFU service, so it cannot be"
                    " asked to restart into a bootloader.",
                    reason=TransportReason.REFUSED,
                )
            information = await self.read_information(connection)
            await self._jump(connection)
        return information

    @asynccontextmanager
    async def bootloader(self, *, timeout_s: float) -> AsyncIterator[Connection]:
        """The unit's bootloader, found and connected; its control point is there.

        Args:
            timeout_s: How long to look for it.

        Raises:
            TransportError: It was not seen, stayed in its application, is no Secure DFU bootloader,
                or the connection failed.
        """
        await self._find_in_bootloader(timeout_s)
        async with self.connected(self.bootloader_address) as connection:
            if Channel.CONTROL not in connection.channels:
                raise TransportError(
                    Code.WRONG_UNIT,
                    f"What answers at {connection.peer} is not a Secure DFU bootloader.",
                    reason=TransportReason.REFUSED,
                    services=connection.services,
                )
            yield connection

    async def _jump(self, connection: Connection) -> None:
        """Ask the application to restart into the bootloader, and see the link go."""
        request = encode_enter_bootloader()
        self._report(events.RequestSent(request="enter_bootloader", data=request))
        await connection.write(Channel.BUTTONLESS, request)
        received = await connection.receive(timeout_s=self._timeouts.answer_s)
        self._report(events.AnswerReceived(data=received.data))
        answer = decode_buttonless_answer(received.data)
        if answer.opcode != request[0]:
            raise RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"The application answered request {answer.opcode:02X} when it was asked"
                f" {request[0]:02X} (enter the bootloader).",
            )
        if not answer.ok:
            self._report(
                events.Refused(request="enter_bootloader", result=answer.result, ext_error=None)
            )
            raise _refused_to_jump(answer.result)
        self._report(events.EnteringBootloader(address=self.bootloader_address))
        await self.await_drop(connection)

    async def _find_in_bootloader(self, timeout_s: float) -> None:
        """See the unit in its bootloader, where it should be by now."""
        if await self.is_seen(UnitMode.BOOTLOADER, timeout_s=timeout_s):
            return
        if await self.is_seen(UnitMode.APPLICATION, timeout_s=self._timeouts.already_there_s):
            raise TransportError(
                Code.UNIT_STAYED_IN_APPLICATION,
                "The unit agreed to restart into its bootloader but is back in its application.",
                reason=TransportReason.REFUSED,
            )
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            "The unit left its application but was not seen in its bootloader"
            f" ({self.bootloader_address}) within {timeout_s:g} s.",
            reason=TransportReason.NOT_FOUND,
        )

    # Steps that several of the above take, and callers as well.

    async def is_seen(self, mode: UnitMode, *, timeout_s: float) -> bool:
        """Whether the unit is in the air in this mode before the time is over."""
        in_application = mode is UnitMode.APPLICATION
        address = self.address if in_application else self.bootloader_address
        self._report(events.Searching(address=address, expected_mode=mode))
        try:
            sighting = await self._link.find(address, timeout_s=timeout_s)
        except TransportError as error:
            if error.reason is TransportReason.NOT_FOUND:
                return False
            raise
        self._report(
            events.UnitSeen(
                address=sighting.address, name=sighting.name, rssi_dbm=sighting.rssi_dbm
            )
        )
        return True

    async def find_already_there(self) -> None:
        """See a unit that is not in its application in its bootloader.

        Raises:
            TransportError: NOT_FOUND: it is not there either.
        """
        if await self.is_seen(UnitMode.BOOTLOADER, timeout_s=self._timeouts.already_there_s):
            return
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            f"The unit {self.address} was not seen, neither as an application nor, at"
            f" {self.bootloader_address}, in its bootloader.",
            reason=TransportReason.NOT_FOUND,
        )

    @asynccontextmanager
    async def connected(self, address: BleAddress) -> AsyncIterator[Connection]:
        """A connection that is closed however its use ends; its loss on the way is reported."""
        connection = await self._link.connect(address, timeout_s=self._timeouts.connect_s)
        in_bootloader = Channel.CONTROL in connection.channels
        mode = UnitMode.BOOTLOADER if in_bootloader else UnitMode.APPLICATION
        try:
            self._report(events.Connected(address=connection.peer, mode=mode, mtu=connection.mtu))
            yield connection
        except TransportError as error:
            if error.reason is TransportReason.LOST:
                self._report(events.LinkLost(hci_reason=error.hci_reason, expected=False))
            raise
        finally:
            await connection.close()

    async def read_information(self, connection: Connection) -> Information:
        """What the application says of itself (Device Information Service)."""
        strings = asdict(await connection.device_information())
        information = {name: text for name, text in strings.items() if text is not None}
        self._report(events.ApplicationSeen(address=connection.peer, information=information))
        return information

    async def radio_version(self, connection: Connection) -> RemoteVersion | None:
        """Who the unit's radio says it is; ``None``: it does not say so in time.

        It explains and completes, so nothing is given up for want of it.
        """
        if not self._link.capabilities.remote_version:
            return None
        try:
            version = await connection.remote_version(timeout_s=self._timeouts.radio_version_s)
        except TransportError as error:
            if error.reason is TransportReason.TIMEOUT:
                return None
            raise
        self._report(
            events.RadioVersionSeen(
                version=version.version, company=version.company, subversion=version.subversion
            )
        )
        return version

    async def await_drop(self, connection: Connection) -> None:
        """See the unit drop the link; if it does not, what is seen afterwards says more."""
        try:
            reason = await connection.wait_closed(timeout_s=self._timeouts.drop_s)
        except TransportError:
            return
        self._report(events.LinkLost(hci_reason=reason, expected=True))


def _refused_to_jump(result: int) -> TargetRefusedError:
    name = (
        ButtonlessResult(result).name.lower().replace("_", " ")
        if result in ButtonlessResult._value2member_map_
        else "unknown"
    )
    return TargetRefusedError(
        Code.REFUSED_BUTTONLESS,
        f"The application refused to restart into its bootloader: {name} (result {result:02X}).",
        result=result,
    )
