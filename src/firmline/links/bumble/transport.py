"""From the name of a transport to a link over the controller behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from bumble import hci
from bumble.core import InvalidPacketError
from bumble.transport import open_transport
from bumble.transport.common import (
    PacketParser,
    ParserSource,
    StreamPacketSink,
    Transport,
    TransportSpecError,
)

from firmline.errors import Code, InputError, TransportError, shortened
from firmline.links.bumble.btsnoop import BtsnoopWriter
from firmline.links.bumble.central import BumbleLink, CentralSettings
from firmline.links.bumble.failure import nonsense
from firmline.links.bumble.host import QuietHost
from firmline.links.bumble.options import HciOptions
from firmline.links.bumble.problems import OPENING_S, cannot_open
from firmline.links.own_side import own_side
from firmline.links.quiet import quiet_log

KNOCKS_S: Final = (1.0, 1.0, 2.0)
"""How long each reset is waited for. A controller that was left in the middle of a packet takes
the first for the rest of it; ours."""
ANSWER_S: Final = 5.0
"""How long a command may take; Linux waits 2 s, and dongles on a busy hub take longer; ours."""
GIVING_BACK_S: Final = 2.0
"""How long the last reset, and closing, may take; ours."""

PacketLog = Callable[[bytes], None]
"""Takes the bytes of a btsnoop file, as they come."""


class _StrictParser(PacketParser):
    """Says when bytes are no HCI packets: from then on nobody knows where the next one begins."""

    def __init__(self, host: QuietHost) -> None:
        super().__init__(host)
        self._host = host

    def feed_data(self, data: bytes) -> None:
        """Cut bytes into packets."""
        try:
            super().feed_data(data)
        except InvalidPacketError:
            self._host.unreadable += 1
            if self._host.ready:  # before, it may be the rest of what was said to somebody else
                self._host.fail(nonsense(self._host.name))


@asynccontextmanager
async def open_link(
    options: HciOptions, *, packet_log: PacketLog | None = None
) -> AsyncIterator[BumbleLink]:
    """Open a controller and make it a central; it is reset and given back at the end.

    Args:
        options: What the target says.
        packet_log: Takes a btsnoop file of everything that passes.

    Raises:
        InputError: ``TARGET_MALFORMED``: Bumble knows no such transport.
        TransportError: NOT_AVAILABLE, with a code for what is wrong with it.
    """
    with quiet_log("bumble"):
        transport = await _open(options.transport)
        host = QuietHost(shortened(options.transport))
        _join(host, transport)

        async def give_back() -> None:
            await _give_back(host, transport)

        try:
            if packet_log is not None:
                host.snooper = BtsnoopWriter(packet_log)
            await host.knock(KNOCKS_S)
        except BaseException:
            await give_back()
            raise
        host.answer_timeout_s = ANSWER_S
        us = own_side()
        settings = CentralSettings(
            interval_s=options.interval_s, phy_2m=options.phy_2m, bonds=us.bonds
        )
        link = await BumbleLink.open(
            host, address=us.address, settings=settings, give_back=give_back
        )
        try:
            yield link
        finally:
            await link.close()


async def _open(name: str) -> Transport:
    try:
        async with asyncio.timeout(OPENING_S):
            transport = await open_transport(name)
    except TransportSpecError as problem:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{shortened(name)!r}: {problem}.",
            hint="Write it as hci:usb:0/ADDRESS or hci:serial:PORT,BAUD/ADDRESS.",
        ) from None
    except Exception as problem:  # noqa: BLE001 - Bumble and its libraries raise any of them
        raise cannot_open(name, problem) from None
    try:
        _lock(transport)
    except Exception as problem:  # noqa: BLE001 - pyserial has its own
        await transport.close()
        raise cannot_open(name, problem) from None
    return transport


def _lock(transport: Transport) -> None:
    """Keep other programs from a serial port meanwhile; Bumble opens it for everyone."""
    if isinstance(transport.sink, StreamPacketSink):
        port = getattr(transport.sink.transport, "serial", None)
        if port is not None:
            port.exclusive = True


def _join(host: QuietHost, transport: Transport) -> None:
    """Connect a host to its controller, both ways."""
    source = transport.source
    if isinstance(source, ParserSource):
        source.parser = _StrictParser(host)
    host.set_packet_source(source)
    host.set_packet_sink(transport.sink)

    def on_end(ended: asyncio.Future[None]) -> None:
        if not ended.cancelled():
            ended.exception()  # some transports say why; that it has ended is enough
        host.on_transport_lost()

    source.terminated.add_done_callback(on_end)


async def _give_back(host: QuietHost, transport: Transport) -> None:
    """Leave the controller silent, for whoever comes next."""
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(GIVING_BACK_S):
            await host.ask(hci.HCI_Reset_Command(), "to reset")
    with suppress(TimeoutError):
        async with asyncio.timeout(GIVING_BACK_S):
            await transport.close()
