"""Listening: for one address, or to everyone, as long as somebody wants to know."""

from __future__ import annotations

from bumble import hci

from firmline.links.bumble import commands
from firmline.links.bumble.address import from_bumble, kind_of
from firmline.links.bumble.failure import refused
from firmline.links.bumble.host import QuietHost
from firmline.links.listening import Listening

NO_RSSI = 127
"""A controller's word for a strength that it did not measure (Core spec, Vol 4, E, 7.7.65.2)."""


class Scanner(Listening[hci.AddressType]):
    """Has the controller listen while somebody wants to know, and tells them.

    Args:
        host: The host of the controller; it was reset.
    """

    def __init__(self, host: QuietHost) -> None:
        super().__init__()
        self._host = host
        self._listens = False
        self._extended = False
        host.on("advertising_report", self._on_report)

    async def prepare(self) -> None:
        """Tell the controller how to listen.

        Raises:
            TransportError: NOT_AVAILABLE: it cannot.
        """
        self._extended = commands.is_extended(self._host)
        await self._host.ask(commands.scan_parameters(extended=self._extended), "to listen")

    def _listen(self) -> None:
        wanted = self._is_wanted
        if wanted != self._listens:
            self._listens = wanted
            command = commands.scan_enable(on=wanted, extended=self._extended)
            self._host.post(command, self._on_answer if wanted else None)

    def _on_answer(self, status: int) -> None:
        if status:
            self.stop(refused(self._host.name, "to listen", status))

    def _on_report(
        self,
        report: hci.HCI_LE_Advertising_Report_Event.Report
        | hci.HCI_LE_Extended_Advertising_Report_Event.Report,
    ) -> None:
        rssi_dbm = None if report.rssi == NO_RSSI else report.rssi
        address = report.address
        self._heard(from_bumble(address), kind_of(address), report.data, rssi_dbm=rssi_dbm)
