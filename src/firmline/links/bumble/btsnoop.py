"""Everything that passes between host and controller, as a btsnoop file for Wireshark.

The host leaves the keys of a pairing out (:mod:`firmline.links.bumble.redaction`), so that the file
can be handed on.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from typing import Final

from bumble.snoop import BtSnooper, Snooper


class BtsnoopWriter(BtSnooper):
    """Writes the file as it happens, in the time of the event loop.

    The first packet has the time of the computer's clock; a virtual unit's hours may pass in
    seconds, and are hours in its file, too.

    Args:
        write: Takes the bytes of the file; the first ones at once. It must raise at none but these.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        header = io.BytesIO()
        super().__init__(header)
        self._write = write
        self._began_us = time.time_ns() // 1000
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        write(header.getvalue())

    def snoop(self, hci_packet: bytes, direction: Snooper.Direction) -> None:
        """Write one packet."""
        record = io.BytesIO()
        self.output = record
        super().snoop(hci_packet, direction)
        written = bytearray(record.getvalue())
        written[_TIME] = self._now().to_bytes(8, "big")
        self._write(bytes(written))

    def _now(self) -> int:
        passed_us = round((self._loop.time() - self._began_s) * 1e6)
        return self._began_us + passed_us + _UNIX_EPOCH_US


_TIME: Final = slice(16, 24)
"""Where a record has its time (RFC 1761, with microseconds since the year 0)."""
_UNIX_EPOCH_US: Final = 0x00DCDDB30F2F8000
"""The unix epoch in it."""
