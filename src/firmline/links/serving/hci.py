"""A BLE unit behind Bluetooth controllers: each client's Bluetooth stack gets one of its own.

The controllers share the virtual air with the unit. A stream carries HCI packets with their type in
front (H4), as a controller on a UART does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any, Final

from bumble.core import InvalidPacketError
from bumble.transport.common import PacketParser

from firmline.device.unit import VirtualUnit
from firmline.links.quiet import quiet_log
from firmline.links.serving.place import Place, Road
from firmline.links.serving.sockets import HOST, accepting, listen_at_path, listen_on_port
from firmline.links.serving.witness import BOOTED_AFTER_S, Witness
from firmline.links.virtual_radio.controller import RadioController
from firmline.links.virtual_radio.radio import VirtualRadio

READ_SIZE: Final = 4096
MAX_UNREAD: Final = 1_048_576
"""Bytes that are kept for a client which does not read them; then it is sent away, since a host
that has missed an event is lost."""


class ServedRadio:
    """A virtual air with one unit, in which every client gets a controller.

    Args:
        unit: The unit, switched off.
        radio: Its air.
        witness: Told of the clients.
    """

    def __init__(self, unit: VirtualUnit, radio: VirtualRadio, witness: Witness) -> None:
        self._unit = unit
        self._radio = radio
        self._witness = witness
        self._numbers = count(1)

    def power_on(self) -> None:
        """The unit is here, switched on a moment ago: it has booted, and is in the air."""
        now_s = self._radio.now_s()
        self._unit.power_on(now_s=now_s - BOOTED_AFTER_S)
        self._unit.wake(now_s=now_s)
        self._radio.add_unit(self._unit)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give a client its controller, until it leaves."""
        number = next(self._numbers)
        controller = self._radio.add_controller(f"client {number}")
        commands = _Commands(controller)
        controller.set_packet_sink(_Events(writer, commands))
        self._witness.client("connected", client=number)
        try:
            await _pump(reader, writer, commands)
        finally:
            controller.vanish()
            facts = {"why": commands.problem} if commands.problem else {}
            self._witness.client("left", client=number, **facts)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, commands: _Commands
) -> None:
    """Hand packets over until the client leaves, or sends what is none."""
    parser = PacketParser(commands)
    while not commands.problem and (data := await reader.read(READ_SIZE)):
        try:
            parser.feed_data(data)
        except InvalidPacketError as problem:
            commands.problem = f"its bytes are no HCI packets: {problem}"
        await writer.drain()


class _Commands:
    """The way to a controller.

    Attributes:
        problem: Why the client is sent away.
    """

    def __init__(self, controller: RadioController) -> None:
        self.problem = ""
        self._controller = controller

    def on_packet(self, packet: bytes) -> None:
        """Hand a packet over."""
        if self.problem:
            return
        try:
            self._controller.on_packet(packet)
        except Exception as problem:  # noqa: BLE001 - Bumble meets bad packets with any of them
            kind = type(problem).__name__
            self.problem = f"its controller cannot take {packet[:16].hex(' ').upper()} ({kind})"


class _Events:
    """The way to a client."""

    def __init__(self, writer: asyncio.StreamWriter, commands: _Commands) -> None:
        self._writer = writer
        self._commands = commands

    def on_packet(self, packet: bytes) -> None:
        """Send a packet."""
        transport = self._writer.transport
        if transport.get_write_buffer_size() > MAX_UNREAD:
            self._commands.problem = "it does not read what it is sent"
            transport.abort()
        elif not transport.is_closing():
            self._writer.write(packet)


@asynccontextmanager
async def serve_controllers(
    unit: VirtualUnit, place: Place, *, radio: VirtualRadio, witness: Witness
) -> AsyncIterator[tuple[str, ServedRadio]]:
    """Listen for Bluetooth stacks; the name that Bumble's ``open_transport`` takes.

    Raises:
        InputError: The path cannot be used.
        TransportError: NOT_AVAILABLE; the port or path cannot be served.
    """
    served = ServedRadio(unit, radio, witness)
    try:
        with quiet_stack(witness), _listening(place) as (listening, name):
            async with accepting(listening, served.serve):
                yield name, served
    finally:
        await radio.close()


@contextmanager
def quiet_stack(witness: Witness) -> Iterator[None]:
    """Tell in a line what the unit's Bluetooth stack makes of packets that make no sense.

    Bumble raises out of the event loop's callbacks then, which leaves the packet ignored, as a real
    stack does, and prints its wonder in many lines.
    """
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()

    def tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        problem = context.get("exception")
        error = f"{type(problem).__name__}: {problem}" if problem else context["message"]
        witness.unit("stack_error", error=error)

    loop.set_exception_handler(tell)
    try:
        with quiet_log("bumble"):
            yield
    finally:
        loop.set_exception_handler(handler)


@contextmanager
def _listening(place: Place) -> Iterator[tuple[socket.socket, str]]:
    if place.road is Road.HCI_UNIX:
        with listen_at_path(place.path) as listening:
            yield listening, f"unix-client:{place.path}"
    else:
        with listen_on_port(place.port) as listening:
            yield listening, f"tcp-client:{HOST}:{listening.getsockname()[1]}"
