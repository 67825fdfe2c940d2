"""What a unit says to a package whose chip nobody knows: as far as the chip decides nothing.

A bootloader for Bluetooth LE does not say its chip, and its radio says its SoftDevice. The checks
of the init packet need no chip; whether there is room for the image does, and is not foretold here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from firmline.device.acceptance.unit_terms import AssumedUnit
from firmline.device.acceptance.verdict import Verdict
from firmline.device.bootloader.prevalidation import PACKET_CHECKS
from firmline.formats.softdevice import SMALLEST_SOFTDEVICE_END

CHIP_FREE: Final = frozenset(check.name for check in PACKET_CHECKS)
"""Names of the checks that the chip does not decide; a bootloader makes them first."""
_STAND_IN: Final = {"chip": "nrf52840", "softdevice-end": f"0x{SMALLEST_SOFTDEVICE_END:X}"}
"""The largest chip, and the smallest SoftDevice: there is room, so that a packet is looked at."""
_OF_THE_FLASH: Final = frozenset({"app-size", "bootloader-start", "data-area"})


def with_stand_in(terms: Mapping[str, str]) -> dict[str, str]:
    """The terms of a unit without its chip, with one that decides nothing of :data:`CHIP_FREE`."""
    return {name: terms[name] for name in terms if name not in _OF_THE_FLASH} | _STAND_IN


def without_chip(unit: AssumedUnit) -> AssumedUnit:
    """The unit, of whose chip and flash nothing is claimed."""
    return replace(unit, unknown=unit.unknown | {"chip"}, assumed=())


def sure_refusal(verdict: Verdict) -> Verdict | None:
    """What holds of a verdict whatever the chip is: a refusal of the first image, or nothing.

    What a later image meets depends on whether the first one found room.
    """
    first = verdict.images[0]
    if first.refusal is None or first.refusal.check not in CHIP_FREE:
        return None
    return Verdict(images=(first,), aftermath=None)


def undecided(verdict: Verdict) -> Verdict:
    """What holds of a verdict whatever the chip is, where that is no refusal.

    Of each image the checks that the chip does not decide, those of a later one supposing that the
    unit had room for the first; and nothing of what stands in for the chip.
    """
    images = tuple(
        replace(image, answer=None, assumes_installed=index > 0)
        for index, image in enumerate(verdict.images)
    )
    return Verdict(images=images, aftermath=None)
