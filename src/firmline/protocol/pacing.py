"""How a host keeps a bootloader's flash from being overrun.

Over Bluetooth LE a bootloader answers CREATE while it still erases, and queues what comes; 16
entries, and the rest is lost without a word (bootloader spec, section 11). A host that waits after
CREATE loses nothing: recorded with an erase of 85 ms and a wait of 100 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """Pauses in seconds.

    Attributes:
        after_init_s: After the EXECUTE of the init packet, while both settings pages are written.
        after_create_s: After the CREATE of each data object, while its page is erased. Where an
            object arrives damaged all the same, it is doubled for the rest of the image.
        before_retry_s: Before the CREATE of an object that arrived damaged, while what is queued is
            written.
    """

    after_init_s: float = 0.0
    after_create_s: float = 0.0
    before_retry_s: float = 0.0


NO_PAUSES: Final = Pacing()
"""For bootloaders that stand still for their flash: serial ones."""
FOR_BLUETOOTH: Final = Pacing(after_init_s=0.6, after_create_s=0.1, before_retry_s=0.5)
"""Two settings pages: two erases of 90 ms, 450 words in 90 chunks of 2 ms, and what the radio makes
them wait (physics spec, section 1); an object: the recorded 100 ms; 16 packets of 13 chunks of 2 ms
each."""
