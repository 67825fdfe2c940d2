"""Units that let in only those they are bonded with: pairing, the jump, and the same address."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.faults.plan import ApplicationCrash, BondMismatch, FaultPlan
from firmline.device.profile import SDK15_3_BLE, SDK17_1_BLE
from firmline.device.radio_face import ResetKind
from firmline.errors import Code, StoreError, TransportError
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.event_json import event_to_json
from firmline.formats.peer_data import PeerKeys, decode_peer_data
from firmline.links.base import BondUse
from firmline.links.bonds import MemoryBonds
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from integration.room import Room, bonded, ended, identical, in_a_room, nothing_was_sent, of
from unit.device.makers import ADDRESS, SETTINGS_PAGE, describe

pytestmark = pytest.mark.slow

PEER_DATA = SETTINGS_PAGE + 0x324


@pytest.mark.parametrize("profile", [SDK15_3_BLE, SDK17_1_BLE], ids=lambda profile: profile.name)
def test_a_unit_with_bonds_is_paired_with_and_updated_under_one_address(profile: Any) -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded(profile=profile))
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        assert {event.address for event in of(room, events.Connected)} == {ADDRESS}
        modes = [event.mode for event in of(room, events.Connected)]
        assert modes == [UnitMode.APPLICATION, UnitMode.BOOTLOADER, UnitMode.APPLICATION]
        assert [event.new_bond for event in of(room, events.LinkEncrypted)] == [True, False]
        assert (unit.firmware_revision or "").startswith("4+")

    in_a_room(story)


def test_the_second_update_goes_on_with_the_bond_of_the_first() -> None:
    async def story(room: Room) -> None:
        room.place(bonded())
        await room.update(ADDRESS)
        room.heard.clear()
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.UPDATED, "")
        assert [event.new_bond for event in of(room, events.LinkEncrypted)] == [False, False]

    in_a_room(story)


def test_the_keys_are_left_for_the_bootloader_and_cleaned_by_the_next_application() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        left: list[PeerKeys | None] = []

        def look(event: Event) -> None:
            if isinstance(event, events.ImageStarted):
                left.append(decode_peer_data(unit.board.flash.read(PEER_DATA, 64)))

        room.on_event = look
        await room.update(ADDRESS)
        (keys,) = left
        assert keys is not None
        assert list(unit.board.bonds) == [keys.address]
        assert unit.board.bonds[keys.address].ltk == keys.ltk
        assert unit.board.flash.read(PEER_DATA, 64) == b"\xff" * 64

    in_a_room(story)


def test_no_event_and_no_message_has_a_key_in_it() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await room.update(ADDRESS)
        (keys,) = unit.board.bonds.values()
        told = repr([event_to_json(event) for event in room.heard]) + repr(unit.log)
        for secret in (keys.ltk, keys.ltk[::-1]):
            assert secret.hex() not in told.lower()
            assert repr(secret) not in told
        assert keys.ltk.hex() not in repr(keys)
        assert repr(keys.ltk) not in repr(keys)

    in_a_room(story)


# A unit that is in its bootloader already.


async def left_in_its_bootloader(room: Room, address: BleAddress = ADDRESS) -> None:
    """An update that is broken off in the middle."""
    task = asyncio.ensure_future(room.update(address))

    def break_off(event: Event) -> None:
        if isinstance(event, events.ImageStarted):
            task.cancel()

    room.on_event = break_off
    with pytest.raises(asyncio.CancelledError):
        await task
    room.on_event = lambda _event: None
    room.heard.clear()


def test_a_unit_that_is_in_its_bootloader_is_known_by_its_bond() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await left_in_its_bootloader(room)
        assert unit.mode is UnitMode.BOOTLOADER
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.UPDATED, "")
        assert (unit.firmware_revision or "").startswith("4+")
        assert {event.address for event in of(room, events.Connected)} == {ADDRESS}

    in_a_room(story)


def test_a_bootloader_without_a_bond_at_the_same_address_is_not_taken_for_it() -> None:
    async def story(room: Room) -> None:
        # The unit with the address before it, in its bootloader, which is open to everyone.
        below = identical(BleAddress.parse("C6:05:04:03:02:00"), gpregret=0xB1)
        stranger, _ = room.place(below)
        before = stranger.board.flash.read(0, stranger.board.flash.size)
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
        assert nothing_was_sent(room)
        assert stranger.board.flash.read(0, stranger.board.flash.size) == before

    in_a_room(story)


def test_another_computer_cannot_get_in_and_is_told_why() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await left_in_its_bootloader(room)
        other = Room(room.radio, await room.radio.open_link())
        result = await other.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.BOND_MISSING)
        assert unit.mode is UnitMode.BOOTLOADER

    in_a_room(story)


# Bonds that cannot be kept.


def test_a_unit_whose_bond_cannot_be_kept_is_not_sent_into_its_bootloader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_store: MemoryBonds, _keys: PeerKeys) -> None:
        raise StoreError(Code.BONDS_UNUSABLE, "The disk is full.")

    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        with monkeypatch.context() as patch:
            patch.setattr(MemoryBonds, "put", full)
            result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.BONDS_UNUSABLE)
        assert result.finished.message == "The disk is full."
        assert unit.mode is UnitMode.APPLICATION
        assert nothing_was_sent(room)
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")

    in_a_room(story)


# Bonds that do not fit.


def test_an_application_that_has_forgotten_its_bond_is_paired_with_anew() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await room.update(ADDRESS)
        (old,) = unit.board.bonds.values()
        unit.board.bonds.clear()
        room.heard.clear()
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        used = [(event.new_bond, event.replaced_bond) for event in of(room, events.LinkEncrypted)]
        assert used == [(True, True), (False, False)]
        (new,) = unit.board.bonds.values()
        assert (new.address, new.ltk == old.ltk) == (old.address, False)

    in_a_room(story)


def test_the_old_bond_stays_where_no_new_one_may_be_made() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await room.update(ADDRESS)
        kept = dict(unit.board.bonds)
        unit.board.bonds.clear()
        connection = await room.link.connect(ADDRESS, timeout_s=15)
        with pytest.raises(TransportError, match=r"does not fit.*0x06") as caught:
            await connection.encrypt(may_pair=False, timeout_s=30)
        assert caught.value.code is Code.BOND_MISSING
        await connection.close()
        unit.board.bonds.update(kept)
        again = await room.link.connect(ADDRESS, timeout_s=15)
        assert await again.encrypt(may_pair=False, timeout_s=30) is BondUse.KNOWN
        await again.close()

    in_a_room(story)


def test_a_unit_with_other_keys_ends_the_connection_and_it_is_told_why() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await room.update(ADDRESS)
        (keys,) = unit.board.bonds.values()
        unit.board.bonds[keys.address] = replace(keys, ltk=bytes(16))
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.BOND_MISSING)
        assert "0x3D" in result.finished.message

    in_a_room(story)


def test_a_bootloader_that_expects_other_keys_is_told_as_a_bond_that_does_not_fit() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded(faults=FaultPlan(faults=(BondMismatch(),))))
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.BOND_MISSING)
        assert "does not fit" in result.finished.message
        assert unit.mode is UnitMode.BOOTLOADER
        assert nothing_was_sent(room)

    in_a_room(story)


def test_a_unit_with_bonds_that_comes_back_in_its_application_has_stayed() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded(faults=FaultPlan(faults=(ApplicationCrash(),))))
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.UNIT_STAYED_IN_APPLICATION)
        assert unit.mode is UnitMode.APPLICATION

    in_a_room(story)


# The link itself.


def test_a_channel_with_a_bond_is_closed_until_the_link_is_encrypted() -> None:
    async def story(room: Room) -> None:
        room.place(bonded())
        connection = await room.link.connect(ADDRESS, timeout_s=15)
        assert connection.needs_encryption
        with pytest.raises(TransportError) as caught:
            await connection.write(Channel.BUTTONLESS_BONDED, b"\x01")
        assert caught.value.context["att_status"] == 0x05
        with pytest.raises(TransportError, match="no bond"):
            await connection.encrypt(may_pair=False, timeout_s=30)
        assert await connection.encrypt(may_pair=True, timeout_s=30) is BondUse.NEW
        assert not connection.needs_encryption
        assert await connection.encrypt(may_pair=True, timeout_s=30) is BondUse.KNOWN
        await connection.write(Channel.BUTTONLESS_BONDED, b"\x07")
        received = await connection.receive(timeout_s=5)
        assert received.data == b"\x20\x07\x02"
        await connection.close()
        again = await room.link.connect(ADDRESS, timeout_s=15)
        with pytest.raises(TransportError) as caught:
            await again.write(Channel.BUTTONLESS_BONDED, b"\x01")
        assert caught.value.context["att_status"] == 0x0F
        assert await again.encrypt(may_pair=False, timeout_s=30) is BondUse.KNOWN
        await again.close()

    in_a_room(story)


def test_a_unit_that_makes_no_bonds_says_so() -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS))
        connection = await room.link.connect(ADDRESS, timeout_s=15)
        assert not connection.needs_encryption
        with pytest.raises(TransportError) as caught:
            await connection.encrypt(may_pair=True, timeout_s=30)
        assert caught.value.code is Code.BOND_MISSING
        await connection.close()

    in_a_room(story)


def test_a_unit_that_vanishes_while_it_pairs_is_a_lost_link() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        connection = await room.link.connect(ADDRESS, timeout_s=15)
        pairing = asyncio.ensure_future(connection.encrypt(may_pair=True, timeout_s=30))
        await asyncio.sleep(0.02)
        unit.reset(ResetKind.PIN, now_s=room.radio.now_s())
        room.radio._units[0].settle()
        with pytest.raises(TransportError) as caught:
            await pairing
        assert caught.value.code is Code.LINK_LOST
        await connection.close()

    in_a_room(story)


# The first buttonless service, and applications of other protocols.


def test_the_experimental_service_of_sdk_12_takes_a_unit_into_its_bootloader() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(describe(size=4_000, application_dfu=ApplicationDfu.EXPERIMENTAL))
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        assert (unit.firmware_revision or "").startswith("4+")
        lost = [event.hci_reason for event in of(room, events.LinkLost)]
        assert lost[0] == 0x13

    in_a_room(story)


@pytest.mark.parametrize(
    ("dfu", "code"),
    [
        (ApplicationDfu.LEGACY, Code.LEGACY_DFU),
        (ApplicationDfu.SMP, Code.SMP),
        (ApplicationDfu.NONE, Code.NO_BUTTONLESS),
    ],
)
def test_an_application_of_another_protocol_is_named_and_left_alone(
    dfu: ApplicationDfu, code: Code
) -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(describe(size=4_000, application_dfu=dfu))
        assert ended(await room.update(ADDRESS)) == (Outcome.FAILED, code)
        assert unit.mode is UnitMode.APPLICATION
        assert nothing_was_sent(room)

    in_a_room(story)
