"""Connecting: one connection is made at a time, and one that comes too late is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from firmline.errors import LocalProtocolError
from firmline.links.connectivity import problems
from firmline.links.connectivity.connection import DongleConnection
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.ears import ALWAYS, Ears
from firmline.links.connectivity.startup import TAG
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.layouts import Response
from firmline.links.failure import Failure

_INTERVAL_UNIT_S: Final = 1.25e-3
_SUPERVISION: Final = 400
"""4 s in units of 10 ms, as the maker's own tool asks for."""
_MAX_SUPERVISION: Final = 3200
"""32 s (Core spec, Vol 4, Part E, 7.8.12)."""
_INTERVALS_PER_SUPERVISION: Final = 3
"""More than two, or no radio takes it (same place)."""
_INTERVALS_PER_UNIT: Final = 8
"""10 ms are eight times 1.25 ms."""

Adopt = Callable[[told.Connected], DongleConnection]


class Initiator:
    """Has a dongle connect, and gives up cleanly when cancelled; for one caller at a time.

    Args:
        dongle: The dongle.
        ears: Its ears, which rest meanwhile.
        adopt: Takes every connection there is, at once.
    """

    def __init__(self, dongle: Dongle, ears: Ears, adopt: Adopt) -> None:
        self._dongle = dongle
        self._ears = ears
        self._adopt = adopt
        self._expected: tuple[says.Peer, asyncio.Future[DongleConnection | Failure]] | None = None

    async def connect(self, peer: says.Peer, *, interval_s: float) -> DongleConnection:
        """Connect to exactly this address; waits as long as it takes.

        Args:
            peer: The address.
            interval_s: Connection interval to ask for.

        Raises:
            TransportError: NOT_AVAILABLE.
            LocalProtocolError: Somebody else connects.
        """
        if self._expected is not None:
            raise LocalProtocolError("A dongle makes one connection at a time.")
        made: asyncio.Future[DongleConnection | Failure]
        made = asyncio.get_running_loop().create_future()
        self._expected = (peer, made)
        self._ears.pause()
        taken = False
        try:
            self._dongle.post(_command(peer, interval_s), self._on_answer)
            outcome = await made
            taken = True
        finally:
            self._expected = None
            if not taken:
                self._give_up(made)
            self._ears.go_on()
        if isinstance(outcome, Failure):
            raise outcome.error()
        return outcome

    def _give_up(self, made: asyncio.Future[DongleConnection | Failure]) -> None:
        if made.done() and not made.cancelled():
            outcome = made.result()
            if isinstance(outcome, DongleConnection):
                outcome.hang_up()
        else:
            self._dongle.post(says.CancelConnect())

    def stop(self, failure: Failure) -> None:
        """Tell whoever waits why there will be no connection any more."""
        if self._expected is not None and not self._expected[1].done():
            self._expected[1].set_result(failure)

    def hear(self, event: told.Connected) -> None:
        """A connection is there; one that nobody expects any more is dropped."""
        connection = self._adopt(event)
        if self._expected is not None:
            peer, made = self._expected
            if event.peer.octets == peer.octets and not made.done():
                made.set_result(connection)
                return
        connection.hang_up()

    def _on_answer(self, response: Response) -> None:
        if response.error:
            error = problems.refused(self._dongle.port, "to connect", response.error)
            self.stop(Failure(code=error.code, message=error.message))


def _command(peer: says.Peer, interval_s: float) -> says.Connect:
    """Connect without latency, with one interval."""
    interval = round(interval_s / _INTERVAL_UNIT_S)
    longer = -(-interval * _INTERVALS_PER_SUPERVISION // _INTERVALS_PER_UNIT)
    return says.Connect(
        peer=peer,
        scan=ALWAYS,
        parameters=says.LinkParameters(
            interval_min=interval,
            interval_max=interval,
            latency=0,
            supervision=min(max(_SUPERVISION, longer), _MAX_SUPERVISION),
        ),
        tag=TAG,
    )
