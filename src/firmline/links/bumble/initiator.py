"""Connecting: one connection is created at a time (HCI), and one that comes too late is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bumble import hci
from bumble.core import PhysicalTransport
from bumble.device import Connection, Device

from firmline.errors import LocalProtocolError
from firmline.links.bumble import commands
from firmline.links.bumble.connection import BumbleConnection
from firmline.links.bumble.failure import refused
from firmline.links.bumble.host import QuietHost
from firmline.links.failure import Failure
from firmline.links.gatt import FAILED_TO_BE_ESTABLISHED

CANCELLED_S = 2.0
"""How long a controller may take to confirm that it has given up connecting; ours."""

Adopt = Callable[[Connection], BumbleConnection]
"""Makes a connection of ours from Bumble's."""


class Initiator:
    """Has the controller connect, and gives up cleanly when cancelled.

    For one caller at a time: who is next is not decided here (``links.connecting_turns``).

    Args:
        host: The host of the controller.
        device: Bumble's device on it.
        adopt: Takes every connection there is, at once: it may be lost before the task that waits
            for it runs.
    """

    def __init__(self, host: QuietHost, device: Device, adopt: Adopt) -> None:
        self._host = host
        self._adopt = adopt
        self._idle = asyncio.Event()
        self._idle.set()
        self._expected: tuple[hci.Address, asyncio.Future[BumbleConnection | Failure]] | None = None
        self._command: hci.HCI_Command | None = None
        self._stopped: Failure | None = None
        device.on(Device.EVENT_CONNECTION, self._on_connection)
        host.on("connection_failure", self._on_failure)

    async def connect(self, address: hci.Address, *, interval_s: float) -> BumbleConnection:
        """Connect to exactly this address; waits as long as it takes.

        Args:
            address: Of the peer.
            interval_s: Connection interval to ask for.

        Raises:
            TransportError: NOT_AVAILABLE.
            LocalProtocolError: Somebody else connects.
        """
        if self._expected is not None:
            raise LocalProtocolError("A controller creates one connection at a time.")
        await self._until_idle()
        if self._stopped is not None:
            raise self._stopped.error()
        made: asyncio.Future[BumbleConnection | Failure]
        made = asyncio.get_running_loop().create_future()
        self._expected = (address, made)
        self._idle.clear()
        extended = commands.is_extended(self._host)
        self._command = commands.connect(address, interval_s=interval_s, extended=extended)
        taken = False
        try:
            self._host.post(self._command, self._on_answer)
            outcome = await made
            taken = True
        finally:
            self._expected = None
            if not taken:
                self._give_up(made)
        if isinstance(outcome, Failure):
            raise outcome.error()
        return outcome

    def stop(self, failure: Failure) -> None:
        """Tell whoever waits why there will be no connection any more."""
        self._stopped = failure
        self._tell(failure)

    async def _until_idle(self) -> None:
        """Wait until the controller has confirmed that it has given up before."""
        try:
            async with asyncio.timeout(CANCELLED_S):
                await self._idle.wait()
        except TimeoutError:
            self._idle.set()  # some controllers forget it; the next command will tell

    def _give_up(self, made: asyncio.Future[BumbleConnection | Failure]) -> None:
        if made.done() and not made.cancelled():
            outcome = made.result()
            if isinstance(outcome, BumbleConnection):
                outcome.hang_up()
        elif not self._idle.is_set():
            self._host.post(hci.HCI_LE_Create_Connection_Cancel_Command())

    def _on_answer(self, status: int) -> None:
        """The controller has taken the command, or not."""
        if status:
            self._idle.set()
            self._tell(refused(self._host.name, "to connect", status))

    def _on_connection(self, link: Connection) -> None:
        """A connection is there; one that nobody expects any more is dropped."""
        self._idle.set()
        connection = self._adopt(link)
        if self._expected is not None:
            address, made = self._expected
            if link.peer_address == address and not made.done():
                made.set_result(connection)
                return
        connection.hang_up()

    def _on_failure(self, _transport: PhysicalTransport, _peer: hci.Address, status: int) -> None:
        """There is no connection: it was cancelled, or the controller has given up by itself."""
        expected = self._expected
        if status == FAILED_TO_BE_ESTABLISHED and expected is not None and self._command:
            self._host.post(self._command, self._on_answer)
            return
        self._idle.set()
        self._tell(refused(self._host.name, "to go on connecting", status))

    def _tell(self, failure: Failure) -> None:
        if self._expected is not None and not self._expected[1].done():
            self._expected[1].set_result(failure)
