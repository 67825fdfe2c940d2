"""One update of one unit: the order of the steps, and how it ended.

What depends on the road to the unit (how it is found, gets into its bootloader, and is seen again
at the end) is a :class:`~firmline.updater.road.Road`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from firmline import events
from firmline.errors import (
    Code,
    ExitCode,
    FirmlineError,
    LocalProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.events import Event, Outcome, Reporter
from firmline.formats.package import Package, PackageImage
from firmline.formats.sent_bytes import SentBytes
from firmline.links.base import LinkCapabilities, PortLink
from firmline.links.usb.link import UsbLink
from firmline.protocol.host import HostSession
from firmline.protocol.pacing import Pacing
from firmline.updater.advice import advice
from firmline.updater.checkpointing import AUTO, SpacedCheckpoints, Spacing
from firmline.updater.expectation import Expectation
from firmline.updater.haste import own_to_haste
from firmline.updater.ladder import Ladder
from firmline.updater.not_in_place import lacks_what_it_took
from firmline.updater.opening import AnyLink, declare_link, describe_images, plan_timing
from firmline.updater.passing_over import PassedOver, in_words, says_it_has_it
from firmline.updater.progress import Progress
from firmline.updater.radio.homecoming import Homecoming
from firmline.updater.radio.naming import find_named
from firmline.updater.radio.road import RadioRoad
from firmline.updater.road import Briefing, Method, OpenBootloader, Road, Seen
from firmline.updater.serial.road import SerialRoad
from firmline.updater.speed_limit import SpeedLimit
from firmline.updater.timeouts import Timeouts
from firmline.updater.transfer import transfer
from firmline.updater.turns import Turns, addresses_around, addresses_of
from firmline.updater.unheard_end import may_hide_success, refused_again
from firmline.updater.usb.road import UsbRoad
from firmline.values import AdvertisedName, BleAddress, ImageKind, UnitPin


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
        pin: By what the unit is known in the air; ``None``: the road leads to one unit alone.
        timeouts: How long to wait for what.
        pacing: How long the unit's flash is given.
        prn: Ask for an unasked CRC after every ``prn`` packets; 0 = only after each object.
        most_mtu: Of a radio, bytes: packets are made for no larger one; ``None``: as large as can
            be.
        expectation: What the new application prints on a serial port, if the user knows.
        checkpoint_s: Seconds of work after which the unit saves its progress; ``auto``: as often as
            that takes its share of the time at most, ``None``: never.
        recovers: Whether it goes on behind a fault; else the unit is left as the first one left it.
    """

    package: Package
    package_name: str
    package_sha256: str
    unit_name: str
    pin: UnitPin | None
    timeouts: Timeouts
    pacing: Pacing
    prn: int = 0
    most_mtu: int | None = None
    expectation: Expectation | None = None
    checkpoint_s: Spacing = AUTO
    recovers: bool = True


class Update:
    """Carries out one plan over one link.

    Args:
        plan: What is to be done.
        link: The road to the unit.
        report: Takes every event, in order, as it happens; when it returns, the event is kept.

    Attributes:
        result: How it ended, also where it was cancelled; ``None``: it has not ended.
    """

    def __init__(self, plan: UpdatePlan, *, link: AnyLink, report: Reporter) -> None:
        self._plan = plan
        self._sink = report
        self._link = link
        self._progress = Progress()
        self._ladder = Ladder(
            may_save=plan.checkpoint_s is not None,
            may_ask_interval=isinstance(link.capabilities, LinkCapabilities)
            and link.capabilities.connection_parameters,
            recovers=plan.recovers,
        )
        self._homecoming = Homecoming()
        self._road = self._road_over(link)
        self._checkpoints = SpacedCheckpoints(now_s=self._road.now_s, spacing_s=plan.checkpoint_s)
        self._limit = SpeedLimit([image.firmware for image in plan.package.images])
        self._started_s = 0.0
        self._transfer_s = 0.0
        self._accepted_size = 0
        self._is_all_accepted = False
        self._passed_over: list[PassedOver] = []
        self._may_have_taken = False
        """Whether the answer to the last EXECUTE of the present image was missed."""
        self._sent = SentBytes()
        self.result: UpdateResult | None = None

    async def run(self, turns: Turns | None = None) -> UpdateResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours).

        Args:
            turns: Where it waits for units that share an address with this one; ``None``: it is
                updated alone.
        """
        self._started_s = self._road.now_s()
        plan = self._plan
        for event in _introduced(plan):
            self._report(event)
        self._report(declare_link(self._link))
        self._report(plan_timing(self._link, plan.timeouts, pacing=plan.pacing, prn=plan.prn))
        error: FirmlineError | None = FirmlineError(Code.DEFECT, "firmline itself failed.")
        seen: Seen | None = None
        try:
            async with self._turn(turns):
                seen = await self._send_all()
            error = None
        except FirmlineError as caught:
            error = caught
            over_port = not isinstance(self._link.capabilities, LinkCapabilities)
            own_to_haste(error, plan.timeouts, over_port=over_port)
        except asyncio.CancelledError:
            error = interrupted(is_all_accepted=self._is_all_accepted)
            raise
        finally:
            try:
                await self._road.close()
            finally:  # whatever happens, the stream has its last event
                self.result = self._finish(error, seen)
        return self.result

    @asynccontextmanager
    async def _turn(self, turns: Turns | None) -> AsyncIterator[None]:
        """Have the unit's addresses to oneself; alone, there is nobody to share them with."""
        if turns is None:
            yield
            return

        def waits(address: BleAddress) -> None:
            self._report(events.NeighbourAwaited(address=address))

        async with turns.taken(await self._addresses(), waiting=waits):
            self._started_s = self._road.now_s()
            yield

    async def _addresses(self) -> tuple[BleAddress, ...]:
        """Of the unit; who is known by its name only is sought, to know them."""
        pin, link = self._plan.pin, self._link
        if not isinstance(pin, AdvertisedName) or isinstance(link, UsbLink | PortLink):
            return addresses_of(pin)
        if not link.capabilities.addresses_visible:
            return ()
        self._report(events.Searching(address=None, expected_mode=None, name=pin.text))
        timeouts = self._plan.timeouts
        seen = await find_named(
            link, pin.text, timeout_s=timeouts.search_s, settle_s=timeouts.same_name_s
        )
        return addresses_around(seen.address)

    async def _send_all(self) -> Seen:
        """From the application into the new one; what was seen of that."""
        images = self._plan.package.images
        await self._road.enter_bootloader()
        index = 0
        while index < len(images):
            index = await self._send(index) + 1
        seen = await self._road.see_end(images[-1])
        return replace(seen, message=seen.message + in_words(self._passed_over))

    async def _send(self, index: int) -> int:
        """Send an image, or the first behind it that the unit does not have; that one's index."""
        images = self._plan.package.images
        async with self._road.bootloader(index) as opened:
            while True:
                image = images[index]
                self._may_have_taken = False
                try:
                    await self._transfer(index, image, opened)
                except TargetRefusedError as error:
                    if says_it_has_it(error, image.kind) and image is not images[-1]:
                        self._pass_over(index, image.kind)
                        index += 1
                        continue
                    if self._may_have_taken and error.code is Code.REFUSED_FW_VERSION:
                        raise refused_again() from error
                    lacking = self._lacks_what_it_took(error, index, opened)
                    if lacking is not None:
                        raise lacking from error
                    error.hint = error.hint or advice(
                        error,
                        image.init_packet.command,
                        fwid=opened.fwid,
                        versions=opened.versions,
                    )
                    raise
                return index

    def _lacks_what_it_took(
        self, error: TargetRefusedError, index: int, opened: OpenBootloader
    ) -> TargetRefusedError | None:
        """What to say of an image that is refused for want of the one before it, sent just now."""
        images = self._plan.package.images
        if index == 0 or any(images[index - 1].kind is each.kind for each in self._passed_over):
            return None
        return lacks_what_it_took(error, images[index], images[index - 1], fwid=opened.fwid)

    def _pass_over(self, index: int, kind: ImageKind) -> None:
        """Go on where an update that broke off between two images has left the unit."""
        self._report(events.ImagePassedOver(kind=kind, index=index))
        self._passed_over.append(PassedOver(kind=kind, may_have_taken=self._may_have_taken))

    async def _transfer(self, index: int, image: PackageImage, opened: OpenBootloader) -> None:
        init_packet = image.init_packet.encoded
        self._report(
            events.ImageStarted(
                kind=image.kind,
                index=index,
                init_packet_size=len(init_packet),
                size=len(image.firmware),
            )
        )
        begin_s = self._road.now_s()
        try:
            while not await self._is_sent(image, opened):
                pass
        finally:
            self._transfer_s += self._road.now_s() - begin_s
        self._accepted_size += len(image.firmware)
        self._is_all_accepted = image is self._plan.package.images[-1]
        self._report(events.ImageSent(kind=image.kind, size=len(image.firmware)))

    async def _is_sent(self, image: PackageImage, opened: OpenBootloader) -> bool:
        """One session; ``False``: it failed, and another one may go on."""
        method = opened.method(Method(prn=self._plan.prn, pacing=self._plan.pacing))
        session = HostSession(
            init_packet=image.init_packet.encoded,
            firmware=image.firmware,
            framing=opened.framing(),
            prn=method.prn,
            pacing=method.pacing,
            checkpoints=self._checkpoints,
        )
        try:
            await transfer(
                session,
                opened.exchange,
                report=self._report,
                answer_timeout_s=opened.answer_timeout_s,
                now_s=self._road.now_s,
            )
        except FirmlineError as error:
            self._may_have_taken |= self._progress.last_execute_sent and may_hide_success(error)
            if not self._plan.recovers or not await opened.recover(error):
                raise
            return False
        return True

    def _finish(self, error: FirmlineError | None, seen: Seen | None = None) -> UpdateResult:
        now_s = self._road.now_s()
        finished = events.UpdateFinished(
            at_s=now_s,
            outcome=_outcome(error),
            code=error.code if error else "",
            message=error.message if error else seen.message if seen else "",
            size=self._accepted_size,
            duration_s=now_s - self._started_s,
            transfer_s=self._transfer_s,
            limit_share=self._limit.share,
            proof=None if seen is None else seen.proof,
            held_size=self._sent.held,
            sent_size=self._sent.sent,
        )
        self._sink(finished)
        return UpdateResult(finished=finished, error=error)

    def _road_over(self, link: AnyLink) -> Road:
        """The road over a link of this kind."""
        plan = self._plan
        briefing = Briefing(
            timeouts=plan.timeouts,
            report=self._report,
            progress=self._progress,
            expectation=plan.expectation,
        )
        if isinstance(link, UsbLink):
            return UsbRoad(link, briefing, ladder=self._ladder)
        if isinstance(link, PortLink):
            return SerialRoad(link, briefing)
        if plan.pin is None:
            raise LocalProtocolError("An update over a radio needs the unit's pin.")
        return RadioRoad(
            link=link,
            pin=plan.pin,
            timeouts=plan.timeouts,
            report=self._report,
            ladder=self._ladder,
            homecoming=self._homecoming,
            most_mtu=plan.most_mtu,
        )

    def _report(self, event: Event) -> None:
        stamped = events.stamp(event, self._road.now_s())
        listeners = (
            self._progress,
            self._ladder,
            self._homecoming,
            self._checkpoints,
            self._limit,
            self._sent,
        )
        for listener in listeners:
            listener.hear(stamped)
        self._sink(stamped)


def plan_for(
    package: Package,
    content: bytes,
    *,
    package_name: str,
    unit_name: str,
    pin: UnitPin | None,
    pacing: Pacing,
    timeouts: Timeouts | None = None,
    prn: int = 0,
    most_mtu: int | None = None,
    expectation: Expectation | None = None,
    checkpoint_s: Spacing = AUTO,
    recovers: bool = True,
) -> UpdatePlan:
    """The plan for a package that was read from ``content``."""
    return UpdatePlan(
        package=package,
        package_name=package_name,
        package_sha256=hashlib.sha256(content).hexdigest(),
        unit_name=unit_name,
        pin=pin,
        timeouts=timeouts or Timeouts(),
        pacing=pacing,
        prn=prn,
        most_mtu=most_mtu,
        expectation=expectation,
        checkpoint_s=checkpoint_s,
        recovers=recovers,
    )


def _introduced(plan: UpdatePlan) -> tuple[Event, ...]:
    """What is to be done, as the first events say it."""
    images = plan.package.images
    started = events.UpdateStarted(
        unit=plan.unit_name,
        package=plan.package_name,
        package_sha256=plan.package_sha256,
        images=tuple(image.kind for image in images),
        total_size=sum(len(image.firmware) for image in images),
    )
    return started, *describe_images(plan.package)


def interrupted(*, is_all_accepted: bool) -> TransportError | VerifyError:
    """How an update ends that somebody stops.

    Args:
        is_all_accepted: Whether the unit had accepted the last image: then it does the rest by
            itself, and only the end was not seen.
    """
    if is_all_accepted:
        return VerifyError(
            Code.INTERRUPTED,
            "The update was interrupted; the unit has accepted everything, and is activating it.",
            hint="Nothing has to be sent again: see which application runs, with firmline inspect.",
        )
    return TransportError(
        Code.INTERRUPTED,
        "The update was interrupted.",
        hint="Run the same command again; an update goes on where the unit says it is.",
        reason=TransportReason.LOST,
    )


def not_begun(plan: UpdatePlan, error: FirmlineError) -> tuple[Event, ...]:
    """The stream of an update whose link could not be opened: there is no clock, so no time."""
    finished = events.UpdateFinished(
        outcome=_outcome(error),
        code=error.code,
        message=error.message,
        size=0,
        duration_s=0.0,
        transfer_s=0.0,
    )
    return *_introduced(plan), finished


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
