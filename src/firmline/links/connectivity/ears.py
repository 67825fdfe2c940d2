"""Listening: for one address, or to everyone, as long as somebody wants to know.

A SoftDevice listens or connects: it does one of the two, and connecting comes first.
"""

from __future__ import annotations

from typing import Final

from firmline.links.connectivity import problems
from firmline.links.connectivity.addresses import address_of
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.layouts import Response
from firmline.links.failure import Failure
from firmline.links.listening import Listening

ALWAYS: Final = says.ScanParameters(is_active=1, interval=0xA0, window=0xA0, timeout_s=0)
"""100 ms in units of 0.625 ms, for interval and window alike: always listening, with no end. Names
may be in scan responses only."""


class Ears(Listening[int]):
    """Has a dongle listen while somebody wants to know, and tells them.

    An address is public (0) or random (1).

    Args:
        dongle: The dongle.
    """

    def __init__(self, dongle: Dongle) -> None:
        super().__init__()
        self._dongle = dongle
        self._listens = False
        self._is_paused = False

    def pause(self) -> None:
        """Listen to nobody until :meth:`go_on`: the dongle connects."""
        self._is_paused = True
        self._listen()

    def go_on(self) -> None:
        """Listen again, if somebody wants to know."""
        self._is_paused = False
        self._listen()

    def hear(self, event: told.Heard) -> None:
        """Take an advertisement."""
        peer = event.peer
        self._heard(address_of(peer), peer.kind, event.data, rssi_dbm=event.rssi_dbm)

    def _listen(self) -> None:
        wanted = self._is_wanted and not self._is_paused
        if wanted == self._listens:
            return
        self._listens = wanted
        if wanted:
            self._dongle.post(says.StartScan(parameters=ALWAYS), self._on_answer)
        else:
            self._dongle.post(says.StopScan())

    def _on_answer(self, response: Response) -> None:
        if response.error and self._listens:
            error = problems.refused(self._dongle.port, "to listen", response.error)
            self.stop(Failure(code=error.code, message=error.message))
