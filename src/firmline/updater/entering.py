"""One unit on a radio: found, entered, and recognised after its jump into the bootloader.

Rules of this module:

* The unit is pinned by the address of its application before it jumps. It is looked for under
  that address, and under the next one (without carry) in its bootloader, and nowhere else: never
  another unit (spec section 11). A user who knows only its name has it pinned by the address under
  which that name is seen first, unless another unit has the name, too.
* Where the system shows no addresses, the application is pinned by what the system calls it, and
  its bootloader by a name that the application is asked to leave for it before the jump (section
  12). If it does not, the unit is not sent into a bootloader that nobody could recognise.
* Nothing here sends an image: what follows an open bootloader is the caller's business (an update,
  an inspection).
* Every connection is closed however its use ends, and its loss on the way is reported.

Use::

    unit = PinnedUnit(link=link, pin=address, timeouts=Timeouts(), report=stamped)
    before = await unit.enter_bootloader()
    async with unit.bootloader(timeout_s=timeouts.search_s) as connection:
        ...  # Channel.CONTROL is there
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

from firmline import events
from firmline.errors import (
    Code,
    LocalProtocolError,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
)
from firmline.events import UnitMode
from firmline.links.base import Connection, Link, RemoteVersion, Sighting
from firmline.protocol.buttonless import (
    ButtonlessAnswer,
    decode_buttonless_answer,
    encode_enter_bootloader,
    encode_set_advertising_name,
)
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ButtonlessResult
from firmline.updater.ending import Information
from firmline.updater.naming import find_named, fresh_name
from firmline.updater.road import Report
from firmline.updater.timeouts import Timeouts
from firmline.values import AdvertisedName, BleAddress, RadioAddress, UnitPin


class PinnedUnit:
    """One unit, pinned by the address of its application, or first by its name.

    Args:
        link: The radio.
        pin: The address of the unit's application, or its name.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        draw_name: Makes a name that no unit has, for a bootloader whose address is not visible.
    """

    def __init__(
        self,
        *,
        link: Link,
        pin: UnitPin,
        timeouts: Timeouts,
        report: Report,
        draw_name: Callable[[], str] = fresh_name,
    ) -> None:
        self._name = pin.text if isinstance(pin, AdvertisedName) else ""
        self._address = None if isinstance(pin, AdvertisedName) else pin
        self._bootloader_name = ""
        self._bootloader_address: RadioAddress | None = None
        self._draw_name = draw_name
        self._link = link
        self._timeouts = timeouts
        self._report = report

    # Who it is.

    @property
    def address(self) -> RadioAddress:
        """Of its application; known once it was seen."""
        if self._address is None:
            raise LocalProtocolError(f"The unit {self._name!r} was not seen yet.")
        return self._address

    @property
    def bootloader_address(self) -> RadioAddress | None:
        """Of its bootloader: the next one, without carry. ``None``: not known, or not yet."""
        if isinstance(self._address, BleAddress):
            return self._address.plus_one()
        return self._bootloader_address

    def __str__(self) -> str:
        return str(self._address or self._name)

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
        assert self.bootloader_address is not None  # noqa: S101 - it was found there
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
        if self.bootloader_address is None:
            await self._name_bootloader(connection)
        request = encode_enter_bootloader()
        answer = await self._ask(connection, "enter_bootloader", request)
        if not answer.ok:
            raise _refused_to_jump(answer.result)
        self._report(
            events.EnteringBootloader(address=self.bootloader_address, name=self._bootloader_name)
        )
        await self.await_drop(connection)

    async def _name_bootloader(self, connection: Connection) -> None:
        """Have the application leave a name for its bootloader, by which that is recognised."""
        name = self._draw_name()
        request = encode_set_advertising_name(name.encode())
        answer = await self._ask(connection, "set_advertising_name", request)
        if not answer.ok:
            raise _refused_name(answer.result)
        self._bootloader_name = name

    async def _ask(self, connection: Connection, name: str, request: bytes) -> ButtonlessAnswer:
        """A request of the buttonless service, and what the application answers to it."""
        self._report(events.RequestSent(request=name, data=request))
        await connection.write(Channel.BUTTONLESS, request)
        received = await connection.receive(timeout_s=self._timeouts.answer_s)
        self._report(events.AnswerReceived(data=received.data))
        answer = decode_buttonless_answer(received.data)
        if answer.opcode != request[0]:
            raise RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"The application answered request {answer.opcode:02X} when it was asked"
                f" {request[0]:02X} ({name.replace('_', ' ')}).",
            )
        if not answer.ok:
            self._report(events.Refused(request=name, result=answer.result, ext_error=None))
        return answer

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
            f" ({self.bootloader_address or self._bootloader_name}) within {timeout_s:g} s.",
            reason=TransportReason.NOT_FOUND,
        )

    # Steps that several of the above take, and callers as well.

    async def is_seen(self, mode: UnitMode, *, timeout_s: float) -> bool:
        """Whether the unit is in the air in this mode before the time is over.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        in_application = mode is UnitMode.APPLICATION
        address = self._address if in_application else self.bootloader_address
        name = self._name if in_application else self._bootloader_name
        by_name = address is None or (not in_application and bool(name))
        if by_name and not name:
            return False
        self._report(
            events.Searching(
                address=None if by_name else address,
                expected_mode=mode,
                name=name if by_name else "",
            )
        )
        try:
            sighting = await self._look_for(None if by_name else address, name, timeout_s)
        except TransportError as error:
            if error.reason is TransportReason.NOT_FOUND:
                return False
            raise
        if in_application:
            self._address = sighting.address
        else:
            self._bootloader_address = sighting.address
        self._report(
            events.UnitSeen(
                address=sighting.address, name=sighting.name, rssi_dbm=sighting.rssi_dbm
            )
        )
        return True

    async def _look_for(
        self, address: RadioAddress | None, name: str, timeout_s: float
    ) -> Sighting:
        if address is not None:
            return await self._link.find(address, timeout_s=timeout_s)
        # The name of a bootloader was drawn for it; that of an application may be anybody's.
        settle_s = self._timeouts.same_name_s if name == self._name else 0.0
        return await find_named(self._link, name, timeout_s=timeout_s, settle_s=settle_s)

    async def find_already_there(self) -> None:
        """See a unit that is not in its application in its bootloader.

        Raises:
            TransportError: NOT_FOUND: it is not there either.
        """
        if await self.is_seen(UnitMode.BOOTLOADER, timeout_s=self._timeouts.already_there_s):
            return
        if self.bootloader_address is None:
            raise TransportError(
                Code.UNIT_NOT_FOUND,
                f"The unit {self} was not seen; were it in its bootloader, this computer could not"
                " tell that from others.",
                reason=TransportReason.NOT_FOUND,
                hint="Switch it on and bring it near. If it waits in its bootloader, name that"
                " itself: firmline scan lists what is in the air.",
            )
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            f"The unit {self} was not seen, neither as an application nor, at"
            f" {self.bootloader_address}, in its bootloader.",
            reason=TransportReason.NOT_FOUND,
        )

    @asynccontextmanager
    async def connected(self, address: RadioAddress) -> AsyncIterator[Connection]:
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
    return TargetRefusedError(
        Code.REFUSED_BUTTONLESS,
        "The application refused to restart into its bootloader:"
        f" {_result_name(result)} (result {result:02X}).",
        result=result,
    )


def _refused_name(result: int) -> TargetRefusedError:
    return TargetRefusedError(
        Code.REFUSED_NAME,
        "The application would not leave a name for its bootloader:"
        f" {_result_name(result)} (result {result:02X}). Without one this computer could not"
        " recognise the bootloader, so the unit stays in its application.",
        result=result,
    )


def _result_name(result: int) -> str:
    if result in ButtonlessResult._value2member_map_:
        return ButtonlessResult(result).name.lower().replace("_", " ")
    return "unknown"
