"""The GATT client of one connection: one procedure at a time, with an honest end to each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from firmline.errors import TransportError
from firmline.links.connectivity import problems
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.layouts import Response
from firmline.links.gatt import lost, refused, timed_out
from firmline.links.gatt_connection import Loss
from firmline.values import RadioAddress

ATT_TIMEOUT_S: Final = 30.0
"""After this time an ATT request has failed (Core spec, Vol 3, Part F, 3.3.3)."""
ATT_ERROR: Final = 0x0100
"""Stands in a GATT status over an ATT error; ``happenings.NOT_FOUND`` is one."""
_NOT_OFFERED: Final = frozenset({0x0101, 0x0102, 0x010A})
"""A value that is not there to be read: invalid handle, read not permitted, attribute not found
(Core spec, Vol 3, Part F, 3.4.1.1)."""
_Told = TypeVar("_Told")
_Outcome = object | TransportError


@dataclass(slots=True)
class _Pending:
    """A procedure under way; who waited for it may be gone."""

    kind: type
    future: asyncio.Future[_Outcome]


class GattClient:
    """Asks one unit, over one connection.

    Args:
        dongle: The dongle that has it.
        connection: Its handle.
        peer: The unit.
        timeout_s: How long an answer may take.
    """

    def __init__(
        self, dongle: Dongle, connection: int, peer: RadioAddress, *, timeout_s: float
    ) -> None:
        self._dongle = dongle
        self._connection = connection
        self._peer = peer
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._pending: _Pending | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._loss: Loss | None = None

    def fail(self, loss: Loss) -> None:
        """The link is gone: every procedure fails, now and later."""
        self._loss = loss
        self._finish(loss())

    def hear(self, event: object) -> None:
        """Take an event of this connection; one that ends no procedure under way is left."""
        if isinstance(event, told.GattTimedOut):
            self._finish(timed_out(self._peer, "answer a request", ATT_TIMEOUT_S))
        elif self._pending is not None and isinstance(event, self._pending.kind):
            self._finish(event)

    def _finish(self, outcome: _Outcome) -> None:
        pending, self._pending = self._pending, None
        self._idle.set()
        if pending is not None and not pending.future.done():
            pending.future.set_result(outcome)

    async def ask(self, command: object, kind: type[_Told], what: str) -> _Told:
        """Begin a procedure and wait for the event that ends it; one after the other.

        Args:
            command: Begins it.
            kind: The class of the event.
            what: What is asked for, for messages.

        Raises:
            TransportError: LOST, TIMEOUT, or NOT_AVAILABLE: the dongle refused.
        """
        try:
            async with asyncio.timeout(self._timeout_s), self._turn:
                await self._idle.wait()  # the end of one that nobody waits for any more
                if self._loss is not None:
                    raise self._loss()
                outcome = await self._begun(command, kind)
        except TimeoutError:
            raise timed_out(self._peer, "answer a request", self._timeout_s) from None
        match outcome:
            case TransportError():
                raise outcome
            case Response(error=problems.INVALID_CONNECTION):
                raise lost(self._peer, None)
            case Response(error=error):
                raise problems.refused(self._dongle.port, what, error)
            case _:
                return cast("_Told", outcome)

    def _begun(self, command: object, kind: type) -> asyncio.Future[_Outcome]:
        pending = _Pending(kind, asyncio.get_running_loop().create_future())
        self._pending = pending
        self._idle.clear()

        def on_response(response: Response) -> None:
            if response.error and self._pending is pending:
                self._finish(response)

        self._dongle.post(command, on_response)
        return pending.future

    async def write(self, handle: int, data: bytes, what: str) -> None:
        """Write with response.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        command = says.Write(
            connection=self._connection,
            operation=says.WRITE_REQUEST,
            handle=handle,
            value=data,
        )
        done = await self.ask(command, told.WriteDone, what)
        self.check(done.status, what)

    async def read(self, handle: int, what: str, *, mtu: int) -> bytes | None:
        """Read a value, whatever its length; ``None`` where the unit does not offer it.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        value = b""
        while True:
            command = says.Read(connection=self._connection, handle=handle, offset=len(value))
            done = await self.ask(command, told.ReadDone, what)
            if not value and done.status in _NOT_OFFERED:
                return None
            if value and done.status:
                return value  # a unit that knows no long values has told all of it
            self.check(done.status, what)
            value += done.value
            if len(done.value) < mtu - 1:
                return value

    async def exchange_mtu(self, mtu: int) -> int | None:
        """Ask for an ATT MTU; the unit's own largest, ``None``: it knows no other than 23.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        what = f"an ATT MTU of {mtu}"
        command = says.ExchangeMtu(connection=self._connection, mtu=mtu)
        done = await self.ask(command, told.MtuExchanged, what)
        if done.status == ATT_ERROR | 0x06:  # request not supported
            return None
        self.check(done.status, what)
        return done.mtu

    def check(self, status: int, what: str) -> None:
        """See that a GATT status is none of an error.

        Raises:
            TransportError: REFUSED.
        """
        if status != told.SUCCESS:
            raise refused(self._peer, what, status & 0xFF)
