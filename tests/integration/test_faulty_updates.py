"""Faults as a host meets them: over the virtual radio, with physics, in virtual time.

How an update of each faulty unit ends is in the fault matrix (``test_fault_matrix.py``); here is
what that does not show.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from bumble.core import UUID

from firmline import events
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import (
    BondMismatch,
    CorruptedPackets,
    Direction,
    Fault,
    FaultPlan,
    LegacyBootloader,
    LinkLoss,
    LostPackets,
    StuckGpregret,
    WrongAddress,
)
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Outcome, UnitMode
from firmline.links.bumble.central import BumbleLink
from firmline.links.gatt import LEGACY_CONTROL, LEGACY_DFU_SERVICE, LEGACY_PACKET
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.channels import Channel
from firmline.updater.radio.returning import STAYS_S
from firmline.updater.timeouts import Timeouts
from integration.story import Told, update
from unit.device.makers import ADDRESS, BANK_0, PAGE, describe

pytestmark = pytest.mark.slow
APPLICATION, BOOTLOADER = UnitMode.APPLICATION, UnitMode.BOOTLOADER
FROM_UNIT = Direction.FROM_UNIT
BANK_1 = BANK_0 + 5 * PAGE
IN_THE_IMAGE = 700
"""A flash operation behind both settings pages and before the end of the image."""


def updated_with(*faults: Fault, seed: int = 1) -> Told:
    return update(describe(faults=FaultPlan(faults=faults, seed=seed)))


def test_the_same_seed_is_the_same_run_to_the_byte_of_the_log() -> None:
    def log_of(seed: int) -> str:
        told = updated_with(LostPackets(share=0.05), CorruptedPackets(share=0.01), seed=seed)
        return repr(told.unit.log)

    assert log_of(7) == log_of(7)
    assert log_of(7) != log_of(8)


def test_the_reason_of_a_lost_link_is_what_the_host_sees() -> None:
    told = updated_with(LinkLoss(after_packets=5, reason=0x3E))
    losses = [event for event in told.heard if isinstance(event, events.LinkLost)]
    assert [(event.hci_reason, event.expected) for event in losses] == [
        (0x08, True),
        (0x3E, False),
        (0x13, True),
    ]


def test_a_unit_that_stays_in_its_bootloader_is_not_waited_for_to_the_end() -> None:
    told = updated_with(StuckGpregret())
    assert told.result.finished.outcome is Outcome.UNVERIFIED
    assert told.result.finished.code == Code.UNIT_DID_NOT_RETURN
    assert "is in its bootloader again" in told.result.finished.message
    (sent,) = (event for event in told.heard if isinstance(event, events.ImageSent))
    waited_s = told.heard[-1].at_s - sent.at_s
    assert STAYS_S < waited_s < Timeouts().return_s / 2


# Connecting to a bootloader that is not what it should be.


def meet(fault: Fault, story: Callable[[BumbleLink], Awaitable[None]]) -> None:
    """A story with a unit that stuck in its bootloader, and this fault."""
    description = describe(faults=FaultPlan(faults=(fault, StuckGpregret())))
    unit = fabricate(description, physics=physics_of(description))

    async def main() -> None:
        radio = open_virtual_radio(timed=True)
        try:
            unit.power_on(now_s=radio.now_s())
            radio.add_unit(unit)
            await story(await radio.open_link())
        finally:
            await radio.close()

    run_in_virtual_time(main())


def test_a_legacy_bootloader_has_a_service_of_its_own_and_no_channel() -> None:
    async def story(link: BumbleLink) -> None:
        sighting = await link.find(ADDRESS.plus_one(), timeout_s=5)
        assert (sighting.name, sighting.services) == ("DfuTarg", frozenset())
        connection = await link.connect(sighting.address, timeout_s=5)
        assert connection.channels == frozenset()
        assert (await connection.device_information()).firmware_revision is None
        (service,) = (
            service
            for service in await connection._client.discover_services()
            if service.uuid == UUID(LEGACY_DFU_SERVICE)
        )
        control, packet = await connection._client.discover_characteristics((), service)
        assert (control.uuid, packet.uuid) == (UUID(LEGACY_CONTROL), UUID(LEGACY_PACKET))
        for handle in (control.handle, control.handle + 1, packet.handle):
            with pytest.raises(TransportError) as caught:
                await connection._client.write(handle, b"\x01\x00", "a write")
            assert caught.value.reason is TransportReason.REFUSED
        connection._client.post(packet.handle, b"nobody is there")
        await connection.close()

    meet(LegacyBootloader(), story)


def test_a_connection_to_a_bootloader_with_other_keys_is_lost_at_once() -> None:
    async def story(link: BumbleLink) -> None:
        for _ in range(3):
            sighting = await link.find(ADDRESS, timeout_s=5)
            assert sighting.name == "DfuTarg"
            with pytest.raises(TransportError) as caught:
                await link.connect(sighting.address, timeout_s=5)
            assert caught.value.reason is TransportReason.LOST
            assert caught.value.hci_reason == 0x3D

    meet(BondMismatch(), story)


def test_a_bootloader_at_a_wrong_address_takes_an_update_there() -> None:
    async def story(link: BumbleLink) -> None:
        with pytest.raises(TransportError):
            await link.find(ADDRESS.plus_one(), timeout_s=5)
        connection = await link.connect(ADDRESS.plus_one().plus_one(), timeout_s=5)
        assert Channel.CONTROL in connection.channels

    meet(WrongAddress(), story)
