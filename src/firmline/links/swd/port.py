"""The seam: what is asked of a debug probe."""

from __future__ import annotations

from typing import Protocol


class MemoryPort(Protocol):
    """The memory of a chip behind a debug probe, read while the chip runs."""

    @property
    def name(self) -> str:
        """Of the probe, for people."""

    def is_protected(self) -> bool:
        """Whether the chip refuses access to its memory (APPROTECT).

        Raises:
            InputError: ``DUMP_OTHER_CHIP``: it has no control port of an nRF52.
            TransportError: ``SWD_FAILED``.
        """

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory.

        Args:
            address: A multiple of 4.
            size: A multiple of 4.

        Raises:
            TransportError: ``SWD_FAILED``.
        """
