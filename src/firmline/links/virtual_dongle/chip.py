"""The chip of a virtual dongle: its serial protocol at the pace of its UART, and what it drives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from firmline.device.serial_port import BITS_PER_BYTE, Line
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.connectivity.wire.layouts import Table
from firmline.links.connectivity.wire.three_wire import (
    Delivered,
    LinkState,
    Restarted,
    Role,
    ThreeWireLink,
)
from firmline.links.virtual_dongle.soft_device import S132_5_1_0, Say, SoftDevice
from firmline.links.virtual_radio.radio import VirtualRadio

USUAL_BAUD: Final = 1_000_000
REACTION_S: Final = 1e-3
"""How long the chip takes to say something: the maker's own driver misses answers that are there
before its call to the system has returned (nrf-connectivity spec, last section)."""
MAX_BACKLOG: Final = 4096
"""Bytes on their way to the chip from which on a host has to wait; as many as a port of Linux
keeps."""
ADDRESS: Final = bytes.fromhex("0100D00DFECA")
"""Of the dongle, least significant byte first; random static."""


class Program(Protocol):
    """What a chip runs behind its serial protocol."""

    def hear(self, payload: bytes) -> None:
        """The host says something."""

    def restart(self) -> None:
        """Forget everything, as after a reset."""

    def vanish(self) -> None:
        """Lose the power: nothing is said any more."""


class VirtualDongle:
    """A dongle; must be made in a running event loop.

    Args:
        program: Makes what it runs; given where that says something.
        baud: Of its UART; ``None``: bytes take no time, and neither does the chip.
    """

    def __init__(
        self,
        program: Callable[[Say], Program],
        *,
        baud: int | None = USUAL_BAUD,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        byte_s = BITS_PER_BYTE / baud if baud else 0.0
        self._reaction_s = REACTION_S if baud else 0.0
        self._heard, self._said = Line(byte_s), Line(byte_s)
        self._link = ThreeWireLink(Role.CHIP)
        self._send: Callable[[bytes], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved = asyncio.Event()
        self._is_on = True
        self._program = program(self._say)
        self._link.open(now_s=self._loop.time())
        self._link.take_output()  # nobody is there to hear that it has started

    # Its port.

    def plug(self, send: Callable[[bytes], None]) -> None:
        """From now on its bytes go there."""
        self._send = send

    def unplug(self) -> None:
        """From now on nobody hears it."""
        self._send = None

    def feed(self, data: bytes) -> None:
        """The host sends."""
        self._heard.put(data, now_s=self._loop.time())
        self._drive()

    async def room(self) -> None:
        """Wait until the host may send more."""
        while self._heard.waiting >= MAX_BACKLOG:
            self._moved.clear()
            await self._moved.wait()

    # Its life.

    def crash(self) -> None:
        """Restart without having been told to, as after a fault of its firmware."""
        self._program.restart()
        self._link.open(now_s=self._loop.time())
        self._drive()

    def close(self) -> None:
        """Lose the power, for good; harmless when done before."""
        self._is_on = False
        self._stop_timer()
        self._program.vanish()

    def _say(self, payload: bytes) -> None:
        """The SoftDevice says something; before a link is open nobody can hear it."""
        if self._link.state is LinkState.ACTIVE:
            self._link.send(payload, now_s=self._loop.time())
            self._loop.call_soon(self._drive)

    def _drive(self, due_s: float = 0.0) -> None:
        """Let everything happen that is due, and set the timer for what comes next."""
        if not self._is_on:
            return
        now_s = max(self._loop.time(), due_s)
        # An event loop is late by up to a millisecond: each thing has the time that it is due at,
        # so that lateness does not add up.
        while (at_s := self._next_s()) is not None and at_s <= now_s:
            self._step(at_s)
        self._step(now_s)
        if (said := self._said.take(now_s)) and self._send is not None:
            self._send(said)
        self._set_timer(now_s)

    def _next_s(self) -> float | None:
        """When the chip hears a whole frame next, or has to send one again."""
        times = (self._heard.next_chunk_s(), self._link.next_wake_s())
        return min((at_s for at_s in times if at_s is not None), default=None)

    def _step(self, now_s: float) -> None:
        """Hear what is there at a time, and answer it."""
        if heard := self._heard.take(now_s):
            self._link.feed(heard, now_s=now_s)
            self._moved.set()
        self._link.wake(now_s=now_s)
        self._act()
        if output := self._link.take_output():
            self._said.put(output, now_s=now_s + self._reaction_s)

    def _act(self) -> None:
        for event in self._link.take_events():
            match event:
                case Delivered(payload):
                    self._program.hear(payload)
                case Restarted():
                    self._program.restart()
                case _:  # its host is gone, or there: it goes on
                    continue

    def _set_timer(self, now_s: float) -> None:
        self._stop_timer()
        times = (self._next_s(), self._said.next_chunk_s())
        due = [at_s for at_s in times if at_s is not None]
        if not due:
            return
        at_s = max(min(due), now_s)
        self._timer = self._loop.call_at(at_s, self._drive, at_s)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def dongle_in_air(
    radio: VirtualRadio,
    *,
    baud: int | None = USUAL_BAUD,
    table: Table = API5,
    fwid: int = S132_5_1_0,
    address: bytes = ADDRESS,
) -> VirtualDongle:
    """A dongle in the air of a virtual radio; must be made in a running event loop.

    Args:
        radio: The air.
        baud: Of its UART; ``None``: bytes take no time, and neither does the chip.
        table: What can be said to it.
        fwid: Which SoftDevice it says it is.
        address: Its own, least significant byte first.
    """
    program = partial(SoftDevice, radio, table=table, address=address, fwid=fwid)
    return VirtualDongle(lambda say: program(say=say), baud=baud)
