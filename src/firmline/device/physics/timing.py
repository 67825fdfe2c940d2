"""How long things take on a chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from firmline.device.chips import Chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Durations in seconds.

    The flash times are the datasheet's longest, since a unit that was measured came close to them
    at room temperature (physics spec, section 1). What is marked *assumed* was measured by nobody
    we know of; a unit file can set it.

    Attributes:
        erase_page_s: Erasure of one page (chips.toml).
        write_word_s: Programming of one word (chips.toml).
        chunk_s: What the SoftDevice's scheduling adds to each write of at most 20 bytes: 0.3 to
            5 ms (physics spec, section 6); the least.
        patience_s: How long an operation waits that fits into no gap between radio events, before
            it is done at the cost of radio events. 132 pages of 22 ms took 13.2 s on an nRF51 with
            a connection interval of 20 ms (physics spec, section 1): 78 ms for each.
        radio_event_s: Part of a connection interval that the radio keeps for itself; assumed.
        signature_check_s: One ECDSA P-256 verification in software; assumed.
        boot_s: From reset to a radio that runs: the 32 kHz crystal starts in about 0.25 s; assumed.
        farewell_s: From the bootloader's own disconnection to its reset (bootloader spec,
            section 7: 200 ms).
    """

    erase_page_s: float
    write_word_s: float
    chunk_s: float = 0.000_3
    patience_s: float = 0.078
    radio_event_s: float = 0.002_5
    signature_check_s: float = 0.3
    boot_s: float = 0.25
    farewell_s: float = 0.2

    @classmethod
    def of(cls, chip: Chip) -> Self:
        """The times of a chip."""
        return cls(erase_page_s=chip.erase_page_ms / 1e3, write_word_s=chip.write_word_us / 1e6)
