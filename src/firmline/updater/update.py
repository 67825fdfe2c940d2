"""One update of one unit, from the application through the bootloader to the new application.

The unit is pinned by its address before it jumps and looked for under that address, and the next
one in its bootloader, alone: never another unit (spec section 11). ``updated`` is said only when
the unit was seen running an application that says something else of itself than before.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from firmline import events
from firmline.errors import (
    Code,
    ExitCode,
    FirmlineError,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.package import Package, PackageImage
from firmline.links.base import Connection, Link
from firmline.protocol.buttonless import decode_buttonless_answer, encode_enter_bootloader
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ButtonlessResult
from firmline.protocol.framing import BleFraming
from firmline.protocol.host import HostSession
from firmline.protocol.pacing import FOR_BLUETOOTH, Pacing
from firmline.updater.advice import advice
from firmline.updater.ending import Information, doubt_about_ending
from firmline.updater.timeouts import Timeouts
from firmline.updater.transfer import transfer
from firmline.values import BleAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateResult:
    """How an update ended.

    Attributes:
        finished: The last event of the stream.
        error: What went wrong; ``None`` for ``updated``.
    """

    finished: events.UpdateFinished
    error: FirmlineError | None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a program that did nothing else."""
        return self.error.exit_code if self.error else ExitCode.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlan:
    """What is to be done.

    Attributes:
        package: The images to send.
        package_name: The package's file name, for people.
        package_sha256: SHA-256 of the package's file, hexadecimal.
        unit_name: The target as the user named it.
        address: The address of the unit's application.
        timeouts: How long to wait for what.
        pacing: How long the unit's flash is given.
    """

    package: Package
    package_name: str
    package_sha256: str
    unit_name: str
    address: BleAddress
    timeouts: Timeouts
    pacing: Pacing = FOR_BLUETOOTH


class Update:
    """Carries out one plan over one link.

    Args:
        plan: What is to be done.
        link: The road to the unit.
        report: Takes every event, in order, as it happens; when it returns, the event is kept.
    """

    def __init__(self, plan: UpdatePlan, *, link: Link, report: Callable[[Event], None]) -> None:
        self._plan = plan
        self._link = link
        self._sink = report
        self._started_s = 0.0
        self._transfer_s = 0.0
        self._accepted_size = 0

    async def run(self) -> UpdateResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours)."""
        self._started_s = self._link.now_s()
        plan = self._plan
        self._report(
            events.UpdateStarted(
                unit=plan.unit_name,
                package=plan.package_name,
                package_sha256=plan.package_sha256,
                images=tuple(image.kind for image in plan.package.images),
                total_size=sum(len(image.firmware) for image in plan.package.images),
            )
        )
        error: FirmlineError | None = None
        try:
            before = await self._enter_bootloader()
            for index, image in enumerate(plan.package.images):
                await self._send(index, image)
            await self._see_new_application(before)
        except FirmlineError as caught:
            error = caught
        except asyncio.CancelledError:
            self._finish(
                TransportError(
                    Code.INTERRUPTED, "The update was interrupted.", reason=TransportReason.LOST
                )
            )
            raise
        return self._finish(error)

    # Into the bootloader.

    async def _enter_bootloader(self) -> Information | None:
        """Get the unit into its bootloader; what its application said of itself before."""
        address = self._plan.address
        if not await self._is_seen(address, UnitMode.APPLICATION, self._plan.timeouts.search_s):
            await self._find_in_bootloader(self._plan.timeouts.already_there_s)
            return None
        async with self._connected(address) as connection:
            if Channel.BUTTONLESS not in connection.channels:
                raise TransportError(
                    Code.WRONG_UNIT,
                    f"The unit at {address} has no buttonless DFU service, so it cannot be asked to"
                    " restart into a bootloader.",
                    reason=TransportReason.REFUSED,
                )
            information = await self._read_information(connection)
            await self._jump(connection)
        return information

    async def _jump(self, connection: Connection) -> None:
        """Ask the application to restart into the bootloader, and see the link go."""
        request = encode_enter_bootloader()
        self._report(events.RequestSent(request="enter_bootloader", data=request))
        await connection.write(Channel.BUTTONLESS, request)
        received = await connection.receive(timeout_s=self._plan.timeouts.answer_s)
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
            name = (
                ButtonlessResult(answer.result).name.lower().replace("_", " ")
                if answer.result in ButtonlessResult._value2member_map_
                else "unknown"
            )
            raise TargetRefusedError(
                Code.REFUSED_BUTTONLESS,
                f"The application refused to restart into its bootloader: {name}"
                f" (result {answer.result:02X}).",
                result=answer.result,
            )
        self._report(events.EnteringBootloader(address=self._plan.address.plus_one()))
        await self._await_drop(connection)

    async def _find_in_bootloader(self, timeout_s: float) -> None:
        if await self._is_seen(self._plan.address.plus_one(), UnitMode.BOOTLOADER, timeout_s):
            return
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            f"The unit {self._plan.address} was not seen, neither as an application nor, at"
            f" {self._plan.address.plus_one()}, in its bootloader.",
            reason=TransportReason.NOT_FOUND,
        )

    # The images.

    async def _send(self, index: int, image: PackageImage) -> None:
        await self._find_next(index)
        async with self._connected(self._plan.address.plus_one()) as connection:
            if Channel.CONTROL not in connection.channels:
                raise TransportError(
                    Code.WRONG_UNIT,
                    f"What answers at {connection.peer} is not a Secure DFU bootloader.",
                    reason=TransportReason.REFUSED,
                )
            fwid = await self._ask_for_softdevice(connection)
            try:
                await self._transfer(index, image, connection)
            except TargetRefusedError as error:
                error.hint = error.hint or advice(error, image.init_packet.command, fwid=fwid)
                raise
            await self._await_drop(connection)

    async def _ask_for_softdevice(self, connection: Connection) -> int | None:
        """The FWID of the unit's SoftDevice, from its radio; ``None``: the radio does not say.

        It explains a refusal, so an update is not given up for want of it.
        """
        if not self._link.capabilities.remote_version:
            return None
        try:
            version = await connection.remote_version(timeout_s=self._plan.timeouts.radio_version_s)
        except TransportError as error:
            if error.reason is TransportReason.TIMEOUT:
                return None
            raise
        self._report(
            events.RadioVersionSeen(
                version=version.version, company=version.company, subversion=version.subversion
            )
        )
        return version.softdevice_fwid

    async def _find_next(self, index: int) -> None:
        """See the unit in its bootloader, where it should be by now."""
        timeouts = self._plan.timeouts
        waits = timeouts.search_s if index == 0 else timeouts.return_s
        address = self._plan.address
        if await self._is_seen(address.plus_one(), UnitMode.BOOTLOADER, waits):
            return
        if await self._is_seen(address, UnitMode.APPLICATION, timeouts.already_there_s):
            raise TransportError(
                Code.UNIT_STAYED_IN_APPLICATION,
                "The unit agreed to restart into its bootloader but is back in its application.",
                reason=TransportReason.REFUSED,
            )
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            "The unit left its application but was not seen in its bootloader"
            f" ({address.plus_one()}) within {waits:g} s.",
            reason=TransportReason.NOT_FOUND,
        )

    async def _transfer(self, index: int, image: PackageImage, connection: Connection) -> None:
        init_packet = image.init_packet.encoded
        self._report(
            events.ImageStarted(
                kind=image.kind,
                index=index,
                init_packet_size=len(init_packet),
                size=len(image.firmware),
            )
        )
        session = HostSession(
            init_packet=init_packet,
            firmware=image.firmware,
            framing=BleFraming(mtu=connection.mtu),
            pacing=self._plan.pacing,
        )
        begin_s = self._link.now_s()
        try:
            await transfer(
                session,
                connection,
                report=self._report,
                answer_timeout_s=self._plan.timeouts.answer_s,
            )
        finally:
            self._transfer_s += self._link.now_s() - begin_s
        self._accepted_size += len(image.firmware)
        self._report(events.ImageSent(kind=image.kind, size=len(image.firmware)))

    # The end is seen.

    async def _see_new_application(self, before: Information | None) -> None:
        """Wait for the unit to come back as an application, and compare what it says."""
        timeouts = self._plan.timeouts
        try:
            if not await self._is_seen(self._plan.address, UnitMode.APPLICATION, timeouts.return_s):
                raise await self._did_not_return()
            async with self._connected(self._plan.address) as connection:
                after = await self._read_information(connection)
        except TransportError as error:
            raise VerifyError(
                Code.NEW_APPLICATION_NOT_SEEN,
                "The unit took the whole image, but could not be asked what it runs:"
                f" {error.message}",
            ) from error
        doubt = doubt_about_ending(before, after, last_image=self._plan.package.images[-1].kind)
        if doubt is not None:
            raise doubt

    async def _did_not_return(self) -> VerifyError:
        timeouts = self._plan.timeouts
        bootloader = self._plan.address.plus_one()
        if await self._is_seen(bootloader, UnitMode.BOOTLOADER, timeouts.already_there_s):
            return VerifyError(
                Code.UNIT_DID_NOT_RETURN,
                "The unit took the whole image but is in its bootloader again: either it did not"
                " find the new application valid, or something keeps it there.",
            )
        return VerifyError(
            Code.UNIT_DID_NOT_RETURN,
            f"The unit took the whole image but was not seen again within {timeouts.return_s:g} s.",
        )

    # Steps that several of the above take.

    async def _is_seen(self, address: BleAddress, mode: UnitMode, timeout_s: float) -> bool:
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

    @asynccontextmanager
    async def _connected(self, address: BleAddress) -> AsyncIterator[Connection]:
        """A connection that is closed however its use ends; its loss on the way is reported."""
        connection = await self._link.connect(address, timeout_s=self._plan.timeouts.connect_s)
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

    async def _read_information(self, connection: Connection) -> Information:
        strings = asdict(await connection.device_information())
        information = {name: text for name, text in strings.items() if text is not None}
        self._report(events.ApplicationSeen(address=connection.peer, information=information))
        return information

    async def _await_drop(self, connection: Connection) -> None:
        """See the unit drop the link; if it does not, what is seen afterwards says more."""
        try:
            reason = await connection.wait_closed(timeout_s=self._plan.timeouts.drop_s)
        except TransportError:
            return
        self._report(events.LinkLost(hci_reason=reason, expected=True))

    def _finish(self, error: FirmlineError | None) -> UpdateResult:
        now_s = self._link.now_s()
        finished = events.UpdateFinished(
            at_s=now_s,
            outcome=_outcome(error),
            code=error.code if error else "",
            message=error.message if error else "The unit runs the new application.",
            size=self._accepted_size,
            duration_s=now_s - self._started_s,
            transfer_s=self._transfer_s,
        )
        self._sink(finished)
        return UpdateResult(finished=finished, error=error)

    def _report(self, event: Event) -> None:
        self._sink(events.stamp(event, self._link.now_s()))


def plan_for(
    package: Package,
    content: bytes,
    *,
    package_name: str,
    unit_name: str,
    address: BleAddress,
    timeouts: Timeouts | None = None,
    pacing: Pacing = FOR_BLUETOOTH,
) -> UpdatePlan:
    """The plan for a package that was read from ``content``."""
    return UpdatePlan(
        package=package,
        package_name=package_name,
        package_sha256=hashlib.sha256(content).hexdigest(),
        unit_name=unit_name,
        address=address,
        timeouts=timeouts or Timeouts(),
        pacing=pacing,
    )


def _outcome(error: FirmlineError | None) -> Outcome:
    match error:
        case None:
            return Outcome.UPDATED
        case TargetRefusedError():
            return Outcome.REFUSED
        case VerifyError():
            return Outcome.UNVERIFIED
        case _:
            return Outcome.FAILED
