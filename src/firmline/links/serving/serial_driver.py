"""Drives a serial unit in real time, and joins it to whoever is plugged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from firmline.device.serial_port import SerialPort
from firmline.device.unit import VirtualUnit
from firmline.links.serving.witness import BOOTED_AFTER_S
from firmline.protocol.usb_trigger import TriggerRequest

MAX_BACKLOG: Final = 4096
"""Bytes on their way to the unit from which on a client has to wait, as with RTS/CTS; as many as a
serial port of Linux keeps."""


class SerialDriver:
    """A serial unit that lives in the event loop's time.

    Args:
        unit: The unit, switched off.
        baud: Of its UART; ``None``: no byte times.
    """

    def __init__(self, unit: VirtualUnit, *, baud: int | None) -> None:
        self._unit = unit
        self._port = SerialPort(unit, baud=baud)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._send: Callable[[bytes], None] | None = None
        self._restarts = 0
        self._on_restart: Callable[[], None] | None = None
        self._moved = asyncio.Event()

    def power_on(self) -> None:
        """The unit is here, switched on a moment ago: it has booted, and hears its first byte."""
        self._unit.power_on(now_s=self._loop.time() - BOOTED_AFTER_S)
        self._drive()

    @property
    def unit(self) -> VirtualUnit:
        """The unit."""
        return self._unit

    @property
    def restarts(self) -> int:
        """How often it was seen restarting."""
        return self._port.restarts

    def plug(
        self, send: Callable[[bytes], None], *, on_restart: Callable[[], None] | None = None
    ) -> None:
        """From now on the unit's bytes go there.

        Args:
            send: Takes them.
            on_restart: Told when the unit restarts, after all that it had sent until then.
        """
        self._send, self._on_restart = send, on_restart

    def unplug(self) -> None:
        """From now on nobody hears the unit; it does not notice, a wire knows no client."""
        self._send = self._on_restart = None

    def ask(self, request: TriggerRequest) -> bytes | None:
        """Ask the unit's DFU trigger interface; ``None``: there is no answer."""
        answer = self._unit.usb_request(request, now_s=self._loop.time())
        self._drive()
        return answer

    def open_port(self) -> None:
        """The client has opened the port that the unit offers over USB."""
        self._unit.port_opened(now_s=self._loop.time())
        self._drive()

    def feed(self, data: bytes) -> None:
        """The client sends."""
        self._port.feed(data, now_s=self._loop.time())
        self._drive()

    async def room(self) -> None:
        """Wait until the client may send more."""
        while self._port.backlog >= MAX_BACKLOG:
            await self._move()

    async def quiet(self) -> None:
        """Wait until everything sent has arrived, and everything said has left."""
        while self._port.busy:
            await self._move()

    def close(self) -> None:
        """Stop the unit's time; harmless when done before."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _move(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    def _drive(self, due_s: float = 0.0) -> None:
        """Let everything happen that is due, and set the timer for what comes next."""
        # An event loop may run a timer early by its clock's resolution.
        said = self._port.take(now_s=max(self._loop.time(), due_s))
        if said and self._send is not None:
            self._send(said)
        self._tell_restart()
        self._moved.set()
        self.close()
        next_s = self._port.next_wake_s()
        if next_s is not None:
            self._timer = self._loop.call_at(next_s, self._drive, next_s)

    def _tell_restart(self) -> None:
        has_restarted, self._restarts = self._port.restarts != self._restarts, self._port.restarts
        if has_restarted and self._on_restart is not None:
            self._on_restart()
