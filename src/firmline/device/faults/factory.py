"""Faults that are in a unit's flash before it is first switched on."""

from __future__ import annotations

from typing import Final

from firmline.device.faults.plan import (
    BootloaderMissing,
    FaultPlan,
    LegacyBootloader,
    StaleSettings,
    WornPage,
)
from firmline.device.flash import ERASED, WORD_SIZE, NorFlash
from firmline.device.synthetic import synthetic_bytes, synthetic_program
from firmline.formats.keys import PublicKey

KEY_OFFSET: Final = 0x100
"""Where the trusted key lies in a synthetic bootloader; ours. Real ones have it anywhere."""


def bootloader_image(plan: FaultPlan, region: range, *, key: PublicKey, stack: int) -> bytes:
    """What lies in the bootloader's region, among it the key that it trusts."""
    if plan.one(BootloaderMissing) is not None:
        return bytes([ERASED]) * len(region)
    legacy = plan.one(LegacyBootloader) is not None
    name = "legacy bootloader" if legacy else "bootloader"
    image = bytearray(synthetic_program(name, len(region), base=region.start, stack=stack))
    if not legacy:  # which knows no signatures
        image[KEY_OFFSET : KEY_OFFSET + len(key.le_bytes)] = key.le_bytes
    return bytes(image)


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
