"""A DFU host on Bumble's public API, as somebody else would write one; run as a program.

Usage: bumble_program.py TRANSPORT PACKAGE. Of firmline it takes the package reader and the host's
side of the protocol, neither of which does any I/O. It prints what it did, a JSON object a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from bumble.core import UUID
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.hci import Address
from bumble.transport import open_transport

from firmline.formats.package import PackageImage, read_package
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.host import HostSession
from firmline.protocol.pacing import FOR_BLUETOOTH
from firmline.protocol.steps import Fail, Pause, Write

SECURE_DFU = UUID.from_16_bits(0xFE59)
CONTROL, PACKET, BUTTONLESS = (
    UUID(f"8EC9000{number}-F315-4F60-9FB8-838830DAEA50") for number in (1, 2, 3)
)
ENTER_BOOTLOADER = b"\x01"
MTU = 247


def say(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")


def one_more(address: Address) -> Address:
    """The bootloader's address: the lowest byte, which Bumble puts first, plus 1."""
    octets = bytes(address)
    return Address(bytes([(octets[0] + 1) & 0xFF]) + octets[1:], Address.RANDOM_DEVICE_ADDRESS)


class Host:
    """One Bluetooth stack on one controller."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def find(self, address: Address | None = None) -> Address:
        """The address of a unit in the air: this one, or the first."""
        found: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

        def look(advertisement: Advertisement) -> None:
            if not found.done() and address in {None, advertisement.address}:
                found.set_result(advertisement.address)

        self.device.on("advertisement", look)
        await self.device.start_scanning()
        try:
            return await found
        finally:
            await self.device.stop_scanning()
            self.device.remove_listener("advertisement", look)

    async def connect(
        self, address: Address
    ) -> tuple[Connection, dict[UUID, CharacteristicProxy[bytes]], asyncio.Event]:
        """The connection, its DFU characteristics, and the event of its end."""
        connection = await self.device.connect(address)
        gone = asyncio.Event()
        connection.on("disconnection", lambda _reason: gone.set())
        peer = Peer(connection)
        await peer.request_mtu(MTU)
        (service,) = await peer.discover_service(SECURE_DFU)
        found = await service.discover_characteristics()
        return connection, {characteristic.uuid: characteristic for characteristic in found}, gone


async def enter_bootloader(host: Host, address: Address) -> None:
    _, characteristics, gone = await host.connect(address)
    buttonless = characteristics[BUTTONLESS]
    await buttonless.subscribe(host.heard.put_nowait, prefer_notify=False)
    await buttonless.write_value(ENTER_BOOTLOADER, with_response=True)
    say("indicated", data=(await host.heard.get()).hex())
    await gone.wait()


async def send(host: Host, address: Address, image: PackageImage) -> None:
    connection, characteristics, gone = await host.connect(address)
    await characteristics[CONTROL].subscribe(host.heard.put_nowait)
    session = HostSession(
        init_packet=image.init_packet.encoded,
        firmware=image.firmware,
        framing=BleFraming(mtu=connection.att_mtu),
        prn=8,
        pacing=FOR_BLUETOOTH,
    )
    effects = session.start()
    while True:
        for effect in effects:
            match effect:
                case Write(channel=Channel.CONTROL, data=data):
                    await characteristics[CONTROL].write_value(data, with_response=True)
                case Write(data=data):
                    await characteristics[PACKET].write_value(data, with_response=False)
                case Pause(duration_s=duration_s):
                    await asyncio.sleep(duration_s)
                case Fail(error=error):
                    raise error
        if session.finished:
            break
        effects = session.receive(await host.heard.get())
    say("sent", size=len(image.firmware), mtu=connection.att_mtu)
    await gone.wait()


async def main(transport: str, image: PackageImage) -> None:
    async with await open_transport(transport) as (source, sink):
        device = Device.with_hci("program", Address("F0:F1:F2:F3:F4:F5"), source, sink)
        await device.power_on()
        host = Host(device)
        address = await host.find()
        say("found", address=address.to_string(with_type_qualifier=False))
        await enter_bootloader(host, address)
        bootloader = await host.find(one_more(address))
        say("found", address=bootloader.to_string(with_type_qualifier=False))
        await send(host, bootloader, image)
        await host.find(address)
        say("back")


if __name__ == "__main__":
    (only,) = read_package(Path(sys.argv[2]).read_bytes(), name=sys.argv[2]).images
    asyncio.run(asyncio.wait_for(main(sys.argv[1], only), timeout=60))
