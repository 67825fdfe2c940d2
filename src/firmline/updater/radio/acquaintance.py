"""Who is connected to under an address: opened and closed, encrypted, and asked who it is.

Rules of this module:

* Two units may share an address (:mod:`firmline.updater.radio.entering`). Which of them answers is
  not ours to choose: it is seen once it is connected to, and connected to again if it is the other.
* Every connection is closed however its use ends, and its loss on the way is reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Final

from firmline import events
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Reporter, UnitMode
from firmline.links.base import BondUse, Connection, Link, RemoteVersion
from firmline.links.gatt import MIC_FAILURE
from firmline.protocol.channels import Channel
from firmline.updater.ending import Information
from firmline.updater.timeouts import Timeouts
from firmline.values import RadioAddress

TRIES: Final = 5
"""How often an address is connected to in a row that two units share: one of them answers, as it
happens. A bootloader advertises every 25 ms, which most applications do not (spec section 11)."""
SERVICES_S: Final = 2.0
"""For a system that remembers services to hear that they are others now, and to read them: Service
Changed comes as soon as the link is encrypted, and reading takes some tens of round trips; ours."""

SIGNAL_S: Final = 0.25
"""For this computer's controller to say how strong a unit is heard. Ours: it answers in
milliseconds, and nobody should wait for one that does not."""


class Acquaintance:
    """Connections to one unit, and to whoever else has its addresses.

    Args:
        link: The radio.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
    """

    def __init__(self, *, link: Link, timeouts: Timeouts, report: Reporter) -> None:
        self._link = link
        self._timeouts = timeouts
        self._report = report
        self._radio: tuple[Connection, RemoteVersion | None] | None = None
        self._radio_reported: events.RadioVersionSeen | None = None

    @asynccontextmanager
    async def reached(
        self,
        address: RadioAddress,
        wanted: Callable[[Connection], bool],
        *,
        tries: int = TRIES,
        pause_s: float = 0.0,
        may_be_stale: bool = False,
    ) -> AsyncIterator[Connection]:
        """A connection to who is wanted at an address that two may share, or to the last one.

        Args:
            address: Where.
            wanted: Whether it is who is looked for.
            tries: How often to connect.
            pause_s: How long to wait in between.
            may_be_stale: Whether it may be who is wanted with services that the system remembers:
                the connection is kept open for as long as it takes to hear of the change.
        """
        for left in reversed(range(tries)):
            async with self.connected(address) as connection:
                if not left or wanted(connection):
                    yield connection
                    return
                if may_be_stale:
                    await asyncio.sleep(SERVICES_S)
            await asyncio.sleep(pause_s)

    @asynccontextmanager
    async def connected(self, address: RadioAddress) -> AsyncIterator[Connection]:
        """A connection that is closed however its use ends; its loss on the way is reported."""
        try:
            connection = await self._link.connect(address, timeout_s=self._timeouts.connect_s)
        except TransportError as error:
            if error.hci_reason == MIC_FAILURE:
                raise _bond_does_not_fit(address) from error
            raise
        in_bootloader = Channel.CONTROL in connection.channels
        mode = UnitMode.BOOTLOADER if in_bootloader else UnitMode.APPLICATION
        try:
            self._report(events.Connected(address=connection.peer, mode=mode, mtu=connection.mtu))
            await self._measure_signal(connection)
            yield connection
        except TransportError as error:
            if error.reason is TransportReason.LOST:
                self._report(events.LinkLost(hci_reason=error.hci_reason, expected=False))
            raise
        finally:
            await connection.close()

    async def _measure_signal(self, connection: Connection) -> None:
        """Say how strong the unit is heard, for whoever reads the trace.

        This computer's controller is asked, not the unit, so it costs no packet. It explains only:
        what goes wrong with it is no failure, and a link that is gone says so at its next use.
        """
        if not self._link.capabilities.rssi:
            return
        try:
            async with asyncio.timeout(SIGNAL_S):
                rssi_dbm = await connection.rssi()
        except (TransportError, TimeoutError):
            return
        if rssi_dbm is not None:
            self._report(events.SignalMeasured(address=connection.peer, rssi_dbm=rssi_dbm))

    async def read_information(self, connection: Connection) -> Information:
        """What the application says of itself (Device Information Service)."""
        strings = asdict(await connection.device_information())
        information = {name: text for name, text in strings.items() if text is not None}
        self._report(events.ApplicationSeen(address=connection.peer, information=information))
        return information

    async def radio_version(self, connection: Connection) -> RemoteVersion | None:
        """Who the unit's radio says it is; ``None``: it does not say so in time.

        A connection is asked once, and what was said before is not reported again. It explains and
        completes, so nothing is given up for want of it.
        """
        if not self._link.capabilities.remote_version:
            return None
        if self._radio is not None and self._radio[0] is connection:
            return self._radio[1]
        self._radio = (connection, None)
        try:
            version = await connection.remote_version(timeout_s=self._timeouts.radio_version_s)
        except TransportError as error:
            if error.reason is TransportReason.TIMEOUT:
                return None
            raise
        self._radio = (connection, version)
        seen = events.RadioVersionSeen(
            version=version.version, company=version.company, subversion=version.subversion
        )
        if seen != self._radio_reported:
            self._radio_reported = seen
            self._report(seen)
        return version

    async def encrypt(self, connection: Connection, *, may_pair: bool) -> None:
        """Encrypt the link where the unit wants that, and say so."""
        if not connection.needs_encryption:
            return
        used = await connection.encrypt(may_pair=may_pair, timeout_s=self._timeouts.pairing_s)
        self._report(
            events.LinkEncrypted(
                address=connection.peer,
                new_bond=used is not BondUse.KNOWN,
                replaced_bond=used is BondUse.REPLACED,
            )
        )


def _bond_does_not_fit(address: RadioAddress) -> TransportError:
    return TransportError(
        Code.BOND_MISSING,
        f"What answers at {address} ended the connection since it encrypts with other keys: the"
        " bond that this computer has with the unit does not fit.",
        reason=TransportReason.REFUSED,
        hci_reason=MIC_FAILURE,
    )
