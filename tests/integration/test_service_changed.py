"""Service Changed over the air: hosts that remember services, and ours, which does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from bumble.core import UUID

from firmline import events
from firmline.errors import TransportError
from firmline.events import Outcome, UnitMode
from firmline.formats.peer_data import SERVICE_CHANGED_CCCD
from firmline.links.bumble.connection import BumbleConnection
from firmline.protocol.buttonless import encode_enter_bootloader
from firmline.protocol.channels import Channel
from integration.room import Room, bonded, ended, in_a_room, of
from unit.device.makers import ADDRESS

CHANGED = SERVICE_CHANGED_CCCD - 1
"""The value's handle: its CCCD is behind it."""
ABORT = b"\x0c"
PRODUCT = SERVICE_CHANGED_CCCD + 1
"""Where the services of a product begin."""


@dataclass
class Remembering:
    """A host that remembers services of whom it is bonded with, until it is told of a change."""

    connection: BumbleConnection
    heard: list[tuple[int, bytes]] = field(default_factory=list)

    @classmethod
    def listening(cls, connection: BumbleConnection) -> Remembering:
        host = cls(connection)
        hand_on: Callable[[int, bytes], None] = connection._client._on_value

        def hear(handle: int, value: bytes) -> None:
            host.heard.append((handle, value))
            hand_on(handle, value)

        connection._client._on_value = hear
        return host

    async def subscribe(self) -> None:
        await self.connection._client.write(SERVICE_CHANGED_CCCD, b"\x02\x00", "a CCCD")

    @property
    def changes(self) -> list[bytes]:
        return [value for handle, value in self.heard if handle == CHANGED]


async def meet(room: Room, *, may_pair: bool = False) -> Remembering:
    connection = await room.link.connect(ADDRESS, timeout_s=15)
    host = Remembering.listening(connection)
    await connection.encrypt(may_pair=may_pair, timeout_s=30)
    # Two round trips later it has been told, and has confirmed.
    await connection.device_information()
    await connection.remote_version(timeout_s=5)
    return host


def test_a_bonded_host_is_told_in_the_bootloader_and_back_in_the_application() -> None:
    async def story(room: Room) -> None:
        room.place(bonded())
        host = await meet(room, may_pair=True)
        assert host.changes == []
        await host.subscribe()
        await host.connection.write(Channel.BUTTONLESS_BONDED, encode_enter_bootloader())
        await host.connection.receive(timeout_s=5)
        await host.connection.wait_closed(timeout_s=10)
        host = await meet(room)
        assert Channel.CONTROL in host.connection.channels
        assert host.changes == [b"\x0c\x00\xff\xff"]
        with pytest.raises(TransportError):  # it resets before it has answered
            await host.connection.write(Channel.CONTROL, ABORT)
        host = await meet(room)
        assert host.changes == [b"\x0c\x00\xff\xff"]
        await host.connection.close()
        host = await meet(room)
        assert host.changes == []

    in_a_room(story)


def test_the_product_s_services_begin_at_the_same_handle_in_both_modes() -> None:
    async def story(room: Room) -> None:
        room.place(bonded())
        begins: list[int] = []

        async def look(connection: BumbleConnection) -> None:
            services = await connection._client.discover_services()
            begins.extend(
                service.handle for service in services if service.uuid == UUID.from_16_bits(0xFE59)
            )

        host = await meet(room, may_pair=True)
        await look(host.connection)
        await host.connection.write(Channel.BUTTONLESS_BONDED, encode_enter_bootloader())
        await host.connection.receive(timeout_s=5)
        await host.connection.wait_closed(timeout_s=10)
        host = await meet(room)
        assert Channel.CONTROL in host.connection.channels
        await look(host.connection)
        assert begins == [PRODUCT, PRODUCT]

    in_a_room(story)


@pytest.mark.slow
def test_an_update_goes_through_between_the_changes_it_is_told_of() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        told = [entry for entry in unit.log if entry.what == "change_confirmed"]
        assert told == []  # our host asks for the services every time, and has not subscribed
        for address, keys in unit.board.bonds.items():
            unit.board.bonds[address] = replace(keys, hears_changes=True)
        room.heard.clear()
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        told = [entry for entry in unit.log if entry.what == "change_confirmed"]
        assert told
        modes = [event.mode for event in of(room, events.Connected)]
        assert modes == [UnitMode.APPLICATION, UnitMode.BOOTLOADER, UnitMode.APPLICATION]

    in_a_room(story)


def test_answers_and_changes_are_confirmed_in_their_order() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await room.update(ADDRESS)
        (peer,) = unit.board.bonds
        unit.board.bonds[peer] = replace(unit.board.bonds[peer], hears_changes=True)
        unit.board.unaware.add(peer)
        connection = await room.link.connect(ADDRESS, timeout_s=15)
        host = Remembering.listening(connection)
        await connection.encrypt(may_pair=False, timeout_s=30)
        # The answer waits for the confirmation of the change, which comes first.
        await connection.write(Channel.BUTTONLESS_BONDED, b"\x07")
        received = await connection.receive(timeout_s=5)
        assert received.data == b"\x20\x07\x02"
        assert [value for _, value in host.heard] == [b"\x0c\x00\xff\xff", b"\x20\x07\x02"]

    in_a_room(story)
