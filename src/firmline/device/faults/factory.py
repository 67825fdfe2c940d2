"""Faults that are in a unit's flash before it is first switched on."""

from __future__ import annotations

from firmline.device.faults.plan import (
    BootloaderMissing,
    FaultPlan,
    LegacyBootloader,
    StaleSettings,
    WornPage,
)
from firmline.device.flash import ERASED, WORD_SIZE, NorFlash
from firmline.device.synthetic import synthetic_bytes


def bootloader_image(plan: FaultPlan, size: int) -> bytes:
    """What lies in the bootloader's region."""
    if plan.one(BootloaderMissing) is not None:
        return bytes([ERASED]) * size
    legacy = plan.one(LegacyBootloader) is not None
    return synthetic_bytes("legacy bootloader" if legacy else "bootloader", size)


def recorded_application(plan: FaultPlan, application: bytes) -> bytes:
    """The application that the settings pages describe."""
    if plan.one(StaleSettings) is None:
        return application
    return synthetic_bytes("another application", max(4, len(application) - 4))


def wear_out(flash: NorFlash, plan: FaultPlan) -> None:
    """Let the pages of a plan no longer erase; pages that the chip does not have are left out."""
    for fault in plan.of(WornPage):
        page = fault.address - fault.address % flash.page_size
        if page < flash.size:
            flash.wear_out(page, _worn(page, flash.page_size))


def _worn(address: int, size: int) -> bytes:
    """An erased page with one bit of every word at zero, which one its address decides; ours."""
    page = bytearray([ERASED]) * size
    for word, place in enumerate(synthetic_bytes(f"worn page {address}", size // WORD_SIZE)):
        page[word * WORD_SIZE + place % WORD_SIZE] &= ~(1 << (place >> 5)) & ERASED
    return bytes(page)
