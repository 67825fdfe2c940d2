"""How a host keeps a bootloader's flash from being overrun.

Over Bluetooth LE a bootloader answers CREATE while it still erases, and queues what comes; 16
entries, and the rest is lost without a word (bootloader spec, section 11). A host that goes step by
step lets the flash get on before it sends the packets that find no room behind an erase; one that
knows what has arrived can learn what the flash does, and keep it busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """Pauses in seconds.

    Attributes:
        waits_for_idle: Whether to wait for both settings pages to be written after the EXECUTE of
            the init packet, with an EXECUTE of no data, which is answered when flash is idle and
            changes nothing (bootloader spec, section 4, quirks).
        after_free_s: After those packets of an object that find room behind an erase, and before
            a packet that found none is offered again. Where an object arrives damaged all the same,
            it is doubled until that object is there.
        streams: Whether objects are sent ahead, at the speed of the flash; only where it is known
            what has arrived.
        before_retry_s: Before the CREATE of an object that arrived damaged, while what is queued is
            written; doubled each time, until that object is there.
        leaves_starved: Whether the session ends where flash finds no time between radio events,
            since a connection with a longer interval can be had; else it goes on, however slowly.
    """

    waits_for_idle: bool = False
    after_free_s: float = 0.0
    streams: bool = False
    before_retry_s: float = 0.0
    leaves_starved: bool = False


NO_PAUSES: Final = Pacing()
"""For bootloaders that stand still for their flash: serial ones."""
FOR_BLUETOOTH: Final = Pacing(waits_for_idle=True, after_free_s=0.2, before_retry_s=0.5)
"""An erase of 90 ms that waited 78 ms for its gap, and some of the packets behind it; 16 packets of
13 chunks of 2 ms each (physics spec, section 1)."""
AHEAD: Final = Pacing(
    waits_for_idle=True,
    after_free_s=0.2,
    streams=True,
    before_retry_s=0.5,
    leaves_starved=True,
)
"""The same over a radio that says what has arrived, and asks for connection intervals."""
