"""How long the updater waits for what, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds; each is the longest a healthy unit may need, with room to spare.

    Attributes:
        search_s: For the unit to be seen: an application may advertise every few seconds only.
        already_there_s: For a unit that is not in its application to be seen in its bootloader.
        connect_s: For a connection with MTU and discovery.
        answer_s: For one answer of the bootloader. The longest are the signature check (ECDSA in
            software, about 1 s) and an EXECUTE that waits for the flash queue: 4096 bytes at
            338 us a word and one erase of 90 ms is 0.5 s (physics spec, section 1).
        radio_version_s: For the unit's radio to say who it is: two connection events.
        drop_s: For the unit to drop the link when it restarts.
        return_s: For the unit to come back after the last object: it erases and writes the whole
            image once more. 316 kB on the slowest nRF52832 are 78 pages of 90 ms and 80,896 words
            of 338 us, 34 s, and its restart.
        inactivity_s: For a bootloader that was left alone to restart by itself: 120 s after its
            entry or the last CREATE of a command object (secure-dfu-bootloader spec, section 10).
    """

    search_s: float = 15.0
    already_there_s: float = 5.0
    connect_s: float = 15.0
    answer_s: float = 20.0
    radio_version_s: float = 3.0
    drop_s: float = 10.0
    return_s: float = 60.0
    inactivity_s: float = 130.0
