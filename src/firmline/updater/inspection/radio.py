"""One inspection of one unit: what it is made of, read without changing it.

Rules of this module:

* Unless the user asks for more nothing is touched: what the application and the radio say is read
  where the unit is. Only who wants its bootloader asked has it restart into that, and only if it is
  the unit that was pinned (:mod:`firmline.updater.radio.entering`).
* A unit is left as it was found. One that was taken out of its application is sent back to it and
  seen running, whatever happened in between; one that was found in its bootloader stays there.
* Probes take the place of the init packet that a bootloader holds in RAM, so an update that was
  begun is not probed unless its loss is accepted.
* What was found until something failed is kept: the result has both.

How a unit gets back (secure-dfu-bootloader spec, sections 2.5 and 10): ABORT resets it at once,
also with the reduced protocol, and GPREGRET was cleared when it entered, so that a valid
application is started. Where ABORT does nothing, the bootloader resets itself 120 s after the last
CREATE. No flash work of ours can be under way then: no probe leads to any.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from firmline.errors import (
    Code,
    LocalProtocolError,
    TransportError,
)
from firmline.events import Event, FactFound, How, Reporter, UnitMode, UnitSeen
from firmline.links.base import Connection, Link
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection import facts
from firmline.updater.inspection.link import LinkInspection
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.questions import ask_bootloader
from firmline.updater.inspection.record import not_back, one_then_other
from firmline.updater.radio.entering import PinnedUnit
from firmline.updater.radio.settling import SETTLES_S, see_settled


class Inspection(LinkInspection[Link]):
    """Carries out one plan over one radio; see :class:`LinkInspection`."""

    def __init__(self, plan: InspectionPlan, *, link: Link, report: Reporter) -> None:
        super().__init__(plan, link=link, report=report)
        if plan.pin is None:
            raise LocalProtocolError("An inspection over a radio needs the unit's pin.")
        self._unit = PinnedUnit(
            link=link, pin=plan.pin, timeouts=plan.timeouts, report=self._report
        )
        self._came_s = 0.0

    async def _inspect(self) -> None:
        self._came_s = self._link.now_s()
        there = await self._unit.search.find()
        if there is None:
            await self._read_bootloader()
            return
        async with self._unit.application.met(there) as connection:
            if connection is not None and Channel.CONTROL in connection.channels:
                # With a bond the bootloader keeps the application's address (section 11).
                await self._ask_and_send_back(connection)
                return
            if connection is not None:
                await self._read_application(connection)
        if connection is None:  # but the bootloader of the unit whose address comes before
            await self._unit.search.find_beside_another()
        elif not self._plan.enters:
            return
        else:
            self._record.entered, self._record.left_in = True, None  # whatever becomes of the jump
            await self._unit.enter_bootloader()
        await self._read_bootloader()

    # Its application.

    async def _read_application(self, connection: Connection) -> None:
        self._record.left_in = UnitMode.APPLICATION
        self._keep(facts.facts_of_application(connection.services, connection.channels))
        self._keep(facts.facts_of_information(await self._unit.read_information(connection)))
        level = await connection.battery_level()
        if level is not None:
            self._keep([FactFound(fact="battery_level", value=str(level), how=How.BATTERY_SERVICE)])
        version = await self._unit.radio_version(connection)
        if version is not None:
            self._keep(facts.facts_of_radio(version))

    # Its bootloader.

    async def _read_bootloader(self) -> None:
        """Find the bootloader, which is recognised by its address, and ask it."""
        try:
            async with self._unit.bootloader(timeout_s=self._plan.timeouts.search_s) as connection:
                await self._ask_and_send_back(connection)
        except TransportError as error:
            if error.code is Code.LEGACY_DFU:
                mode = FactFound(fact="mode", value=facts.LEGACY_BOOTLOADER, how=How.SERVICES)
                self._record.left_in = UnitMode.BOOTLOADER
                self._keep([mode])
            raise

    async def _ask_and_send_back(self, connection: Connection) -> None:
        self._record.left_in = UnitMode.BOOTLOADER
        dialogue = Dialogue(
            connection,
            BleFraming(mtu=connection.mtu),
            report=self._report,
            answer_timeout_s=self._plan.timeouts.answer_s,
        )
        await one_then_other(
            partial(self._ask_bootloader, connection, dialogue),
            partial(self._send_back, connection, dialogue),
            unless_lost=True,
        )

    async def _ask_bootloader(self, connection: Connection, dialogue: Dialogue) -> None:
        mode = FactFound(fact="mode", value=UnitMode.BOOTLOADER.value, how=How.SERVICES)
        self._keep([mode])
        version = await self._unit.radio_version(connection)
        if version is not None:
            self._keep(facts.facts_of_radio(version))
        if self._plan.probes is not None and not self._record.entered:
            rest_s = self._came_s + SETTLES_S - self._link.now_s()
            await see_settled(connection, dialogue, rest_s=rest_s)
        await ask_bootloader(dialogue, self._plan, self._record)

    # The way back.

    async def _send_back(self, connection: Connection, dialogue: Dialogue) -> None:
        """Ask for the reset that leads back into the application."""
        if self._goes_back and await dialogue.ask_to_restart():
            await self._unit.await_drop(connection)

    async def _see_return(self) -> None:
        """See the application run again: at once, or when the bootloader gives up by itself."""
        waits = self._plan.timeouts.inactivity_s
        self._record.left_in = None
        there = False
        home = await self._unit.application.see(timeout_s=waits, back=True)
        if home is not None:
            async with self._unit.application.met(home) as connection:
                there = connection is not None and Channel.CONTROL in connection.channels
                if connection is not None and not there:
                    await self._unit.read_information(connection)
                    self._record.left_in = UnitMode.APPLICATION
                    return
        there = there or await self._unit.is_seen(
            UnitMode.BOOTLOADER, timeout_s=self._plan.timeouts.already_there_s
        )
        self._record.left_in = UnitMode.BOOTLOADER if there else None
        raise not_back(in_bootloader=there, waited_s=waits)

    # What is told.

    def _keep(self, found: Iterable[FactFound]) -> None:
        self._record.keep(found)

    def _report(self, event: Event) -> None:
        self._record.report(event)
        if isinstance(event, UnitSeen):
            self._advertised(event)

    def _advertised(self, seen: UnitSeen) -> None:
        """What an advertisement says; of the application and the bootloader alike.

        How strong it is differs every time, so the first one counts.
        """
        if seen.rssi_dbm is not None and not any(
            fact.fact == "rssi_dbm" for fact in self._record.facts
        ):
            self._keep([_advertised_fact("rssi_dbm", seen.rssi_dbm)])
        self._keep(
            _advertised_fact(name, value)
            for name, value in (("name", seen.name), ("address", seen.address))
            if value
        )


def _advertised_fact(fact: str, value: object) -> FactFound:
    return FactFound(fact=fact, value=str(value), how=How.ADVERTISING)
