"""One program of a package, and where the bootloader will put it.

Rules of this module: an application lies at the page behind the SoftDevice (spec section 6). Where
that is follows from the SoftDevice that comes with it, else from those it requires, as far as the
table knows them. One that requires none may lie behind any (BLE) or at 0x1000 (UART, USB), so of it
nothing is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmline.formats.known_softdevices import PAGE_SIZE, describe_fwid, known_softdevice
from firmline.formats.softdevice import SoftDeviceInfo
from firmline.formats.spans import Span
from firmline.values import ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where an application has to begin, and because of what."""

    address: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program: an application, a SoftDevice or a bootloader.

    Attributes:
        kind: Which of the three.
        name: What to call it in a message: the file's name.
        data: Its bytes as a unit gets them.
        address: Where its file says that it begins; None for plain bytes.
        memory: All that the file puts into memory, also what an update leaves out.
        padding: How many bytes of 0xFF were added to complete the last word.
        starts: Where it has to begin, one for each SoftDevice that is known; all alike, if right.
    """

    kind: ImageKind
    name: str
    data: bytes
    address: int | None = None
    memory: tuple[Span, ...] = ()
    padding: int = 0
    starts: tuple[Start, ...] = ()


def application_starts(
    sd_req: Sequence[int],
    own_softdevice: SoftDeviceInfo | None,
    *,
    page_size: int = PAGE_SIZE,
) -> tuple[Start, ...]:
    """Where an application begins behind its SoftDevice; empty where that is not known.

    Args:
        sd_req: What its init packet requires.
        own_softdevice: The SoftDevice that comes with it, if any.
        page_size: Of the chip's flash, in bytes.
    """
    if not sd_req or sd_req[0] == 0:
        return ()
    if own_softdevice is not None:
        end = -(-own_softdevice.size_word // page_size) * page_size
        because = f"the SoftDevice that comes with it, {describe_fwid(own_softdevice.fwid)}, ends"
        return (Start(address=end, because=f"{because} there"),)
    return tuple(
        Start(
            address=known.application_start,
            because=f"{describe_fwid(fwid)} ends there"
            if known.end is not None
            else f"published applications for {describe_fwid(fwid)} begin there",
        )
        for fwid in dict.fromkeys(sd_req)
        if (known := known_softdevice(fwid)) is not None and known.application_start is not None
    )
