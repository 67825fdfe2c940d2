"""The fault ladder at work over a radio: from a failed session back to an open bootloader.

Rules of this module:

* What is done is decided by :mod:`firmline.updater.ladder`, and told as an event before it is done.
* The unit is looked for in its bootloader and in its application, and nowhere else: whatever
  happened to it, it is one of the two, or gone.
* After the EXECUTE behind the whole image a lost answer leaves open whether the unit has taken it,
  and only its bootloader can tell: it forgets an init packet whose image it has judged (bootloader
  spec, section 7). So it goes on with an image it has not judged, and is sent all of it again
  otherwise. Nothing is done before it has had the time to activate what it may have taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

from firmline import events
from firmline.errors import (
    Code,
    FirmlineError,
    LocalProtocolError,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
)
from firmline.events import Reporter, UnitMode
from firmline.links.base import USUAL_INTERVAL_S, Connection, Link, Received
from firmline.protocol.answers import Answer
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType
from firmline.protocol.framing import BleFraming, Framing
from firmline.protocol.reading import HeldObjects, read_progress
from firmline.protocol.requests import CreateObject, Request
from firmline.updater.dialogue import Dialogue
from firmline.updater.ending import Information
from firmline.updater.ladder import CHANGES_OBJECTS, Ladder, LadderStep, Step
from firmline.updater.observing import Observed
from firmline.updater.radio.entering import PinnedUnit
from firmline.updater.radio.settling import SETTLES_S, see_settled
from firmline.updater.road import Method
from firmline.updater.timeouts import Timeouts
from firmline.updater.unheard_end import may_hide_success, not_seen_again

RECEIPT_BYTES: Final = 80
"""Between two receipts: four chunks of 20 bytes, which a flash that takes 5 ms for each has written
within the round trip of a receipt, 30 ms; ours."""
SMALL_PACKETS: Final = (128, 20)
"""Bytes of packets that are made smaller, then smaller again: 20 fit the smallest MTU there is."""
LOOK_S: Final = {UnitMode.BOOTLOADER: 1.0, UnitMode.APPLICATION: 2.0}
"""In turns, for so many seconds: a bootloader advertises every 25 ms, an application less often."""
LONGER_INTERVAL_S: Final = 0.1
"""Room for an erase of 90 ms between two radio events (physics spec, section 1)."""
LEAST_LOOK_S: Final = 0.05
"""Below that no look is worth its while; ours."""
LEFT_ALONE_S: Final = 20.0
"""Between a last EXECUTE whose answer is missing and the next request. The unit may be at its last
object, at the hash over the image or at its settings: the init packet is gone by then, and a CREATE
would zero what the settings say of where the image is, so that the unit copies it from nowhere at
each boot, for ever (bootloader spec, sections 7 and 8). As long as the answer to an EXECUTE may
take; no option shortens it."""
REST_S: Final = 1.0
"""Between two looks at a unit that is left alone; ours."""
RESTARTS_BY_ITSELF: Final = 3
"""Returns into the application in one update that are no chance any more; ours."""
MOST_LINKS_LOST: Final = 3
"""With so many lost, objects go one by one: what is sent ahead has first to be learned from two of
them, and a link may not last for as long; ours."""
ANY_INIT_SIZE: Final = 1
"""Bytes of an init packet that is created only to have the progress of another one zeroed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the ladder has changed about how objects are sent.

    Attributes:
        slower: How often the time for the unit's flash was doubled.
        receipts: Whether packets are acknowledged.
        smaller: How often packets were made smaller.
        links_lost: How many links were lost so far.
        interval_is_short: Whether the present connection's interval is shorter than is usual, and
            a longer one can be asked for, which has not been done.
    """

    slower: int = 0
    receipts: bool = False
    smaller: int = 0
    links_lost: int = 0
    interval_is_short: bool = False

    def after(self, step: Step) -> Changes:
        """With one step more."""
        match step:
            case Step.LONGER_DELAY:
                return replace(self, slower=self.slower + 1)
            case Step.RECEIPTS:
                return replace(self, receipts=True)
            case Step.SMALLER_PACKETS:
                return replace(self, smaller=min(self.smaller + 1, len(SMALL_PACKETS)))
            case _:
                return self

    def mtu(self, mtu: int) -> int:
        """The MTU that is used of the one that was agreed upon; 3 bytes of it are the header."""
        return min(mtu, SMALL_PACKETS[self.smaller - 1] + 3) if self.smaller else mtu

    def method(self, planned: Method, *, packet_size: int) -> Method:
        """How objects are sent now."""
        factor = 2**self.slower
        # What was dropped or spoiled is looked for object by object, not ahead of the answers.
        is_unchanged = replace(self, links_lost=0, interval_is_short=False) == Changes()
        streams = planned.pacing.streams and is_unchanged and self.links_lost < MOST_LINKS_LOST
        pacing = replace(
            planned.pacing,
            streams=streams,
            after_free_s=planned.pacing.after_free_s * factor,
            before_retry_s=planned.pacing.before_retry_s * factor,
            leaves_starved=planned.pacing.leaves_starved and self.interval_is_short,
        )
        prn = planned.prn
        if self.receipts:
            most = max(1, RECEIPT_BYTES // packet_size)
            prn = min(prn, most) if prn else most
        return Method(prn=prn, pacing=pacing)


class RadioRecovery:
    """Keeps a unit's bootloader open, and opens it again: an exchange that outlives connections.

    Args:
        unit: The unit.
        link: The radio.
        ladder: Decides; hears every event of the update.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        most_mtu: Bytes; packets are made for no larger one. ``None``: as large as can be.

    Attributes:
        before: What the unit's application said of itself before any of the image was with it;
            ``None``: it was not seen running.
        fwid: Of its SoftDevice, where its radio tells.
    """

    def __init__(
        self,
        unit: PinnedUnit,
        *,
        link: Link,
        ladder: Ladder,
        timeouts: Timeouts,
        report: Reporter,
        most_mtu: int | None = None,
    ) -> None:
        self.before: Information | None = None
        self.fwid: int | None = None
        self._unit = unit
        self._link = link
        self._ladder = ladder
        self._timeouts = timeouts
        self._report = report
        self._changes = Changes()
        self._most_mtu = most_mtu
        self._reentered = 0
        self._has_asked_interval = False
        self._may_have_taken = False
        """Whether an answer to a last EXECUTE was missed in this update."""
        self._has_restarted = False
        """Whether a bootloader that took no packet has restarted since, and has its buffers."""
        self._came_s: float | None = None
        """When the unit was first looked for."""
        self._settles_at_s: float | None = None
        """When it has surely done what it was at before we came; ``None``: it was sent there by us,
        or has done it."""
        self._open: AsyncExitStack | None = None
        self._connection: Connection | None = None

    # The connection of the moment.

    @property
    def connection(self) -> Connection:
        """To the unit's bootloader."""
        if self._connection is None:
            raise LocalProtocolError("A unit's bootloader was used before it was open.")
        return self._connection

    async def write(self, channel: Channel, data: bytes) -> None:
        """See :class:`firmline.links.base.Exchange`."""
        await self.connection.write(channel, data)

    async def flush(self) -> None:
        """See :class:`firmline.links.base.Exchange`."""
        await self.connection.flush()

    async def receive(self, *, timeout_s: float) -> Received:
        """See :class:`firmline.links.base.Exchange`."""
        return await self.connection.receive(timeout_s=timeout_s)

    def framing(self) -> Framing:
        """What turns requests into bytes, after what the ladder has changed."""
        mtu = self.connection.mtu
        most = mtu if self._most_mtu is None else min(mtu, self._most_mtu)
        return BleFraming(mtu=self._changes.mtu(most))

    def method(self, planned: Method) -> Method:
        """How objects are sent, after what the ladder has changed."""
        return self._changes.method(planned, packet_size=self.framing().packet_size)

    async def enter(self) -> None:
        """Have the application jump; again where the connection to it fails.

        Raises:
            FirmlineError: As :meth:`~firmline.updater.radio.entering.PinnedUnit.enter_bootloader`.
        """
        missed: TransportError | None = None
        if self._came_s is None:
            self._came_s = self._link.now_s()
        while True:
            try:
                information = await self._unit.enter_bootloader()
            except TransportError as error:
                self.climb(error)
                missed = error
            except TargetRefusedError as refused:
                # An application that waits for its first answer to be confirmed is busy.
                raise missed or refused from refused
            else:
                self._settles_at_s = self._came_s + SETTLES_S if information is None else None
                if not self._may_have_taken:  # else it may be the new one
                    self.before = self.before or information
                return

    def climb(self, error: TransportError) -> None:
        """Decide that what failed on the road to an application is simply tried again.

        Raises:
            TransportError: ``error``: it was tried often enough, or is nothing that may pass.
        """
        may_pass = error.code in (Code.LINK_LOST, Code.LINK_TIMEOUT, Code.LINK_REFUSED)
        step = self._ladder.again(error) if may_pass else None
        if step is None:
            raise error
        self._tell(step, error)

    async def open(self, timeout_s: float) -> None:
        """Find the unit's bootloader and connect; again where the connection fails.

        Args:
            timeout_s: How long to look for it at first.

        Raises:
            TransportError: It is not there, or no connection holds.
            RemoteProtocolError: Its answers make no sense.
        """
        try:
            await self._connect(timeout_s)
            await self._let_settle()
        except (TransportError, RemoteProtocolError) as error:
            if not await self.recover(error):
                raise

    async def _let_settle(self) -> None:
        """Leave a unit alone that may still be at the image of an earlier run; follow it then.

        Raises:
            TransportError: It did not come back; the link failed.
            RemoteProtocolError: Its answers made no sense.
        """
        while self._settles_at_s is not None:
            rest_s = self._settles_at_s - self._link.now_s()
            try:
                await see_settled(self.connection, self._dialogue(), rest_s=rest_s)
                self._settles_at_s = None
            except TransportError as error:
                step = self._ladder.again(error) if error.reason is TransportReason.LOST else None
                if step is None:
                    raise
                self._report(events.LinkLost(hci_reason=error.hci_reason, expected=True))
                await self.close()
                self._tell(step, error)
                await self._connect_again(step, error, within_s=self._timeouts.return_s)

    async def close(self, error: BaseException | None = None) -> None:
        """Give the connection back; a loss that ended it is reported."""
        stack, self._open, self._connection = self._open, None, None
        if stack is not None:
            kind = None if error is None else type(error)
            trace = None if error is None else error.__traceback__
            await stack.__aexit__(kind, error, trace)

    async def _connect(self, timeout_s: float) -> None:
        stack = AsyncExitStack()
        found = self._unit.bootloader(timeout_s=timeout_s)
        self._connection = await stack.enter_async_context(found)
        self._open = stack
        interval_s = self._connection.interval_s
        is_short = interval_s is not None and interval_s < USUAL_INTERVAL_S
        may_ask = self._link.capabilities.connection_parameters and not self._has_asked_interval
        self._changes = replace(self._changes, interval_is_short=is_short and may_ask)
        version = await self._unit.radio_version(self._connection)
        if version is not None:
            self.fwid = version.softdevice_fwid

    async def held(self, timeout_s: float) -> HeldObjects | None:
        """Ask a bootloader that the unit has come back into what it holds of an update.

        Args:
            timeout_s: How long to look for it.

        Returns:
            ``None``: it could not be asked, or its answers make no sense.
        """
        try:
            await self._connect(timeout_s)
            return await self._dialogue().run(read_progress())
        except (TransportError, RemoteProtocolError, TargetRefusedError):
            return None
        finally:
            await self.close()

    # The ladder.

    async def recover(self, error: FirmlineError) -> bool:
        """Take one step, or more where the way back fails too; whether a new session may begin.

        Raises:
            VerifyError: The answer to the last EXECUTE is missing, and with it the unit.
            FirmlineError: What the way back has ended with, where that says more than ``error``.
        """
        first = error
        while True:
            await self._await_activation(error)
            step = self._ladder.decide(error)
            if step is None:
                break
            self._tell(step, error)
            try:
                await self._take(step, error)
            except (TransportError, RemoteProtocolError, TargetRefusedError) as again:
                error = again
            else:
                return True
        if self._ladder.session.observed(error) is Observed.BUFFERS_GONE:
            raise (_no_packet_arrives() if self._has_restarted else _buffers_gone()) from error
        if isinstance(error, TransportError) and self._reentered >= RESTARTS_BY_ITSELF:
            error.hint = (
                f"The unit has restarted by itself {self._reentered} times in its bootloader."
                " Leave its cell in, and give the trace to firmline diagnose. A bench supply in"
                " parallel to the seated cell tells whether its supply breaks down; if the unit"
                " does the same with it, its application's watchdog may run on in the bootloader."
            )
        if error is not first:
            raise error from first
        return False

    async def _take(self, step: LadderStep, error: FirmlineError) -> None:
        """Do what was decided; the bootloader is open afterwards."""
        if step.step in CHANGES_OBJECTS:
            self._changes = self._changes.after(step.step)
        if step.observed in (Observed.LINK_LOST, Observed.PLACE_LOST_WITH_LINK):
            self._changes = replace(self._changes, links_lost=self._changes.links_lost + 1)
        if step.step is Step.LONGER_INTERVAL:
            self._ask_longer_interval(step.observed)
        if step.step is Step.RESTART:
            await self._restart(step, error)
        is_new = not self._is_usable(step, error)
        if is_new:
            await self._connect_again(step, error)
        dialogue = self._dialogue()
        if not is_new:
            await dialogue.settle()
        if step.step is Step.FRESH_START:
            await dialogue.run(_zero_progress())
            await dialogue.settle()

    def _ask_longer_interval(self, observed: Observed) -> None:
        """Have the next connection's events further apart: for a write, or for a whole erase."""
        self._has_asked_interval = True
        address = self._unit.bootloader_address
        is_starved = observed is Observed.FLASH_STARVED
        if address is not None:
            self._link.ask_interval(address, USUAL_INTERVAL_S if is_starved else LONGER_INTERVAL_S)

    def _is_usable(self, step: LadderStep, error: FirmlineError) -> bool:
        """Whether the connection is as good as a new one: every question in it is answered.

        SDK 16 and 17 lose the place in the image with the link, so it is not given up lightly.
        """
        is_left = step.step is Step.LONGER_INTERVAL or step.observed is Observed.WRONG_IN_FLASH
        if error.code is Code.PACKETS_REPEATED and step.step is Step.RECEIPTS:
            return self._open is not None
        if self._open is None or is_left:
            return False
        return isinstance(error, TargetRefusedError) or error.code in (
            Code.OBJECT_DAMAGED,
            Code.PROGRESS_LOST,
        )

    async def _connect_again(
        self, step: LadderStep, error: FirmlineError, *, within_s: float | None = None
    ) -> None:
        """Find the unit wherever it is now, and open its bootloader.

        Args:
            step: What was decided.
            error: Why.
            within_s: How long to look for it; ``None``: as always.
        """
        within_s = self._timeouts.search_s if within_s is None else within_s
        if step.observed is Observed.WRONG_IN_FLASH and self._connection is not None:
            await self._unit.await_drop(self._connection)  # its reset follows (section 4)
        await self.close(error)
        mode = await self._find(within_s)
        if mode is None:
            raise TransportError(
                Code.UNIT_NOT_FOUND,
                "The link to the unit was lost, and it was not seen again within"
                f" {within_s:g} s, neither in its bootloader nor in its application.",
                reason=TransportReason.NOT_FOUND,
            )
        if mode is UnitMode.APPLICATION:
            self._reentered += 1
            self._tell(
                replace(step, step=Step.REENTER), error, reason="The unit is in its application."
            )
            await self.enter()
        await self._connect(self._timeouts.search_s)

    async def _find(self, timeout_s: float) -> UnitMode | None:
        """In which mode the unit is in the air; ``None``: in none.

        It is looked for in one after the other: not every radio can look for two at once.
        """
        until_s = self._link.now_s() + timeout_s
        while (left_s := until_s - self._link.now_s()) >= LEAST_LOOK_S:
            mode = await self._unit.look(
                bootloader_s=min(left_s, LOOK_S[UnitMode.BOOTLOADER]),
                application_s=min(left_s, LOOK_S[UnitMode.APPLICATION]),
            )
            if mode is not None:
                return mode
        return None

    async def _find_settled(self, settled_s: float) -> UnitMode | None:
        """In which mode the unit is once it has done what the last EXECUTE may have begun.

        Args:
            settled_s: When it surely has.
        """
        until_s = settled_s + self._timeouts.return_s
        while True:
            mode = await self._find(until_s - self._link.now_s())
            if mode is not UnitMode.BOOTLOADER or self._link.now_s() >= settled_s:
                return mode
            await asyncio.sleep(REST_S)

    async def _restart(self, step: LadderStep, error: FirmlineError) -> None:
        """Have the bootloader reset: by request, or by leaving it alone for long enough."""
        if self._connection is not None:
            try:
                if await self._dialogue().ask_to_restart():
                    await self._connection.wait_closed(timeout_s=self._timeouts.drop_s)
                    self._report(events.LinkLost(hci_reason=None, expected=True))
            except TransportError as failed:
                if failed.reason is not TransportReason.LOST:
                    self._tell(replace(step, step=Step.AWAIT_RESET), error)
                    await self.close(error)
                    # Its application is what comes after the reset, if it is valid.
                    waits = self._timeouts.inactivity_s
                    seen = await self._unit.is_seen(UnitMode.APPLICATION, timeout_s=waits)
                    self._has_restarted |= bool(seen)
                    return
            self._has_restarted = True
        await self.close()

    async def _await_activation(self, error: FirmlineError) -> None:
        """See the unit again, if only the answer to the last EXECUTE is missing, or makes no sense.

        What it says to that EXECUTE is its verdict, then it resets: asked anything in between, it
        would save new progress beside the image that it is about to activate.

        Raises:
            VerifyError: It is nowhere.
        """
        if not (self._ladder.session.last_execute_sent and may_hide_success(error)):
            return
        self._may_have_taken = True
        settled_s = self._link.now_s() + LEFT_ALONE_S
        if isinstance(error, TargetRefusedError) and self._connection is not None:
            await self._unit.await_drop(self._connection)  # if it has taken it, its reset follows
        await self.close(error)
        if await self._find_settled(settled_s) is None:
            raise not_seen_again(self._timeouts.return_s) from error

    def _dialogue(self) -> Dialogue:
        return Dialogue(
            self.connection,
            self.framing(),
            report=self._report,
            answer_timeout_s=self._timeouts.answer_s,
        )

    def _tell(self, step: LadderStep, error: FirmlineError, *, reason: str = "") -> None:
        self._report(
            events.LadderStepped(
                step=step.step.value,
                fault=step.observed.value,
                attempt=step.attempt,
                reason=reason or error.message,
                code=str(error.code),
            )
        )


def _zero_progress() -> Generator[Request | events.Event, Answer | None, None]:
    """CREATE of a command object zeroes the progress of the whole image (section 3)."""
    yield CreateObject(object_type=ObjectType.COMMAND, size=ANY_INIT_SIZE)


def _buffers_gone() -> RemoteProtocolError:
    return RemoteProtocolError(
        Code.BUFFERS_GONE,
        "The unit's bootloader answers but takes no packet any more: refused writes have cost it"
        " its receive buffers, and it did not get them back.",
    )


def _no_packet_arrives() -> RemoteProtocolError:
    return RemoteProtocolError(
        Code.NO_PACKET_ARRIVES,
        "The unit's bootloader answers, and nothing of what is written to it as data arrives, also"
        " after it has restarted and has all of its receive buffers: the packets get lost on the"
        " way.",
    )
