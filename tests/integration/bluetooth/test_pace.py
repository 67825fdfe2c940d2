"""Why a unit confirms every eight packets where no system holds the host back.

In virtual time, with the unit's flash and the radio's timing: four packets in a connection event,
as phones and computers send them.
"""

from __future__ import annotations

import pytest

from firmline import events
from firmline.device.fabrication import fabricate, physics_of
from firmline.events import Event, Outcome
from firmline.links.bluetooth.link import BluetoothLink
from firmline.links.open_many import prn_for
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import FOR_BLUETOOTH
from firmline.updater.update import Update, UpdateResult, plan_for
from integration.bluetooth.bleak_over_bumble import Computer
from integration.story import package
from unit.device.makers import describe

pytestmark = pytest.mark.slow
SIZE = 60_000


def update(
    *, prn: int | None = None, room: int | None = None
) -> tuple[UpdateResult, list[Event], Computer]:
    """One update as firmline update does it, but for the PRN where one is given."""
    heard: list[Event] = []

    async def go() -> tuple[UpdateResult, Computer]:
        description = describe(size=4_000)
        unit = fabricate(description, physics=physics_of(description))
        radio = open_virtual_radio(timed=True, packets_per_event=4)
        computer = Computer(radio=radio, room=room)
        unit.power_on(now_s=radio.now_s())
        radio.add_unit(unit)
        link = BluetoothLink(stack=computer.stack)
        plan = plan_for(
            package(SIZE),
            b"",
            package_name="update.zip",
            unit_name="ble:",
            pin=unit.address,
            pacing=FOR_BLUETOOTH,
            prn=prn_for(link.capabilities) if prn is None else prn,
        )
        try:
            return await Update(plan, link=link, report=heard.append).run(), computer
        finally:
            await link.close()
            await radio.close()

    result, computer = run_in_virtual_time(go())
    return result, heard, computer


def repeated(heard: list[Event]) -> int:
    return sum(isinstance(event, events.ObjectRepeated) for event in heard)


def test_a_system_that_drops_what_it_has_no_room_for_is_never_given_so_much() -> None:
    result, heard, computer = update(room=8)
    assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
    assert (repeated(heard), computer.dropped) == (0, 0)


def test_without_the_confirmations_it_would_lose_packets_and_send_them_again() -> None:
    result, _, computer = update(prn=0, room=8)
    assert computer.dropped > 0
    assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
